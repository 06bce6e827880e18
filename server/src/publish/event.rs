use serde::Deserialize;
use serde_json::value::RawValue;

use crate::dedup::Content;
use crate::json;
use crate::problem::Refusal;
use crate::visitor::check_client_id;

/// The most bytes of an event as JSON; the hub's own limit is for what it makes of it.
pub(super) const MAX_EVENT: usize = 64 * 1024;

/// An event as a feed sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEvent {
    /// The feed's own id: the same again is the same event. The chat calls it so as well.
    #[serde(alias = "client_id")]
    pub(super) id: Option<String>,
    /// The event type.
    pub(super) event: Option<String>,
    /// The event replaces the one before with the same key.
    pub(super) key: Option<String>,
    /// Passed on as it was written: numbers keep their digits.
    pub(super) data: Box<RawValue>,
}

impl NewEvent {
    /// Looks at what the hub does not look at.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let checked = self.id.as_deref().map_or(Ok(()), check_client_id);
        checked.map_err(|error| Refusal::invalid(format!("id: {error}")))
    }

    pub(super) fn event_type(&self) -> &str {
        self.event.as_deref().unwrap_or("message")
    }

    /// Event type, key and data.
    pub(super) fn parts(&self) -> (&str, Option<&str>, &str) {
        (self.event_type(), self.key.as_deref(), self.data.get())
    }

    /// What two events with the same id must share.
    pub(super) fn content(&self) -> Content {
        let (event_type, key, data) = self.parts();
        Content::of([Some(event_type), key, Some(data)])
    }

    /// A line of many.
    pub(super) fn from_line(line: &[u8]) -> Result<Self, Refusal> {
        // To the parser every line is the first one.
        json::object(line)
            .map_err(|refusal| refusal.reworded(|detail| detail.replace(" at line 1 column", " at column")))
    }
}
