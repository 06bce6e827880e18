use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use sse_proto::Instant;

use crate::clock;
use crate::task::Task;

/// How much is read before the next look at the clock.
const LOOK_AFTER: usize = 16 << 10;

/// For how long the rest of the page may have to wait: about a frame.
const SLICE: Duration = Duration::from_millis(16);

/// Gives the rest of the page its turn while a stream brings more than the page can take.
///
/// Chromium answers a read of what has come already in the same task, and so the next one. From a server that is quicker
/// than the page, a reader that only waits for its reads would read on until the server pauses, and until then nothing is
/// drawn, no click is heard, and no timer runs.
pub(super) struct Turns {
    /// Since the last look at the clock.
    read: usize,
    /// When the turn was asked for that is to come next.
    since: Instant,
    /// Made when it is needed first: most streams bring little.
    next: Option<Turn>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { read: 0, since: clock::now(), next: None }
    }

    /// So many bytes have been read and told. Waits for a turn that was asked for a while ago and has not come: where turns
    /// come by themselves between the reads, nothing is waited for.
    pub(super) async fn yield_if_due(&mut self, bytes: usize) {
        self.read += bytes;
        if self.read < LOOK_AFTER {
            return;
        }
        self.read = 0;
        if clock::now().saturating_duration_since(self.since) < SLICE {
            return;
        }
        let next = self.next.get_or_insert_with(Turn::new);
        next.wait().await;
        next.ask();
        self.since = clock::now();
    }
}

/// A turn of the page.
struct Turn {
    task: Task,
    asked: Rc<Asked>,
}

/// What the task tells.
#[derive(Default)]
struct Asked {
    is_to_come: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Turn {
    fn new() -> Self {
        let asked = Rc::<Asked>::default();
        let task = Task::new({
            let asked = asked.clone();
            move || {
                asked.is_to_come.set(false);
                if let Some(waker) = asked.waker.take() {
                    waker.wake();
                }
            }
        });
        Self { task, asked }
    }

    fn ask(&self) {
        self.asked.is_to_come.set(true);
        self.task.ask();
    }

    /// Waits for it, if it was asked for.
    async fn wait(&self) {
        poll_fn(|context| {
            if !self.asked.is_to_come.get() {
                return Poll::Ready(());
            }
            self.asked.waker.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
