use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};

/// Tells a task that nobody wants it any more.
#[derive(Debug, Default)]
pub(super) struct Cancellation {
    is_cancelled: Cell<bool>,
    task: RefCell<Option<Waker>>,
}

impl Cancellation {
    /// May be called from within the task; then it goes on until it waits for something.
    pub(super) fn cancel(&self) {
        self.is_cancelled.set(true);
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.get()
    }

    /// Runs `task`, and drops it where it stands when it is cancelled: what it waits for may never come.
    pub(super) async fn run_until_cancelled(&self, task: impl Future<Output = ()>) {
        let mut task = pin!(task);
        poll_fn(|context| {
            if self.is_cancelled() {
                return Poll::Ready(());
            }
            self.task.replace(Some(context.waker().clone()));
            task.as_mut().poll(context)
        })
        .await;
    }
}
