//! What a client gets that took its time, and what waits for company.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Client, News, hub, note, told};
use sse_hub::{Denied, Grant, Guard, Hub, HubOptions, Lagging, Replay, Subscribe, Topic, TopicOptions};
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

/// What is told within a flush window of an hour, in which an event waits, when `end` ends the stream.
async fn told_in_the_window(
    end: impl FnOnce(&Hub, &Topic<News>, &AtomicBool) + Send + 'static,
) -> Vec<String> {
    let hub = hub(HubOptions { heartbeat: None, lagging_after: Duration::MAX, ..HubOptions::default() });
    let window = Duration::from_secs(3_600);
    let options = TopicOptions { flush_window: Some(window), ..TopicOptions::default() };
    let news = hub.topic_with::<News>("news", options).expect("opened");
    let is_lost = Arc::new(AtomicBool::new(false));
    let guard = Guard::new({
        let is_lost = Arc::clone(&is_lost);
        move |_| match is_lost.load(Ordering::SeqCst) {
            true => Err(Denied::forbidden("not yours")),
            false => Ok(Grant::unlimited()),
        }
    });
    let mut stream = hub.subscribe(Subscribe::to(["news"]).guard(guard)).expect("subscribed");
    stream.next().await.expect("opening");
    news.publish(&News::Count(1)).expect("published");
    stream.next().await.expect("the first");
    let started = Instant::now();
    let ending = tokio::spawn(async move {
        // While it waits: the first begins the wait, and the second is no news to it.
        for count in [2, 3] {
            tokio::time::sleep(Duration::from_secs(1)).await;
            news.publish(&News::Count(count)).expect("published");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        end(&hub, &news, &is_lost);
        (hub, news)
    });
    let mut told = Vec::new();
    while let Some(chunk) = stream.next().await {
        told.push(String::from_utf8(chunk.to_vec()).expect("UTF-8"));
    }
    ending.await.expect("no panic");
    assert!((3_000..=3_010).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    told
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_is_not_kept_until_its_flush_window_is_over() {
    let denied = told_in_the_window(|hub, _, is_lost| {
        is_lost.store(true, Ordering::SeqCst);
        assert_eq!(hub.review_access(), 1);
    });
    assert_eq!(denied.await, [": forbidden\n\n"]);
    // What was published before is sent before the farewell.
    let told = told_in_the_window(|hub, _, _| hub.shutdown()).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("data: 2\n") && told[0].ends_with("data: 3\n\n"), "{told:?}");
    assert!(told[1].contains("sse.retry"), "{told:?}");
    let told = told_in_the_window(|_, news, _| news.end().expect("ended")).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("data: 2\n") && told[0].ends_with("data: 3\n\n"), "{told:?}");
    assert!(told[1].contains("sse.end"), "{told:?}");
}
