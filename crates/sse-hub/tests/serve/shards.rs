//! Streams in the hands of the shards.

use sse_hub::serve::Options;

use crate::common::News;
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
