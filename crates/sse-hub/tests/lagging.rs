//! What a client gets that took its time, and what waits for company.

mod common;

use std::time::Duration;

use common::{Client, News, hub, note, told};
use sse_hub::{HubOptions, Lagging, Replay, Subscribe, TopicOptions};
use tokio::time::Instant;

/// What a client hears that takes nothing for `pause` while eleven events are published.
async fn heard_after(pause: Duration, lagging: Lagging, replay: Replay) -> Vec<String> {
    let hub = hub(HubOptions::default());
    let options = TopicOptions { lagging, replay, ..TopicOptions::default() };
    let news = hub.topic_with::<News>("news", options).expect("opened");
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    client.drain().await;
    news.publish(&note("before")).expect("published");
    assert_eq!(client.take(1).await, ["note:\"before\""]);
    tokio::time::sleep(pause).await;
    for count in 0..5 {
        news.publish_keyed("a", &News::Count(count)).expect("published");
        news.publish_keyed("b", &News::Count(10 + count)).expect("published");
        if count == 2 {
            news.publish(&note("said")).expect("published");
        }
    }
    let mut heard = told(&client.drain().await);
    let gaps = heard.iter().filter(|heard| heard.starts_with("sse.gap")).count();
    assert_eq!(hub.counts().gaps, gaps as u64, "every gap that is told is counted");
    news.publish(&note("after")).expect("published");
    heard.extend(client.take(1).await);
    heard
}

const EVERY: [&str; 12] = [
    "count:0",
    "count:10",
    "count:1",
    "count:11",
    "count:2",
    "count:12",
    "note:\"said\"",
    "count:3",
    "count:13",
    "count:4",
    "count:14",
    "note:\"after\"",
];
const QUICK: Duration = Duration::from_millis(900);
const SLOW: Duration = Duration::from_millis(1_100);

#[tokio::test(start_paused = true)]
async fn a_client_that_lags_gets_what_its_topic_says() {
    assert_eq!(heard_after(SLOW, Lagging::Replay, Replay::All).await, EVERY);
    let latest = ["note:\"said\"", "count:4", "count:14", "note:\"after\""];
    assert_eq!(heard_after(SLOW, Lagging::Latest, Replay::All).await, latest);
    let skipped = ["sse.gap:{\"trimmed\":12,\"snapshot_through\":12}", "note:\"after\""];
    assert_eq!(heard_after(SLOW, Lagging::Skip, Replay::LiveOnly).await, skipped);
    let restarted =
        ["sse.gap:{\"trimmed\":12,\"snapshot_through\":12}", "count:4", "count:14", "note:\"after\""];
    assert_eq!(heard_after(SLOW, Lagging::Skip, Replay::Latest).await, restarted);
    // The event without a key is left out, so it is announced.
    assert_eq!(heard_after(SLOW, Lagging::Latest, Replay::Latest).await, restarted);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_keeps_up_gets_every_event_whatever_its_topic_says_of_others() {
    for lagging in [Lagging::Replay, Lagging::Latest, Lagging::Skip] {
        for replay in [Replay::All, Replay::Latest, Replay::LiveOnly] {
            assert_eq!(heard_after(QUICK, lagging, replay).await, EVERY, "{lagging:?} {replay:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_within_the_flush_window_waits_and_the_first_after_a_silence_does_not() {
    let hub = hub(HubOptions::default());
    let window = Duration::from_millis(20);
    let options = TopicOptions { flush_window: Some(window), ..TopicOptions::default() };
    let news = hub.topic_with::<News>("news", options).expect("opened");
    let mut stream = hub.subscribe(Subscribe::to(["news"])).expect("subscribed");
    stream.next().await.expect("opening");
    let started = Instant::now();
    news.publish(&News::Count(1)).expect("published");
    assert!(stream.next().await.expect("the first").ends_with(b"data: 1\n\n"));
    assert_eq!(started.elapsed(), Duration::ZERO);
    news.publish(&News::Count(2)).expect("published");
    let publisher = tokio::spawn(async move {
        tokio::time::sleep(window / 2).await;
        news.publish(&News::Count(3)).expect("published");
        news
    });
    let together = stream.next().await.expect("both");
    assert!(together.starts_with(b"id: e.2\n") && together.ends_with(b"data: 3\n\n"), "{together:?}");
    assert!((20..=22).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    drop(publisher);
}
