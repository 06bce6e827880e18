//! Whether a connection may still be giving what a server gives to whoever is new.

use std::cell::RefCell;
use std::time::Duration;

use sse_proto::Instant;

use crate::clock;
use crate::timer::Timer;

/// No snapshot takes longer: a busy stream never stops.
const AT_MOST: Duration = Duration::from_secs(30);

/// What somebody finds who looks at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It may still be giving a snapshot.
    Early,
    /// It has brought something, and nothing since the last look.
    Quiet,
    /// It has been open for so long that no snapshot goes on.
    Old,
}

/// The beginning of a connection that was made without a cursor.
///
/// A server may give a snapshot there. Where it does not say where that ends, it is taken for over when the connection has
/// brought something and then nothing for two seconds, or after half a minute.
#[derive(Debug)]
pub(crate) struct Beginning {
    opened_at: Instant,
    /// How much it had brought before.
    before: u64,
    looked_at: Instant,
    /// How much it had brought then.
    brought: u64,
    was_late: bool,
}

impl Beginning {
    /// How often somebody is to look. A snapshot that comes does not stop for so long.
    pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);

    pub(crate) fn new(now: Instant, brought: u64) -> Self {
        Self { opened_at: now, before: brought, looked_at: now, brought, was_late: false }
    }

    /// Looks how much it has brought by now.
    pub(crate) fn look(&mut self, now: Instant, brought: u64) -> Look {
        // A page that hung or slept has perhaps not come to what has arrived since.
        let is_late = now.saturating_duration_since(self.looked_at) > Self::LOOK_EVERY * 2;
        // In a background tab it is late every time; by the second everything has had its turn.
        let counts = !is_late || self.was_late;
        self.was_late = is_late;
        let is_quiet = brought > self.before && brought == self.brought;
        let is_old = now.saturating_duration_since(self.opened_at) >= AT_MOST;
        self.looked_at = now;
        self.brought = brought;
        match counts {
            true if is_quiet => Look::Quiet,
            true if is_old => Look::Old,
            _ => Look::Early,
        }
    }
}

/// Looks at a [`Beginning`] until this is dropped.
pub(super) struct Looking {
    _timer: Timer,
}

impl Looking {
    /// `brought` says how much the connection has brought; `None` if nobody is there any more.
    pub(super) fn begin(
        brought: impl Fn() -> Option<u64> + 'static,
        is_over: impl Fn(Look) + 'static,
    ) -> Self {
        let beginning = RefCell::new(Beginning::new(clock::now(), brought().unwrap_or_default()));
        let timer = Timer::every(Beginning::LOOK_EVERY, move || {
            let Some(brought) = brought() else { return };
            let look = beginning.borrow_mut().look(clock::now(), brought);
            if look != Look::Early {
                is_over(look);
            }
        });
        Self { _timer: timer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the looks, at these seconds and with so much brought, find that the beginning is over.
    fn looks(looks: &[(u64, u64)]) -> Vec<bool> {
        let at = |seconds: u64| Instant::from_millis(seconds * 1_000);
        let mut beginning = Beginning::new(at(0), 7);
        looks.iter().map(|(seconds, brought)| beginning.look(at(*seconds), *brought) != Look::Early).collect()
    }

    #[test]
    fn it_is_over_when_something_came_and_then_nothing() {
        assert_eq!(looks(&[(2, 7), (4, 7), (6, 9), (8, 10), (10, 10)]), [false, false, false, false, true]);
    }

    #[test]
    fn a_busy_stream_has_it_behind_it_after_a_while() {
        let busy: Vec<_> = (1..=15).map(|look| (look * 2, 7 + look)).collect();
        assert_eq!(looks(&busy).iter().position(|over| *over), Some(14));
    }

    #[test]
    fn so_does_one_that_brings_nothing() {
        let silent: Vec<_> = (1..=15).map(|look| (look * 2, 7)).collect();
        assert_eq!(looks(&silent).iter().position(|over| *over), Some(14));
    }

    #[test]
    fn a_page_that_hung_looks_once_more() {
        assert_eq!(looks(&[(2, 9), (22, 9), (24, 30), (26, 30)]), [false, false, false, true]);
        // A background tab runs its timers once a minute.
        assert_eq!(looks(&[(60, 9), (120, 9)]), [false, true]);
    }
}
