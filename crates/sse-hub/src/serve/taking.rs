//! The write deadline over HTTP/2, where a stream may stand still while its connection goes on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::front::Streams;
use super::stats::Counters;

tokio::task_local! {
    static TAKING: Arc<Taking>;
}

/// Whether the client takes what the body of a response gives.
///
/// hyper asks a body for a chunk, keeps it until the client's window has room for some of it, and only then asks again.
#[derive(Debug, Default)]
pub(super) struct Taking {
    /// Odd while hyper has a chunk for which there is no room.
    steps: AtomicU64,
}

impl Taking {
    /// That of the response which the running task sends; `None` if it is not one of [`Tasks`].
    pub(super) fn of_this_task() -> Option<Arc<Self>> {
        TAKING.try_with(Arc::clone).ok()
    }

    /// The body is asked for more.
    pub(super) fn handle_asked(&self) {
        self.steps.fetch_add(self.steps.load(Ordering::Relaxed) % 2, Ordering::Relaxed);
    }

    /// The body has given something.
    pub(super) fn handle_given(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Which chunk it is that waits for room.
    fn waiting(&self) -> Option<u64> {
        Some(self.steps.load(Ordering::Relaxed)).filter(|steps| steps % 2 == 1)
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
        let mut late: Option<(u64, Pin<Box<Sleep>>)> = None;
        let stream = std::future::poll_fn(move |cx| {
            let _counted = &running;
            if stream.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let Some(chunk) = told.waiting() else {
                late = None;
                return Poll::Pending;
            };
            let (_, late) = match &mut late {
                Some(late) if late.0 == chunk => late,
                late => late.insert((chunk, Box::pin(sleep_until(Instant::now() + write_deadline)))),
            };
            ready!(late.as_mut().poll(cx));
            counters.cut.add(1);
            // Dropped with the task, the stream is reset, and h2 forgets what it has for it.
            Poll::Ready(())
        });
        tokio::spawn(TAKING.scope(taking, stream));
    }
}
