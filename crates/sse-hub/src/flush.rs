use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::options::LONGEST;
use crate::topic::TopicState;

/// The shortest time between two chunks of a stream; `None` if one of its topics does not want to wait.
pub(crate) fn window<'a>(topics: impl IntoIterator<Item = &'a TopicState>) -> Option<Duration> {
    let windows = topics.into_iter().map(|topic| topic.options.flush_window);
    windows.min().flatten().filter(|window| !window.is_zero()).map(|window| window.min(LONGEST))
}

/// Holds back what comes soon after something was sent, so that it goes together with what comes next.
#[derive(Debug)]
pub(crate) struct Flush {
    window: Option<Duration>,
    /// Until then it is held back.
    until: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Flush {
    pub(crate) fn new(window: Option<Duration>) -> Self {
        Self { window, until: None, timer: None }
    }

    /// Something was sent.
    pub(crate) fn handle_sent(&mut self) {
        if let Some(window) = self.window {
            self.until = Some(Instant::now() + window);
        }
    }

    /// When something may be sent again; `None` if it may be now.
    #[cfg(feature = "serve")]
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.until.filter(|until| *until > Instant::now())
    }

    /// Ready when something may be sent.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.until else {
            return Poll::Ready(());
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        if timer.as_mut().poll(cx).is_ready() {
            self.until = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
