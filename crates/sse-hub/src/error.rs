use sse_events::EncodeError;
use sse_proto::InvalidField;

use crate::access::Denied;
use crate::history::HistoryError;
use crate::topic_name::{InvalidTopicName, TopicName};

/// A topic could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// The name is not a [`TopicName`](crate::TopicName).
    #[error(transparent)]
    Name(#[from] InvalidTopicName),
    /// The hub has as many topics as [`Limits::topics`](crate::Limits::topics) allows. Remove one first.
    #[error("the hub has reached its limit of {limit} topics")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The topic is already open for another event set. Two sets on one topic would not be typed.
    #[error("the topic is already open for another set of events")]
    OtherEvents,
    /// The topic is already open with other options.
    #[error("the topic is already open with other options")]
    OtherOptions,
    /// The history refused it.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// An event was not published: nothing of it was kept or sent.
///
/// Only from [`publish_durably`](crate::Topic::publish_durably) and [`committed`](crate::Hub::committed) may it also
/// mean that the event was sent and is not kept, or that nobody knows whether it is. [`HistoryError`] says which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The payload could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The type cannot be sent. A derived set does not compile with such a one.
    #[error("event type {event_type:?} {reason}")]
    EventType {
        /// The type.
        event_type: String,
        /// What is wrong with it.
        reason: InvalidField,
    },
    /// The type begins with `sse.`, which only the hub may send.
    #[error("event type {event_type:?} begins with the reserved prefix \"sse.\"")]
    ReservedType {
        /// The type.
        event_type: String,
    },
    /// The encoded event is larger than [`Limits::event_bytes`](crate::Limits::event_bytes).
    #[error("the encoded event has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The key is larger than [`Limits::key_bytes`](crate::Limits::key_bytes).
    #[error("the key has {bytes} bytes, the limit is {limit}")]
    KeyTooLong {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The note is larger than a note may be.
    #[error("the note has {bytes} bytes, the limit is {limit}")]
    NoteTooLong {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The history refused it: the topic has ended, was removed, or has too many keys, or its disk is too slow, full or
    /// broken.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// A subscription was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// It names no topic.
    #[error("a subscription needs at least one topic")]
    NoTopics,
    /// It names more topics than [`Limits::topics_per_subscription`](crate::Limits::topics_per_subscription).
    #[error("a subscription may name at most {limit} topics")]
    TooManyTopics {
        /// The limit.
        limit: usize,
    },
    /// Nobody has opened this topic.
    #[error("there is no topic {0:?}")]
    UnknownTopic(String),
    /// The [guard](crate::Guard) says that the reader may not read this topic.
    #[error("{denied}")]
    Denied {
        /// The topic, which need not exist.
        topic: TopicName,
        /// Why. Never [`Denied::Hidden`] from a hub: that is [`Self::UnknownTopic`].
        denied: Denied,
    },
    /// Nobody has said whether the reader may read this topic, which need not exist: [`Unguarded::Refused`] is set, and
    /// the app has brought no [guard](crate::Guard). It is the app's mistake, and not the reader's.
    ///
    /// [`Unguarded::Refused`]: crate::Unguarded::Refused
    #[error("the stream of topic {0:?} was opened without a guard")]
    Unguarded(String),
    /// The hub has as many subscriptions as [`Limits::subscriptions`](crate::Limits::subscriptions) allows. Try
    /// again later.
    #[error("the hub has reached its limit of {limit} subscriptions")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The hub is shutting down. Try again later, or elsewhere.
    #[error("the hub is shutting down")]
    ShuttingDown,
    /// There is no tokio runtime here; heartbeats and presence need its timers.
    #[error("subscribing needs a tokio runtime")]
    NoRuntime,
    /// The history could not be asked.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// What [`Guard::ask`](crate::Guard::ask) denies, as a subscription is refused for it: a topic that is
/// [hidden](Denied::Hidden) is none.
impl From<(TopicName, Denied)> for SubscribeError {
    fn from((topic, denied): (TopicName, Denied)) -> Self {
        match denied {
            Denied::Hidden => Self::UnknownTopic(topic.as_str().to_owned()),
            denied => Self::Denied { topic, denied },
        }
    }
}

/// A snapshot could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Nobody has opened this topic.
    #[error("there is no topic {0:?}")]
    UnknownTopic(String),
    /// The history could not be asked.
    #[error(transparent)]
    History(#[from] HistoryError),
}
