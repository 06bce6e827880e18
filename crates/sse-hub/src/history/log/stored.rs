//! A log above a disk: the newest of a topic's events, and the latest of each key. The disk decides what is trimmed;
//! the log forgets what has become too much for memory.

use bytes::Bytes;

use tokio::time::Instant;

use super::{Keyed, Log, Run, Trimmed};
use crate::history::{Lane, Status};
use crate::options::{Replay, TopicOptions};

impl Log {
    /// The log of a topic whose events are all on the disk, but those that were lost.
    pub(in crate::history) fn stored(last: u64, trimmed: Trimmed, lost: Trimmed, ended: bool) -> Self {
        let mut log = Self::new(TopicOptions::default(), trimmed.through);
        log.status = Status { last, trimmed: trimmed.through, ended };
        log.trimmed_unkeyed = trimmed.unkeyed;
        log.floor = last;
        log.lost = lost;
        log
    }

    /// The topic was opened again, perhaps with other options.
    pub(in crate::history) fn reopen(&mut self, options: TopicOptions) {
        self.options = options;
    }

    pub(in crate::history) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(AsRef::as_ref)
    }

    /// Puts back the latest event of a key, from the disk. `is_apart`: it is not in the log there, because the topic
    /// dropped superseded events when it came.
    pub(in crate::history) fn restore(&mut self, key: &str, seq: u64, frame: Bytes, is_apart: bool) {
        if is_apart {
            self.apart_through = self.apart_through.max(seq);
        }
        self.replace(key, seq, frame);
    }

    /// Forgets the oldest events beyond these bounds, but none above `through`: those are not on the disk yet.
    ///
    /// Without the disk it forgets none. It is only here, under the lock of the logs, that this is certain: the writer may
    /// come with a commit that went well while a reader has given the disk up. What is forgotten is not announced as a
    /// gap, as what is trimmed is, so it would be missing for good.
    pub(in crate::history) fn evict(&mut self, events: usize, bytes: usize, through: u64) {
        while !self.detached
            && let Some(oldest) = self.recent.front()
            && oldest.entry.seq <= through
            && (self.recent.len() > events || self.recent_bytes > bytes)
        {
            self.forget_oldest();
        }
    }

    /// The disk is about to drop the events up to here.
    pub(in crate::history) fn trim_to(&mut self, trimmed: Trimmed) {
        self.status.trimmed = self.status.trimmed.max(trimmed.through);
        self.trimmed_unkeyed = self.trimmed_unkeyed.max(trimmed.unkeyed);
        while self.recent.front().is_some_and(|oldest| oldest.entry.seq <= trimmed.through) {
            self.forget_oldest();
        }
        self.floor = self.floor.max(self.status.trimmed);
    }

    /// The disk is gone: what is not in memory counts as dropped, and memory is bounded like a disk's history.
    pub(in crate::history) fn detach(&mut self, events: usize, bytes: usize) {
        let retention = &mut self.options.retention;
        retention.events = retention.events.min(events);
        retention.bytes = retention.bytes.min(bytes);
        self.trim_to(Trimmed { through: self.floor, unkeyed: self.floor });
        self.detached = true;
    }

    /// How far it is trimmed itself, apart from what was lost.
    pub(in crate::history) fn trimmed(&self) -> Trimmed {
        Trimmed { through: self.status.trimmed, unkeyed: self.trimmed_unkeyed }
    }

    /// Of a log without its disk: what fell off memory of the events above `stored`, the last one on the disk.
    pub(in crate::history) fn missing_above(&self, stored: u64) -> Trimmed {
        let above = |seq| if seq > stored { seq } else { 0 };
        Trimmed { through: above(self.status.trimmed), unkeyed: above(self.trimmed_unkeyed) }
    }

    /// The events above `after` that memory holds.
    pub(in crate::history) fn held_above(&self, after: u64) -> impl Iterator<Item = Held<'_>> {
        let from = self.recent.partition_point(|recent| recent.entry.seq <= after);
        self.recent.range(from..).map(|recent| Held {
            seq: recent.entry.seq,
            frame: &recent.entry.frame,
            is_keyed: recent.keyed,
            at: recent.at,
        })
    }

    /// Key, number and frame of the latest event of each key, of those above `after`.
    pub(in crate::history) fn latest_above(&self, after: u64) -> impl Iterator<Item = (&str, u64, &Bytes)> {
        let keys = self.keys.iter().filter(move |(_, seq)| **seq > after);
        keys.filter_map(|(key, seq)| Some((&**key, *seq, self.latest.get(seq)?)))
    }

    /// The disk is there again, trimmed so far, and everything in memory is on it. `lost` never came there.
    pub(in crate::history) fn attach(&mut self, options: TopicOptions, trimmed: Trimmed, lost: Trimmed) {
        self.options = options;
        self.detached = false;
        self.status.trimmed = trimmed.through;
        self.trimmed_unkeyed = trimmed.unkeyed;
        self.lost = lost;
        // The latest of a key may have been kept while its place in the log was lost.
        self.apart_through = self.apart_through.max(lost.through);
    }

    /// Whether everything that `lane` is owed after `after` is in memory, or gone.
    pub(in crate::history) fn holds(&self, lane: &Lane, after: u64) -> bool {
        let snapshot = after < lane.snapshot_through && self.options.replay == Replay::All;
        let from = if snapshot { after } else { after.max(lane.snapshot_through) };
        from.max(self.status.trimmed) >= self.floor
    }

    /// The ranges of numbers, both ends excluded and included, that `lane` wants of the log on the disk, and whether
    /// events with a key are wanted of the range.
    pub(in crate::history) fn wanted(
        &self,
        lane: &Lane,
        after: u64,
    ) -> impl Iterator<Item = (u64, u64, Keyed)> {
        // The disk may still hold what readers were told is gone: to hand out some of it would look like all of it.
        let after = after.max(self.status.trimmed);
        let through = lane.snapshot_through;
        let snapshot = after < through && self.options.replay == Replay::All;
        [
            snapshot.then_some((after, through, Keyed::LeftOut)),
            Some((after.max(through), u64::MAX, Keyed::Included)),
        ]
        .into_iter()
        .flatten()
    }

    /// The runs that come from [`Self::latest`] alone, of those of `Self::runs`.
    pub(in crate::history) fn latest_runs(&self, lane: &Lane, after: u64) -> impl Iterator<Item = Run<'_>> {
        let snapshot_through = lane.snapshot_through;
        let latest = after < snapshot_through && self.options.replay != Replay::LiveOnly;
        [latest.then(|| self.latest(after, snapshot_through)), self.keyed_apart(after.max(snapshot_through))]
            .into_iter()
            .flatten()
    }
}

/// An event of a log as a disk needs it.
#[derive(Clone, Copy, Debug)]
pub(in crate::history) struct Held<'a> {
    pub(in crate::history) seq: u64,
    pub(in crate::history) frame: &'a Bytes,
    pub(in crate::history) is_keyed: bool,
    pub(in crate::history) at: Instant,
}
