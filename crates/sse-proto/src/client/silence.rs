//! The watchdog: how long a stream may be silent (conformance c16).

use core::time::Duration;

use super::Client;
use super::state::{Failure, State};
use super::timer::Timer;
use crate::Instant;
use crate::time::millis;

/// When to take silence for a dead connection: a laptop that slept or a router that forgot leaves a connection
/// that looks open for ever.
///
/// ```
/// use std::time::Duration;
///
/// use sse_proto::client::{ClientOptions, Silence};
///
/// // Of a server that sends an event at least every 15 seconds, whether it has news or not.
/// let mut options = ClientOptions::default();
/// options.silence = Silence::After(Duration::from_secs(20));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Silence {
    /// As the server announces it in `sse.open`: stale after 1.5 heartbeats, dead after 3. A server that
    /// announces nothing is left alone.
    #[default]
    Announced,
    /// Stale after this time and dead after twice it, for a foreign server that is known to send that often. Zero is no
    /// limit.
    ///
    /// What counts is what the transport sees. A browser's own `EventSource` shows no comments and no events that nobody
    /// listens for: over it, a server whose heartbeat is a comment (`: ping`) is silent, and this drops connections that
    /// are sound (conformance c16). Over `fetch` any byte counts.
    After(Duration),
    /// Never.
    Off,
}

/// How long silence may last, in milliseconds.
pub(super) struct SilenceLimits {
    pub(super) stale: u64,
    pub(super) dead: u64,
}

impl Silence {
    pub(super) fn limits(self, heartbeat: Option<Duration>) -> Option<SilenceLimits> {
        let (stale, dead) = match self {
            Self::Announced => {
                let heartbeat = millis(heartbeat?);
                (heartbeat.saturating_add(heartbeat.div_ceil(2)), heartbeat.saturating_mul(3))
            }
            Self::After(stale) => (millis(stale), millis(stale).saturating_mul(2)),
            Self::Off => return None,
        };
        // Nobody can be that quick: zero says that there is no limit.
        (stale > 0).then_some(SilenceLimits { stale, dead })
    }
}

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
