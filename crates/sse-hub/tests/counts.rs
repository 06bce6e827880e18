//! What is counted.

mod common;

use common::{Client, News, hub, note};
use sse_hub::{HubOptions, Retention, Subscribe, TopicOptions};

#[tokio::test(start_paused = true)]
async fn what_happens_is_counted_once() {
    let hub = hub(HubOptions::default());
    let retention = Retention { events: 2, ..Retention::default() };
    let topic = hub
        .topic_with::<News>("news", TopicOptions { retention, ..TopicOptions::default() })
        .expect("opened");
    for text in ["a", "b", "c"] {
        topic.publish(&note(text)).expect("published");
    }
    let subscribe = |last: Option<&str>| {
        hub.subscribe(Subscribe::to(["news"]).after(last.map(str::to_owned))).expect("subscribed")
    };
    let mut new = Client::new(subscribe(None));
    new.take(3).await;
    let mut resumed = Client::new(subscribe(Some("e.1")));
    let mut behind = Client::new(subscribe(Some("e.1")));
    let mut reset = Client::new(subscribe(Some("f.9")));
    behind.take(3).await;
    reset.take(4).await;
    resumed.take(3).await;
    assert!(hub.subscribe(Subscribe::to(["nowhere"])).is_err());
    let before = hub.counts();
    assert_eq!((before.topics, before.subscriptions, before.published), (1, 4, 3));
    assert_eq!((before.started, before.resumed, before.reset, before.refused), (1, 2, 1, 1));
    assert_eq!((before.deliveries, before.replayed), (8, 8));

    let slow = subscribe(Some("e.3"));
    topic.publish(&note("d")).expect("published");
    for client in [&mut new, &mut resumed, &mut behind, &mut reset] {
        client.take(1).await;
    }
    let after = hub.counts();
    assert_eq!((after.deliveries, after.replayed), (12, 8), "the last one was live");
    assert_eq!((after.lagging, after.subscriptions), (1, 5), "one has not looked yet");
    assert!(after.published_bytes > before.published_bytes && after.delivered_bytes > before.delivered_bytes);

    for text in ["e", "f", "g"] {
        topic.publish(&note(text)).expect("published");
    }
    assert_eq!(before.gaps, 0);
    drop(slow);
    let mut late = Client::new(subscribe(Some("e.3")));
    late.take(2).await;
    assert_eq!(hub.counts().gaps, 1);
}
