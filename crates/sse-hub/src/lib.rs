//! A hub for Server-Sent Events: publish a typed event from anywhere, and every client gets it once.
//!
//! A client that comes back gets exactly what it missed and then goes on live; what can no longer be replayed is
//! announced in the stream, never skipped in silence. A slow client costs the hub a position in the history and the
//! others nothing. The hub never blocks a publisher, never keeps more than its limits say, and sends no id, event
//! type or data that could forge a field.
//!
//! # Example
//!
//! ```
//! use sse_events::EventSet;
//! use sse_hub::{Hub, Subscribe};
//!
//! #[derive(Clone, Debug, PartialEq, EventSet)]
//! enum News {
//!     Headline(String),
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hub = Hub::default();
//! let news = hub.topic::<News>("news")?;
//! let first = news.publish(&News::Headline("it begins".into()))?;
//! let second = news.publish(&News::Headline("it goes on".into()))?;
//!
//! // A client that has seen the first continues at the second. The opening comes before it.
//! let mut stream = hub.subscribe(Subscribe::to(["news"]).after(first.into_string()))?;
//! let opening = stream.next().await.expect("a stream begins at once");
//! assert!(opening.starts_with(b": sse-hub\n\nretry: "));
//! let replayed = stream.next().await.expect("the second event");
//! assert_eq!(replayed, format!("id: {second}\nevent: headline\ndata: \"it goes on\"\n\n"));
//!
//! // From here on it is live, by the same path.
//! let third = news.publish(&News::Headline("live".into()))?;
//! assert_eq!(stream.next().await.expect("live"), format!("id: {third}\nevent: headline\ndata: \"live\"\n\n"));
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `axum`, a subscription is a response:
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::{Router, extract::State, response::IntoResponse, routing::get};
//! use sse_hub::{Hub, Subscribe, axum::LastEventId};
//!
//! async fn news(State(hub): State<Hub>, LastEventId(last): LastEventId) -> impl IntoResponse {
//!     hub.subscribe(Subscribe::to(["news"]).after(last))
//! }
//!
//! let app: Router = Router::new().route("/news", get(news)).with_state(Hub::default());
//! # }
//! ```
//!
//! # How it works
//!
//! Publishing encodes the event once, numbers it, appends it to the [`history`], and wakes the topic's
//! subscriptions. A [`Subscription`] holds a position in that history and reads pages from there. Replay and live are
//! the same reads, so nothing can fall between them or come twice.
//!
//! Event ids are `<epoch>.<seq>`: one sequence for the whole hub, in an epoch that changes when history was lost. A
//! client without a cursor gets what its topics [replay](Replay), a client with one gets every event after it. If
//! some of those are gone it is told so by `sse.gap`, and if its cursor is of another epoch by `sse.reset`; both go on
//! with what a new client would get.
//!
//! # Layout
//!
//! | item | what it is |
//! |---|---|
//! | [`Hub`], [`HubOptions`], [`Limits`] | the whole, and its bounds |
//! | [`Topic`], [`TopicName`], [`TopicOptions`] | where events are published, and what is kept of them |
//! | [`RawTopic`], [`RawEvent`] | a topic for events that no enum describes |
//! | [`Subscribe`], [`Subscription`] | what a client asks for, and its stream of bytes |
//! | [`Hub::snapshot`], [`Hub::last_event_id`] | where a page that is rendered here begins |
//! | [`Member`], [`Presence`] | who is there |
//! | [`Hub::counts`], [`HubCounts`], [`Hub::history_counts`] | for metrics |
//! | [`history`] | the trait behind which events are kept, and its engines: in memory, in a file |
//! | `serve` | a server in which a stream costs a socket and a position, and no task |
//! | [`mod@axum`] | the extractor `LastEventId`, and responses |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum` | yes | [`mod@axum`]: a subscription is a response, the last event id an extractor |
//! | `redb` | no | `history::redb`: a durable history, in a file |
//! | `serve` | no | `serve`: an accept loop of its own for axum apps, with shards, limits and a shutdown that spreads reconnects |
//! | `tls` | no | HTTPS and HTTP/2 for `serve`, by rustls |
//! | `self-signed` | no | a certificate made on the spot, for development |

#[cfg(feature = "axum")]
pub mod axum;
mod counters;
mod entropy;
mod error;
mod flush;
mod heartbeat;
pub mod history;
mod hub;
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
mod wire;

pub use counters::HubCounts;
pub use error::{PublishError, SnapshotError, SubscribeError, TopicError};
pub use history::{History, MemoryHistory};
pub use hub::Hub;
pub use options::{HubOptions, Lagging, Limits, Replay, Retention, Superseded, TopicOptions};
pub use presence::{Member, Presence};
pub use raw::{RawEvent, RawTopic};
/// The contract crate, for the derive macro and for custom codecs.
pub use sse_events;
pub use sse_events::Snapshot;
/// What [`Topic::publish`] returns.
pub use sse_proto::EventId;
pub use subscription::{Subscribe, Subscription};
pub use topic::Topic;
pub use topic_name::{InvalidTopicName, TopicName};
