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

/// The bells of a shard. It waits for all of them with one waker, its own.
#[derive(Debug, Default)]
pub(super) struct Bells {
    rung: Mutex<Rung>,
}

#[derive(Debug, Default)]
struct Rung {
    tokens: Vec<Token>,
    shard: Option<Waker>,
}

/// Rings for one token. A bell that has rung stays silent until it is answered.
#[derive(Debug)]
pub(super) struct Bell {
    token: Token,
    rung: AtomicBool,
    bells: Arc<Bells>,
}

impl Bells {
    /// Wakes `shard` when the next bell rings.
    pub(super) fn listen(&self, shard: &Waker) {
        let mut rung = lock(&self.rung);
        match &mut rung.shard {
            Some(waker) => waker.clone_from(shard),
            none => *none = Some(shard.clone()),
        }
    }

    /// Moves what has rung to the end of `tokens`.
    pub(super) fn take(&self, tokens: &mut impl Extend<Token>) {
        tokens.extend(lock(&self.rung).tokens.drain(..));
    }

    pub(super) fn bell(self: &Arc<Self>, token: Token) -> Arc<Bell> {
        Arc::new(Bell { token, rung: AtomicBool::new(false), bells: Arc::clone(self) })
    }
}

impl Bell {
    /// It may ring again. Called before a look at what it rang for.
    pub(super) fn answer(&self) {
        self.rung.store(false, Ordering::SeqCst);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.rung.swap(true, Ordering::SeqCst) {
            return;
        }
        let shard = {
            let mut rung = lock(&self.bells.rung);
            rung.tokens.push(self.token);
            rung.shard.clone()
        };
        if let Some(shard) = shard {
            shard.wake();
        }
    }
}
