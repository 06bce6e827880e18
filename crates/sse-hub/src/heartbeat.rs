use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::options::LONGEST;

/// The interval within the bounds of what can be: with one of zero, a stream would never rest.
pub(crate) fn possible(interval: Duration) -> Duration {
    interval.clamp(Duration::from_millis(10), LONGEST)
}

/// Notices that nothing was sent for a while.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Option<Duration>,
    due: Instant,
    /// Runs out at `due` or before it. Moving a timer takes a lock; on a busy stream it would be moved for every
    /// event, so it is only moved when it runs out early.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Heartbeat {
    pub(crate) fn new(interval: Option<Duration>) -> Self {
        let interval = interval.map(possible);
        Self { interval, due: Instant::now(), timer: None }
    }

    /// Something was sent: the silence begins anew.
    pub(crate) fn handle_sent(&mut self) {
        if let Some(interval) = self.interval {
            self.due = Instant::now() + interval;
        }
    }

    /// Ready when the silence has lasted for the interval.
    pub(crate) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.interval.is_none() {
            return Poll::Pending;
        }
        let due = self.due;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
