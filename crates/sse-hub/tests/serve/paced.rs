//! Clients that take slowly, over TLS and HTTP/2: for an event they need longer than the write deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use sse_hub::serve::Options;
use sse_hub::{Hub, Topic};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;

use crate::access::{self, Banned};
use crate::common::{News, note};
use crate::server::Server;
use crate::slow::{Publisher, kept, sequences};
use crate::tls::{self, Stream};
use crate::wire;

const WRITE_DEADLINE: Duration = Duration::from_secs(1);
/// Between two reads.
const PAUSE: Duration = Duration::from_millis(200);
/// What is taken after each: 20 KiB in a second, or twice that where it is a window.
const PIECE: usize = 4 * 1024;
/// Taken in one or two seconds.
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

/// What is published to a reader who takes slowly, before their right ends: more than they can take in two deadlines.
struct Backlog {
    event_bytes: usize,
    /// So many events were handed out when it ends.
    handed_out: u64,
}

async fn ban_in_the_middle(server: &Server, news: &Topic<News>, banned: &Banned, backlog: Backlog) {
    Publisher::new(news, backlog.event_bytes).publish_many(3).await;
    wire::in_time("events that wait", async {
        while server.hub.counts().deliveries < backlog.handed_out {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!(banned.ban("ann", &server.hub), 1);
    news.publish(&note("secret")).expect("published");
}

fn assert_was_cut(server: &Server, seen: &str) {
    assert!(!seen.contains("secret"), "published after the right had ended");
    assert!(!seen.contains("unauthorized"), "cut, not ended");
    assert_eq!(server.stats.counts().cut, 1);
}

async fn is_cut_over_tls(hub: Hub, banned: Banned, app: Router, backlog: Backlog) {
    let (server, client) = tls::start_app(hub, app, options()).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let (socket, pace) = connect(&server, client, b"http/1.1").await;
    let mut slow = wire::ask(socket, "GET", "/news?who=ann", &[]).await;
    pace.slow_down();
    let reading = async {
        while slow.read_some().await {}
        String::from_utf8_lossy(&slow.raw).into_owned()
    };
    let banning = ban_in_the_middle(&server, &news, &banned, backlog);
    let (seen, ()) = tokio::join!(wire::in_time("the end", reading), banning);
    server.until("gone", |counts| counts.connections == 0).await;
    assert_was_cut(&server, &seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_over_tls_that_takes_slowly_is_cut_soon_after_its_right_has_ended() {
    let (hub, banned) = (access::hub(), Banned::default());
    let app = banned.app(&hub);
    is_cut_over_tls(hub, banned, app, Backlog { event_bytes: EVENT_BYTES, handed_out: 1 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_is_one_whose_stream_a_layer_has_changed_and_hyper_carries() {
    let (hub, banned) = (access::hub(), Banned::default());
    let copied = async |response: Response| {
        let copy = |chunk: Bytes| Bytes::copy_from_slice(&chunk);
        response.map(|body| Body::new(body.map_frame(move |frame| frame.map_data(copy))))
    };
    let app = banned.app(&hub).layer(axum::middleware::map_response(copied));
    // hyper has room for all of them. So the body ends at once, and what is on its way is left.
    is_cut_over_tls(hub, banned, app, Backlog { event_bytes: EVENT_BYTES / 2, handed_out: 3 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_http_2_whose_window_opens_slowly_is_cut_soon_after_its_right_has_ended() {
    let (hub, banned) = (access::hub(), Banned::default());
    let (server, client) = tls::start_app(hub.clone(), banned.app(&hub), options()).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let mut slow = open_slow_window(&server, client, "/news?who=ann").await;
    // One is with h2, and one waits for room.
    let backlog = Backlog { event_bytes: EVENT_BYTES, handed_out: 2 };
    let banning = ban_in_the_middle(&server, &news, &banned, backlog);
    tokio::join!(read_slowly(&mut slow, "the end"), banning);
    assert_was_cut(&server, slow.text());
    assert_eq!(server.stats.counts().connections, 1, "the connection goes on");
}
