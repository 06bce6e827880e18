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
    const ALL: [Self; 3] = [Self::Connect, Self::Retry, Self::Silence];
}

/// The table of timers: each runs once or not at all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timers([Option<Instant>; Timer::ALL.len()]);

impl Timers {
    pub(super) fn start(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_running(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Stops and returns the timers whose time has come.
    pub(super) fn take_expired(&mut self, now: Instant) -> [Option<Timer>; Timer::ALL.len()] {
        Timer::ALL.map(|timer| {
            self.0[timer as usize].filter(|&at| at <= now)?;
            self.stop(timer);
            Some(timer)
        })
    }
}
