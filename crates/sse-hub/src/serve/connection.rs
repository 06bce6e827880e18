//! One connection, from its first byte until it ends or a shard takes it over.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Server;
use super::admission::Permit;
use super::drain::Drain;
use super::front::Front;
use super::handoff::{Handoff, Stream};
use super::io::Transport;
use super::options::Options;
use super::shard::Arrival;
use super::socket;
use super::stats::Counters;
use super::streams::Streams;
use super::taking::Tasks;
use super::timed::Timed;
use crate::entropy;
use crate::parting::Parting;

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that was accepted.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) server: Arc<Server>,
    pub(super) socket: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) permit: Permit,
    pub(super) draining: tokio::sync::watch::Receiver<Option<Drain>>,
}

impl Connection {
    pub(super) async fn serve(mut self) {
        let options = &self.server.options;
        if let Err(error) = socket::tune(&self.socket, options) {
            // It may be gone already. If not, it works without.
            tracing::debug!(%error, "a socket option was not set");
        }
        let ask_by = Instant::now() + options.header_timeout;
        // Not `readable`, which may say so when there is nothing.
        let mut first = [0];
        let peeked = unless_late(ask_by, &mut self.draining, self.socket.peek(&mut first)).await;
        if peeked == Some(1) {
            // Only now, and apart. In a storm, thousands have connected before one is answered; what hyper needs for
            // each of them would be taken at once, and the process would keep it.
            let rest = Box::pin(self.serve_requests(ask_by)).await;
            if let Some(rest) = rest {
                // A task of its own, for this one keeps the room that the beginning took.
                tokio::spawn(rest);
            }
        }
    }

    /// Serves until the connection ends, or until all that is left is a stream, or HTTP/2.
    async fn serve_requests(self, ask_by: Instant) -> Option<Rest> {
        let Self { server, mut socket, peer, permit, mut draining } = self;
        let streams = Streams::default();
        let front = Front { app: server.app.clone(), peer, streams: streams.clone(), handoff: None };
        let (deadline, counters) = (server.options.write_deadline, server.options.stats.counters());
        #[cfg(feature = "tls")]
        if let Some(tls) = &server.options.tls {
            let socket = Timed::new(socket, deadline, counters);
            let (socket, protocol) = unless_late(ask_by, &mut draining, tls.accept(socket)).await?;
            let life = Life::new(&server.options, draining, streams, ask_by);
            let transport = Transport::new(socket);
            return Some(match protocol {
                Protocol::Http2 => {
                    let life = life.idle_for(server.options.header_timeout);
                    Box::pin(serve_http2(http2(&server.options, transport, front), life, permit))
                }
                Protocol::Http1 => {
                    let (transport, stream, life) =
                        serve_http1(&server.options, transport, front, life).await?;
                    // What it was for ends with hyper.
                    Box::pin(super::solo::serve(Box::new(transport.into_inner()), stream, life, permit))
                }
            });
        }

        let (protocol, read) = unless_late(ask_by, &mut draining, detect(&mut socket)).await?;
        let life = Life::new(&server.options, draining, streams, ask_by);
        let transport = Transport::new(Timed::new(socket, deadline, counters)).read_before(read);
        match protocol {
            Protocol::Http2 => {
                let life = life.idle_for(server.options.header_timeout);
                Some(Box::pin(serve_http2(http2(&server.options, transport, front), life, permit)))
            }
            Protocol::Http1 => {
                let (transport, stream, _) = serve_http1(&server.options, transport, front, life).await?;
                let socket = transport.into_inner().into_inner();
                server.shards.hand(Arrival { socket, stream, permit });
                None
            }
        }
    }
}

/// What a client does before it asks for anything; `None` if it fails, or comes too late, or we shut down.
async fn unless_late<T>(
    ask_by: Instant,
    draining: &mut tokio::sync::watch::Receiver<Option<Drain>>,
    first: impl Future<Output = io::Result<T>>,
) -> Option<T> {
    tokio::select! {
        first = timeout_at(ask_by, first) => first.ok()?.ok(),
        _ = draining.wait_for(Option::is_some) => None,
    }
}

/// What is left of a connection when hyper is gone.
type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Reads until it is clear what the client speaks. Returns what was read.
async fn detect(socket: &mut TcpStream) -> io::Result<(Protocol, Bytes)> {
    // As much as most heads have, so that hyper need not read again.
    let mut read = Vec::with_capacity(1_024);
    loop {
        if socket.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = read.len().min(PREFACE.len());
        if read[..length] != PREFACE[..length] {
            return Ok((Protocol::Http1, read.into()));
        }
        if length == PREFACE.len() {
            return Ok((Protocol::Http2, read.into()));
        }
    }
}

/// Serves requests until the connection ends. `Some` if a stream is to be handed over: its head is on the wire.
async fn serve_http1<T>(
    options: &Options,
    transport: Transport<T>,
    front: Front,
    mut life: Life,
) -> Option<(Transport<T>, Stream, Life)>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handoff = Arc::new(Handoff::default());
    let front = Front { handoff: Some(Arc::clone(&handoff)), ..front };
    let transport = transport.handoff(Arc::clone(&handoff));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(transport), front)
        // For WebSockets and the like, which then leave this server.
        .with_upgrades();
    loop {
        let ended = std::future::poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if handoff.is_ready() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        tokio::select! {
            ended = ended => match ended {
                // hyper and its buffers go; the transport stays.
                None => return Some((connection.into_parts()?.io.into_inner(), handoff.take()?, life)),
                Some(result) => {
                    log(result);
                    return None;
                }
            },
            order = life.next() => match order {
                Order::Finish => Pin::new(&mut connection).graceful_shutdown(),
                Order::Cut => return None,
            },
        }
    }
}

type Http2<T> = http2::Connection<TokioIo<Transport<T>>, Front, Tasks>;

/// Begins HTTP/2. Without pings, whose answers wait behind all that a slow client has yet to take: [`socket::tune`] has the
/// kernel look after the peer.
///
/// In a box, because a future keeps what it was given in two places.
fn http2<T>(options: &Options, transport: Transport<T>, front: Front) -> Box<Http2<T>>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (write_deadline, streams) = (options.write_deadline, front.streams.clone());
    let tasks = Tasks { write_deadline, counters: options.stats.counters(), streams };
    let connection = http2::Builder::new(tasks)
        .timer(TokioTimer::new())
        .max_concurrent_streams(options.http2_streams)
        // What a stream of which the peer takes nothing may cost: so much, or one chunk, and the next one.
        .max_send_buf_size(options.unsent as usize)
        .serve_connection(TokioIo::new(transport), front);
    Box::new(connection)
}

async fn serve_http2<T>(mut connection: Box<Http2<T>>, mut life: Life, permit: Permit)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    loop {
        tokio::select! {
            result = &mut *connection => {
                log(result);
                break;
            }
            order = life.next() => match order {
                Order::Finish => Pin::new(&mut *connection).graceful_shutdown(),
                Order::Cut => break,
            },
        }
    }
    drop((connection, permit));
}

fn log(result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended");
    }
}

/// When a connection that no shard holds is to end.
#[derive(Debug)]
pub(super) struct Life {
    streams: Streams,
    draining: tokio::sync::watch::Receiver<Option<Drain>>,
    /// By then there must be a request. hyper's own timer begins anew with every read before there is one.
    ask_by: Option<Instant>,
    /// How long there may be nothing to answer, where hyper has no timer for that.
    idle_for: Option<Duration>,
    /// Then the streams are ended.
    part_at: Option<(Instant, Parting)>,
    /// Then everything is.
    cut_at: Option<Instant>,
    /// Then it is cut, too: what was told to end, and goes on. Later, if it [was still asked](Streams::asked_until).
    overdue_at: Option<Instant>,
    /// How long the body of a request may be silent then.
    silence: Option<Duration>,
    write_deadline: Duration,
    counters: Arc<Counters>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Answer what was asked, and nothing more.
    Finish,
    Cut,
}

impl Life {
    fn new(
        options: &Options,
        draining: tokio::sync::watch::Receiver<Option<Drain>>,
        streams: Streams,
        ask_by: Instant,
    ) -> Self {
        Self {
            streams,
            draining,
            ask_by: Some(ask_by),
            idle_for: None,
            part_at: expiry(options, Instant::now()).map(|at| (at, Parting::Now)),
            cut_at: None,
            overdue_at: None,
            silence: options.max_age,
            write_deadline: options.write_deadline,
            counters: options.stats.counters(),
        }
    }

    /// Ends the connection when nothing was asked for so long.
    fn idle_for(self, longest: Duration) -> Self {
        Self { idle_for: Some(longest), ..self }
    }

    /// The streams that it ends.
    #[cfg(feature = "tls")]
    pub(super) fn streams(&self) -> &Streams {
        &self.streams
    }

    /// What comes next. Can be dropped and called again.
    pub(super) async fn next(&mut self) -> Order {
        loop {
            let now = Instant::now();
            if self.cut_at.is_some_and(|at| at <= now) {
                return Order::Cut;
            }
            if self.overdue_at.is_some_and(|at| at <= now) {
                let until = self.streams.asked_until(now, self.silence);
                let later = until.map(|until| until + self.write_deadline);
                if later.is_none_or(|at| at <= now) {
                    self.counters.cut.add(1);
                    return Order::Cut;
                }
                self.overdue_at = later;
            }
            if self.ask_by.take_if(|at| *at <= now).is_some() && !self.streams.were_asked_for() {
                return Order::Cut;
            }
            if let Some((_, parting)) = self.part_at.take_if(|(at, _)| *at <= now) {
                let ended = self.streams.part(parting);
                if parting == Parting::Now {
                    self.counters.expired.add(ended);
                }
                // Over HTTP/2, a client without a window is not even asked for more, and would never hear of it.
                self.overdue_at.get_or_insert(now + self.write_deadline);
                return Order::Finish;
            }
            let idle_at = self.idle_for.and_then(|longest| Some(self.streams.idle_since()? + longest));
            if idle_at.is_some_and(|at| at <= now) {
                self.idle_for = None;
                self.overdue_at.get_or_insert(now + self.write_deadline);
                return Order::Finish;
            }
            let part_at = self.part_at.map(|(at, _)| at);
            let all = [self.cut_at, self.overdue_at, self.ask_by, idle_at, part_at];
            let earliest = all.into_iter().flatten().min();
            let wake = async {
                match earliest {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wake => {}
                () = self.streams.became_idle() => {}
                () = self.streams.denied(), if self.overdue_at.is_none() => {
                    // Also of what is on its way it does not take a little now and then for ever.
                    self.overdue_at = Some(Instant::now() + self.write_deadline);
                    return Order::Finish;
                }
                drain = self.draining.wait_for(Option::is_some), if self.cut_at.is_none() => {
                    let Some(drain) = drain.ok().and_then(|drain| drain.clone()) else {
                        return Order::Cut;
                    };
                    self.part_at = Some(drain.place());
                    self.cut_at = Some(drain.deadline);
                    return Order::Finish;
                }
            }
        }
    }
}

/// When a connection that begins now has reached its maximum age.
pub(super) fn expiry(options: &Options, now: Instant) -> Option<Instant> {
    options.max_age.map(|age| now + entropy::between(age.mul_f32(0.9), age.mul_f32(1.1)))
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use axum::Router;
    use axum::routing::get;
    use sse_events::Json;
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::{Hub, Subscribe};

    #[tokio::test]
    async fn a_stream_is_handed_over_when_its_head_is_on_the_wire_and_not_before() {
        let hub = Hub::default();
        hub.topic::<Json<u64>>("news").expect("opened");
        let app = Router::new().route("/", get(async move || hub.subscribe(Subscribe::to(["news"]))));
        let (options, streams) = (Options::default(), Streams::default());
        let (_sender, draining) = tokio::sync::watch::channel(None);
        let life = Life::new(&options, draining, streams.clone(), Instant::now() + options.header_timeout);
        let front = Front { app, peer: SocketAddr::from(([127, 0, 0, 1], 1)), streams, handoff: None };
        // The head is longer than what the transport takes at once.
        let (ours, mut theirs) = tokio::io::duplex(40);
        let transport = Transport::new(ours);
        let mut serving = std::pin::pin!(serve_http1(&options, transport, front, life));
        let mut head = Vec::new();
        theirs.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it fits");
        let (_, stream, _) = loop {
            let polled = serving.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()));
            let is_whole = head.ends_with(b"\r\n\r\n");
            match polled {
                Poll::Ready(handed) => break handed.expect("a stream"),
                Poll::Pending => assert!(!is_whole, "it does not end"),
            }
            theirs.read_buf(&mut head).await.expect("read");
        };
        // What is left of it is in the transport.
        theirs.read_buf(&mut head).await.expect("read");
        let head = String::from_utf8(head).expect("ASCII");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        assert!(
            head.contains("transfer-encoding: chunked\r\n") && head.contains("connection: close\r\n"),
            "{head}"
        );
        assert!(stream.first.starts_with(b": sse-hub\n\n"));
    }
}
