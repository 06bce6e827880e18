use core::time::Duration;

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

    /// A duration in whole milliseconds, from zero to `ceiling` inclusive.
    pub(super) fn up_to(&mut self, ceiling: Duration) -> Duration {
        let choices = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        // The high half of the product is uniform enough: the bias is below choices / 2^64.
        let chosen = (u128::from(self.next()) * u128::from(choices)) >> 64;
        Duration::from_millis(u64::try_from(chosen).unwrap_or(u64::MAX))
    }
}
