//! What is kept of one topic in memory.

use std::collections::{BTreeMap, HashMap, VecDeque, btree_map, vec_deque};
use std::ops::Bound;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Entry, HistoryError, Source, Status};
use crate::options::{Replay, Superseded, TopicOptions};

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
        }
    }

    pub(super) fn status(&self) -> Status {
        self.status
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

    pub(super) fn append(&mut self, entry: Entry, key: Option<&str>) {
        self.status.last = entry.seq;
        if let Some(key) = key {
            match self.keys.get_mut(key) {
                Some(seq) => {
                    self.latest.remove(seq);
                    *seq = entry.seq;
                }
                None => {
                    self.keys.insert(key.into(), entry.seq);
                }
            }
            self.latest.insert(entry.seq, entry.frame.clone());
            if self.options.superseded == Superseded::Drop {
                return;
            }
        }
        self.recent_bytes += entry.frame.len();
        let now = Instant::now();
        self.recent.push_back(Recent { entry, keyed: key.is_some(), at: now });
        self.trim(now);
    }

    fn trim(&mut self, now: Instant) {
        let retention = &self.options.retention;
        // The newest stays whatever the bounds say: live subscribers have not read it yet.
        while self.recent.len() > 1
            && let Some(oldest) = self.recent.front()
            && (self.recent.len() > retention.events
                || self.recent_bytes > retention.bytes
                || retention.age.is_some_and(|age| now.duration_since(oldest.at) > age))
        {
            self.status.trimmed = oldest.entry.seq;
            if !oldest.keyed {
                self.trimmed_unkeyed = oldest.entry.seq;
            }
            self.recent_bytes -= oldest.entry.frame.len();
            self.recent.pop_front();
        }
    }

    /// The highest number among the events that are gone and that `source` would have held.
    pub(super) fn trimmed(&self, source: Source) -> u64 {
        match (source, self.options.replay) {
            (Source::Log, _) => self.status.trimmed,
            (Source::Snapshot, Replay::All) => self.trimmed_unkeyed,
            (Source::Snapshot, Replay::Latest | Replay::LiveOnly) => 0,
        }
    }

    /// The runs of events after `after` that make up `source`. Each is in ascending order, and no event is in two.
    pub(super) fn runs(&self, source: Source, after: u64) -> [Run<'_>; 2] {
        let drops_superseded = self.options.superseded == Superseded::Drop;
        let nothing = Run::Recent { entries: vec_deque::Iter::default(), unkeyed_only: false };
        match (source, self.options.replay) {
            (Source::Log, _) if drops_superseded => [self.recent(after, false), self.latest(after)],
            (Source::Log, _) => [self.recent(after, false), nothing],
            (Source::Snapshot, Replay::All) => [self.recent(after, true), self.latest(after)],
            (Source::Snapshot, Replay::Latest) => [self.latest(after), nothing],
            (Source::Snapshot, Replay::LiveOnly) => [nothing.clone(), nothing],
        }
    }

    fn recent(&self, after: u64, unkeyed_only: bool) -> Run<'_> {
        // A reader that has kept up is told so by one comparison.
        let start = match self.recent.back() {
            Some(newest) if newest.entry.seq > after => {
                self.recent.partition_point(|recent| recent.entry.seq <= after)
            }
            _ => self.recent.len(),
        };
        Run::Recent { entries: self.recent.range(start..), unkeyed_only }
    }

    fn latest(&self, after: u64) -> Run<'_> {
        Run::Latest(self.latest.range((Bound::Excluded(after), Bound::Unbounded)))
    }
}

/// Some of a topic's events, in ascending order.
#[derive(Clone, Debug)]
pub(super) enum Run<'a> {
    Recent { entries: vec_deque::Iter<'a, Recent>, unkeyed_only: bool },
    Latest(btree_map::Range<'a, u64, Bytes>),
}

impl<'a> Iterator for Run<'a> {
    type Item = (u64, &'a Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Recent { entries, unkeyed_only } => {
                let unkeyed_only = *unkeyed_only;
                let recent = entries.find(|recent| !(unkeyed_only && recent.keyed))?;
                Some((recent.entry.seq, &recent.entry.frame))
            }
            Self::Latest(entries) => entries.next().map(|(seq, frame)| (*seq, frame)),
        }
    }
}
