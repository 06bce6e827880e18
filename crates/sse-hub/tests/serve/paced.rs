//! Clients that take slowly, over TLS and HTTP/2. No record, page or window is taken within one write deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use sse_hub::serve::Options;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;

use crate::common::News;
use crate::server::Server;
use crate::slow::{Publisher, kept, sequences};
use crate::tls::{self, Stream};
use crate::wire;

const WRITE_DEADLINE: Duration = Duration::from_secs(1);
/// Between two reads.
const PAUSE: Duration = Duration::from_millis(50);
/// What is taken after each, 20 KiB in a second.
const PIECE: usize = 1024;
/// Two seconds long.
const EVENT_BYTES: usize = 40_000;

/// How a [`Paced`] socket is read: freely, until it is told otherwise.
#[derive(Clone)]
pub(crate) struct Pace(Arc<AtomicUsize>);

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl Pace {
    fn slow_down(&self) {
        self.0.store(PIECE, Ordering::SeqCst);
    }

    /// Nothing is read any more.
    pub(crate) fn stop(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

pub(crate) struct Paced<S> {
    socket: S,
    pace: Pace,
    pause: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    pub(crate) fn new(socket: S, pace: &Pace) -> Self {
        Self { socket, pace: pace.clone(), pause: Box::pin(tokio::time::sleep(Duration::ZERO)) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.pace.0.load(Ordering::SeqCst) {
            0 => return Poll::Pending,
            usize::MAX => return Pin::new(&mut self.socket).poll_read(cx, buf),
            _ => {}
        }
        ready!(self.pause.as_mut().poll(cx));
        let mut piece = [0; PIECE];
        let mut piece = ReadBuf::new(&mut piece[..PIECE.min(buf.remaining())]);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut piece))?;
        buf.put_slice(piece.filled());
        self.pause.as_mut().reset(tokio::time::Instant::now() + PAUSE);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// With as little as can be between the server and its client, who would be slow only when it is full.
fn options() -> Options {
    Options { write_deadline: WRITE_DEADLINE, send_buffer: 4 * 1024, unsent: 1024, ..Options::default() }
}

type Socket = TlsStream<Paced<tokio::net::TcpStream>>;

async fn connect(server: &Server, client: ClientConfig, protocol: &[u8]) -> (Socket, Pace) {
    let pace = Pace::default();
    let socket = Paced::new(wire::connect_narrow(server.address).await, &pace);
    (tls::shake_hands(socket, client, protocol).await, pace)
}

/// It took several deadlines, and nobody was cut.
fn assert_was_slow(server: &Server, started: Instant) {
    assert!(started.elapsed() > 3 * WRITE_DEADLINE, "it was quick: {:?}", started.elapsed());
    assert_eq!(server.stats.counts().cut, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_over_tls_that_takes_slowly_is_not_cut() {
    let (server, client) = tls::start(options()).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let (socket, pace) = connect(&server, client, b"http/1.1").await;
    let mut slow = wire::ask(socket, "GET", "/stream?topics=news", &[]).await;
    pace.slow_down();
    let started = Instant::now();
    Publisher::new(&news, EVENT_BYTES).publish_many(2).await;
    news.end().expect("ended");
    assert_eq!(sequences(&slow.rest().await), [0, 1]);
    assert!(slow.is_complete, "ended, not cut");
    assert_was_slow(&server, started);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_2_connection_that_takes_slowly_is_not_cut() {
    let (server, client) = tls::start(options()).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let (socket, pace) = connect(&server, client, b"h2").await;
    // It has room for everything, but not at once.
    let mut sender = tls::speak_http2_with(socket, 1024 * 1024, 1024 * 1024).await;
    let mut slow = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    assert!(slow.until("sse.open").await);
    pace.slow_down();
    let started = Instant::now();
    Publisher::new(&news, EVENT_BYTES).publish_many(3).await;
    slow.read_all(3).await;
    assert_was_slow(&server, started);
    news.publish(&News::Count(7)).expect("published");
    assert!(slow.until("data: 7\n\n").await, "it goes on");
}

/// A stream whose window opens slowly, on a connection that takes everything at once.
async fn open_slow_window(server: &Server, client: ClientConfig, path: &str) -> Stream {
    let socket = tls::connect(server, client, b"h2").await;
    let mut sender = tls::speak_http2_with(socket, 2 * PIECE as u32, 1024 * 1024).await;
    let mut slow = Stream::open(&mut sender, &format!("https://localhost{path}")).await;
    assert!(slow.until("sse.open").await);
    slow
}

/// Reads a frame, which is never longer than the window, after each pause; until `text` is there, or the stream is over.
async fn read_slowly(stream: &mut Stream, text: &str) {
    wire::in_time(text, async {
        while !stream.text().ends_with(text) && stream.read_some().await {
            tokio::time::sleep(PAUSE).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_http_2_whose_window_opens_slowly_is_not_cut() {
    let (server, client) = tls::start(options()).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let mut slow = open_slow_window(&server, client, "/stream?topics=news").await;
    let started = Instant::now();
    Publisher::new(&news, EVENT_BYTES).publish_many(4).await;
    news.publish(&News::Count(7)).expect("published");
    read_slowly(&mut slow, "data: 7\n\n").await;
    slow.read_all(4).await;
    assert!(slow.text().ends_with("data: 7\n\n"), "it goes on to the end");
    assert_was_slow(&server, started);
}
