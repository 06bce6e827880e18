//! What memory holds and the file does not, after a time in which the disk was full.

use std::collections::BTreeMap;

use ::redb::Error;
use bytes::Bytes;
use tokio::time::Instant;

use super::intake::Accepts;
use super::trim::{Row, Tables};
use crate::history::TopicId;
use crate::history::log::{Log, Trimmed};
use crate::options::Superseded;
use crate::topic_name::TopicName;

/// Everything that the file needs so that nothing which anybody has seen is missing there without a trace.
#[derive(Debug)]
pub(super) struct CatchUp {
    /// All topics that there are; others are to be removed.
    pub(super) topics: BTreeMap<TopicId, Missing>,
    pub(super) notes: Vec<(TopicId, u64, Box<str>)>,
    pub(super) last_seq: u64,
    pub(super) next_topic: u64,
    pub(super) removed: u64,
}

/// What the file does not have of a topic.
#[derive(Debug)]
pub(super) struct Missing {
    /// As the file has the topic, but for what was lost and whether it has ended.
    row: Row,
    last: u64,
    /// The highest number that is neither in the file nor in memory.
    lost_through: u64,
    pub(super) is_abandoned: bool,
    events: Vec<Event>,
    latest: Vec<(Box<str>, u64, Bytes)>,
}

#[derive(Debug)]
struct Event {
    seq: u64,
    is_keyed: bool,
    at: Instant,
    body: Bytes,
}

impl CatchUp {
    /// The numbers that were lost, and the numbers among them that were not; `None` if nothing was lost. `stored` is the
    /// highest number in the file.
    pub(super) fn lost(&self, stored: u64) -> Option<Lost> {
        let lost = self.topics.values().map(|missing| missing.lost_through).max();
        let through = lost.filter(|through| *through > stored)?;
        let kept = self.topics.values().flat_map(Missing::kept);
        let mut kept: Vec<_> = kept.filter(|seq| *seq <= through).collect();
        kept.sort_unstable();
        Some(Lost { above: stored, through, kept })
    }
}

impl Missing {
    /// Compares memory with the row in the file, if there is one.
    pub(super) fn of(log: &Log, name: &TopicName, row: Option<&Row>, accepts: &Accepts) -> Self {
        let stored = row.map_or(0, |row| row.last);
        let missing = log.missing_above(stored);
        let mut row = match row {
            Some(row) => {
                let through = row.lost.through.max(missing.through);
                let unkeyed = row.lost.unkeyed.max(missing.unkeyed);
                Row { lost: Trimmed { through, unkeyed }, ..row.clone() }
            }
            // Nothing of it is there, so nothing is behind a hole.
            None => Row::new(name.clone(), log.trimmed()),
        };
        row.options = accepts.options.clone();
        row.ended = log.status().ended;
        let events = log.held_above(stored).map(|held| Event {
            seq: held.seq,
            is_keyed: held.is_keyed,
            at: held.at,
            body: body(held.frame),
        });
        let latest = log.latest_above(stored).map(|(key, seq, frame)| (key.into(), seq, body(frame)));
        Self {
            last: log.status().last,
            lost_through: missing.through,
            is_abandoned: accepts.is_abandoned(),
            events: events.collect(),
            latest: latest.collect(),
            row,
        }
    }

    /// The numbers of the events that are about to be written.
    pub(super) fn kept(&self) -> impl Iterator<Item = u64> {
        // Where superseded events stay, the latest of a key that is not in the log as well is gone with the next one.
        let drops = self.row.options.as_ref().is_some_and(|options| options.superseded == Superseded::Drop);
        let latest = self.latest.iter().filter(move |_| drops).map(|(_, seq, _)| *seq);
        self.events.iter().map(|event| event.seq).chain(latest)
    }

    /// What the topic has trimmed and lost.
    pub(super) fn left_out(&self) -> (Trimmed, Trimmed) {
        (self.row.trimmed, self.row.lost)
    }

    /// Writes it, and returns the topic as the file has it then. `now` is the same moment by both clocks.
    pub(super) fn write(
        &self,
        topic: TopicId,
        (now_ms, now): (u64, Instant),
        tables: &mut Tables<'_>,
    ) -> Result<Row, Error> {
        let mut row = self.row.clone();
        for Event { seq, is_keyed, at, body } in &self.events {
            let ago = u64::try_from(now.duration_since(*at).as_millis()).unwrap_or(u64::MAX);
            tables.put((topic, &mut row), *seq, *is_keyed, (now_ms.saturating_sub(ago), body))?;
        }
        for (key, seq, body) in &self.latest {
            tables.put_latest(topic, key, *seq, body)?;
        }
        row.last = self.last;
        tables.put_row(topic, &row)?;
        Ok(row)
    }
}

/// An event without its `id` line.
fn body(frame: &Bytes) -> Bytes {
    let id_line = frame.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    frame.slice(id_line..)
}

/// Numbers whose events were lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    above: u64,
    through: u64,
    /// Those between that were not, in ascending order.
    kept: Vec<u64>,
}

impl Lost {
    /// All numbers above the one, up to the other.
    #[cfg(test)]
    pub(super) fn between(above: u64, through: u64) -> Self {
        Self { above, through, kept: Vec::new() }
    }

    pub(super) fn contains(&self, seq: u64) -> bool {
        (self.above + 1..=self.through).contains(&seq) && self.kept.binary_search(&seq).is_err()
    }

    /// Whether it goes as far as `before` at both ends.
    pub(super) fn covers(&self, before: &Self) -> bool {
        self.above <= before.above && self.through >= before.through
    }

    pub(super) fn reaches_beyond(&self, seq: u64) -> bool {
        self.through > seq
    }

    /// Takes what was lost before with it, and all between: a few too many are better than one too few.
    pub(super) fn absorb(&mut self, before: &Self) {
        self.above = before.above;
    }
}
