//! What is kept of one topic in memory: all of it, or the newest part of what a disk keeps.

#[cfg(feature = "redb")]
mod stored;

use std::collections::{BTreeMap, HashMap, VecDeque, btree_map, vec_deque};
use std::ops::Bound;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Entry, HistoryError, Lane, Status};
use crate::options::{Replay, Retention, Superseded, TopicOptions};

/// The log of a topic, and its latest event of each key.
#[derive(Debug)]
pub(super) struct Log {
    options: TopicOptions,
    /// Recent events in ascending order.
    recent: VecDeque<Recent>,
    recent_bytes: usize,
    /// The latest event of each key. Its bytes are shared with `recent`.
    latest: BTreeMap<u64, Bytes>,
    keys: HashMap<Box<str>, u64>,
    status: Status,
    /// Like `status.trimmed`, of the events without a key: those a snapshot owes one by one.
    trimmed_unkeyed: u64,
    /// Events with a key up to here may be in `latest` only, whatever the options say now.
    apart_through: u64,
    /// Events up to here are not in `recent`. Those above `status.trimmed` are kept elsewhere: on a disk.
    floor: u64,
    /// The disk is gone: what memory forgets now cannot be read again.
    #[cfg(feature = "redb")]
    detached: bool,
    /// Some events up to here never came to the disk. To a reader they are like trimmed ones; but older ones, above
    /// `status.trimmed`, are there.
    lost: Trimmed,
}

/// How far a log is trimmed: the highest number that it dropped, of all events and of those without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trimmed {
    pub(super) through: u64,
    pub(super) unkeyed: u64,
}

#[derive(Debug)]
pub(super) struct Recent {
    entry: Entry,
    keyed: bool,
    at: Instant,
}

impl Log {
    /// A log whose events up to `trimmed` count as dropped.
    pub(super) fn new(options: TopicOptions, trimmed: u64) -> Self {
        Self {
            options,
            recent: VecDeque::new(),
            recent_bytes: 0,
            latest: BTreeMap::new(),
            keys: HashMap::new(),
            status: Status { last: trimmed, trimmed, ended: false },
            trimmed_unkeyed: trimmed,
            apart_through: 0,
            floor: trimmed,
            #[cfg(feature = "redb")]
            detached: false,
            lost: Trimmed::default(),
        }
    }

    pub(super) fn status(&self) -> Status {
        Status { trimmed: self.status.trimmed.max(self.lost.through), ..self.status }
    }

    pub(super) fn end(&mut self) {
        self.status.ended = true;
    }

    /// Whether an event with `key` can be appended. Asked before a number is used.
    pub(super) fn admits(&self, key: Option<&str>) -> Result<(), HistoryError> {
        let limit = self.options.retention.keys;
        match key {
            _ if self.status.ended => Err(HistoryError::Ended),
            Some(key) if self.keys.len() >= limit && !self.keys.contains_key(key) => {
                Err(HistoryError::TooManyKeys { limit })
            }
            _ => Ok(()),
        }
    }

    /// Keeps an event, whatever the bounds say: [`Self::trim`] or, above a disk, [`Self::evict`] comes after it.
    pub(super) fn append(&mut self, entry: Entry, key: Option<&str>) {
        self.status.last = entry.seq;
        if let Some(key) = key {
            self.replace(key, entry.seq, entry.frame.clone());
            if self.options.superseded == Superseded::Drop {
                return;
            }
        }
        self.recent_bytes += entry.frame.len();
        self.recent.push_back(Recent { entry, keyed: key.is_some(), at: Instant::now() });
    }

    /// Makes an event the latest of its key.
    fn replace(&mut self, key: &str, seq: u64, frame: Bytes) {
        match self.keys.get_mut(key) {
            Some(latest) => {
                self.latest.remove(latest);
                *latest = seq;
            }
            None => {
                self.keys.insert(key.into(), seq);
            }
        }
        self.latest.insert(seq, frame);
    }

    /// Drops what exceeds the topic's retention. The newest stays whatever the bounds say: live subscribers have not
    /// read it yet.
    pub(super) fn trim(&mut self) {
        let Retention { events, bytes, .. } = self.options.retention;
        while self.recent.len() > 1 && (self.recent.len() > events || self.recent_bytes > bytes) {
            self.drop_oldest();
        }
        if let Some(now) = self.recent.back().map(|newest| newest.at) {
            self.drop_overdue(now);
        }
    }

    /// Whether it has events that are older than the topic's retention allows.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        let too_old = |age, oldest: &Recent| now.saturating_duration_since(oldest.at) > age;
        let oldest = self.recent.front().filter(|_| self.recent.len() > 1);
        self.options.retention.age.zip(oldest).is_some_and(|(age, oldest)| too_old(age, oldest))
    }

    /// Drops them.
    ///
    /// Above a disk, what memory has forgotten before counts as events without a key, of which a snapshot owes each
    /// one. If they all had a key, a reader may be told of a gap although it misses nothing, which is better than a gap
    /// that nobody is told of.
    pub(super) fn drop_overdue(&mut self, now: Instant) {
        while self.is_overdue(now) {
            // Those that are on a disk only are older still, and nobody knows here which of them have a key.
            if self.floor > self.status.trimmed {
                self.trimmed_unkeyed = self.trimmed_unkeyed.max(self.floor);
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.recent.front() {
            self.status.trimmed = oldest.entry.seq;
            if !oldest.keyed {
                self.trimmed_unkeyed = oldest.entry.seq;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.recent.pop_front() {
            self.recent_bytes -= oldest.entry.frame.len();
            self.floor = oldest.entry.seq;
        }
    }

    /// Whether events are gone that a reader of `lane` at `after` had a claim to.
    pub(super) fn has_gap(&self, lane: &Lane, after: u64) -> bool {
        let known = after.max(lane.known_lost_through);
        // A snapshot owes the events without a key one by one, and of the others only the latest, which stay.
        let snapshot = after < lane.snapshot_through
            && self.options.replay == Replay::All
            && self.trimmed_unkeyed.max(self.lost.unkeyed) > known;
        snapshot || self.status().trimmed > known.max(lane.snapshot_through)
    }

    /// The runs of events after `after` that `lane` is made of. Each is in ascending order, and no event is in two.
    pub(super) fn runs(&self, lane: &Lane, after: u64) -> impl Iterator<Item = Run<'_>> {
        let Lane { snapshot_through, .. } = *lane;
        let (replay, is_new) = (self.options.replay, after < snapshot_through);
        let unkeyed = is_new && replay == Replay::All;
        let latest = is_new && replay != Replay::LiveOnly;
        let live = after.max(snapshot_through);
        [
            unkeyed.then(|| self.recent(after, snapshot_through, Keyed::LeftOut)),
            latest.then(|| self.latest(after, snapshot_through)),
            Some(self.recent(live, u64::MAX, Keyed::Included)),
            self.keyed_apart(live),
        ]
        .into_iter()
        .flatten()
    }

    /// Events with a key above `after` that are not in the log.
    fn keyed_apart(&self, after: u64) -> Option<Run<'_>> {
        let through = match self.options.superseded {
            // Dropped at once when another comes, so none of them is.
            Superseded::Drop => u64::MAX,
            Superseded::Keep => self.apart_through,
        };
        (through > after).then(|| self.latest(after, through))
    }

    /// The events of the log with numbers above `after`, up to `through`.
    fn recent(&self, after: u64, through: u64, keyed: Keyed) -> Run<'_> {
        // A reader that has kept up is told so by one comparison.
        if self.recent.back().is_none_or(|newest| newest.entry.seq <= after) {
            return Run::Recent { entries: vec_deque::Iter::default(), keyed };
        }
        let end_of = |seq| self.recent.partition_point(|recent| recent.entry.seq <= seq);
        Run::Recent { entries: self.recent.range(end_of(after)..end_of(through)), keyed }
    }

    fn latest(&self, after: u64, through: u64) -> Run<'_> {
        Run::Latest(self.latest.range((Bound::Excluded(after), Bound::Included(through))))
    }
}

/// Whether events with a key are read from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyed {
    Included,
    LeftOut,
}

/// Some of a topic's events, in ascending order.
#[derive(Clone, Debug)]
pub(super) enum Run<'a> {
    Recent {
        entries: vec_deque::Iter<'a, Recent>,
        keyed: Keyed,
    },
    Latest(btree_map::Range<'a, u64, Bytes>),
    /// Read from a disk for this one page.
    #[cfg(feature = "redb")]
    Stored(std::slice::Iter<'a, (u64, Bytes)>),
}

impl<'a> Iterator for Run<'a> {
    type Item = (u64, &'a Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Recent { entries, keyed } => {
                let all = *keyed == Keyed::Included;
                let recent = entries.find(|recent| all || !recent.keyed)?;
                Some((recent.entry.seq, &recent.entry.frame))
            }
            Self::Latest(entries) => entries.next().map(|(seq, frame)| (*seq, frame)),
            #[cfg(feature = "redb")]
            Self::Stored(entries) => entries.next().map(|(seq, frame)| (*seq, frame)),
        }
    }
}
