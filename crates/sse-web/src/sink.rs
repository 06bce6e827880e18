use sse_proto::EventRef;
use sse_proto::client::{Failure, Gap, State};

/// Who is told what a [`Connection`](crate::Connection) does.
///
/// Every method may call the connection back, also to close it, and may drop it; nothing is told after that.
pub trait Sink {
    /// An event arrived. Reserved `sse.` events and duplicates after a resume are not told.
    fn event(&self, event: EventRef<'_>);

    /// The state changed.
    fn state(&self, state: &State) {
        let _ = state;
    }

    /// The connection failed; told once for each failure. The state says what comes of it.
    fn failure(&self, failure: &Failure) {
        let _ = failure;
    }

    /// Events were lost, here in the stream.
    fn gap(&self, gap: Gap) {
        let _ = gap;
    }
}
