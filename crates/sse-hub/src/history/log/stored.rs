//! A log above a disk: the newest of a topic's events, and the latest of each key. The disk decides what is trimmed;
//! the log forgets what has become too much for memory.

use bytes::Bytes;

use super::{Keyed, Log, Run};
use crate::history::{Lane, Status};
use crate::options::{Replay, TopicOptions};

/// How far a log is trimmed: the highest number that it dropped, of all events and of those without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::history) struct Trimmed {
    pub(in crate::history) through: u64,
    pub(in crate::history) unkeyed: u64,
}

impl Log {
    /// The log of a topic whose events are all on the disk.
    pub(in crate::history) fn stored(last: u64, trimmed: Trimmed, ended: bool) -> Self {
        let mut log = Self::new(TopicOptions::default(), trimmed.through);
        log.status = Status { last, trimmed: trimmed.through, ended };
        log.trimmed_unkeyed = trimmed.unkeyed;
        log.floor = last;
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
    pub(in crate::history) fn evict(&mut self, events: usize, bytes: usize, through: u64) {
        while let Some(oldest) = self.recent.front()
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
