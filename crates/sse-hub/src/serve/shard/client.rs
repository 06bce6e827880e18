use std::any::Any;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Arrival;
use super::deadlines::Due;
use super::ready::TokenWaker;
use crate::Subscription;
use crate::parting::Parting;
use crate::serve::admission::Permit;
use crate::serve::frame;
use crate::serve::handoff::{Framing, MOST_SAID};
use crate::serve::socket;
use crate::serve::stats::Counters;

/// How many chunks a client that catches up is sent before others have their turn.
const CHUNKS_PER_TURN: usize = 8;

/// How often a client's words are read before others have their turn.
const READS_PER_TURN: usize = 4;

/// A stream that a shard holds.
pub(super) struct Client {
    pub(super) near: Near,
    pub(super) subscription: Subscription,
    waker: Arc<TokenWaker>,
    /// The rest of a chunk of which the socket took a part. The only thing that is ever queued for a client.
    unsent: Bytes,
    /// Since when the socket has taken nothing although something is there.
    pub(super) blocked_since: Option<Instant>,
    /// How many bytes it has said, to which nobody listens.
    said: usize,
    /// When the stream is ended.
    pub(super) part_at: Option<(Instant, Parting)>,
    /// When it is cut, although its stream was ended and it takes a little of the rest now and then.
    pub(super) leave_by: Option<Instant>,
    pub(super) due: Due,
    _husk: Box<dyn Any + Send>,
    _permit: Permit,
    /// The last field. First gone, then counted: whoever reads the count finds the subscription gone.
    _held: Held,
}

/// What a delivery to a member of a group looks at. When a group is written to, nothing of its members is in the cache of
/// the processor: in lines of their own, that is one line to wait for and not four.
#[repr(align(64))]
pub(super) struct Near {
    socket: TcpStream,
    pub(super) state: State,
    pub(super) framing: Framing,
}

/// A socket is larger in a build that has mio check how it is used.
const _: () = assert!(cfg!(debug_assertions) || size_of::<Near>() == 64, "one line");

/// Counts a stream while it is there, also if dropping the rest of it panics.
struct Held(Arc<Counters>);

impl Held {
    fn new(counters: &Arc<Counters>) -> Self {
        counters.sharded.add(1);
        Self(Arc::clone(counters))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.sharded.subtract(1);
    }
}

/// Who reads for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its own subscription: it is catching up, or its socket is full.
    Alone,
    /// The group, in which it has this place. It has seen everything up to `seen` before the group has.
    Member { group: u32, index: usize, seen: u64 },
    /// Nobody: when the rest is sent, it goes.
    Leaving,
}

/// Where a turn has left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It will be woken.
    Waiting,
    /// It has seen all there is.
    AtTip,
    /// It is a member of a group, and its reader may no longer read.
    Denied,
    /// There is more to send at once.
    Again,
    /// The stream is over, or the client has gone.
    Over,
}

/// What the socket took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    All,
    Part,
    Broken,
}

impl Client {
    pub(super) fn new(
        arrival: Arrival,
        waker: Arc<TokenWaker>,
        part_at: Option<(Instant, Parting)>,
        counters: &Arc<Counters>,
    ) -> Self {
        let Arrival { socket, stream, permit } = arrival;
        Self {
            near: Near { socket, state: State::Alone, framing: stream.framing },
            subscription: *stream.subscription,
            waker,
            unsent: frame::chunk(stream.framing, stream.first),
            blocked_since: None,
            said: 0,
            leave_by: None,
            part_at,
            due: Due::default(),
            _husk: stream.husk,
            _permit: permit,
            _held: Held::new(counters),
        }
    }

    /// Does what can be done now, and is woken when there is more.
    pub(super) fn take_turn(&mut self, counters: &Counters) -> Turn {
        self.waker.rearm();
        let waker = Waker::from(Arc::clone(&self.waker));
        let cx = &mut Context::from_waker(&waker);
        if self.poll_gone(cx).is_ready() {
            return Turn::Over;
        }
        for _ in 0..CHUNKS_PER_TURN {
            while !self.unsent.is_empty() {
                match self.near.socket.poll_write_ready(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Turn::Over,
                    Poll::Pending => {
                        self.note_blocked(counters);
                        return Turn::Waiting;
                    }
                }
                if self.send_rest(counters) == Taken::Broken {
                    return Turn::Over;
                }
            }
            match self.near.state {
                State::Member { .. } => {
                    return match self.subscription.poll_denied(cx) {
                        Poll::Ready(()) => Turn::Denied,
                        Poll::Pending => Turn::Waiting,
                    };
                }
                State::Leaving => return Turn::Over,
                State::Alone => {}
            }
            match self.subscription.poll_chunk(cx) {
                Poll::Ready(Some(chunk)) => {
                    self.subscription.hub().counters.delivered_bytes.add(chunk.len());
                    self.unsent = frame::chunk(self.near.framing, chunk);
                }
                Poll::Ready(None) => {
                    self.unsent = frame::end(self.near.framing);
                    self.near.state = State::Leaving;
                }
                Poll::Pending if self.subscription.is_at_tip() => return Turn::AtTip,
                Poll::Pending => return Turn::Waiting,
            }
            counters.deliveries.add(self.subscription.take_handed_out());
        }
        Turn::Again
    }

    /// Ready when the client has closed its side, or the connection is broken. What it sends is nothing to us.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut unread = [0; 4096];
        for _ in 0..READS_PER_TURN {
            match self.near.socket.poll_read_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {}
            }
            match self.near.socket.try_read(&mut unread) {
                Ok(0) => return Poll::Ready(()),
                Ok(count) => {
                    self.said += count;
                    if self.said > MOST_SAID {
                        return Poll::Ready(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Sends a chunk to a client for which nothing is left to be sent. What the socket does not take is kept.
    pub(super) fn send(&mut self, chunk: &Bytes, counters: &Counters) -> Taken {
        match socket::send(&self.near.socket, chunk) {
            // The counters of a whole group are added up by the caller.
            Ok(written) if written == chunk.len() => Taken::All,
            Ok(written) => {
                counters.bytes.add(written);
                self.keep(chunk.slice(written..), counters)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.keep(chunk.clone(), counters),
            Err(_) => Taken::Broken,
        }
    }

    fn keep(&mut self, rest: Bytes, counters: &Counters) -> Taken {
        self.unsent = rest;
        self.note_blocked(counters);
        Taken::Part
    }

    /// The time runs from here, unless it runs already.
    fn note_blocked(&mut self, counters: &Counters) {
        if self.blocked_since.is_none() {
            counters.blocked.add(1);
            self.blocked_since = Some(Instant::now());
        }
    }

    fn send_rest(&mut self, counters: &Counters) -> Taken {
        match self.near.socket.try_write(&self.unsent) {
            Ok(written) => {
                counters.bytes.add(written);
                self.unsent.advance(written);
                if self.unsent.is_empty() {
                    self.unsent = Bytes::new();
                    self.blocked_since = None;
                    return Taken::All;
                }
                // It has taken something: the time begins anew.
                self.note_blocked(counters);
                self.blocked_since = Some(Instant::now());
                Taken::Part
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.note_blocked(counters);
                Taken::Part
            }
            Err(_) => Taken::Broken,
        }
    }

    /// Goes on by itself, behind `position`.
    pub(super) fn go_alone(&mut self, position: u64) {
        self.near.state = State::Alone;
        self.subscription.resume(position);
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.near.socket
    }
}
