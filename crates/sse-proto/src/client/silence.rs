//! The watchdog: how long a stream may be silent (conformance c16).

use super::Client;
use super::options::SilenceLimits;
use super::state::{Failure, State};
use super::timer::Timer;
use crate::Instant;

impl Client {
    /// Called for every event, so it only stores the time; the timer finds out later (`check_silence`).
    pub(super) fn note_activity(&mut self, now: Instant) {
        self.last_activity = now;
        if let State::Stale { .. } = self.state {
            self.enter(State::Open);
        }
        if !self.timers.is_running(Timer::Silence) {
            self.watch_silence(now);
        }
    }

    pub(super) fn silence_limits(&self) -> Option<SilenceLimits> {
        self.options.silence.limits(self.heartbeat)
    }

    pub(super) fn watch_silence(&mut self, now: Instant) {
        if let Some(limits) = self.silence_limits()
            && self.state.is_open()
        {
            self.timers.start(Timer::Silence, now.after(limits.stale));
        }
    }

    pub(super) fn check_silence(&mut self, now: Instant) {
        let Some(limits) = self.silence_limits().filter(|_| self.state.is_open()) else { return };
        if now >= self.last_activity.after(limits.dead) {
            return self.fail(now, Failure::Silence);
        }
        if now >= self.last_activity.after(limits.stale) {
            self.enter(State::Stale { since: self.last_activity });
            self.timers.start(Timer::Silence, self.last_activity.after(limits.dead));
        } else {
            self.timers.start(Timer::Silence, self.last_activity.after(limits.stale));
        }
    }
}
