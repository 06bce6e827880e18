use std::time::Duration;

/// When an event is shown to readers and acknowledged, and how its commit is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// At once; the disk follows within [`RedbOptions::interval`]. A crash takes the newest events back, and the
    /// history then begins another epoch. For feeds that are out of date sooner than they could be replayed.
    Async,
    /// When it is on the disk. What comes while one commit is written goes into the next, so publishers share the
    /// cost of an `fsync`. A publisher that never rests has one commit follow the other, and each writes whole pages: 46
    /// commits a second of a few small events each were 2.4 MB a second, 206 GB a day.
    #[default]
    Group,
    /// Like `Group`, with two `fsync`s for a commit: first the data, then what points to it. Whether a commit is whole
    /// then never hangs on a checksum, which a publisher with malice and luck could forge; and after a crash the file
    /// is opened without being read from end to end.
    Strict,
}

/// How a [`RedbHistory`](super::RedbHistory) works. Start from the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedbOptions {
    /// When an event counts as kept.
    pub durability: Durability,
    /// How long a topic is kept that nobody opens. Topics outlive the process that opened them; one that no later process
    /// opens, because its room was closed or its name has changed, would stay in the file for ever. At
    /// [`RedbHistory::open`](super::RedbHistory::open), those are removed that have been left alone for so long, over
    /// all starts since the first that found them so; a client that comes back when such a topic is opened again is
    /// told of a gap. The time runs while no process does, so that after a start which failed it is to be longer than
    /// repairs take: days. A topic may want [more than being opened](crate::Abandoned) to be kept. Default: `None`, for
    /// ever. [`Hub::kept_topics`](crate::Hub::kept_topics) lists those that were not opened yet.
    pub forget_after: Option<Duration>,
    /// At [`Durability::Async`], the longest time between two commits. Default: 100 ms.
    pub interval: Duration,
    /// The most events that wait for the disk; one more is [`HistoryError::Busy`](crate::history::HistoryError::Busy).
    /// Default: 16,384.
    pub queue_events: usize,
    /// The most bytes that wait for the disk; one event may pass it. Default: 16 MiB.
    pub queue_bytes: usize,
    /// The most events of each topic that are kept in memory besides, so that a client which was away for a moment does
    /// not go to the disk. Default: 1,024.
    pub ring_events: usize,
    /// The most bytes of each topic that are kept in memory besides. Default: 1 MiB.
    pub ring_bytes: usize,
    /// The most bytes of the file that are cached. Default: 64 MiB.
    pub cache_bytes: usize,
    /// The most notes of each topic that are kept: one for each of the newest events that were published with one.
    /// Default: 4,096.
    pub notes: usize,
    /// How soon a history whose disk was full looks whether there is room again. After each time that there is not it
    /// waits twice as long, up to a minute. Default: 1 s.
    pub room_interval: Duration,
    /// The most pages that are read from the disk at a time; other readers wait. Default: 4.
    pub reads: usize,
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            forget_after: None,
            interval: Duration::from_millis(100),
            queue_events: 16_384,
            queue_bytes: 16 * 1024 * 1024,
            ring_events: 1_024,
            ring_bytes: 1024 * 1024,
            cache_bytes: 64 * 1024 * 1024,
            notes: 4_096,
            room_interval: Duration::from_secs(1),
            reads: 4,
        }
    }
}
