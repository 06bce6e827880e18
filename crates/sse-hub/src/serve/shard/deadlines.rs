use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::ready::Token;

/// When to look at whom, with one timer for all.
#[derive(Debug)]
pub(super) struct Deadlines {
    all: BTreeSet<(Instant, Token)>,
    timer: Pin<Box<Sleep>>,
}

/// When its owner is to be looked at. Kept by the owner, which may not forget to hand it back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Due(Option<Instant>);

impl Deadlines {
    pub(super) fn new() -> Self {
        Self { all: BTreeSet::new(), timer: Box::pin(sleep_until(Instant::now())) }
    }

    /// Has `token` looked at no later than `at`. An earlier time that was set before stands: whoever is looked at too
    /// early sets another one, which is cheaper than moving it on every event.
    pub(super) fn no_later(&mut self, token: Token, due: &mut Due, at: Instant) {
        match due.0 {
            Some(earlier) if earlier <= at => return,
            Some(later) => {
                self.all.remove(&(later, token));
            }
            None => {}
        }
        due.0 = Some(at);
        self.all.insert((at, token));
    }

    pub(super) fn forget(&mut self, token: Token, due: &mut Due) {
        if let Some(at) = due.0.take() {
            self.all.remove(&(at, token));
        }
    }

    /// The next one whose time has come; its owner's `Due` is to be [handled](Due::handle).
    pub(super) fn pop(&mut self, now: Instant) -> Option<Token> {
        let first = self.all.first().copied().filter(|(at, _)| *at <= now)?;
        self.all.remove(&first);
        Some(first.1)
    }

    /// Has the task woken for the first of them. Ready if that is now.
    pub(super) fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(&(first, _)) = self.all.first() else {
            return Poll::Pending;
        };
        // A timer that runs out too early costs less than one that is moved for every event.
        if self.timer.deadline() > first || self.timer.is_elapsed() {
            self.timer.as_mut().reset(first);
        }
        loop {
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= first {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(first);
        }
    }
}

impl Due {
    /// Its time was popped.
    pub(super) fn handle(&mut self) {
        self.0 = None;
    }
}
