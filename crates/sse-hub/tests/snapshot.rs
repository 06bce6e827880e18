//! A page that is rendered from a snapshot goes on without a gap.

mod common;

use std::sync::Mutex;
use std::time::Duration;

use common::{Client, News, hub, note, told};
use sse_hub::{
    Hub, HubOptions, RawEvent, Replay, Retention, Snapshot, SnapshotError, Subscribe, Superseded,
    TopicOptions,
};

async fn snapshot(hub: &Hub, topics: &[&str]) -> Snapshot<Vec<News>> {
    hub.snapshot(topics.iter().copied()).await.expect("taken")
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_what_a_new_client_gets_and_the_page_goes_on_behind_it() {
    for (replay, superseded, expected) in [
        (Replay::All, Superseded::Keep, vec![note("a"), note("b"), News::Count(2)]),
        (Replay::All, Superseded::Drop, vec![note("a"), note("b"), News::Count(2)]),
        (Replay::Latest, Superseded::Keep, vec![News::Count(2)]),
        (Replay::LiveOnly, Superseded::Keep, vec![]),
    ] {
        let hub = hub(HubOptions::default());
        let options = TopicOptions { replay, superseded, ..TopicOptions::default() };
        let topic = hub.topic_with::<News>("news", options).expect("opened");
        topic.publish(&note("a")).expect("published");
        topic.publish_keyed("k", &News::Count(1)).expect("published");
        topic.publish(&note("b")).expect("published");
        topic.publish_keyed("k", &News::Count(2)).expect("published");

        let snapshot = snapshot(&hub, &["news", "news"]).await;
        assert_eq!(snapshot, Snapshot::new(expected, "e.4"), "{replay:?} {superseded:?}");

        topic.publish(&News::Count(5)).expect("published between the page and its stream");
        let subscribe = Subscribe::to(["news"]).after(snapshot.last_event_id);
        let mut client = Client::new(hub.subscribe(subscribe).expect("subscribed"));
        assert_eq!(told(&client.drain().await), ["sse.open:{\"heartbeat_ms\":15000}", "count:5"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_rendered_before_the_first_event_gets_it() {
    use Replay::{All, Latest, LiveOnly};

    for replays in [[All, All], [Latest, Latest], [LiveOnly, LiveOnly], [LiveOnly, All], [Latest, All]] {
        let hub = hub(HubOptions::default());
        let [first, other] = [("first", replays[0]), ("other", replays[1])].map(|(name, replay)| {
            hub.topic_with::<News>(name, TopicOptions { replay, ..TopicOptions::default() }).expect("opened")
        });
        let taken = snapshot(&hub, &["first", "other"]).await;
        assert_eq!(taken, Snapshot::new(vec![], "e.0"));
        assert_eq!(hub.last_event_id().as_str(), "e.0");

        first.publish(&News::Count(1)).expect("published");
        other.publish(&News::Count(2)).expect("published");
        let subscribe = Subscribe::to(["first", "other"]).after(taken.last_event_id);
        let mut client = Client::new(hub.subscribe(subscribe).expect("subscribed"));
        let seen = client.drain().await;
        assert_eq!(
            seen[0].last_event_id, "e.0",
            "{replays:?}: a later one would say that something was lost"
        );
        assert_eq!(told(&seen[1..]), ["count:1", "count:2"], "{replays:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_rendered_before_the_first_event_is_told_of_what_is_gone() {
    let retention = Retention { events: 3, ..Retention::default() };
    for replay in [Replay::All, Replay::Latest, Replay::LiveOnly] {
        let hub = hub(HubOptions::default());
        let options = TopicOptions { replay, retention: retention.clone(), ..TopicOptions::default() };
        let topic = hub.topic_with::<News>("news", options).expect("opened");
        let taken = snapshot(&hub, &["news"]).await;
        for count in 1..=6 {
            topic.publish(&News::Count(count)).expect("published");
        }
        let subscribe = Subscribe::to(["news"]).after(taken.last_event_id);
        let seen = Client::new(hub.subscribe(subscribe).expect("subscribed")).drain().await;
        assert_eq!(seen[1].event_type, "sse.gap", "{replay:?}");
        assert!(seen[1].data.contains("\"trimmed\":3"), "{replay:?}: {}", seen[1].data);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_rendered_before_the_first_event_gets_each_event_of_a_key() {
    for replay in [Replay::All, Replay::Latest, Replay::LiveOnly] {
        let hub = hub(HubOptions::default());
        let options = TopicOptions { replay, ..TopicOptions::default() };
        let topic = hub.topic_with::<News>("news", options).expect("opened");
        let taken = snapshot(&hub, &["news"]).await;
        for count in 1..=6 {
            topic.publish_keyed("k", &News::Count(count)).expect("published");
        }
        let subscribe = Subscribe::to(["news"]).after(taken.last_event_id);
        let seen = Client::new(hub.subscribe(subscribe).expect("subscribed")).drain().await;
        let all: Vec<_> = (1..=6).map(|count| format!("count:{count}")).collect();
        assert_eq!(told(&seen)[1..], all, "{replay:?}");
    }
}

#[tokio::test]
async fn events_that_retention_has_dropped_are_not_in_a_snapshot_and_no_gap_of_it() {
    let hub = hub(HubOptions::default());
    let options = TopicOptions {
        retention: Retention { events: 2, ..Retention::default() },
        ..TopicOptions::default()
    };
    let topic = hub.topic_with::<News>("news", options).expect("opened");
    for count in 1..=5 {
        topic.publish(&News::Count(count)).expect("published");
    }
    topic.end().expect("ended");
    assert_eq!(snapshot(&hub, &["news"]).await, Snapshot::new(vec![News::Count(4), News::Count(5)], "e.5"));
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_an_error() {
    let hub = hub(HubOptions::default());
    let unknown = hub.snapshot::<News>(["news"]).await.expect_err("not there");
    assert_eq!(unknown, SnapshotError::UnknownTopic("news".to_owned()));
}

/// A topic's events as several versions of a program have published them, of which this one knows some.
async fn of_several_versions(hub: &Hub) {
    let topic = hub.raw_topic("news", TopicOptions::default()).expect("opened");
    for (event_type, data) in [("count", "1"), ("photo", "{}"), ("count", "many"), ("count", "4")] {
        topic.publish(RawEvent { event_type, key: None, data }).expect("published");
    }
}

#[tokio::test]
async fn an_event_of_another_version_is_left_out_as_every_client_leaves_it_out() {
    let hub = hub(HubOptions::default());
    of_several_versions(&hub).await;
    let taken = snapshot(&hub, &["news"]).await;
    assert_eq!(taken, Snapshot::new(vec![News::Count(1), News::Count(4)], "e.4"));

    let kept = hub.kept_events::<News>("news").await.expect("read");
    let kept: Vec<_> = kept.iter().map(|(id, event)| (id.as_str(), event.as_ref())).collect();
    let [("e.1", Ok(News::Count(1))), ("e.2", Err(photo)), ("e.3", Err(many)), ("e.4", Ok(News::Count(4)))] =
        kept[..]
    else {
        panic!("{kept:?}");
    };
    assert_eq!((photo.event_type.as_str(), photo.last_event_id.as_str()), ("photo", "e.2"));
    assert_eq!((many.data.as_str(), many.last_event_id.as_str()), ("many", "e.3"));
}

/// Pages are rendered while two threads publish as fast as they can. Each page has a sum and goes on from it; at the
/// end all have the same, which one event too few or too many would break.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_rendered_while_events_are_published_has_each_exactly_once() {
    // It depends on the machine whether a page comes in between.
    for _ in 0..10 {
        if pages_rendered_half_way().await > 0 {
            return;
        }
    }
    panic!("no page was rendered while events were published");
}

/// How many pages have some events and not all.
async fn pages_rendered_half_way() -> usize {
    const EVENTS: u64 = 4_000;

    let hub = hub(HubOptions::default());
    let retention = Retention { events: EVENTS as usize, bytes: usize::MAX, ..Default::default() };
    let options = TopicOptions { retention, ..Default::default() };
    // Of "kept" the hub knows the sum; that of "own" is a state of ours, which changes under its lock.
    let kept = hub.topic_with::<News>("kept", options.clone()).expect("opened");
    let live_only = TopicOptions { replay: Replay::LiveOnly, ..options };
    let own = hub.topic_with::<News>("own", live_only).expect("opened");
    let own_sum = std::sync::Arc::new(Mutex::new(0));

    let publishers = [
        std::thread::spawn(move || {
            for count in 1..=EVENTS {
                kept.publish(&News::Count(count)).expect("published");
                breathe(count);
            }
        }),
        std::thread::spawn({
            let own_sum = own_sum.clone();
            move || {
                for count in 1..=EVENTS {
                    let mut sum = own_sum.lock().expect("nobody panics");
                    own.publish(&News::Count(count)).expect("published");
                    *sum += count;
                    drop(sum);
                    breathe(count);
                }
            }
        }),
    ];

    let total = EVENTS * (EVENTS + 1) / 2;
    let mut pages = Vec::new();
    for at in 0..24 {
        let (hub, own_sum) = (hub.clone(), own_sum.clone());
        pages.push(tokio::spawn(async move {
            let (topic, page) = if at % 2 == 0 {
                ("kept", snapshot(&hub, &["kept"]).await.map(|events| events.iter().map(count).sum()))
            } else {
                let sum = own_sum.lock().expect("nobody panics");
                ("own", Snapshot::new(*sum, hub.last_event_id().into_string()))
            };
            let rendered = page.value;
            let subscribe = Subscribe::to([topic]).after(page.last_event_id);
            let mut stream = Client::new(hub.subscribe(subscribe).expect("subscribed"));
            let mut sum = page.value;
            while sum < total {
                let seen = stream.next().await.expect("goes on");
                if seen.event_type == "count" {
                    sum += seen.data.parse::<u64>().expect("a number");
                }
            }
            assert_eq!(sum, total, "{topic} from {rendered}");
            (0 < rendered && rendered < total) as usize
        }));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut half_way = 0;
    for page in pages {
        half_way +=
            tokio::time::timeout(Duration::from_secs(60), page).await.expect("in time").expect("right");
    }
    publishers.into_iter().for_each(|publisher| publisher.join().expect("joined"));
    half_way
}

fn count(event: &News) -> u64 {
    match event {
        News::Count(count) => *count,
        News::Note(_) => 0,
    }
}

/// So that it lasts long enough for pages to be rendered meanwhile.
fn breathe(count: u64) {
    if count.is_multiple_of(32) {
        std::thread::sleep(Duration::from_micros(500));
    }
}
