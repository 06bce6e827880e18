//! Publishing and subscribing at the same time, on several threads.

mod common;

use std::time::Duration;

use common::{Client, News, hub};
use sse_hub::{HubOptions, Subscribe};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_subscribes_while_events_are_published_sees_each_exactly_once() {
    const EVENTS: u64 = 20_000;

    let hub = hub(HubOptions::default());
    let retention = sse_hub::Retention { events: EVENTS as usize, bytes: usize::MAX, ..Default::default() };
    let options = sse_hub::TopicOptions { retention, ..Default::default() };
    let topics = ["a", "b"].map(|name| hub.topic_with::<News>(name, options.clone()).expect("opened"));
    let publishers: Vec<_> = topics
        .into_iter()
        .map(|topic| {
            std::thread::spawn(move || {
                for count in 0..EVENTS / 2 {
                    topic.publish(&News::Count(count)).expect("published");
                    if count % 64 == 0 {
                        std::thread::sleep(Duration::from_micros(200));
                    }
                }
            })
        })
        .collect();

    let clients: Vec<_> = (0..32)
        .map(|client| {
            let hub = hub.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(client * 3)).await;
                let mut cursor = None;
                let mut expected = 1;
                // Each client is cut every so often, and comes back with its cursor.
                while expected <= EVENTS {
                    let subscribe = Subscribe::to(["a", "b"]).after(cursor.clone());
                    let mut stream = Client::new(hub.subscribe(subscribe).expect("subscribed"));
                    for _ in 0..1_000 + client * 100 {
                        let seen = stream.next().await.expect("goes on");
                        if seen.event_type == "sse.open" {
                            continue;
                        }
                        assert_eq!(seen.last_event_id, format!("e.{expected}"), "client {client}");
                        cursor = Some(seen.last_event_id);
                        expected += 1;
                        if expected > EVENTS {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for client in clients {
        tokio::time::timeout(Duration::from_secs(60), client).await.expect("in time").expect("no assertion");
    }
    publishers.into_iter().for_each(|publisher| publisher.join().expect("joined"));
}
