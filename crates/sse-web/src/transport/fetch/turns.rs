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
/// A read of what the browser has already is answered in the same task, and so is the next one. From a server that is
/// quicker than the page, a reader that only waits for its reads would read on until the server pauses, and until then
/// nothing is drawn, no click is heard, and no timer runs.
pub(super) struct Turns {
    /// Since the last look at the clock.
    read: usize,
    /// When the last turn of the page was over.
    since: Instant,
    /// Made when it is needed first: most streams bring little.
    next: Option<Turn>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { read: 0, since: clock::now(), next: None }
    }

    /// So many bytes have been read. Waits for the page if that was to wait for long.
    pub(super) async fn note(&mut self, bytes: usize) {
        self.read += bytes;
        if self.read < LOOK_AFTER {
            return;
        }
        self.read = 0;
        if clock::now().saturating_duration_since(self.since) < SLICE {
            return;
        }
        self.next.get_or_insert_with(Turn::new).come().await;
        self.since = clock::now();
    }
}

/// A turn of the page.
struct Turn {
    awaited: Rc<Awaited>,
    task: Task,
}

#[derive(Default)]
struct Awaited {
    has_come: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Turn {
    fn new() -> Self {
        let awaited = Rc::<Awaited>::default();
        let task = Task::new({
            let awaited = awaited.clone();
            move || {
                awaited.has_come.set(true);
                if let Some(waker) = awaited.waker.take() {
                    waker.wake();
                }
            }
        });
        Self { awaited, task }
    }

    /// Lets the page have it, and waits until it is over.
    async fn come(&self) {
        self.task.ask();
        poll_fn(|context| {
            if self.awaited.has_come.take() {
                return Poll::Ready(());
            }
            self.awaited.waker.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
