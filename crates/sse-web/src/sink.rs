use sse_proto::EventRef;
use sse_proto::client::{Failure, Gap, State};

/// Who is told what a [`Connection`](crate::Connection) does.
///
/// Every method may call the connection back, also to close it, and may drop it; nothing is told after that.
///
/// ```
/// use sse_web::{EventRef, Failure, Gap, Sink, State};
///
/// /// What a page shows beside its data.
/// struct Lamp(web_sys::Element);
///
/// impl Sink for Lamp {
///     fn event(&self, _: EventRef<'_>) {}
///
///     fn state(&self, state: &State) {
///         self.0.set_class_name(if state.is_open() { "lamp on" } else { "lamp" });
///     }
///
///     fn failure(&self, failure: &Failure) {
///         self.0.set_text_content(Some(&failure.to_string()));
///     }
///
///     fn gap(&self, _: Gap) {
///         self.0.set_text_content(Some("Something is missing: please reload."));
///     }
/// }
/// ```
pub trait Sink {
    /// An event arrived. Reserved `sse.` events and duplicates after a resume are not told.
    fn event(&self, event: EventRef<'_>);

    /// Whether [`Self::event`] will look at the last event id of the next event. Default: yes.
    ///
    /// Where nobody does, [`Native`](crate::transport::Native) spares the browser the string that it would make for each
    /// event, and [`EventRef::last_event_id`] may be empty. [`Connection::last_event_id`](crate::Connection::last_event_id)
    /// tells it all the same, and a reconnect goes on from it.
    fn reads_last_event_id(&self) -> bool {
        true
    }

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

    /// The server said something that is not the application's. The cursor may have moved by it without an event: an
    /// `sse.open` says from where the server goes on.
    fn cursor(&self) {}
}
