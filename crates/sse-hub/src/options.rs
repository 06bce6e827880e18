//! What can be set, with the defaults and what they are for.

use std::time::Duration;

/// What is later than this is never: a clock that is added to must not overflow.
pub(crate) const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// How a hub behaves. Start from the default: `HubOptions { retry, ..HubOptions::default() }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubOptions {
    /// The longest silence on a stream; then a heartbeat is sent. `None`: never. Default: 15 s, which is below
    /// the idle timeouts of common proxies (nginx: 60 s).
    pub heartbeat: Option<Duration>,
    /// How long clients are told to wait before they reconnect. Each client is told a time within a quarter of
    /// it, so that clients which were cut together do not come back together. Default: 2 s.
    pub retry: Duration,
    /// How long a member who has left is still counted as present, so that a reconnect is not seen as leaving
    /// and coming back. Default: 5 s.
    pub presence_grace: Duration,
    /// A client that has not taken a chunk for this long is [lagging](Lagging). Default: 1 s.
    pub lagging_after: Duration,
    /// Whether somebody may read who brings no [guard](crate::Guard), unless the
    /// [topic](TopicOptions::unguarded) says otherwise. Default: [`Unguarded::Admitted`].
    pub unguarded: Unguarded,
    /// The bounds.
    pub limits: Limits,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            heartbeat: Some(Duration::from_secs(15)),
            retry: Duration::from_secs(2),
            presence_grace: Duration::from_secs(5),
            lagging_after: Duration::from_secs(1),
            unguarded: Unguarded::default(),
            limits: Limits::default(),
        }
    }
}

/// Every bound of a hub. Reaching one is a typed error for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most topics. Default: 1,024.
    pub topics: usize,
    /// The most subscriptions at a time. Default: 20,000, as many as `serve` lets in connections.
    pub subscriptions: usize,
    /// The most topics of one subscription. Default: 64.
    pub topics_per_subscription: usize,
    /// The most bytes of one encoded event. Default: 64 KiB.
    pub event_bytes: usize,
    /// The most bytes of a key. Default: 128.
    pub key_bytes: usize,
    /// The most events that a subscription takes from the history at once. Default: 128.
    pub page_events: usize,
    /// The most bytes that a subscription takes from the history at once, and the largest chunk of a stream; a
    /// single event may be larger. Default: 16 KiB, what a TLS record and a socket take in one write.
    pub page_bytes: usize,
    /// The most names that a [`Presence`](crate::Presence) lists. Default: 50.
    pub presence_names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            topics: 1_024,
            subscriptions: 20_000,
            topics_per_subscription: 64,
            event_bytes: 64 * 1024,
            key_bytes: 128,
            page_events: 128,
            page_bytes: 16 * 1024,
            presence_names: 50,
        }
    }
}

/// What a topic keeps, and what a new client gets of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicOptions {
    /// What a client that brings no cursor gets before it goes live.
    pub replay: Replay,
    /// What happens to an event when a later one takes its key.
    pub superseded: Superseded,
    /// How much is kept.
    pub retention: Retention,
    /// What a client gets that has been too slow.
    pub lagging: Lagging,
    /// The shortest time between two chunks of a stream. What is published within it goes out together: for a topic
    /// with hundreds of events a second, 20 ms make a few large writes of many small ones. The first event after a
    /// silence goes at once, and the end of the stream too. It counts if every topic of a stream has one; the shortest
    /// does. Default: `None`.
    pub flush_window: Option<Duration>,
    /// Whether somebody may read it who brings no [guard](crate::Guard). Default: `None`, as
    /// [the hub](HubOptions::unguarded) says.
    pub unguarded: Option<Unguarded>,
    /// When a history on a disk takes it for abandoned (`RedbOptions::forget_after`).
    pub abandoned: Abandoned,
}

/// When a topic counts as abandoned, so that a history on a disk forgets it in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Abandoned {
    /// While nobody opens it: whoever opens it wants it.
    #[default]
    Unopened,
    /// While nobody subscribes to it or publishes on it. For topics that an app opens only because it finds them, such as
    /// the rooms that an earlier process had.
    Unused,
}

/// What becomes of a reader who brings no [guard](crate::Guard).
///
/// An app with anything private refuses them for the hub, and admits them for each topic that is public. A route whose
/// guard was forgotten then shows nothing, instead of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unguarded {
    /// It reads what everybody may.
    #[default]
    Admitted,
    /// It is refused with [`SubscribeError::Unguarded`](crate::SubscribeError::Unguarded), also for a topic that is not
    /// there.
    Refused,
}

/// What a client gets that did not take what was sent for longer than [`HubOptions::lagging_after`].
///
/// In the meantime it costs its position and nothing else, whatever is set here. A client that takes nothing at all is
/// cut off by `serve` (`serve::Options::write_deadline`), and comes back with its cursor; `axum::serve` lets it stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lagging {
    /// Every event that is still kept. What is not is announced by `sse.gap`.
    #[default]
    Replay,
    /// The latest event of each key, and every event without one. For state of which the steps do not matter, such as
    /// prices: a slow page shows what is, not what was. Needs [`Replay::All`]; where a topic replays less, it is
    /// [`Self::Skip`], because what is left out has to be announced.
    Latest,
    /// What a new client would get, after `sse.gap`: with [`Replay::LiveOnly`], only what comes.
    Skip,
}

/// What a client that brings no cursor gets before it goes live.
///
/// A client that brings a cursor gets every event after it, whatever is set here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replay {
    /// The events without a key that are still kept, and the latest event of each key.
    #[default]
    All,
    /// The latest event of each key.
    Latest,
    /// Nothing.
    LiveOnly,
}

/// What happens to an event when a later one takes its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Superseded {
    /// It stays in the log as long as retention allows: a client that comes back sees every step, and a gap is
    /// announced when a step is gone.
    #[default]
    Keep,
    /// It is dropped at once. For state of which only the latest counts, such as who is present: it never
    /// pushes anything else out of the log, and a client that missed a step has missed nothing.
    Drop,
}

/// How much of a topic is kept. What exceeds any of the bounds is dropped, oldest first; the newest event and the
/// latest of each key always stay. A history on a disk may keep a little longer what came together with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The most events in the log. Default: 1,024.
    pub events: usize,
    /// The most bytes of encoded events in the log. Default: 1 MiB.
    pub bytes: usize,
    /// The oldest event in the log; looked at when something is published on the topic, and when a reader begins: then
    /// a history on a disk looks only at what it holds in memory. Default: `None`, any age.
    pub age: Option<Duration>,
    /// The most keys. Publishing one more is an error. Default: 1,024.
    pub keys: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { events: 1_024, bytes: 1024 * 1024, age: None, keys: 1_024 }
    }
}
