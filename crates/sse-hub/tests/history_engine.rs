//! An engine that answers later, as a disk or another machine does, makes no difference to what is delivered.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::reading::Reading;
use common::{Client, News, told};
use sse_hub::history::{Lane, Page, Read, Reply};
use sse_hub::{History, Hub, HubOptions, Retention, Subscribe, TopicOptions};

/// Memory that takes a moment to remember.
fn slow() -> impl History {
    Reading::new(|memory, read| {
        let (memory, lanes): (_, Vec<Lane>) = (Arc::clone(memory), read.lanes.to_vec());
        let Read { after, max_events, max_bytes, .. } = read;
        Reply::Later(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            match memory.read(Read { lanes: &lanes, after, max_events, max_bytes }) {
                Reply::Now(page) => page,
                Reply::Later(page) => page.await,
            }
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
