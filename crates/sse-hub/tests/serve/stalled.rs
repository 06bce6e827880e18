//! Clients that read nothing, over TLS and HTTP/2.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http2::SendRequest;
use sse_hub::Topic;
use sse_hub::serve::Options;
use tokio::net::TcpStream;

use crate::common::News;
use crate::paced::{Pace, Paced};
use crate::server::Server;
use crate::slow::{Publisher, kept, sequences};
use crate::tls::{self, Stream};
use crate::wire;

const WRITE_DEADLINE: Duration = Duration::from_secs(2);
const EVENTS: usize = 1_000;
/// 4 MB of them are published.
const EVENT_BYTES: usize = 4_000;
/// What a reader may cost in all, with what the kernels of both sides hold.
const MOST: usize = 512 * 1024;

fn options() -> Options {
    Options { write_deadline: WRITE_DEADLINE, ..Options::default() }
}

async fn publish(news: &Topic<News>) {
    Publisher::new(news, EVENT_BYTES).publish_many(EVENTS).await;
}

/// What was handed out to everybody but to one who has all.
fn handed_to_the_stalled(server: &Server) -> usize {
    (server.hub.counts().deliveries as usize - EVENTS) * EVENT_BYTES
}

async fn until_subscriptions(server: &Server, count: usize) {
    wire::in_time("subscriptions", async {
        while server.hub.subscriptions() != count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_over_tls_that_takes_nothing_is_cut_and_costs_little_until_then() {
    let (server, client) = tls::start(options()).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let socket = wire::connect_narrow(server.address).await;
    let socket = tls::shake_hands(socket, client.clone(), b"http/1.1").await;
    let stalled = wire::ask(socket, "GET", "/stream?topics=news", &[]).await;
    let socket = tls::connect(&server, client, b"http/1.1").await;
    let mut quick = wire::ask(socket, "GET", "/stream?topics=news", &[]).await;
    let started = Instant::now();
    let mut seen = Vec::new();
    let read = async {
        for _ in 0..EVENTS {
            seen.push(quick.event().await.expect("goes on"));
        }
    };
    tokio::join!(publish(&news), read);
    assert_eq!(sequences(&seen), (0..EVENTS).collect::<Vec<_>>());
    // By us or by the kernel, whose time is the same.
    server.until("cut", |counts| counts.connections == 1).await;
    assert!(started.elapsed() >= WRITE_DEADLINE, "{:?}", started.elapsed());
    assert!(handed_to_the_stalled(&server) < MOST, "{}", handed_to_the_stalled(&server));
    assert_eq!(server.hub.subscriptions(), 1);
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_2_connection_that_takes_nothing_is_cut_and_costs_little_until_then() {
    let (server, client) = tls::start(options()).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let pace = Pace::default();
    let socket = Paced::new(wire::connect_narrow(server.address).await, &pace);
    let socket = tls::shake_hands(socket, client.clone(), b"h2").await;
    // It says that there is room for everything.
    let mut sender = tls::speak_http2_with(socket, 8 * 1024 * 1024, 16 * 1024 * 1024).await;
    let mut stalled = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    assert!(stalled.until("sse.open").await);
    pace.stop();
    let mut sender = tls::speak_http2(tls::connect(&server, client, b"h2").await).await;
    let mut quick = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    let started = Instant::now();
    tokio::join!(publish(&news), quick.read_all(EVENTS));
    // By us or by the kernel, whose time is the same.
    server.until("cut", |counts| counts.connections == 1).await;
    assert!(started.elapsed() >= WRITE_DEADLINE, "{:?}", started.elapsed());
    assert!(handed_to_the_stalled(&server) < MOST, "{}", handed_to_the_stalled(&server));
    until_subscriptions(&server, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_room_is_cut_and_the_other_of_its_connection_reads_on() {
    let (server, client) = tls::start(options()).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let socket = tls::connect(&server, client, b"h2").await;
    let mut sender = tls::speak_http2_with(socket, 64 * 1024, 4 * 1024 * 1024).await;
    let mut stalled = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    let mut quick = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    let started = Instant::now();
    tokio::join!(publish(&news), quick.read_all(EVENTS));
    until_subscriptions(&server, 1).await;
    assert!(started.elapsed() >= WRITE_DEADLINE, "{:?}", started.elapsed());
    let counts = server.until("cut", |counts| counts.cut == 1).await;
    assert_eq!(counts.connections, 1, "the connection goes on");
    // The window, what h2 holds, and a chunk.
    assert!(handed_to_the_stalled(&server) < 128 * 1024, "{}", handed_to_the_stalled(&server));
    assert!(!stalled.until("never").await, "it is told that this is no end");
    news.publish(&News::Count(7)).expect("published");
    assert!(quick.until("event: count\ndata: 7\n\n").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_never_had_room_is_cut() {
    let (server, client) = tls::start(options()).await;
    server.hub.topic::<News>("news").expect("opened");
    let socket = tls::connect(&server, client, b"h2").await;
    let mut sender = tls::speak_http2_with(socket, 0, 4 * 1024 * 1024).await;
    let started = Instant::now();
    let mut stalled = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    assert!(!stalled.until("anything").await);
    assert!(started.elapsed() >= WRITE_DEADLINE, "{:?}", started.elapsed());
    until_subscriptions(&server, 0).await;
    let counts = server.stats.counts();
    assert_eq!((counts.cut, counts.connections), (1, 1), "the connection goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_2_connection_whose_streams_do_not_end_is_cut_soon_after_its_age() {
    let options = Options {
        write_deadline: Duration::from_millis(300),
        max_age: Some(Duration::from_millis(300)),
        ..Options::default()
    };
    // It waits for something that does not happen.
    let app = Router::new().route("/stream", get(std::future::pending::<&str>));
    let server = Server::with_app(sse_hub::Hub::default(), app, options).await;
    let socket = TcpStream::connect(server.address).await.expect("connected");
    let mut sender = tls::speak_http2(socket).await;
    let request = http::Request::get("http://localhost/stream").body(Empty::new());
    let asked = sender.send_request(request.expect("a request"));
    wire::in_time("the end", asked).await.expect_err("never answered");
    server.until("gone", |counts| (counts.accepted, counts.connections) == (1, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_2_connection_that_asks_nothing_more_is_closed_and_one_with_a_stream_is_not() {
    let options = Options { header_timeout: Duration::from_secs(3), ..Options::default() };
    let server = Server::start(options).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let connect =
        async || tls::speak_http2(TcpStream::connect(server.address).await.expect("connected")).await;
    let ask = async |sender: &mut SendRequest<Empty<Bytes>>| {
        let request = http::Request::get("http://localhost/plain").body(Empty::new()).expect("a request");
        wire::in_time("an answer", sender.send_request(request)).await.expect("answered").status()
    };
    let mut busy = connect().await;
    assert_eq!(ask(&mut busy).await, 200);
    let mut stream = Stream::open(&mut busy, "http://localhost/stream?topics=news").await;
    let mut idle = connect().await;
    // Before its answer, which begins the silence.
    let started = Instant::now();
    assert_eq!(ask(&mut idle).await, 200);
    server.until("one is closed", |counts| (counts.accepted, counts.connections) == (2, 1)).await;
    assert!(started.elapsed() >= Duration::from_millis(2_900), "{:?}", started.elapsed());
    news.publish(&News::Count(7)).expect("published");
    assert!(stream.until("data: 7\n\n").await, "the other one goes on");
    assert_eq!(ask(&mut busy).await, 200, "and takes requests");
    drop(stream);
    server.until("both are closed", |counts| counts.connections == 0).await;
}
