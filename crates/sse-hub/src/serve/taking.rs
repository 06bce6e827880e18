//! The write deadline over HTTP/2, where a stream may stand still while its connection goes on.

use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::time::{Instant, Sleep, sleep_until};

use super::stats::Counters;
use super::streams::Streams;
use crate::lock::lock;
use crate::signal::Signal;

tokio::task_local! {
    static TAKING: Arc<Taking>;
}

/// Whether the client takes what the body of a response gives.
///
/// hyper asks a body for a chunk, keeps it until the client's window has room for all before it and some of it, and only then
/// asks again.
#[derive(Debug, Default)]
pub(super) struct Taking {
    /// Since when hyper has a chunk for which there is no room, and nothing before it is taken either.
    waiting_since: Mutex<Option<Instant>>,
    /// That of a stream of events.
    signal: OnceLock<Arc<Signal>>,
}

impl Taking {
    /// That of the response which the running task sends; `None` if it is not one of [`Tasks`].
    pub(super) fn of_this_task() -> Option<Arc<Self>> {
        TAKING.try_with(Arc::clone).ok()
    }

    /// The response is a stream of events, which is told by `signal` when its reader may no longer read.
    pub(super) fn handle_stream(&self, signal: Arc<Signal>) {
        let _ = self.signal.set(signal);
    }

    /// The body is asked for more.
    pub(super) fn handle_asked(&self) {
        *lock(&self.waiting_since) = None;
    }

    /// The body has given something.
    pub(super) fn handle_given(&self) {
        *lock(&self.waiting_since) = Some(Instant::now());
    }

    /// The connection has taken some of what the body has given.
    fn handle_taken(&self) {
        if let Some(since) = &mut *lock(&self.waiting_since) {
            *since = Instant::now();
        }
    }

    fn is_denied(&self) -> bool {
        self.signal.get().is_some_and(|signal| signal.denied().is_some())
    }
}

/// Some of a body. Where the connection takes bytes of it, that is told.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Bytes,
    /// `None` where nobody has to know.
    taking: Option<Arc<Taking>>,
}

impl Chunk {
    pub(super) fn of(taking: &Arc<Taking>, bytes: Bytes) -> Self {
        Self { bytes, taking: Some(Arc::clone(taking)) }
    }
}

impl From<Bytes> for Chunk {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, taking: None }
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    /// A chunk is given away whole and stays with h2, which advances it by what it has written to the connection.
    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(taking) = &self.taking {
            taking.handle_taken();
        }
    }
}

/// Runs the streams of an HTTP/2 connection, a task for each, and cuts those that wait too long for room.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    pub(super) write_deadline: Duration,
    pub(super) counters: Arc<Counters>,
    pub(super) streams: Streams,
}

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let Self { write_deadline, counters, streams } = self.clone();
        let running = streams.handle_running();
        // In a box, because a future keeps what it was given in two places.
        let mut stream = Box::pin(stream);
        let taking = Arc::new(Taking::default());
        let told = Arc::clone(&taking);
        // When it is cut, although it takes a little now and then.
        let mut leave_by: Option<Instant> = None;
        let mut late: Option<Pin<Box<Sleep>>> = None;
        let stream = std::future::poll_fn(move |cx| {
            let _counted = &running;
            if stream.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            // Nothing wakes it for this. It is seen when there is room for a chunk, or not for too long.
            if leave_by.is_none() && told.is_denied() {
                leave_by = Some(Instant::now() + write_deadline);
            }
            let waiting_until = lock(&told.waiting_since).map(|since| since + write_deadline);
            let Some(cut_at) = [waiting_until, leave_by].into_iter().flatten().min() else {
                late = None;
                return Poll::Pending;
            };
            let late = late.get_or_insert_with(|| Box::pin(sleep_until(cut_at)));
            if late.deadline() != cut_at {
                late.as_mut().reset(cut_at);
            }
            ready!(late.as_mut().poll(cx));
            counters.cut.add(1);
            // Dropped with the task, the stream is reset, and h2 forgets what it has for it.
            Poll::Ready(())
        });
        tokio::spawn(TAKING.scope(taking, stream));
    }
}
