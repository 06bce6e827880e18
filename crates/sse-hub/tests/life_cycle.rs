//! How streams begin, stay alive and end.

mod common;

use std::time::Duration;

use common::{Client, News, hub, told};
use sse_hub::{HubOptions, PublishError, Subscribe, SubscribeError, TopicError, history::HistoryError};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn c13_a_stream_begins_at_once_with_a_comment_a_spread_retry_and_a_cursor() {
    let hub = hub(HubOptions::default());
    hub.topic::<News>("news").expect("opened");
    let mut retries = std::collections::HashSet::new();
    for _ in 0..20 {
        let mut stream = hub.subscribe(Subscribe::to(["news"])).expect("subscribed");
        let opening = stream.next().await.expect("opening");
        let text = std::str::from_utf8(&opening).expect("UTF-8");
        let (retry, rest) =
            text.strip_prefix(": sse-hub\n\nretry: ").and_then(|rest| rest.split_once("\n\n")).expect(text);
        assert_eq!(
            rest,
            format!(
                "id: e.0\nevent: sse.open\ndata: {{\"heartbeat_ms\":15000,\"snapshot_through\":0}}\n\n\
                 event: sse.retry\ndata: {{\"retry_ms\":{retry}}}\n\n"
            )
        );
        retries.insert(retry.to_owned());
    }
    assert!(retries.len() > 1, "clients that were cut together would come back together");
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_comes_when_nothing_else_did_and_has_no_id() {
    let hub = hub(HubOptions { heartbeat: Some(Duration::from_secs(10)), ..HubOptions::default() });
    let topic = hub.topic::<News>("news").expect("opened");
    let mut stream = hub.subscribe(Subscribe::to(["news"])).expect("subscribed");
    let started = Instant::now();
    stream.next().await.expect("opening");
    let publisher = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(7)).await;
        topic.publish(&News::Count(1)).expect("published");
        topic
    });
    assert!(stream.next().await.expect("event").starts_with(b"id: e.1\n"));
    assert_eq!(started.elapsed().as_secs(), 7);
    for after in [17, 27] {
        assert_eq!(stream.next().await.expect("heartbeat"), "event: sse.heartbeat\ndata: {}\n\n");
        assert_eq!(started.elapsed().as_secs(), after);
    }
    drop(publisher);
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_there_is_no_heartbeat() {
    let hub = hub(HubOptions { heartbeat: None, ..HubOptions::default() });
    let _topic = hub.topic::<News>("news").expect("opened");
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    assert_eq!(told(&[client.next().await.expect("open")]), ["sse.open:{\"snapshot_through\":0}"]);
    tokio::time::timeout(Duration::from_secs(86_400), client.next()).await.expect_err("silence");
}

#[tokio::test(start_paused = true)]
async fn an_ended_topic_is_replayed_to_its_end_and_a_client_that_has_it_all_is_sent_away() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("answer").expect("opened");
    let mut live = Client::new(hub.subscribe(Subscribe::to(["answer"])).expect("subscribed"));
    topic.publish(&News::Count(1)).expect("published");
    topic.publish(&News::Count(2)).expect("published");
    topic.end().expect("ended");
    assert_eq!(topic.publish(&News::Count(3)), Err(PublishError::History(HistoryError::Ended)));

    for start in [None, Some("e.1".to_owned()), Some("d.9".to_owned())] {
        let stream = hub.subscribe(Subscribe::to(["answer"]).after(start)).expect("subscribed");
        assert!(!stream.is_complete());
        let seen = Client::new(stream).drain().await;
        assert_eq!(told(&seen).last().expect("an end"), "sse.end:{}");
        assert_eq!(seen.last().expect("an end").last_event_id, "e.2", "the end itself has no id");
    }
    assert_eq!(live.take(4).await[1..], ["count:1", "count:2", "sse.end:{}"]);
    assert_eq!(live.next().await, None);

    let mut complete = hub.subscribe(Subscribe::to(["answer"]).after("e.2".to_owned())).expect("subscribed");
    assert!(complete.is_complete());
    assert_eq!(complete.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_ended_topic_without_events_does_not_lure_its_clients_back() {
    let hub = hub(HubOptions::default());
    hub.topic::<News>("empty").expect("opened").end().expect("ended");
    let seen = Client::new(hub.subscribe(Subscribe::to(["empty"])).expect("subscribed")).drain().await;
    assert_eq!(told(&seen)[1..], ["sse.end:{}"]);
    let cursor = seen[0].last_event_id.clone();
    assert!(hub.subscribe(Subscribe::to(["empty"]).after(cursor)).expect("subscribed").is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_several_topics_ends_with_the_last_of_them() {
    let hub = hub(HubOptions::default());
    let (a, b) = (hub.topic::<News>("a").expect("opened"), hub.topic::<News>("b").expect("opened"));
    let mut client = Client::new(hub.subscribe(Subscribe::to(["a", "b"])).expect("subscribed"));
    a.end().expect("ended");
    b.publish(&News::Count(1)).expect("published");
    assert_eq!(told(&client.drain().await)[1..], ["count:1"]);
    b.end().expect("ended");
    assert_eq!(told(&client.drain().await), ["sse.end:{}"]);
}

#[tokio::test(start_paused = true)]
async fn shutting_down_ends_every_stream_with_a_spread_retry_and_refuses_new_ones() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("news").expect("opened");
    let mut retries = std::collections::HashSet::new();
    let mut clients: Vec<_> =
        (0..20).map(|_| Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"))).collect();
    for client in &mut clients {
        client.next().await.expect("open");
    }
    let waiting: Vec<_> = clients
        .into_iter()
        .map(|mut client| tokio::spawn(async move { (client.next().await, client.retry) }))
        .collect();
    tokio::task::yield_now().await;
    let started = Instant::now();
    hub.shutdown();
    for stream in waiting {
        let (end, retry) = stream.await.expect("joined");
        assert_eq!(end, None, "no sse.end: the client is to come back");
        retries.insert(retry.expect("a retry"));
    }
    assert!(started.elapsed() < Duration::from_millis(10));
    let (least, most) = (retries.iter().min().expect("some"), retries.iter().max().expect("some"));
    assert!(*most > *least * 2, "{least:?} to {most:?} is no spread");

    assert_eq!(hub.subscribe(Subscribe::to(["news"])).err(), Some(SubscribeError::ShuttingDown));
    assert_eq!(hub.subscriptions(), 0);
    topic.publish(&News::Count(1)).expect("publishers need not know");
}

#[tokio::test(start_paused = true)]
async fn what_was_published_before_a_shutdown_is_still_delivered() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("news").expect("opened");
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    client.next().await.expect("open");
    for count in 0..1_000 {
        topic.publish(&News::Count(count)).expect("published");
    }
    hub.shutdown();
    for count in 0..1_000 {
        assert_eq!(client.next().await.expect("was acknowledged").data, count.to_string());
    }
    assert_eq!(client.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_pending_comes_in_chunks_and_a_single_event_is_not_copied() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<common::News>("news").expect("opened");
    let mut stream = hub.subscribe(Subscribe::to(["news"])).expect("subscribed");
    let mut other = hub.subscribe(Subscribe::to(["news"])).expect("subscribed");
    stream.next().await.expect("opening");
    other.next().await.expect("opening");
    topic.publish(&common::note("one")).expect("published");
    let (a, b) = (stream.next().await.expect("event"), other.next().await.expect("event"));
    assert_eq!(a.as_ptr(), b.as_ptr(), "both subscribers share the bytes");

    for _ in 0..100 {
        topic.publish(&common::note(&"x".repeat(1_000))).expect("published");
    }
    let (mut bytes, mut chunks) = (0, 0);
    while bytes < 100_000 {
        let chunk = stream.next().await.expect("chunk");
        assert!(
            (10_000..=16 * 1024).contains(&chunk.len()) || bytes + chunk.len() > 90_000,
            "{}",
            chunk.len()
        );
        (bytes, chunks) = (bytes + chunk.len(), chunks + 1);
    }
    assert!(chunks <= 8, "{chunks} chunks");
}

#[tokio::test(start_paused = true)]
async fn what_was_published_before_a_shutdown_is_delivered_to_a_stream_that_waits() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("news").expect("opened");
    let mut live = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    assert_eq!(told(&live.drain().await), ["sse.open:{\"heartbeat_ms\":15000,\"snapshot_through\":0}"]);
    topic.publish(&News::Count(1)).expect("published");
    hub.shutdown();
    assert_eq!(live.take(1).await, ["count:1"]);
    assert_eq!(live.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_was_closed_takes_nothing_more_and_shows_what_it_has() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("news").expect("opened");
    topic.publish(&News::Count(1)).expect("published");
    hub.close().await.expect("closed");
    let closed = || PublishError::History(HistoryError::Closed);
    assert_eq!(topic.publish(&News::Count(2)), Err(closed()));
    assert_eq!(topic.publish_durably(&News::Count(2)).await, Err(closed()));
    assert_eq!(topic.end(), Err(closed()));
    assert_eq!(hub.topic::<News>("more").err(), Some(TopicError::History(HistoryError::Closed)));
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    assert_eq!(client.take(2).await[1], "count:1");
    hub.close().await.expect("closed again");
}
