//! Counts what the disk does, and how long it takes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::counters::Counter;
use crate::history::{HistoryCounts, Times};

/// The counters of the writer, which outlive the file that it writes to.
#[derive(Debug, Default)]
pub(super) struct Meter {
    commits: Histogram,
    synchronised: Histogram,
    failed_to_synchronise: AtomicBool,
    committed: Counter,
    last_batch: AtomicU64,
    outages: Counter,
    recoveries: Counter,
}

impl Meter {
    pub(super) fn handle_committed(&self, events: usize, took: Duration) {
        self.commits.add(took);
        self.committed.add(events);
        self.last_batch.store(events as u64, Ordering::Relaxed);
    }

    pub(super) fn handle_synchronised(&self, took: Duration) {
        self.synchronised.add(took);
    }

    pub(super) fn handle_failed_synchronisation(&self) {
        self.failed_to_synchronise.store(true, Ordering::Release);
    }

    /// Whether the disk ever failed to synchronise.
    pub(super) fn has_failed_to_synchronise(&self) -> bool {
        self.failed_to_synchronise.load(Ordering::Acquire)
    }

    pub(super) fn handle_outage(&self) {
        self.outages.add(1);
    }

    pub(super) fn handle_recovery(&self) {
        self.recoveries.add(1);
    }

    /// All but what waits.
    pub(super) fn counts(&self) -> HistoryCounts {
        HistoryCounts {
            commits: self.commits.times(),
            synchronised: self.synchronised.times(),
            committed: self.committed.value(),
            last_batch: self.last_batch.load(Ordering::Relaxed),
            outages: self.outages.value(),
            recoveries: self.recoveries.value(),
            ..HistoryCounts::default()
        }
    }
}

/// Times, counted by how long they are.
#[derive(Debug, Default)]
struct Histogram {
    count: AtomicU64,
    nanoseconds: AtomicU64,
    longest: AtomicU64,
    /// How many fall between each bound and the one before it.
    between: [AtomicU64; Times::BOUNDS.len()],
}

impl Histogram {
    fn add(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        self.longest.fetch_max(nanoseconds, Ordering::Relaxed);
        let bound = Times::BOUNDS.partition_point(|bound| *bound < took);
        if let Some(between) = self.between.get(bound) {
            between.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn times(&self) -> Times {
        let mut within = 0;
        Times {
            within: self.between.each_ref().map(|between| {
                within += between.load(Ordering::Relaxed);
                within
            }),
            count: self.count.load(Ordering::Relaxed),
            total: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)),
            longest: Duration::from_nanos(self.longest.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_at_every_bound_that_they_do_not_pass() {
        let histogram = Histogram::default();
        for micros in [200, 250, 251, 3_000, 9_000_000] {
            histogram.add(Duration::from_micros(micros));
        }
        let times = histogram.times();
        assert_eq!((times.count, times.longest), (5, Duration::from_secs(9)));
        assert_eq!(times.total, Duration::from_micros(9_003_701));
        assert_eq!(times.within, [2, 3, 3, 3, 4, 4, 4, 4, 4, 4], "the longest is within none");
    }
}
