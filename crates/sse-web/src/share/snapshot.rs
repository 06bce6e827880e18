//! Whether a connection may still be giving what a server gives to whoever is new.

use std::cell::RefCell;
use std::time::Duration;

use sse_proto::Instant;

use crate::clock;
use crate::timer::Timer;

/// No snapshot takes longer: a busy stream never stops.
const AT_MOST: Duration = Duration::from_secs(30);

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It may still be giving a snapshot.
    Early,
    /// It has brought something, and nothing since the last check.
    Quiet,
    /// It has been open for so long that no snapshot goes on.
    Old,
}

/// Guesses whether a connection that was made without a cursor is past its snapshot.
///
/// A server may give one there. Where it does not say where that ends, it is taken for over when the connection has
/// brought something and then nothing for two seconds, or after half a minute.
#[derive(Debug)]
pub(crate) struct SnapshotGuess {
    opened_at: Instant,
    /// How much it had brought before.
    before: u64,
    checked_at: Instant,
    /// How much it had brought then.
    brought: u64,
    was_late: bool,
}

impl SnapshotGuess {
    /// How often somebody is to check. A snapshot that comes does not stop for so long.
    pub(crate) const CHECK_EVERY: Duration = Duration::from_secs(2);

    pub(crate) fn new(now: Instant, brought: u64) -> Self {
        Self { opened_at: now, before: brought, checked_at: now, brought, was_late: false }
    }

    /// Judges by how much the connection has brought by now.
    pub(crate) fn check(&mut self, now: Instant, brought: u64) -> Progress {
        // A page that hung or slept has perhaps not come to what has arrived since.
        let is_late = now.saturating_duration_since(self.checked_at) > Self::CHECK_EVERY * 2;
        // In a background tab it is late every time; by the second everything has had its turn.
        let counts = !is_late || self.was_late;
        self.was_late = is_late;
        let is_quiet = brought > self.before && brought == self.brought;
        let is_old = now.saturating_duration_since(self.opened_at) >= AT_MOST;
        self.checked_at = now;
        self.brought = brought;
        match counts {
            true if is_quiet => Progress::Quiet,
            true if is_old => Progress::Old,
            _ => Progress::Early,
        }
    }
}

/// Checks a [`SnapshotGuess`] again and again until this is dropped.
pub(super) struct SnapshotWatch {
    _timer: Timer,
}

impl SnapshotWatch {
    /// `brought` says how much the connection has brought; `None` if nobody is there any more.
    pub(super) fn begin(
        brought: impl Fn() -> Option<u64> + 'static,
        is_over: impl Fn(Progress) + 'static,
    ) -> Self {
        let guess = RefCell::new(SnapshotGuess::new(clock::now(), brought().unwrap_or_default()));
        let timer = Timer::every(SnapshotGuess::CHECK_EVERY, move || {
            let Some(brought) = brought() else { return };
            let progress = guess.borrow_mut().check(clock::now(), brought);
            if progress != Progress::Early {
                is_over(progress);
            }
        });
        Self { _timer: timer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the checks, at these seconds and with so much brought, find that the snapshot is over.
    fn checks(checks: &[(u64, u64)]) -> Vec<bool> {
        let at = |seconds: u64| Instant::from_millis(seconds * 1_000);
        let mut guess = SnapshotGuess::new(at(0), 7);
        let is_over =
            |(seconds, brought): &(u64, u64)| guess.check(at(*seconds), *brought) != Progress::Early;
        checks.iter().map(is_over).collect()
    }

    #[test]
    fn it_is_over_when_something_came_and_then_nothing() {
        assert_eq!(checks(&[(2, 7), (4, 7), (6, 9), (8, 10), (10, 10)]), [false, false, false, false, true]);
    }

    #[test]
    fn a_busy_stream_has_it_behind_it_after_a_while() {
        let busy: Vec<_> = (1..=15).map(|check| (check * 2, 7 + check)).collect();
        assert_eq!(checks(&busy).iter().position(|over| *over), Some(14));
    }

    #[test]
    fn so_does_one_that_brings_nothing() {
        let silent: Vec<_> = (1..=15).map(|check| (check * 2, 7)).collect();
        assert_eq!(checks(&silent).iter().position(|over| *over), Some(14));
    }

    #[test]
    fn a_page_that_hung_checks_once_more() {
        assert_eq!(checks(&[(2, 9), (22, 9), (24, 30), (26, 30)]), [false, false, false, true]);
        // A background tab runs its timers once a minute.
        assert_eq!(checks(&[(60, 9), (120, 9)]), [false, true]);
    }
}
