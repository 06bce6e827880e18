//! Bounds on connections.

use std::time::{Duration, Instant};

use sse_hub::serve::{Exempt, Options, ServeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::common::News;
use crate::server::{Server, app};
use crate::wire::{self, Answer};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_one_too_many_is_told_when_to_come_back_and_may_then() {
    for options in [
        Options { connections: 2, retry_after: Duration::from_secs(7), ..Options::default() },
        Options {
            connections_per_address: Some(2),
            retry_after: Duration::from_secs(7),
            ..Options::default()
        },
    ] {
        let server = Server::start(options).await;
        server.hub.topic::<News>("news").expect("opened");
        // One is a stream, the other has asked nothing yet.
        let stream = server.stream("news").await;
        let _silent = TcpStream::connect(server.address).await.expect("connected");
        server.until("two", |counts| counts.connections == 2).await;

        let mut refused = wire::get(server.address, "/stream?topics=news", &[]).await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, "7"));
        assert_eq!(refused.header("connection"), "close");
        assert_eq!(refused.header("content-type"), "application/problem+json");
        let problem = r#"{"title":"Service Unavailable","status":503,"detail":"too many connections"}"#;
        assert_eq!(refused.text().await, problem);
        assert_eq!(server.stats.counts().refused, 1);

        drop(stream);
        server.until("one place is free", |counts| counts.connections == 1).await;
        assert_eq!(server.stream("news").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_slowly_is_cut() {
    let header_timeout = Duration::from_millis(400);
    let server = Server::start(Options { header_timeout, ..Options::default() }).await;
    let head = b"GET /plain HTTP/1.1\r\nHost: x\r\nX-Slow: ";
    // Nothing at all, the beginning of a head or of HTTP/2, and a byte now and then.
    for (first, dribble) in
        [(&b""[..], false), (&head[..], false), (&b"PRI * HTTP/2.0\r\n\r\nS"[..], false), (&head[..], true)]
    {
        // Before it is let in, which begins the wait.
        let started = Instant::now();
        let mut socket = TcpStream::connect(server.address).await.expect("connected");
        socket.write_all(first).await.expect("sent");
        let (mut read, mut write) = socket.split();
        let closed = async {
            let mut rest = Vec::new();
            // It may be reset, or told `408`.
            let _ = read.read_to_end(&mut rest).await;
        };
        let dribbling = async {
            while dribble && write.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            std::future::pending::<()>().await;
        };
        wire::in_time("a cut", async {
            tokio::select! {
                () = closed => {}
                () = dribbling => {}
            }
        })
        .await;
        // It dribbles until it is cut: `in_time` fails where that does not come.
        let took = started.elapsed();
        assert!(took >= header_timeout.mul_f32(0.9), "{took:?}");
    }
    server.until("no connection is left", |counts| counts.connections == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let server =
        Server::start(Options { header_timeout: Duration::from_secs(2), ..Options::default() }).await;
    let mut answer = wire::get(server.address, "/plain", &[]).await;
    assert_eq!(answer.text().await, "plain");
    assert!(!wire::in_time("a close", answer.read_some()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_wait_their_turn_when_too_many_come_in_a_second() {
    let server = Server::start(Options { accepts_per_second: Some(20), ..Options::default() }).await;
    let started = Instant::now();
    for _ in 0..30 {
        assert_eq!(wire::get(server.address, "/plain", &[("Connection", "close")]).await.status, 200);
    }
    // Twenty at once, and ten in half a second.
    assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
}

#[tokio::test]
async fn options_that_cannot_be_are_refused_before_anything_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let hub = sse_hub::Hub::default();
    let options = Options { header_timeout: Duration::ZERO, ..Options::default() };
    let refused = sse_hub::serve::run(listener, app(hub), options, std::future::pending()).await;
    let Err(ServeError::Options(invalid)) = refused else { panic!("{refused:?}") };
    assert_eq!(invalid.field, "header_timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_streams_are_served_as_ever() {
    let server = Server::start(Options::default()).await;
    let mut socket = TcpStream::connect(server.address).await.expect("connected");
    // Two at once on one connection.
    let post = "POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
    socket.write_all(format!("{post}{post}").as_bytes()).await.expect("sent");
    let mut both = Vec::new();
    while both.windows(8).filter(|window| window == b"\r\n\r\nbody").count() < 2 {
        assert!(wire::in_time("two answers", socket.read_buf(&mut both)).await.expect("read") > 0);
    }
    let not_found = wire::ask(socket, "GET", "/nothing", &[]).await;
    assert_eq!(not_found.status, 404);
    let broken = TcpStream::connect(server.address).await.expect("connected");
    let mut broken = broken;
    broken.write_all(b"this is not HTTP\r\n\r\n").await.expect("sent");
    assert_eq!(Answer::read(broken).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_has_as_many_connections_as_it_needs() {
    let exempt = Exempt::new(|address| address.is_loopback());
    let server =
        Server::start(Options { connections_per_address: Some(1), exempt, ..Options::default() }).await;
    server.hub.topic::<News>("news").expect("opened");
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(server.stream("news").await);
        assert_eq!(streams.last().expect("one").status, 200);
    }
    // It still counts among all.
    assert_eq!(server.until("five", |counts| counts.connections == 5).await.refused, 0);
}
