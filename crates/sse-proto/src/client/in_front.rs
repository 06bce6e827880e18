//! What an owner does in front of an event: who closes the stream there has not had it.

use super::Client;
use super::resume::Before;

impl Client {
    /// To be said when the outputs of an event are drained, if there were any: the owner has heard what came in front of
    /// it. Returns whether the [verdict](Self::handle_event) still holds.
    ///
    /// It does not if the owner has closed the stream meanwhile. Then the cursor stands where it stood, so that a later
    /// reconnect brings the event again. Who pauses or connects anew goes on behind it, and has it delivered.
    pub fn handle_drained(&mut self) -> bool {
        self.before = None;
        !core::mem::take(&mut self.is_taken_back)
    }

    /// The event in front of which the owner closed the stream has not been.
    #[cold]
    pub(super) fn take_back(&mut self) {
        if let Some(Before::Event(before) | Before::Control(before)) = self.before.take() {
            self.resume = *before;
            self.is_taken_back = true;
        }
    }
}
