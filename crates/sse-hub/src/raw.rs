//! Topics whose event types are known only when they are published.

use sse_events::{DecodeError, EncodeError, EventSet};
use sse_proto::control::RESERVED_PREFIX;
use sse_proto::{EventId, EventType};

use crate::error::PublishError;
use crate::hub::Hub;
use crate::options::TopicOptions;
use crate::topic::Topic;
use crate::{TopicError, TopicName};

/// A topic for a feed whose events no enum describes, such as one that other programs publish to. Cheap to clone.
///
/// Everywhere else prefer a typed [`Topic`]: a renamed event is then a compile error.
///
/// ```
/// use sse_hub::{Hub, RawEvent, TopicOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hub = Hub::default();
/// let orders = hub.raw_topic("orders", TopicOptions::default())?;
/// orders.publish(RawEvent { event_type: "shipped", key: None, data: r#"{"order":7}"# })?;
/// assert!(orders.publish(RawEvent { event_type: "sse.end", key: None, data: "{}" }).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RawTopic(Topic<Untyped>);

/// An event by its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawEvent<'a> {
    /// The event type; `message` is what clients get that listen for none in particular.
    pub event_type: &'a str,
    /// The event replaces the one before with the same key, as in [`Topic::publish_keyed`].
    pub key: Option<&'a str>,
    /// The data. Line breaks in it become lines of data.
    pub data: &'a str,
}

impl Hub {
    /// Opens a [`RawTopic`], or finds it if it was opened with the same options.
    ///
    /// # Errors
    /// Those of [`Self::topic_with`]; [`TopicError::OtherEvents`] if the topic is a typed one.
    pub fn raw_topic(&self, name: &str, options: TopicOptions) -> Result<RawTopic, TopicError> {
        self.topic_with(name, options).map(RawTopic)
    }
}

impl RawTopic {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &TopicName {
        self.0.name()
    }

    /// Publishes an event, as [`Topic::publish`] does.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was kept or sent.
    pub fn publish(&self, event: RawEvent<'_>) -> Result<EventId, PublishError> {
        self.publish_with_note(event, None)
    }

    /// Publishes an event with a note, as [`Topic::publish_with_note`] does.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was kept or sent.
    pub fn publish_with_note(
        &self,
        event: RawEvent<'_>,
        note: Option<&str>,
    ) -> Result<EventId, PublishError> {
        self.0.append_fields(event, note)
    }

    /// Marks the topic as complete, for good, as [`Topic::end`] does.
    ///
    /// # Errors
    /// [`PublishError::History`] if the topic was removed, or the history takes nothing.
    pub fn end(&self) -> Result<(), PublishError> {
        self.0.end()
    }
}

/// The set of a raw topic. It has no event, so nobody can publish a typed one or read the topic as typed.
#[derive(Debug)]
enum Untyped {}

impl EventSet for Untyped {
    const EVENT_TYPES: &'static [&'static str] = &[];

    fn event_type(&self) -> &'static str {
        match *self {}
    }

    fn encode(&self) -> Result<String, EncodeError> {
        match *self {}
    }

    fn decode(event_type: &str, data: &str) -> Result<Self, DecodeError> {
        Err(DecodeError::unknown_type(event_type, data))
    }
}

/// Validates the type of an event that is about to be published.
pub(crate) fn publishable(event_type: &str) -> Result<EventType, PublishError> {
    if event_type.starts_with(RESERVED_PREFIX) {
        return Err(PublishError::ReservedType { event_type: event_type.to_owned() });
    }
    EventType::new(event_type)
        .map_err(|reason| PublishError::EventType { event_type: event_type.to_owned(), reason })
}
