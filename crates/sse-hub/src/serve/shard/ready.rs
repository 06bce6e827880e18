//! Which of a shard's many things woke it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use crate::lock::lock;

/// Names what a shard looks at: a client, a group, or itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Token {
    Client(u32),
    Group(u32),
    Shard,
}

/// The tokens that were woken. The shard waits for all of them with one waker, its own.
#[derive(Debug, Default)]
pub(super) struct ReadyQueue {
    ready: Mutex<Ready>,
}

#[derive(Debug, Default)]
struct Ready {
    tokens: Vec<Token>,
    shard: Option<Waker>,
}

/// Puts one token into the queue. A waker that has done so does nothing until it is rearmed.
#[derive(Debug)]
pub(super) struct TokenWaker {
    token: Token,
    woken: AtomicBool,
    queue: Arc<ReadyQueue>,
}

impl ReadyQueue {
    /// Wakes `shard` when the next token is ready.
    pub(super) fn set_waker(&self, shard: &Waker) {
        let mut ready = lock(&self.ready);
        match &mut ready.shard {
            Some(waker) => waker.clone_from(shard),
            none => *none = Some(shard.clone()),
        }
    }

    /// Moves what is ready to the end of `tokens`.
    pub(super) fn take(&self, tokens: &mut impl Extend<Token>) {
        tokens.extend(lock(&self.ready).tokens.drain(..));
    }

    pub(super) fn waker(self: &Arc<Self>, token: Token) -> Arc<TokenWaker> {
        Arc::new(TokenWaker { token, woken: AtomicBool::new(false), queue: Arc::clone(self) })
    }
}

impl TokenWaker {
    /// It may wake again. Called before a look at what it woke for.
    pub(super) fn rearm(&self) {
        self.woken.store(false, Ordering::SeqCst);
    }
}

impl Wake for TokenWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.woken.swap(true, Ordering::SeqCst) {
            return;
        }
        let shard = {
            let mut ready = lock(&self.queue.ready);
            ready.tokens.push(self.token);
            ready.shard.clone()
        };
        if let Some(shard) = shard {
            shard.wake();
        }
    }
}
