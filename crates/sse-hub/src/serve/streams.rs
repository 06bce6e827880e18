//! What a connection carries, as whoever ends it sees it: its streams, its requests and their bodies.

use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;

use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use super::taking::Taking;
use crate::lock::lock;
use crate::parting::Parting;
use crate::signal::Signal;

/// The streams of a connection that no shard holds, to be ended from outside, and whether anything was asked for at all.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    kept: Arc<Mutex<Kept>>,
    became_idle: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Kept {
    signals: Vec<Weak<Signal>>,
    /// Over HTTP/1.1, that of the last stream. Also when it has ended, for its client may not have taken its end.
    only: Option<Arc<Signal>>,
    asked: bool,
    /// How many requests are being answered; only counted over HTTP/2.
    running: usize,
    /// Since when there is none.
    idle_since: Option<Instant>,
    parting: Option<Parting>,
    /// How many bodies of requests are coming.
    coming: usize,
    /// When the last one began, something of one came, or nobody wanted the rest.
    came_at: Option<Instant>,
}

impl Streams {
    pub(super) fn handle_request(&self) {
        lock(&self.kept).asked = true;
    }

    pub(super) fn handle_coming(&self) -> Coming {
        let mut kept = lock(&self.kept);
        kept.coming += 1;
        kept.came_at = Some(Instant::now());
        Coming(self.clone())
    }

    /// Whether there was a request.
    pub(super) fn were_asked_for(&self) -> bool {
        lock(&self.kept).asked
    }

    pub(super) fn handle_running(&self) -> Running {
        let mut kept = lock(&self.kept);
        kept.running += 1;
        kept.idle_since = None;
        Running(self.clone())
    }

    /// Since when every request is answered; `None` while one is not, and before the first.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        lock(&self.kept).idle_since
    }

    /// Completes when the reader of the [only](Self::add_only) one may no longer read. Nothing wakes for it: it is for a task
    /// that is woken by whatever its client takes.
    pub(super) async fn denied(&self) {
        std::future::poll_fn(|_| match &lock(&self.kept).only {
            Some(signal) if signal.denied().is_some() => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }

    /// Completes when the last request was answered.
    pub(super) async fn became_idle(&self) {
        self.became_idle.notified().await;
    }

    /// Adds the stream that is the response which the running task sends.
    pub(super) fn add_of_this_task(&self, signal: Arc<Signal>) {
        match Taking::of_this_task() {
            Some(taking) => {
                self.add(&signal);
                taking.handle_stream(signal);
            }
            None => self.add_only(signal),
        }
    }

    fn add(&self, signal: &Arc<Signal>) {
        let mut kept = lock(&self.kept);
        if let Some(parting) = kept.parting {
            signal.part(parting);
        }
        // There are never more than twice as many as live ones.
        if kept.signals.len() == kept.signals.capacity() {
            kept.signals.retain(|signal| signal.strong_count() > 0);
        }
        kept.signals.push(Arc::downgrade(signal));
    }

    /// Adds the one stream that the connection carries now.
    pub(super) fn add_only(&self, signal: Arc<Signal>) {
        self.add(&signal);
        lock(&self.kept).only = Some(signal);
    }

    /// Ends those that are there, and those that come. Returns how many are there.
    pub(super) fn part(&self, parting: Parting) -> usize {
        let mut kept = lock(&self.kept);
        kept.parting = Some(parting);
        kept.signals.iter().filter_map(Weak::upgrade).inspect(|signal| signal.part(parting)).count()
    }

    /// Until when the body of a request came: until now, while one does. Nobody tells a feed to end, so a connection
    /// waits for it; but not while a stream goes on that was told to, nor for a body of which nothing comes for longer
    /// than this silence.
    pub(super) fn asked_until(&self, now: Instant, silence: Option<Duration>) -> Option<Instant> {
        let kept = lock(&self.kept);
        if kept.signals.iter().any(|signal| signal.strong_count() > 0) {
            return None;
        }
        match (kept.coming, silence) {
            (0, _) => kept.came_at,
            (_, Some(silence)) => kept.came_at.map(|at| now.min(at + silence)),
            (_, None) => Some(now),
        }
    }
}

/// That the body of a request is coming, until this is dropped.
#[derive(Debug)]
pub(super) struct Coming(Streams);

impl Coming {
    /// Something of it came.
    pub(super) fn handle_came(&self) {
        lock(&self.0.kept).came_at = Some(Instant::now());
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        let mut kept = lock(&self.0.kept);
        kept.coming -= 1;
        kept.came_at = Some(Instant::now());
    }
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(super) struct Running(Streams);

impl Drop for Running {
    fn drop(&mut self) {
        let mut kept = lock(&self.0.kept);
        kept.running -= 1;
        if kept.running == 0 {
            kept.idle_since = Some(Instant::now());
            drop(kept);
            self.0.became_idle.notify_one();
        }
    }
}
