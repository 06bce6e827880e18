//! Chance, without a crate for it: for epochs and for spreading reconnects, not for secrets.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

use sse_proto::Epoch;

/// A number that no other call returns, here or in another process, except by accident.
pub(crate) fn random() -> u64 {
    // `RandomState` is keyed by the operating system, and every one made is keyed differently.
    let mut hasher = RandomState::new().build_hasher();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    hasher.write_u128(now.as_nanos());
    hasher.finish()
}

/// A number from 0 to 1.
pub(crate) fn fraction() -> f32 {
    (random() >> 40) as f32 / (1u64 << 24) as f32
}

/// A time between `least` and `most`.
pub(crate) fn between(least: Duration, most: Duration) -> Duration {
    least + most.saturating_sub(least).mul_f32(fraction())
}

/// An epoch that no other history has.
pub(crate) fn epoch() -> Epoch {
    // 48 bits are twelve digits on every event; two starts share an epoch once in 281 trillion.
    Epoch::new(random() >> 16)
}
