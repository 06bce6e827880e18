use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::counters::Counter;

/// Counts what happens to the connections. Clones count into the same, and so do servers that run one after the other
/// with them; those that run at the same time should each have their own.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    counters: Arc<Counters>,
}

/// One counter for each field of [`ServeCounts`], and whether it ends.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connections: Counter,
    pub(super) accepted: Counter,
    pub(super) refused: Counter,
    pub(super) sharded: Counter,
    pub(super) groups: Counter,
    pub(super) grouped: Counter,
    pub(super) deliveries: Counter,
    pub(super) bytes: Counter,
    pub(super) blocked: Counter,
    pub(super) cut: Counter,
    pub(super) expired: Counter,
    pub(super) panics: Counter,
    is_shutting_down: AtomicBool,
}

/// What was counted up to a moment. Each number is exact, but they are read one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeCounts {
    /// Connections that are open now.
    pub connections: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that were refused, by one of the caps.
    pub refused: u64,
    /// Streams that the shards hold now. Those over TLS and HTTP/2 are not among them.
    pub sharded: u64,
    /// Groups of streams that are written to as one.
    pub groups: u64,
    /// Streams that are in a group now: all that the shards hold, but for those that are catching up.
    pub grouped: u64,
    /// Events that were written to a stream by a shard, once for each stream.
    pub deliveries: u64,
    /// Bytes that the shards wrote.
    pub bytes: u64,
    /// How often a stream did not take all that a shard had for it.
    pub blocked: u64,
    /// Connections, and streams of HTTP/2, that were cut because their client took nothing for too long, or not all in
    /// time when they were told to end.
    pub cut: u64,
    /// Streams that were ended at their maximum age.
    pub expired: u64,
    /// How often a shard has panicked: its streams were cut, and new ones are served.
    pub panics: u64,
}

impl Stats {
    /// What was counted up to now.
    #[must_use]
    pub fn counts(&self) -> ServeCounts {
        let counters = &*self.counters;
        ServeCounts {
            connections: counters.connections.value(),
            accepted: counters.accepted.value(),
            refused: counters.refused.value(),
            sharded: counters.sharded.value(),
            groups: counters.groups.value(),
            grouped: counters.grouped.value(),
            deliveries: counters.deliveries.value(),
            bytes: counters.bytes.value(),
            blocked: counters.blocked.value(),
            cut: counters.cut.value(),
            expired: counters.expired.value(),
            panics: counters.panics.value(),
        }
    }

    /// Whether the server was told to shut down, until another one begins that counts here. For a route by which load
    /// balancers see whether it is ready.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.counters.is_shutting_down.load(Ordering::SeqCst)
    }

    /// A server begins, perhaps another one after it.
    pub(super) fn begin(&self) {
        self.counters.is_shutting_down.store(false, Ordering::SeqCst);
    }

    pub(super) fn begin_shutdown(&self) {
        self.counters.is_shutting_down.store(true, Ordering::SeqCst);
    }

    pub(super) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }
}
