//! The event that is sent: a trade of a stock market, about 100 bytes of JSON.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// The event type of a tick.
pub const EVENT_TYPE: &str = "tick";

/// A trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// What was traded.
    pub symbol: String,
    /// The number of the tick: the first is 1, and none is left out. By it a client knows what it has missed.
    pub seq: u64,
    /// When it was published, in nanoseconds of [`now`].
    pub at: u64,
    /// In dollars.
    pub price: f64,
    /// How many were traded.
    pub size: u32,
    /// Where.
    pub venue: String,
}

impl Tick {
    /// The tick of this number, published now.
    #[must_use]
    pub fn new(seq: u64) -> Self {
        let size = 100 + u32::try_from(seq % 900).unwrap_or_default();
        let price = 100.0 + f64::from(size) / 100.0;
        Self { symbol: "ACME".into(), seq, at: now(), price, size, venue: "XNAS".into() }
    }

    /// The data of the event.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The whole event as it is sent.
    #[must_use]
    pub fn event(&self) -> String {
        format!("id: {}\nevent: {EVENT_TYPE}\ndata: {}\n\n", self.seq, self.json())
    }
}

/// The part of a tick that the load client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Stamp {
    /// [`Tick::seq`].
    pub seq: u64,
    /// [`Tick::at`].
    pub at: u64,
}

/// Nanoseconds of `CLOCK_MONOTONIC`, which all processes of a machine share.
#[must_use]
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    u64::try_from(Duration::new(seconds, nanos).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_about_a_hundred_bytes_and_carries_its_stamp() {
        let before = now();
        let tick = Tick::new(12_345);
        let stamp: Stamp = serde_json::from_str(&tick.json()).expect("can be read");
        assert_eq!(stamp.seq, 12_345);
        assert!(before <= stamp.at && stamp.at <= now());
        // The clock begins with the machine, and this one has run for a day.
        let json = Tick { at: 86_400_000_000_000, ..tick }.json();
        assert!((90..=110).contains(&json.len()), "{} bytes: {json}", json.len());
    }
}
