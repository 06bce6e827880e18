use std::time::Duration;

/// What a history has done with its disk so far, and what waits for it: for metrics.
///
/// Each number is exact, but they are read one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryCounts {
    /// Batches that were committed, and how long each took: writing, synchronising, and what was trimmed with it.
    pub commits: Times,
    /// Synchronisations of the disk (`fsync`) that succeeded, and how long each took.
    pub synchronised: Times,
    /// Events that were committed.
    pub committed: u64,
    /// The events of the last batch.
    pub last_batch: u64,
    /// Events and changes of topics that wait for the disk now.
    pub waiting: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// How long the oldest of them has been waiting; zero if nothing is.
    pub waiting_for: Duration,
    /// How often the disk was full, and events went to those who listen only.
    pub outages: u64,
    /// How often events were kept again after that.
    pub recoveries: u64,
}

/// How long something took, each time that it was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// How often.
    pub count: u64,
    /// All times together.
    pub total: Duration,
    /// The longest.
    pub longest: Duration,
    /// How many took no longer than each of [`Self::BOUNDS`], counting those of the bounds before it.
    pub within: [u64; Times::BOUNDS.len()],
}

impl Times {
    /// From what a good SSD needs to what makes people ask.
    pub const BOUNDS: [Duration; 10] = [
        Duration::from_micros(250),
        Duration::from_micros(500),
        Duration::from_millis(1),
        Duration::from_micros(2_500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(100),
        Duration::from_millis(500),
        Duration::from_millis(2_500),
    ];
}
