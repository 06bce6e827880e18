//! What HTTP wants of a stream, and what layers make of it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sse_hub::HubOptions;
use sse_hub::serve::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;

use crate::common::{self, News};
use crate::server::{Server, app};
use crate::wire::{self, Answer};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_everything_is_sent_away_with_204() {
    let server = Server::start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let last = news.publish(&News::Count(1)).expect("published");
    news.end().expect("ended");
    let complete = server.stream_after("news", last.as_str()).await;
    assert_eq!(complete.status, 204);
    let mut stream = server.stream("news").await;
    assert_eq!(stream.take(2).await, ["count:1", "sse.end:{}"]);
    assert_eq!(stream.event().await, None);
    assert!(stream.is_complete);
    server.until("nothing is held", |counts| counts.sharded == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_gets_the_head_and_no_stream() {
    let server = Server::start(Options::default()).await;
    server.hub.topic::<News>("news").expect("opened");
    let socket = TcpStream::connect(server.address).await.expect("connected");
    let head = wire::ask(socket, "HEAD", "/stream?topics=news", &[]).await;
    assert_eq!((head.status, head.header("content-type")), (200, "text/event-stream"));
    // The connection goes on.
    let mut plain = wire::ask(head.socket, "GET", "/plain", &[]).await;
    assert_eq!(plain.text().await, "plain");
    assert_eq!((server.stats.counts().sharded, server.hub.subscriptions()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http_1_0_gets_the_events_without_chunks() {
    let server = Server::start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut socket = TcpStream::connect(server.address).await.expect("connected");
    socket.write_all(b"GET /stream?topics=news HTTP/1.0\r\n\r\n").await.expect("sent");
    let mut stream = Answer::read(socket).await;
    assert_eq!((stream.status, stream.header("transfer-encoding")), (200, ""));
    server.until("held by a shard", |counts| counts.grouped == 1).await;
    for count in 1..=3 {
        news.publish(&News::Count(count)).expect("published");
    }
    news.end().expect("ended");
    assert_eq!(stream.take(4).await, ["count:1", "count:2", "count:3", "sse.end:{}"]);
    assert_eq!(stream.event().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_refused_is_an_ordinary_response() {
    let server = Server::start(Options::default()).await;
    let mut refused = server.stream("nothing").await;
    assert_eq!(refused.status, 404);
    assert!(refused.text().await.contains("nothing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_may_ask_who_is_there() {
    let hub = common::hub(HubOptions::default());
    let whoami = async |ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>| peer.to_string();
    let app = app(hub.clone()).route("/whoami", get(whoami));
    let server = Server::with_app(hub, app, Options::default()).await;
    let socket = TcpStream::connect(server.address).await.expect("connected");
    let ours = socket.local_addr().expect("an address").to_string();
    assert_eq!(wire::ask(socket, "GET", "/whoami", &[]).await.text().await, ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_taken_from_hyper_only_when_all_before_it_is_on_the_wire() {
    let hub = common::hub(HubOptions::default());
    let large = || axum::body::Bytes::from(vec![b'x'; 400_000]);
    let app = app(hub.clone()).route("/large", get(async move || large()));
    let server = Server::with_app(hub, app, Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    // Both are asked for at once, and the answer to the first does not fit into the buffers.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(32 * 1024).expect("a small buffer");
    let mut socket = socket.connect(server.address).await.expect("connected");
    let [first, second] =
        ["/large", "/stream?topics=news"].map(|path| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.write_all(format!("{first}{second}").as_bytes()).await.expect("sent");
    let mut heard = Vec::new();
    wire::in_time("the subscription", async {
        // A little at a time, until hyper has the rest of the first answer in its buffer and takes up the second.
        while server.hub.subscriptions() == 0 {
            let mut some = [0; 8_192];
            let length = socket.read(&mut some).await.expect("read");
            heard.extend_from_slice(&some[..length]);
            tokio::task::yield_now().await;
        }
    })
    .await;
    news.publish(&News::Count(1)).expect("published");
    while !heard.ends_with(b"data: 1\n\n\r\n") {
        assert!(wire::in_time("the event", socket.read_buf(&mut heard)).await.expect("read") > 0, "closed");
    }
    let body = heard.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let (body, stream) = heard[body..].split_at(400_000);
    assert!(body.iter().all(|byte| *byte == b'x'), "the first answer is whole");
    assert!(stream.starts_with(b"HTTP/1.1 200 OK\r\n"), "and the head of the stream comes after it");
    server.until("held by a shard", |counts| counts.grouped == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_be_upgraded() {
    let echo = async |request: axum::extract::Request| {
        tokio::spawn(async move {
            let upgraded = hyper::upgrade::on(request).await.expect("upgraded");
            let (mut from, mut to) = tokio::io::split(hyper_util::rt::TokioIo::new(upgraded));
            let _ = tokio::io::copy(&mut from, &mut to).await;
        });
        (axum::http::StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
    };
    let hub = common::hub(HubOptions::default());
    let server = Server::with_app(hub.clone(), app(hub).route("/echo", get(echo)), Options::default()).await;
    let socket = TcpStream::connect(server.address).await.expect("connected");
    let switched = wire::ask(socket, "GET", "/echo", &[("Connection", "upgrade"), ("Upgrade", "echo")]).await;
    assert_eq!(switched.status, 101);
    let mut socket = switched.socket;
    socket.write_all(b"hello").await.expect("sent");
    let mut heard = [0; 5];
    wire::in_time("an echo", socket.read_exact(&mut heard)).await.expect("read");
    assert_eq!(&heard, b"hello");
}

/// A body around another one.
struct Around<F> {
    inner: Body,
    /// What it makes of a chunk.
    change: F,
    /// Seen when it is dropped.
    _alive: std::sync::Arc<()>,
}

impl<F: Fn(Bytes) -> Bytes + Unpin> http_body::Body for Around<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let change = &this.change;
        Pin::new(&mut this.inner).poll_frame(cx).map_ok(|frame| frame.map_data(change))
    }
}

fn around<F>(hub: sse_hub::Hub, alive: &std::sync::Arc<()>, change: F) -> Router
where
    F: Fn(Bytes) -> Bytes + Clone + Unpin + Send + Sync + 'static,
{
    let alive = std::sync::Arc::clone(alive);
    app(hub).layer(axum::middleware::map_response(move |response: Response| {
        let (change, alive) = (change.clone(), alive.clone());
        async move { response.map(|inner| Body::new(Around { inner, change, _alive: alive })) }
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_only_looks_on_is_kept_until_the_stream_ends() {
    let (hub, alive) = (common::hub(HubOptions::default()), std::sync::Arc::new(()));
    let app = around(hub.clone(), &alive, |chunk| chunk);
    let server = Server::with_app(hub, app, Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let before = std::sync::Arc::strong_count(&alive);
    let mut stream = server.stream("news").await;
    server.until("held by a shard", |counts| counts.grouped == 1).await;
    news.publish(&News::Count(1)).expect("published");
    assert_eq!(stream.take(1).await, ["count:1"]);
    assert_eq!(std::sync::Arc::strong_count(&alive), before + 1);
    drop(stream);
    server.until("gone", |counts| counts.sharded == 0).await;
    assert_eq!(std::sync::Arc::strong_count(&alive), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_changes_the_bytes_has_its_way() {
    let (hub, alive) = (common::hub(HubOptions::default()), std::sync::Arc::new(()));
    let shout = |chunk: Bytes| String::from_utf8_lossy(&chunk).replace("count", "COUNT").into_bytes().into();
    let app = around(hub.clone(), &alive, shout);
    let server = Server::with_app(hub, app, Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut stream = server.stream("news").await;
    news.publish(&News::Count(1)).expect("published");
    assert_eq!(stream.take(1).await, ["COUNT:1"]);
    news.publish(&News::Count(2)).expect("published");
    assert_eq!(stream.take(1).await, ["COUNT:2"]);
    assert_eq!(server.stats.counts().sharded, 0, "hyper keeps it");
    drop(stream);
    server.until("gone", |counts| counts.connections == 0).await;
    assert_eq!(server.hub.subscriptions(), 0);
}

/// Over HTTP/2 there is often no `Host`, and where it says something else it does not count.
#[tokio::test(flavor = "multi_thread")]
async fn the_host_is_that_of_the_request_over_every_version() {
    async fn host(headers: HeaderMap) -> String {
        let hosts: Vec<_> =
            headers.get_all("host").iter().map(|host| host.to_str().expect("ASCII")).collect();
        hosts.join(" and ")
    }
    let server =
        Server::with_app(sse_hub::Hub::default(), Router::new().route("/", get(host)), Options::default())
            .await;
    assert_eq!(wire::get(server.address, "/", &[]).await.text().await, "test");

    let socket = TcpStream::connect(server.address).await.expect("connected");
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await;
    let (mut sender, connection) = handshake.expect("HTTP/2");
    tokio::spawn(connection);
    for other in [None, Some("elsewhere.test")] {
        let mut request =
            http::Request::get("http://example.test:8443/").body(Empty::<Bytes>::new()).expect("a request");
        if let Some(other) = other {
            request.headers_mut().insert("host", other.parse().expect("a value"));
        }
        let response = wire::in_time("a response", sender.send_request(request)).await.expect("answered");
        let body = wire::in_time("a body", response.into_body().collect()).await.expect("read");
        assert_eq!(body.to_bytes(), "example.test:8443", "{other:?}");
    }
}

/// What is sent as the body of a request, until nobody can send any more.
struct Feed(mpsc::UnboundedReceiver<Bytes>);

impl http_body::Body for Feed {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_outlives_the_age_of_its_http_2_connection_and_the_stream_beside_it() {
    // A body may be silent for as long as its connection may last.
    let (max_age, write_deadline) = (Duration::from_secs(1), Duration::from_millis(200));
    let server =
        Server::start(Options { write_deadline, max_age: Some(max_age), ..Options::default() }).await;
    server.hub.topic::<News>("news").expect("opened");
    let socket = TcpStream::connect(server.address).await.expect("connected");
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await;
    let (mut sender, connection) = handshake.expect("HTTP/2");
    tokio::spawn(connection);
    let mut send = |method: &str, path: &str| {
        let (feed, body) = mpsc::unbounded_channel();
        let request = http::Request::builder().method(method).uri(format!("http://test{path}"));
        (feed, sender.send_request(request.body(Feed(body)).expect("a request")))
    };
    let (feed, answer) = send("POST", "/plain");
    let feeding = tokio::spawn(async move {
        let (started, mut sent) = (Instant::now(), String::new());
        // The age is met within a tenth.
        while started.elapsed() < max_age * 2 + write_deadline * 3 {
            feed.send(Bytes::from("line")).expect("it goes on");
            sent += "line";
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sent
    });
    let (nothing, stream) = send("GET", "/stream?topics=news");
    drop(nothing);
    let stream = wire::in_time("a stream", stream).await.expect("answered");
    wire::in_time("its end", stream.into_body().collect()).await.expect("ended, not cut");
    let sent = wire::in_time("the rest", feeding).await.expect("it was sent");
    let answer = wire::in_time("an answer", answer).await.expect("answered");
    let answer = wire::in_time("a body", answer.into_body().collect()).await.expect("read");
    assert_eq!(answer.to_bytes(), sent);
    let counts = server.until("gone", |counts| counts.connections == 0).await;
    assert_eq!(counts.cut, 0);
}
