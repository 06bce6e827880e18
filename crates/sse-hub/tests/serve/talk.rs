//! Clients that go on talking when their stream has begun.

use std::time::Duration;

use sse_hub::serve::Options;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::common::News;
use crate::server::Server;
use crate::wire::{self, Answer};

/// What it says is not heard, until it is too much. Meanwhile `other` is served.
async fn talks<S, O>(server: &Server, mut talker: Answer<S>, mut other: Answer<O>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let news = server.hub.topic::<News>("news").expect("opened");
    talker.socket.write_all(&[b'x'; 10_000]).await.expect("sent");
    talker.socket.flush().await.expect("sent");
    news.publish(&News::Count(0)).expect("published");
    assert_eq!(talker.take(1).await, ["count:0"]);
    let talking = tokio::spawn(async move {
        while talker.socket.write_all(&[b'x'; 10_000]).await.is_ok() && talker.socket.flush().await.is_ok() {}
    });
    for count in 1..=50 {
        news.publish(&News::Count(count)).expect("published");
    }
    let expected: Vec<_> = (0..=50).map(|count: u64| format!("count:{count}")).collect();
    assert_eq!(other.take(51).await, expected);
    wire::in_time("a cut", talking).await.expect("no panic");
    server.until("one is left", |counts| counts.connections == 1).await;
    assert_eq!(server.hub.subscriptions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_on_talking_is_cut_and_holds_up_nobody_of_its_shard() {
    let options = Options { shards: Some(1), write_deadline: Duration::from_secs(60), ..Options::default() };
    let server = Server::start(options).await;
    server.hub.topic::<News>("news").expect("opened");
    let (talker, other) = (server.stream("news").await, server.stream("news").await);
    server.until("both held", |counts| counts.sharded == 2).await;
    talks(&server, talker, other).await;
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_on_talking_over_tls_is_cut() {
    use crate::tls;
    let (server, client) = tls::start(Options::default()).await;
    server.hub.topic::<News>("news").expect("opened");
    let [talker, other] = [
        tls::connect(&server, client.clone(), b"http/1.1").await,
        tls::connect(&server, client, b"http/1.1").await,
    ];
    let talker = wire::ask(talker, "GET", "/stream?topics=news", &[]).await;
    let other = wire::ask(other, "GET", "/stream?topics=news", &[]).await;
    talks(&server, talker, other).await;
}
