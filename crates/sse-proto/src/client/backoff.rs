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
