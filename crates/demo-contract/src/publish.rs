//! What a feed publishes, and what it is answered.

use serde::{Deserialize, Serialize};

/// The route on which a feed publishes to a topic.
#[must_use]
pub fn route(topic: &str) -> String {
    format!("/api/publish/{topic}")
}

/// The answer to one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The event id under which it is on the stream.
    pub id: String,
    /// Whether it had been published before, by the same id of the feed's own.
    pub duplicate: bool,
}

/// The answer to lines of events, when all were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedLines {
    /// How many events were published.
    pub published: u64,
    /// How many had been published before, by the same ids of the feed's own.
    pub duplicates: u64,
    /// The event id of the last one, if there was one.
    pub last_id: Option<String>,
}
