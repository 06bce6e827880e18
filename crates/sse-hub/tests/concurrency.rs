//! Publishing and subscribing at the same time, on several threads.

mod common;

use std::time::Duration;

use common::{Client, Engine, News};
use sse_hub::{HubOptions, Subscribe};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_subscribes_while_events_are_published_sees_each_exactly_once() {
    everybody_sees_everything(&Engine::Memory, 20_000).await;
}

/// Most of it is read from the disk while it is written.
#[cfg(feature = "redb")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_subscribes_while_events_are_published_to_a_file_sees_each_exactly_once() {
    let options = sse_hub::history::redb::RedbOptions { ring_events: 16, ..Default::default() };
    everybody_sees_everything(&Engine::file(options), 5_000).await;
}

/// The disk drops what clients are reading.
#[cfg(feature = "redb")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_falls_behind_what_a_file_keeps_is_told_so() {
    const EVENTS: u64 = 5_000;

    let options = sse_hub::history::redb::RedbOptions { ring_events: 16, ..Default::default() };
    let hub = Engine::file(options).hub(HubOptions::default());
    let retention = sse_hub::Retention { events: 300, ..Default::default() };
    let options = sse_hub::TopicOptions { retention, ..Default::default() };
    let topic = hub.topic_with::<News>("a", options).expect("opened");
    let (half_is_kept, _) = tokio::sync::watch::channel(false);
    let clients: Vec<_> = (0..8)
        .map(|client| {
            // Here and not in its task: whoever comes late has no claim to what is gone.
            let mut stream = Client::new(hub.subscribe(Subscribe::to(["a"])).expect("subscribed"));
            let mut half_is_kept = half_is_kept.subscribe();
            tokio::spawn(async move {
                // Whether the others fall behind depends on the machine; this one does on every machine.
                let falls_behind = client == 0;
                if falls_behind {
                    half_is_kept.wait_for(|is| *is).await.expect("published");
                }
                let (mut last, mut gaps, mut excused) = (0, 0, false);
                while last < EVENTS {
                    let seen = stream.next().await.expect("goes on");
                    match seen.event_type.as_str() {
                        "sse.open" => {}
                        "sse.gap" => (gaps, excused) = (gaps + 1, true),
                        _ => {
                            let seq: u64 = seen.data.parse().expect("a number");
                            assert!(seq == last + 1 || (excused && seq > last), "{seq} after {last}");
                            (last, excused) = (seq, false);
                            // Some are slower than others.
                            if seq.is_multiple_of(64 << client) {
                                tokio::time::sleep(Duration::from_millis(20)).await;
                            }
                        }
                    }
                }
                assert!(gaps > 0 || !falls_behind, "it was not told");
            })
        })
        .collect();
    for count in 1..=EVENTS {
        let id = topic.publish(&News::Count(count)).expect("published");
        if count % 64 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if count == EVENTS / 2 {
            hub.committed(&id).await.expect("kept");
            half_is_kept.send_replace(true);
        }
    }
    for client in clients {
        tokio::time::timeout(Duration::from_secs(60), client).await.expect("in time").expect("no assertion");
    }
}

async fn everybody_sees_everything(engine: &Engine, count: u64) {
    let hub = engine.hub(HubOptions::default());
    let epoch = hub.epoch();
    let retention = sse_hub::Retention { events: count as usize, bytes: usize::MAX, ..Default::default() };
    let options = sse_hub::TopicOptions { retention, ..Default::default() };
    let topics = ["a", "b"].map(|name| hub.topic_with::<News>(name, options.clone()).expect("opened"));
    let publishers: Vec<_> = topics
        .into_iter()
        .map(|topic| {
            std::thread::spawn(move || {
                for number in 0..count / 2 {
                    topic.publish(&News::Count(number)).expect("published");
                    if number % 64 == 0 {
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
                while expected <= count {
                    let subscribe = Subscribe::to(["a", "b"]).after(cursor.clone());
                    let mut stream = Client::new(hub.subscribe(subscribe).expect("subscribed"));
                    for _ in 0..1_000 + client * 100 {
                        let seen = stream.next().await.expect("goes on");
                        if seen.event_type == "sse.open" {
                            continue;
                        }
                        assert_eq!(seen.last_event_id, format!("{epoch}.{expected}"), "client {client}");
                        cursor = Some(seen.last_event_id);
                        expected += 1;
                        if expected > count {
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
