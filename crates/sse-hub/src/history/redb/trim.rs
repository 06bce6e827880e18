//! What the disk keeps of a topic, and what it drops.

use ::redb::{Error, ReadableTable, Table, WriteTransaction};

use super::tables::{ABANDONED, KEYED, LATEST, LOST, META, NOTES, TOPICS, TopicRow, UNKEYED};
use crate::history::TopicId;
use crate::history::log::Trimmed;
use crate::options::{Retention, TopicOptions};
use crate::topic_name::TopicName;

/// The most events that one commit drops beyond what it adds, so that a retention that was made smaller does not hold up
/// publishers.
const MOST: u64 = 8_192;

/// A topic as the writer knows it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: TopicName,
    pub(super) last: u64,
    pub(super) trimmed: Trimmed,
    pub(super) ended: bool,
    /// How many events are in its log, and how many bytes.
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// What never came to the disk.
    pub(super) lost: Trimmed,
    /// How many notes there are.
    pub(super) notes: u64,
    /// Of a topic that somebody has opened.
    pub(super) options: Option<TopicOptions>,
}

impl Row {
    /// A new topic, of which the events up to `trimmed` count as dropped.
    pub(super) fn new(name: TopicName, trimmed: Trimmed) -> Self {
        Self {
            name,
            last: trimmed.through,
            trimmed,
            ended: false,
            events: 0,
            bytes: 0,
            lost: Trimmed::default(),
            notes: 0,
            options: None,
        }
    }
}

/// The tables, in a transaction.
pub(super) struct Tables<'t> {
    unkeyed: Table<'t, (u64, u64), (u64, &'static [u8])>,
    keyed: Table<'t, (u64, u64), (u64, &'static [u8])>,
    latest: Table<'t, (u64, &'static str), (u64, &'static [u8])>,
    notes: Table<'t, (u64, u64), &'static str>,
    rows: Table<'t, u64, TopicRow>,
    lost: Table<'t, u64, (u64, u64)>,
    pub(super) abandoned: Table<'t, u64, u64>,
    pub(super) meta: Table<'t, &'static str, u64>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Error> {
        Ok(Self {
            unkeyed: transaction.open_table(UNKEYED)?,
            keyed: transaction.open_table(KEYED)?,
            latest: transaction.open_table(LATEST)?,
            notes: transaction.open_table(NOTES)?,
            rows: transaction.open_table(TOPICS)?,
            lost: transaction.open_table(LOST)?,
            abandoned: transaction.open_table(ABANDONED)?,
            meta: transaction.open_table(META)?,
        })
    }

    /// Adds an event to the log of a topic. `at` is in milliseconds since 1970.
    pub(super) fn put(
        &mut self,
        (topic, row): (TopicId, &mut Row),
        seq: u64,
        is_keyed: bool,
        (at, body): (u64, &[u8]),
    ) -> Result<(), Error> {
        let table = if is_keyed { &mut self.keyed } else { &mut self.unkeyed };
        table.insert((topic.0, seq), (at, body))?;
        row.events += 1;
        row.bytes += body.len() as u64;
        Ok(())
    }

    /// Makes an event the latest of its key.
    pub(super) fn put_latest(
        &mut self,
        topic: TopicId,
        key: &str,
        seq: u64,
        body: &[u8],
    ) -> Result<(), Error> {
        self.latest.insert((topic.0, key), (seq, body))?;
        Ok(())
    }

    pub(super) fn put_note(
        &mut self,
        (topic, row): (TopicId, &mut Row),
        seq: u64,
        note: &str,
    ) -> Result<(), Error> {
        self.notes.insert((topic.0, seq), note)?;
        row.notes += 1;
        Ok(())
    }

    pub(super) fn put_row(&mut self, topic: TopicId, row: &Row) -> Result<(), Error> {
        let Row { last, trimmed: Trimmed { through, unkeyed }, ended, events, bytes, .. } = *row;
        self.rows.insert(topic.0, (row.name.as_str(), last, through, unkeyed, ended, events, bytes))?;
        Ok(())
    }

    pub(super) fn put_lost(&mut self, topic: TopicId, lost: Trimmed) -> Result<(), Error> {
        self.lost.insert(topic.0, (lost.through, lost.unkeyed))?;
        Ok(())
    }

    /// The topic is not abandoned any more: somebody has opened it, or uses it.
    pub(super) fn strike_off(&mut self, topic: TopicId) -> Result<(), Error> {
        self.abandoned.remove(topic.0)?;
        Ok(())
    }

    /// When the newest event in the log of a topic was written, in milliseconds since 1970; 0 if there is none.
    pub(super) fn newest(&self, topic: TopicId) -> Result<u64, Error> {
        let all = (topic.0, 0)..=(topic.0, u64::MAX);
        let mut newest = 0;
        for table in [&self.unkeyed, &self.keyed] {
            if let Some(last) = table.range(all.clone())?.next_back() {
                newest = newest.max(last?.1.value().0);
            }
        }
        Ok(newest)
    }

    /// Drops the oldest notes of a topic beyond the newest `most`.
    pub(super) fn trim_notes(&mut self, topic: TopicId, row: &mut Row, most: u64) -> Result<(), Error> {
        let Some(before_last) = row.notes.checked_sub(most + 1) else { return Ok(()) };
        let all = (topic.0, 0)..=(topic.0, u64::MAX);
        let before_last = usize::try_from(before_last).unwrap_or(usize::MAX);
        let last = self.notes.range(all)?.nth(before_last).transpose()?.map(|(key, _)| key.value());
        if let Some(last) = last {
            self.notes.retain_in((topic.0, 0)..=last, |_, _| false)?;
            row.notes = most;
        }
        Ok(())
    }

    /// Drops the oldest events that exceed the topic's retention. The newest stays, and so do those above `through`,
    /// which nobody can have read yet.
    pub(super) fn trim(
        &mut self,
        topic: TopicId,
        row: &mut Row,
        through: u64,
        now: u64,
        added: usize,
    ) -> Result<(), Error> {
        let Some(Retention { events, bytes, age, .. }) =
            row.options.as_ref().map(|options| &options.retention)
        else {
            return Ok(());
        };
        let (most_events, most_bytes) = (*events as u64, *bytes as u64);
        let oldest_at = age.map(|age| now.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)));
        let range = (topic.0, row.trimmed.through + 1)..=(topic.0, through);
        let (mut unkeyed, mut keyed) = (self.unkeyed.range(range.clone())?, self.keyed.range(range)?);
        let (mut next_unkeyed, mut next_keyed) = (next(&mut unkeyed)?, next(&mut keyed)?);

        let before = row.trimmed;
        for _ in 0..MOST + added as u64 {
            let is_unkeyed = match (&next_unkeyed, &next_keyed) {
                (Some(unkeyed), Some(keyed)) => unkeyed.seq < keyed.seq,
                (unkeyed, _) => unkeyed.is_some(),
            };
            let Some(oldest) = (if is_unkeyed { &next_unkeyed } else { &next_keyed }) else { break };
            let exceeds = row.events > most_events
                || row.bytes > most_bytes
                || oldest_at.is_some_and(|oldest_at| oldest.at < oldest_at);
            if row.events <= 1 || !exceeds {
                break;
            }
            row.events -= 1;
            row.bytes = row.bytes.saturating_sub(oldest.bytes);
            row.trimmed.through = oldest.seq;
            if is_unkeyed {
                row.trimmed.unkeyed = oldest.seq;
                next_unkeyed = next(&mut unkeyed)?;
            } else {
                next_keyed = next(&mut keyed)?;
            }
        }
        drop((unkeyed, keyed));
        if row.trimmed != before {
            let gone = (topic.0, before.through + 1)..=(topic.0, row.trimmed.through);
            self.drop_all(gone)?;
        }
        Ok(())
    }

    /// Drops all that there is of a topic.
    pub(super) fn clear(&mut self, topic: TopicId) -> Result<(), Error> {
        let all = (topic.0, 0)..=(topic.0, u64::MAX);
        self.latest.retain_in((topic.0, "")..(topic.0 + 1, ""), |_, _| false)?;
        self.notes.retain_in(all.clone(), |_, _| false)?;
        self.rows.remove(topic.0)?;
        self.lost.remove(topic.0)?;
        self.strike_off(topic)?;
        self.drop_all(all)
    }

    fn drop_all(&mut self, range: std::ops::RangeInclusive<(u64, u64)>) -> Result<(), Error> {
        self.unkeyed.retain_in(range.clone(), |_, _| false)?;
        self.keyed.retain_in(range, |_, _| false)?;
        Ok(())
    }
}

/// What decides whether an event is dropped.
struct Oldest {
    seq: u64,
    at: u64,
    bytes: u64,
}

fn next(
    range: &mut ::redb::Range<'_, (u64, u64), (u64, &'static [u8])>,
) -> Result<Option<Oldest>, ::redb::StorageError> {
    let Some(entry) = range.next() else { return Ok(None) };
    let (key, value) = entry?;
    let (at, body) = value.value();
    Ok(Some(Oldest { seq: key.value().1, at, bytes: body.len() as u64 }))
}
