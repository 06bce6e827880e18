use std::sync::atomic::{AtomicU64, Ordering};

/// What a hub has done so far, and what it holds now: for metrics.
///
/// Each number is exact, but they are read one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubCounts {
    /// Topics that are open now.
    pub topics: u64,
    /// Topics that an [earlier process left](crate::Hub::kept_topics) and that were not opened yet.
    pub kept_topics: u64,
    /// Subscriptions that are open now.
    pub subscriptions: u64,
    /// Subscriptions that have not looked yet at what was published for them: their clients read too slowly, or an
    /// event was published this moment.
    pub lagging: u64,
    /// Events that were published.
    pub published: u64,
    /// Bytes of the encoded events that were published.
    pub published_bytes: u64,
    /// Events that subscriptions handed out, once for each.
    pub deliveries: u64,
    /// Bytes that subscriptions handed out, with openings, heartbeats and other control events.
    pub delivered_bytes: u64,
    /// Of the deliveries, those of events that were published before the subscription began.
    pub replayed: u64,
    /// Subscriptions of clients that had no cursor.
    pub started: u64,
    /// Subscriptions of clients that went on after their cursor.
    pub resumed: u64,
    /// Subscriptions of clients whose cursor meant nothing here; they were told by `sse.reset`.
    pub reset: u64,
    /// Subscriptions that were refused.
    pub refused: u64,
    /// Subscriptions that ended because their reader [may no longer read](crate::Guard).
    pub denied: u64,
    /// How often a client was told by `sse.gap` that events for it were gone.
    pub gaps: u64,
}

/// The counters behind [`HubCounts`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) published: Counter,
    pub(crate) published_bytes: Counter,
    pub(crate) deliveries: Counter,
    pub(crate) delivered_bytes: Counter,
    pub(crate) replayed: Counter,
    pub(crate) started: Counter,
    pub(crate) resumed: Counter,
    pub(crate) reset: Counter,
    pub(crate) refused: Counter,
    pub(crate) denied: Counter,
    pub(crate) gaps: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: usize) {
        if count > 0 {
            self.0.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    #[cfg(feature = "serve")]
    pub(crate) fn subtract(&self, count: usize) {
        self.0.fetch_sub(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
