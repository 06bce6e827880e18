use super::state::PauseReason;

/// The reasons for which a stream is paused. For whoever keeps them beside a [`Client`](super::Client).
#[derive(Clone, Copy, Debug, Default)]
pub struct PauseSet(u8);

impl PauseSet {
    /// Adds a reason, if it is not there.
    pub fn insert(&mut self, reason: PauseReason) {
        self.0 |= 1 << reason as u8;
    }

    /// Removes a reason, if it is there.
    pub fn remove(&mut self, reason: PauseReason) {
        self.0 &= !(1 << reason as u8);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The one that is shown: the first of [`PauseReason::ALL`].
    #[must_use]
    pub fn first(self) -> Option<PauseReason> {
        PauseReason::ALL.iter().copied().find(|&reason| self.0 & (1 << reason as u8) != 0)
    }
}
