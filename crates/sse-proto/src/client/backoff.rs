use core::time::Duration;

use crate::time::millis;

/// The wait before an attempt to reconnect: the floor, plus a random part of a ceiling that doubles with each
/// consecutive failure ("full jitter"), so that a thousand pages do not come back in one instant.
///
/// ```
/// use std::time::Duration;
///
/// use sse_proto::client::{Backoff, ClientOptions};
///
/// // After the first failure 250 to 750 ms, after the second up to 1,250 ms, and in the end never more than 5,250 ms.
/// let mut backoff = Backoff::default();
/// backoff.floor = Duration::from_millis(250);
/// backoff.initial = Duration::from_millis(500);
/// backoff.max = Duration::from_secs(5);
///
/// let mut options = ClientOptions::default();
/// options.backoff = backoff;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The ceiling of the random part after the first failure. Default: 1 s.
    pub initial: Duration,
    /// The largest ceiling. Default: 30 s.
    pub max: Duration,
    /// The shortest wait, also when the server says `retry: 0`. Default: 250 ms.
    pub floor: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(30),
            floor: Duration::from_millis(250),
        }
    }
}

impl Backoff {
    /// The wait after `failures` consecutive failures (at least 1), in milliseconds. The server's `floor` always counts,
    /// and time always passes: with every duration at zero, failing and trying again would be a busy loop.
    pub(super) fn delay(&self, failures: u32, floor: Duration, entropy: &mut Entropy) -> u64 {
        let doubled = 1 << failures.saturating_sub(1).min(31);
        let ceiling = millis(self.initial).saturating_mul(doubled).min(millis(self.max));
        let floor = millis(self.floor.max(floor));
        floor.saturating_add(entropy.up_to(ceiling)).max(1)
    }
}

/// The random part of waiting. SplitMix64: spread is all that is asked of it, not secrecy.
#[derive(Clone, Debug)]
pub(super) struct Entropy(u64);

impl Entropy {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from zero to `ceiling` inclusive.
    pub(super) fn up_to(&mut self, ceiling: u64) -> u64 {
        // The high half of the product is uniform enough: the bias is below ceiling / 2^64.
        let chosen = (u128::from(self.next()) * (u128::from(ceiling) + 1)) >> 64;
        chosen as u64
    }
}
