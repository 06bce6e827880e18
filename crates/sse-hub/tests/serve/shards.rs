//! Streams in the hands of the shards.

use std::time::{Duration, Instant};

use sse_hub::serve::Options;
use sse_hub::{HubOptions, TopicOptions};

use crate::common::{self, News};
use crate::server::Server;
use crate::wire;

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_the_same_topics_are_held_by_a_shard_in_one_group() {
    let server = Server::start(Options { shards: Some(1), ..Options::default() }).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    news.publish(&News::Count(1)).expect("published");

    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(server.stream("news").await);
    }
    let first = &streams[0];
    assert_eq!(first.status, 200);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
    ] {
        assert_eq!(first.header(name), value);
    }
    server
        .until("one group of five", |counts| (counts.sharded, counts.grouped, counts.groups) == (5, 5, 1))
        .await;
    let before = server.stats.counts();
    news.publish(&News::Count(2)).expect("published");
    for stream in &mut streams {
        assert_eq!(stream.take(2).await, ["count:1", "count:2"]);
    }
    let after = server.until("five deliveries", |counts| counts.deliveries == before.deliveries + 5).await;
    assert_eq!(after.blocked, 0);

    drop(streams);
    server.until("all gone", |counts| (counts.connections, counts.sharded, counts.groups) == (0, 0, 0)).await;
    assert_eq!(server.hub.subscriptions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stream_is_given_before_it_is_in_a_group_is_counted_too() {
    const BYTES: usize = 10_000;

    let server = Server::start(Options { shards: Some(1), ..Options::default() }).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    news.publish(&common::note(&"x".repeat(BYTES))).expect("published");
    let mut stream = server.stream("news").await;
    stream.take(1).await;
    let counts = server.hub.counts();
    assert_eq!(counts.deliveries, 1);
    assert!(counts.delivered_bytes > BYTES as u64, "{}", counts.delivered_bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_request_of_a_connection_may_be_the_stream() {
    let server = Server::start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut plain = wire::get(server.address, "/plain", &[]).await;
    assert_eq!(plain.text().await, "plain");
    let mut stream = wire::ask(plain.socket, "GET", "/stream?topics=news", &[]).await;
    server.until("held by a shard", |counts| counts.grouped == 1).await;
    news.publish(&News::Count(7)).expect("published");
    assert_eq!(stream.take(1).await, ["count:7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_different_topics_are_in_different_groups_and_each_gets_its_own() {
    let server = Server::start(Options { shards: Some(1), ..Options::default() }).await;
    let [a, b] = ["a", "b"].map(|name| server.hub.topic::<News>(name).expect("opened"));
    let mut of_a = server.stream("a").await;
    let mut of_b = server.stream("b").await;
    let mut of_both = server.stream("b,a").await;
    let mut of_both_again = server.stream("a,b,a").await;
    server.until("three groups", |counts| (counts.grouped, counts.groups) == (4, 3)).await;
    for count in 0..20 {
        a.publish(&News::Count(count)).expect("published");
        b.publish(&News::Count(100 + count)).expect("published");
    }
    let expected = |from: u64| (from..from + 20).map(|count| format!("count:{count}")).collect::<Vec<_>>();
    assert_eq!(of_a.take(20).await, expected(0));
    assert_eq!(of_b.take(20).await, expected(100));
    let both = of_both.take(40).await;
    assert_eq!(both.iter().step_by(2).cloned().collect::<Vec<_>>(), expected(0));
    assert_eq!(both.iter().skip(1).step_by(2).cloned().collect::<Vec<_>>(), expected(100));
    assert_eq!(of_both_again.take(40).await, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_while_events_are_published_gets_each_exactly_once() {
    let server = Server::start(Options { shards: Some(2), ..Options::default() }).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let publisher = tokio::spawn(async move {
        for count in 1..=400 {
            news.publish(&News::Count(count)).expect("published");
            if count % 8 == 0 {
                tokio::task::yield_now().await;
            }
        }
        news.end().expect("ended");
    });
    let mut readers = Vec::new();
    for _ in 0..40 {
        let mut stream = server.stream("news").await;
        readers.push(tokio::spawn(async move { stream.rest().await }));
    }
    publisher.await.expect("published");
    for reader in readers {
        let seen: Vec<String> = reader.await.expect("read").into_iter().map(|seen| seen.data).collect();
        let expected: Vec<String> =
            (1..=400).map(|count: u64| count.to_string()).chain(["{}".to_owned()]).collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_group_has_a_heartbeat() {
    let heartbeat = Some(Duration::from_millis(40));
    let hub = common::hub(HubOptions { heartbeat, ..HubOptions::default() });
    let server = Server::with_hub(hub, Options::default()).await;
    server.hub.topic::<News>("news").expect("opened");
    let mut streams = [server.stream("news").await, server.stream("news").await];
    for stream in &mut streams {
        assert_eq!(stream.any_event().await.expect("opening").event_type, "sse.open");
        for _ in 0..3 {
            assert_eq!(stream.any_event().await.expect("goes on").event_type, "sse.heartbeat");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_frees_its_place_and_leaves_the_topic() {
    let hub = common::hub(HubOptions { presence_grace: Duration::from_millis(50), ..HubOptions::default() });
    let server = Server::with_hub(hub, Options::default()).await;
    server.hub.topic::<News>("room").expect("opened");
    let mut changes = server.hub.presence_changes("room").expect("a topic");
    let stays = server.stream("room&member=stays").await;
    let goes = server.stream("room&member=goes").await;
    server.until("both held", |counts| counts.grouped == 2).await;
    assert_eq!(server.hub.presence("room").expect("a topic").count, 2);
    drop(goes);
    server.until("one held", |counts| (counts.grouped, counts.connections) == (1, 1)).await;
    assert_eq!(server.hub.subscriptions(), 1);
    wire::in_time("the departure", changes.wait_for(|presence| presence.count == 1)).await.expect("a topic");
    drop(stays);
    server.until("nobody held", |counts| counts.sharded == 0).await;
    wire::in_time("the other's", changes.wait_for(|presence| presence.count == 0)).await.expect("a topic");
    assert!(server.hub.remove_idle("room"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_comes_back_within_the_grace_has_not_left() {
    let server = Server::start(Options::default()).await;
    server.hub.topic::<News>("room").expect("opened");
    let first = server.stream("room&member=one").await;
    server.until("held", |counts| counts.grouped == 1).await;
    let mut changes = server.hub.presence_changes("room").expect("a topic");
    changes.mark_unchanged();
    drop(first);
    server.until("gone", |counts| counts.sharded == 0).await;
    let _second = server.stream("room&member=one").await;
    server.until("back", |counts| counts.grouped == 1).await;
    assert!(!changes.has_changed().expect("a topic"), "{:?}", changes.borrow());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_within_the_flush_window_goes_in_one_chunk_and_the_first_at_once() {
    let server = Server::start(Options { shards: Some(1), ..Options::default() }).await;
    let flush_window = Some(Duration::from_millis(300));
    let options = TopicOptions { flush_window, ..TopicOptions::default() };
    let news = server.hub.topic_with::<News>("news", options).expect("opened");
    let mut streams = [server.stream("news").await, server.stream("news").await];
    server.until("one group", |counts| (counts.grouped, counts.groups) == (2, 1)).await;
    // What a busy machine takes longer than the window to publish may go in two: then once more.
    for round in 1.. {
        assert!(round <= 20, "no burst was within the window");
        let started = Instant::now();
        news.publish(&News::Count(0)).expect("published");
        for stream in &mut streams {
            let before = stream.chunks;
            assert_eq!(stream.take(1).await, ["count:0"]);
            assert_eq!(stream.chunks, before.max(1) + 1, "alone, behind the opening");
        }
        let first = started.elapsed();
        for count in 1..=20 {
            news.publish(&News::Count(count)).expect("published");
            tokio::task::yield_now().await;
        }
        let burst = started.elapsed();
        let before = streams.each_ref().map(|stream| stream.chunks);
        for stream in &mut streams {
            assert_eq!(stream.take(20).await.last().expect("twenty"), "count:20");
        }
        assert!(started.elapsed() >= Duration::from_millis(290), "{:?}", started.elapsed());
        if burst < Duration::from_millis(250) {
            let chunks = streams.each_ref().map(|stream| stream.chunks);
            assert_eq!(chunks, before.map(|before| before + 1), "after {first:?} the others together");
            break;
        }
        // The window of the last chunk is over, so that the next event goes at once.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}
