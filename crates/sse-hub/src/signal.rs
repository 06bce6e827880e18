use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll, Waker};

use crate::access::Denied;
use crate::lock::lock;
use crate::parting::Parting;

/// Tells one subscription that there may be something to read.
///
/// Raising it again before it was seen costs one atomic exchange: that is all a slow client costs a publisher.
#[derive(Debug)]
pub(crate) struct Signal {
    raised: AtomicBool,
    waker: Mutex<Option<Waker>>,
    parting: OnceLock<Parting>,
    /// Boxed: few streams end by it, and each has the place for it.
    denied: OnceLock<Box<Denied>>,
}

impl Signal {
    /// A raised signal: a new subscription has not looked at anything yet.
    pub(crate) fn raised() -> Self {
        Self {
            raised: AtomicBool::new(true),
            waker: Mutex::new(None),
            parting: OnceLock::new(),
            denied: OnceLock::new(),
        }
    }

    pub(crate) fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel) {
            self.wake();
        }
    }

    /// Raises it for the end of the subscription, and wakes that even if it has not looked since it was last raised.
    pub(crate) fn insist(&self) {
        self.raised.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether it is raised, and nobody has seen it yet.
    pub(crate) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// Tells the subscription to end. The first word counts.
    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "only `serve` ends streams one by one"))]
    pub(crate) fn part(&self, parting: Parting) {
        let _ = self.parting.set(parting);
        self.insist();
    }

    pub(crate) fn parting(&self) -> Option<Parting> {
        self.parting.get().copied()
    }

    /// Tells the subscription that its reader may no longer read. Returns whether it is the first to say so.
    pub(crate) fn deny(&self, denied: Denied) -> bool {
        let is_first = self.denied.set(Box::new(denied)).is_ok();
        self.insist();
        is_first
    }

    /// Why its reader may no longer read; `None` as long as that is not so.
    pub(crate) fn denied(&self) -> Option<&Denied> {
        self.denied.get().map(|denied| &**denied)
    }

    /// Lowers the signal if it is raised. Lower it before reading, and what is appended meanwhile raises it again.
    pub(crate) fn poll_lower(&self, cx: &Context<'_>) -> Poll<()> {
        if self.raised.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        self.listen(cx);
        // It may have been raised between the first look and the waker's arrival.
        match self.raised.swap(false, Ordering::AcqRel) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Waits for the end of the subscription, without lowering the signal: what is published wakes once at most. Look
    /// whether it ends afterwards.
    pub(crate) fn listen(&self, cx: &Context<'_>) {
        let mut waker = lock(&self.waker);
        match &mut *waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }
}
