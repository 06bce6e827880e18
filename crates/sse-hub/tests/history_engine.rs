//! An engine that answers later, as a disk or another machine does, makes no difference to what is delivered.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::reading::Reading;
use common::{Client, News, told};
use sse_hub::history::{Lane, Page, Read, Record, Reply, TopicId};
use sse_hub::{History, Hub, HubOptions, Lagging, Replay, Retention, Subscribe, Topic, TopicOptions};

/// Memory that takes a moment to remember.
fn slow() -> impl History {
    Reading::new(|memory, read| {
        let (memory, lanes): (_, Vec<Lane>) = (Arc::clone(memory), read.lanes.to_vec());
        let Read { after, max_events, max_bytes, .. } = read;
        Reply::Later(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            memory.read(Read { lanes: &lanes, after, max_events, max_bytes }).answer().await
        }))
    })
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_later_delivers_the_same() {
    let hub = Hub::with_history(HubOptions::default(), slow());
    let options = TopicOptions {
        retention: Retention { events: 4, ..Retention::default() },
        ..TopicOptions::default()
    };
    let topic = hub.topic_with::<News>("news", options).expect("opened");
    for count in 1..=6 {
        topic.publish(&News::Count(count)).expect("published");
    }
    let mut client =
        Client::new(hub.subscribe(Subscribe::to(["news"]).after("e.1".to_owned())).expect("subscribed"));
    assert_eq!(
        client.take(6).await[1..],
        ["sse.gap:{\"trimmed\":2,\"snapshot_through\":6}", "count:3", "count:4", "count:5", "count:6"]
    );
    topic.publish(&News::Count(7)).expect("published");
    topic.end().expect("ended");
    assert_eq!(client.take(2).await, ["count:7", "sse.end:{}"]);
    assert_eq!(told(&client.drain().await), [""; 0]);
}

/// A memory that says once that something is gone, and finds it again.
fn absent() -> impl History {
    let is_gone = AtomicBool::new(true);
    Reading::new(move |memory, read| match is_gone.swap(false, Ordering::Relaxed) {
        true => Reply::Now(Ok(Page { covered: read.after, gap: true, ..Page::default() })),
        false => memory.read(read),
    })
}

#[tokio::test(start_paused = true)]
async fn what_was_gone_for_a_moment_is_no_gap() {
    let hub = Hub::with_history(HubOptions::default(), absent());
    let topic = hub.topic::<News>("news").expect("opened");
    topic.publish(&News::Count(1)).expect("published");
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    assert_eq!(client.take(2).await[1..], ["count:1"]);
    assert_eq!(told(&client.drain().await), [""; 0]);
}

/// How many events are published at awkward moments.
const AWKWARD: u64 = 40;

/// A hub whose log holds one event, and the number of events that are to be published at awkward moments: two, each with a
/// key of its own, whenever somebody has been told the last number. The first of the two is trimmed before it is read.
fn busy(replay: Replay, lagging: Lagging) -> (Hub, Topic<News>, Arc<AtomicU64>) {
    let left = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&left);
    let history = Reading::new(|memory, read| memory.read(read)).after_last_seq(move |memory| {
        for _ in 0..2 {
            let Ok(number) =
                counted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            else {
                return;
            };
            let (key, body) = (number.to_string(), format!("event: count\ndata: {number}\n\n"));
            let record = Record { key: Some(&key), body: body.as_bytes(), note: None };
            memory.append(TopicId(0), record).expect("taken");
        }
    });
    let hub = Hub::with_history(HubOptions::default(), history);
    let retention = Retention { events: 1, ..Retention::default() };
    let options = TopicOptions { replay, lagging, retention, ..TopicOptions::default() };
    let topic = hub.topic_with::<News>("news", options).expect("opened");
    (hub, topic, left)
}

/// The numbers that a client hears, in order.
async fn counts(client: &mut Client) -> Vec<u64> {
    let heard = told(&client.drain().await);
    let mut counts: Vec<_> =
        heard.iter().filter_map(|heard| heard.strip_prefix("count:")?.parse().ok()).collect();
    counts.sort_unstable();
    counts
}

#[tokio::test(start_paused = true)]
async fn the_latest_of_each_key_comes_even_if_it_is_trimmed_while_a_snapshot_begins() {
    // Of those that had a moment to come at.
    let came = |left: &AtomicU64| left.load(Ordering::Relaxed) + 1..=AWKWARD;
    for replay in [Replay::All, Replay::Latest] {
        // To somebody new.
        let (hub, _topic, left) = busy(replay, Lagging::Replay);
        left.store(AWKWARD, Ordering::Relaxed);
        let mut new = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
        let heard = counts(&mut new).await;
        assert_eq!(heard, came(&left).collect::<Vec<_>>(), "{replay:?}");
        assert!(heard.len() > 2, "{heard:?}");

        // In a page that is rendered.
        let (hub, _topic, left) = busy(replay, Lagging::Replay);
        left.store(AWKWARD, Ordering::Relaxed);
        let taken = hub.snapshot::<News>(["news"]).await.expect("taken");
        let mut rest = Client::new(
            hub.subscribe(Subscribe::to(["news"]).after(taken.last_event_id)).expect("subscribed"),
        );
        let of_page = taken.value.iter().map(|event| match event {
            News::Count(count) => *count,
            News::Note(_) => 0,
        });
        let mut heard: Vec<_> = of_page.chain(counts(&mut rest).await).collect();
        heard.sort_unstable();
        assert_eq!(heard, came(&left).collect::<Vec<_>>(), "{replay:?}");

        // To somebody who has a gap.
        let (hub, topic, left) = busy(replay, Lagging::Replay);
        for number in [101, 102, 103] {
            topic.publish_keyed(&number.to_string(), &News::Count(number)).expect("published");
        }
        left.store(AWKWARD, Ordering::Relaxed);
        let mut behind =
            Client::new(hub.subscribe(Subscribe::to(["news"]).after("e.1".to_owned())).expect("subscribed"));
        let heard = counts(&mut behind).await;
        assert_eq!(heard, came(&left).chain([102, 103]).collect::<Vec<_>>(), "{replay:?}");

        // To somebody who was too slow.
        let (hub, topic, left) = busy(replay, Lagging::Skip);
        let mut slow = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
        slow.take(1).await;
        topic.publish_keyed("101", &News::Count(101)).expect("published");
        assert_eq!(slow.take(1).await, ["count:101"]);
        tokio::time::sleep(HubOptions::default().lagging_after).await;
        topic.publish_keyed("102", &News::Count(102)).expect("published");
        left.store(AWKWARD, Ordering::Relaxed);
        let heard = counts(&mut slow).await;
        assert_eq!(heard, came(&left).chain([102]).collect::<Vec<_>>(), "{replay:?}");
    }
}
