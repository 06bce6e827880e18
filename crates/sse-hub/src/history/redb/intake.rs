//! What was published and is not on the disk yet: numbered, in order, and bounded.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::history::{Health, HistoryError, TopicId};
use crate::options::{Abandoned, TopicOptions};
use crate::topic_name::TopicName;

/// Something for the writer to write.
#[derive(Debug)]
pub(super) enum Op {
    Open { topic: TopicId, name: TopicName, options: TopicOptions, trimmed: u64 },
    Touch { topic: TopicId },
    Append(Append),
    End { topic: TopicId },
    Remove { topic: TopicId, removed: u64 },
}

/// An event for the writer to write.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) topic: TopicId,
    pub(super) seq: u64,
    pub(super) key: Option<Box<str>>,
    /// With its `id` line, as readers get it.
    pub(super) frame: Bytes,
    /// The part of `frame` without it, as the disk gets it: the epoch in that line may change.
    pub(super) body: Bytes,
    pub(super) note: Option<Box<str>>,
}

pub(super) fn appends(ops: &[Op]) -> impl Iterator<Item = &Append> {
    ops.iter().filter_map(|op| if let Op::Append(append) = op { Some(append) } else { None })
}

/// What a topic still takes, counting what is not written yet.
#[derive(Debug)]
pub(super) struct Accepts {
    pub(super) last: u64,
    pub(super) ended: bool,
    pub(super) keys: HashSet<Box<str>>,
    /// Of a topic that somebody has opened.
    pub(super) options: Option<TopicOptions>,
    /// Whether it was touched since it was opened.
    pub(super) touched: bool,
}

impl Accepts {
    /// Whether nobody has opened it, or opening it is not enough and nobody has touched it.
    pub(super) fn is_abandoned(&self) -> bool {
        !self.touched && self.options.as_ref().is_none_or(|options| options.abandoned == Abandoned::Unused)
    }

    fn key_limit(&self) -> usize {
        self.options.as_ref().map_or(usize::MAX, |options| options.retention.keys)
    }
}

/// What becomes of events, and why not all is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// They go to the disk.
    Whole,
    /// They go to those who listen.
    LiveOnly(String),
    /// They go to the disk again. What is missing there is being written.
    CatchingUp(String),
    /// None are taken.
    ReadOnly(String),
}

impl Phase {
    pub(super) fn health(&self) -> Health {
        match self {
            Self::Whole => Health::Whole,
            // Nothing is promised before it is seen to work.
            Self::LiveOnly(reason) | Self::CatchingUp(reason) => Health::LiveOnly(reason.clone()),
            Self::ReadOnly(reason) => Health::ReadOnly(reason.clone()),
        }
    }
}

/// The one place where events are numbered.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) last_seq: u64,
    pub(super) next_topic: u64,
    pub(super) names: HashMap<TopicName, TopicId>,
    pub(super) topics: BTreeMap<TopicId, Accepts>,
    pub(super) phase: Phase,
    pub(super) closing: bool,
    queue: Vec<Op>,
    /// When the oldest of the queue came.
    since: Option<Instant>,
    /// When the oldest of what is being written came.
    writing_since: Option<Instant>,
    /// Of events that are not on the disk, until they are, or until there are too many. For each, topic and number.
    notes: VecDeque<(TopicId, u64, Box<str>)>,
    /// What is in the queue or being written.
    waiting: Waiting,
    limit: Waiting,
}

/// A number of events, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

impl Intake {
    pub(super) fn new(last_seq: u64, next_topic: u64, limit: Waiting) -> Self {
        Self {
            last_seq,
            next_topic,
            names: HashMap::new(),
            topics: BTreeMap::new(),
            phase: Phase::Whole,
            closing: false,
            queue: Vec::new(),
            since: None,
            writing_since: None,
            notes: VecDeque::new(),
            waiting: Waiting::default(),
            limit,
        }
    }

    /// Whether anything new is taken at all, and whether it goes to the disk.
    pub(super) fn is_open(&self) -> Result<Keeps, HistoryError> {
        match &self.phase {
            Phase::ReadOnly(reason) => Err(HistoryError::ReadOnly(reason.clone())),
            _ if self.closing => Err(HistoryError::Closed),
            Phase::LiveOnly(_) => Ok(Keeps::Nothing),
            Phase::Whole | Phase::CatchingUp(_) => Ok(Keeps::All),
        }
    }

    /// Whether there is room for one more to wait.
    pub(super) fn has_room(&self) -> Result<(), HistoryError> {
        match self.waiting.events >= self.limit.events || self.waiting.bytes >= self.limit.bytes {
            true => Err(HistoryError::Busy { limit: self.limit.events }),
            false => Ok(()),
        }
    }

    /// Whether an event with `key` can be taken. Asked before a number is used.
    pub(super) fn admits(&self, topic: TopicId, key: Option<&str>) -> Result<Keeps, HistoryError> {
        let keeps = self.is_open()?;
        let accepts = self.topics.get(&topic).ok_or(HistoryError::Removed)?;
        if accepts.ended {
            return Err(HistoryError::Ended);
        }
        if let Some(key) = key
            && accepts.keys.len() >= accepts.key_limit()
            && !accepts.keys.contains(key)
        {
            return Err(HistoryError::TooManyKeys { limit: accepts.key_limit() });
        }
        if keeps == Keeps::All {
            self.has_room()?;
        }
        Ok(keeps)
    }

    /// Uses the next number for an event that was admitted.
    pub(super) fn number(&mut self, topic: TopicId, key: Option<&str>) -> u64 {
        self.last_seq += 1;
        if let Some(accepts) = self.topics.get_mut(&topic) {
            accepts.last = self.last_seq;
            if let Some(key) = key
                && !accepts.keys.contains(key)
            {
                accepts.keys.insert(key.into());
            }
        }
        self.last_seq
    }

    pub(super) fn push(&mut self, op: Op) {
        self.waiting.events += 1;
        if let Op::Append(append) = &op {
            self.waiting.bytes += append.frame.len();
        }
        self.since.get_or_insert_with(Instant::now);
        self.queue.push(op);
    }

    /// Whether the writer should begin, or how long it should wait for more. `None`: until something comes.
    pub(super) fn due(&self, interval: Duration) -> Option<Duration> {
        let since = self.since?;
        // An interval is there to save commits, not to fill the queue.
        let soon = self.closing || self.waiting.events >= self.limit.events / 2;
        Some(if soon { Duration::ZERO } else { interval.saturating_sub(since.elapsed()) })
    }

    /// Everything that waits. It counts as waiting until it is [`Self::settle`]d.
    pub(super) fn take(&mut self) -> Vec<Op> {
        self.writing_since = self.since.take();
        std::mem::take(&mut self.queue)
    }

    /// These do not wait any more.
    pub(super) fn settle(&mut self, ops: &[Op]) {
        self.writing_since = None;
        self.waiting.events -= ops.len();
        self.waiting.bytes -= appends(ops).map(|append| append.frame.len()).sum::<usize>();
    }

    /// Remembers the note of an event that is not on the disk.
    pub(super) fn hold_note(&mut self, append: &Append) {
        let Some(note) = &append.note else { return };
        if self.notes.len() >= self.limit.events {
            self.notes.pop_front();
        }
        self.notes.push_back((append.topic, append.seq, note.clone()));
    }

    /// The notes of events that are not on the disk, as it is now.
    pub(super) fn held_notes(&self) -> impl Iterator<Item = &(TopicId, u64, Box<str>)> {
        self.notes.iter()
    }

    /// They are on the disk.
    pub(super) fn forget_notes(&mut self) {
        self.notes = VecDeque::new();
    }

    /// What waits, and for how long the oldest of it has done so.
    pub(super) fn waiting(&self) -> (Waiting, Duration) {
        let since = self.writing_since.or(self.since);
        (self.waiting, since.map_or(Duration::ZERO, |since| since.elapsed()))
    }
}

/// What becomes of what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// It goes to the disk.
    All,
    /// It goes to those who listen.
    Nothing,
}
