#![cfg_attr(feature = "axum", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "axum"), doc = "A hub for Server-Sent Events. See `README.md`.")]
//!
//! # Layout
//!
//! | item | what it is |
//! |---|---|
//! | [`Hub`], [`HubOptions`], [`Limits`] | the whole, and its bounds |
//! | [`Topic`], [`TopicName`], [`TopicOptions`] | where events are published, and what is kept of them |
//! | [`RawTopic`], [`RawEvent`] | a topic for events that no enum describes |
//! | [`Subscribe`], [`Subscription`] | what a client asks for, and its stream of bytes |
//! | [`Guard`], [`Unguarded`], [`Hub::review_access`] | who may read what, and until when |
//! | [`Hub::snapshot`], [`Hub::last_event_id`] | where a page that is rendered here begins |
//! | [`Member`], [`Presence`] | who is there |
//! | [`Hub::counts`], [`HubCounts`], [`Hub::history_counts`] | for metrics |
//! | [`history`] | the trait behind which events are kept, and its engines: in memory, in a file (feature `redb`) |
//! | `serve` | a server in which a stream costs a socket and a position, and no task (feature `serve`) |
//! | [`mod@axum`] | the extractor `LastEventId`, and responses (feature `axum`) |

mod access;
#[cfg(feature = "axum")]
pub mod axum;
mod counters;
mod entropy;
mod error;
mod flush;
mod heartbeat;
pub mod history;
mod hub;
mod lock;
mod options;
mod pages;
mod parting;
mod presence;
mod raw;
mod reader;
#[cfg(feature = "serve")]
pub mod serve;
mod signal;
mod snapshot;
mod subscription;
mod topic;
mod topic_name;
mod watch;
mod wire;

pub use access::{Denied, Grant, Guard};
pub use counters::HubCounts;
pub use error::{PublishError, SnapshotError, SubscribeError, TopicError};
pub use history::{History, MemoryHistory};
pub use hub::Hub;
pub use options::{
    Abandoned, HubOptions, Lagging, Limits, Replay, Retention, Superseded, TopicOptions, Unguarded,
};
pub use presence::{Member, Presence};
pub use raw::{RawEvent, RawTopic};
/// The contract crate, for the derive macro and for custom codecs.
pub use sse_events;
pub use sse_events::Snapshot;
/// What [`Topic::publish`] returns.
pub use sse_proto::EventId;
/// What is in an id, and what is wrong with an event type: of [`Hub::epoch`], [`history::Record::frame`] and
/// [`PublishError::EventType`].
pub use sse_proto::{Cursor, Epoch, InvalidField};
pub use subscription::{Subscribe, Subscription};
pub use topic::Topic;
pub use topic_name::{InvalidTopicName, TopicName};
