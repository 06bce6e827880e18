//! How far the writer is, and who waits for it.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use super::catch_up::Lost;
use crate::history::{HistoryError, Reply};

/// So many times of a full disk are told apart.
const MOST_LOST: usize = 64;

/// The writer's progress, which can be waited for.
#[derive(Debug)]
pub(super) struct Progress {
    /// Everything up to this number is on the disk, if it is to be kept at all.
    durable: AtomicU64,
    state: watch::Sender<State>,
}

#[derive(Clone, Debug)]
struct State {
    /// Like [`Progress::durable`], as far as those who wait were told.
    durable: u64,
    /// What will never be on the disk, although it is further.
    lost: Vec<Lost>,
    /// Why nothing more comes.
    stopped: Option<Stopped>,
}

/// How writing came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    Closed,
    Failed(HistoryError),
}

/// What is waited for.
#[derive(Clone, Copy, Debug)]
enum Goal {
    Durable(u64),
    Closed,
}

impl Progress {
    pub(super) fn new(durable: u64) -> Self {
        let state = watch::Sender::new(State { durable, lost: Vec::new(), stopped: None });
        Self { durable: AtomicU64::new(durable), state }
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Says how far the disk is, but nobody is told yet.
    pub(super) fn advance(&self, durable: u64) {
        self.durable.fetch_max(durable, Ordering::AcqRel);
    }

    /// Tells those who wait.
    pub(super) fn tell(&self) {
        self.state.send_modify(|state| state.durable = self.durable());
    }

    /// Writing goes on.
    pub(super) fn resume(&self) {
        self.state.send_modify(|state| state.stopped = None);
    }

    /// These will never be on the disk. To be said before it is said that the disk is further.
    pub(super) fn lose(&self, mut lost: Lost) {
        self.state.send_modify(|state| {
            // An earlier try to come back from the same outage failed. What was lost then is lost now.
            state.lost.pop_if(|before| lost.covers(before));
            if state.lost.len() >= MOST_LOST
                && let Some(before) = state.lost.pop()
            {
                lost.absorb(&before);
            }
            state.lost.push(lost);
        });
    }

    /// Whether something is lost that is further than the disk.
    pub(super) fn has_lost_more(&self) -> bool {
        let durable = self.durable();
        self.state.borrow().lost.iter().any(|lost| lost.reaches_beyond(durable))
    }

    /// The first reason counts.
    pub(super) fn stop(&self, stopped: Stopped) {
        self.state.send_modify(|state| {
            state.stopped.get_or_insert(stopped);
        });
    }

    /// Answers when everything up to `seq` is on the disk, or never will be.
    pub(super) fn reaches(&self, seq: u64) -> Reply<Result<(), HistoryError>> {
        self.when(Goal::Durable(seq))
    }

    /// Answers when the file is closed.
    pub(super) fn ends(&self) -> Reply<Result<(), HistoryError>> {
        self.when(Goal::Closed)
    }

    fn when(&self, goal: Goal) -> Reply<Result<(), HistoryError>> {
        if let Some(answer) = self.state.borrow().judge(goal) {
            return Reply::Now(answer);
        }
        let mut states = self.state.subscribe();
        Reply::Later(Box::pin(async move {
            let judged = states.wait_for(|state| state.judge(goal).is_some()).await;
            // Without a writer nothing more comes.
            judged.ok().and_then(|state| state.judge(goal)).unwrap_or(Err(HistoryError::Closed))
        }))
    }
}

impl State {
    fn judge(&self, goal: Goal) -> Option<Result<(), HistoryError>> {
        match (goal, &self.stopped) {
            (Goal::Durable(seq), _) if self.lost.iter().any(|lost| lost.contains(seq)) => {
                Some(Err(HistoryError::Lost))
            }
            (Goal::Durable(seq), _) if self.durable >= seq => Some(Ok(())),
            (Goal::Closed, Some(Stopped::Closed)) => Some(Ok(())),
            (Goal::Durable(_), Some(Stopped::Closed)) => Some(Err(HistoryError::Closed)),
            (_, Some(Stopped::Failed(error))) => Some(Err(error.clone())),
            (_, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_lost(progress: &Progress, seq: u64) -> bool {
        matches!(progress.reaches(seq), Reply::Now(Err(HistoryError::Lost)))
    }

    #[test]
    fn tries_that_fail_leave_room_for_what_is_told_apart() {
        let progress = Progress::new(10);
        progress.lose(Lost::between(10, 13));
        progress.advance(20);
        progress.tell();
        // One outage, in which more and more is lost.
        for through in 21..200 {
            progress.lose(Lost::between(20, through));
        }
        assert!(progress.has_lost_more());
        progress.advance(300);
        progress.tell();
        assert!(!progress.has_lost_more());
        progress.lose(Lost::between(300, 301));
        let lost: Vec<_> = (1..=400).filter(|seq| is_lost(&progress, *seq)).collect();
        let expected: Vec<_> = (11..=13).chain(21..=199).chain([301]).collect();
        assert_eq!(lost, expected);
    }
}
