use crate::Instant;

/// Everything that a client ever waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The response is due.
    Connect,
    /// The wait before the next attempt is over.
    Retry,
    /// Look how long the connection has been silent.
    Silence,
}

impl Timer {
    pub(super) const ALL: [Self; 3] = [Self::Connect, Self::Retry, Self::Silence];
}

/// The table of timers: each runs once or not at all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timers {
    at: [Option<Instant>; Timer::ALL.len()],
    /// Since the earliest deadline was last asked for.
    have_changed: bool,
}

impl Timers {
    pub(super) fn start(&mut self, timer: Timer, at: Instant) {
        self.at[timer as usize] = Some(at);
        self.have_changed = true;
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.at[timer as usize] = None;
        self.have_changed = true;
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self { have_changed: true, ..Self::default() };
    }

    pub(super) fn is_running(&self, timer: Timer) -> bool {
        self.at[timer as usize].is_some()
    }

    /// Whether one was started or stopped since the earliest deadline was last asked for.
    pub(super) fn have_changed(&self) -> bool {
        self.have_changed
    }

    /// The earliest deadline.
    pub(super) fn next(&mut self) -> Option<Instant> {
        self.have_changed = false;
        self.at.iter().flatten().min().copied()
    }

    /// Stops the timers whose time has come, and says of each in [`Timer::ALL`] whether it has.
    pub(super) fn take_expired(&mut self, now: Instant) -> [bool; Timer::ALL.len()] {
        Timer::ALL.map(|timer| {
            let has_expired = self.at[timer as usize].is_some_and(|at| at <= now);
            if has_expired {
                self.stop(timer);
            }
            has_expired
        })
    }
}
