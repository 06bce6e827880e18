//! How a stream gets from hyper to who writes it.

use std::any::Any;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;

use crate::Subscription;
use crate::lock::lock;

/// How many bytes a client may say when its stream has begun. It has asked, and has nothing to add.
pub(super) const MOST_SAID: usize = 64 * 1024;

/// A stream whose response head hyper is writing.
pub(super) struct Stream {
    pub(super) subscription: Box<Subscription>,
    /// What was already read from the subscription.
    pub(super) first: Bytes,
    pub(super) framing: Framing,
    /// The response's own body, empty now. Whatever is wrapped around it, such as a span, ends when it is dropped.
    pub(super) husk: Box<dyn Any + Send>,
}

/// How the body is framed, as hyper has announced it in the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Framing {
    /// `Transfer-Encoding: chunked`
    Chunked,
    /// HTTP/1.0: the body ends with the connection.
    Bare,
}

const NONE: u8 = 0;
/// The stream is there, and hyper has not asked for the body.
const OFFERED: u8 = 1;
/// hyper has asked for the body, so the head is in its buffer.
const POLLED: u8 = 2;
/// All that was in the buffer is written.
const FLUSHED: u8 = 3;

/// What the service, the body and the transport of one connection tell each other about a stream that is handed over.
#[derive(Default)]
pub(super) struct Handoff {
    phase: AtomicU8,
    stream: Mutex<Option<Stream>>,
}

impl std::fmt::Debug for Handoff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handoff").field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl Handoff {
    /// The service offers a stream. Its response goes with a body that tells when it is asked for.
    pub(super) fn offer(&self, stream: Stream) {
        *lock(&self.stream) = Some(stream);
        self.phase.store(OFFERED, Ordering::Release);
    }

    pub(super) fn handle_polled(&self) {
        self.advance(OFFERED, POLLED);
    }

    pub(super) fn handle_flushed(&self) {
        self.advance(POLLED, FLUSHED);
    }

    fn advance(&self, from: u8, to: u8) {
        // The service, the body and the transport are polled by one task: nobody races.
        if self.phase.load(Ordering::Acquire) == from {
            self.phase.store(to, Ordering::Release);
        }
    }

    /// Whether the head is on the wire, and nothing after it.
    pub(super) fn is_ready(&self) -> bool {
        self.phase.load(Ordering::Acquire) == FLUSHED
    }

    pub(super) fn take(&self) -> Option<Stream> {
        self.phase.store(NONE, Ordering::Release);
        lock(&self.stream).take()
    }
}
