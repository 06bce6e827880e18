use super::state::PauseReason;

/// The reasons that hold at the moment, in the order in which they are shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PauseSet(u8);

impl PauseSet {
    pub(super) fn insert(&mut self, reason: PauseReason) {
        self.0 |= 1 << reason as u8;
    }

    pub(super) fn remove(&mut self, reason: PauseReason) {
        self.0 &= !(1 << reason as u8);
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn first(self) -> Option<PauseReason> {
        PauseReason::ALL.into_iter().find(|&reason| self.0 & (1 << reason as u8) != 0)
    }
}
