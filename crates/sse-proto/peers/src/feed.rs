//! The chunks of a body, as every crate gets them.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::vec;

use bytes::Bytes;
use futures_core::Stream;

/// Stops a run from another thread, and tells how far it came.
///
/// Some crates take time that grows with the square of the input, in some cases hours. What the brake costs, a load
/// and a store for each chunk and a load for each event, is the same for all.
#[derive(Debug, Default)]
pub struct Brake {
    pulled: AtomicBool,
    handed_out: AtomicUsize,
}

impl Brake {
    /// A brake for the next run.
    #[must_use]
    pub const fn new() -> Self {
        Self { pulled: AtomicBool::new(false), handed_out: AtomicUsize::new(0) }
    }

    /// Ends the run at its next chunk or event.
    pub fn pull(&self) {
        self.pulled.store(true, Ordering::Relaxed);
    }

    /// Makes the brake ready for the next run.
    pub fn release(&self) {
        self.pulled.store(false, Ordering::Relaxed);
        self.handed_out.store(0, Ordering::Relaxed);
    }

    /// Whether the run is to end.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        self.pulled.load(Ordering::Relaxed)
    }

    /// How many bytes the crate has taken.
    #[must_use]
    pub fn handed_out(&self) -> usize {
        self.handed_out.load(Ordering::Relaxed)
    }

    /// Whether the run goes on.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.is_pulled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The chunks of one body, in order: an iterator, and a stream that is always ready.
#[derive(Debug)]
pub struct Feed {
    chunks: vec::IntoIter<Bytes>,
    handed_out: usize,
    brake: &'static Brake,
}

impl Feed {
    /// Chunks that `brake` can cut short.
    #[must_use]
    pub fn new(chunks: Vec<Bytes>, brake: &'static Brake) -> Self {
        Self { chunks: chunks.into_iter(), handed_out: 0, brake }
    }

    /// The brake of this run.
    #[must_use]
    pub fn brake(&self) -> &'static Brake {
        self.brake
    }
}

impl Iterator for Feed {
    type Item = Bytes;

    #[inline]
    fn next(&mut self) -> Option<Bytes> {
        if self.brake.is_pulled() {
            return None;
        }
        let chunk = self.chunks.next()?;
        self.handed_out += chunk.len();
        self.brake.handed_out.store(self.handed_out, Ordering::Relaxed);
        Some(chunk)
    }
}

impl Stream for Feed {
    type Item = Result<Bytes, Infallible>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.next().map(Ok))
    }
}

/// Polls a stream by hand until it ends or `each` has seen enough. Hands the stream back to whoever asks it more.
pub(crate) fn drive<S: Stream + Unpin>(mut stream: S, mut each: impl FnMut(S::Item) -> ControlFlow<()>) -> S {
    let mut context = Context::from_waker(Waker::noop());
    // Nothing ever wakes us, and nothing has to: a stream over chunks that are ready is ready.
    while let Poll::Ready(Some(item)) = pin!(&mut stream).poll_next(&mut context) {
        if each(item).is_break() {
            break;
        }
    }
    stream
}
