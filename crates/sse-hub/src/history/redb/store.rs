//! The file, as the writer uses it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use ::redb::{Database, Error, WriteTransaction};
use tokio::time::Instant;

use super::catch_up::CatchUp;
use super::intake::{Append, Op};
use super::options::{Durability, RedbOptions};
use super::tables::{META, meta};
use super::trim::{Row, Tables};
use crate::history::TopicId;
use crate::history::log::Trimmed;
use crate::options::{Abandoned, Superseded};

/// Writes batches. There is one of it, so what it remembers of the topics is what the file says.
#[derive(Debug)]
pub(super) struct Store {
    database: Arc<Database>,
    durability: Durability,
    /// The most notes of each topic.
    notes: u64,
    topics: BTreeMap<TopicId, Row>,
    last_seq: u64,
}

/// A batch that is written, but not committed.
#[must_use = "a batch that is not committed is not on the disk"]
pub(super) struct Written {
    transaction: WriteTransaction,
    last_seq: u64,
    /// The topics that drop events with this commit. Readers are told before it, or they would miss them in silence.
    pub(super) trimmed: Vec<(TopicId, Trimmed)>,
}

impl Store {
    pub(super) fn new(
        database: Arc<Database>,
        options: &RedbOptions,
        last_seq: u64,
        topics: BTreeMap<TopicId, Row>,
    ) -> Self {
        Self { database, durability: options.durability, notes: options.notes as u64, topics, last_seq }
    }

    pub(super) fn topics(&self) -> &BTreeMap<TopicId, Row> {
        &self.topics
    }

    fn begin(&self) -> Result<WriteTransaction, Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_two_phase_commit(self.durability == Durability::Strict);
        transaction.set_quick_repair(self.durability == Durability::Strict);
        Ok(transaction)
    }

    /// Writes a batch. After an error this store is of no more use.
    pub(super) fn write(&mut self, batch: &[Op]) -> Result<Written, Error> {
        let transaction = self.begin()?;
        let now = now_ms();
        // What readers could have read before this batch; only of that is anything dropped.
        let through = self.last_seq;
        let mut touched = BTreeSet::new();
        let mut trimmed = Vec::new();
        {
            let mut tables = Tables::open(&transaction)?;
            for op in batch {
                touched.extend(self.apply(op, now, &mut tables)?);
            }
            for topic in touched {
                let Some(row) = self.topics.get_mut(&topic) else { continue };
                let before = row.trimmed;
                tables.trim(topic, row, through, now, batch.len())?;
                if row.trimmed != before {
                    trimmed.push((topic, row.trimmed));
                }
                tables.trim_notes(topic, row, self.notes)?;
                tables.put_row(topic, row)?;
            }
            tables.meta.insert(meta::LAST_SEQ, self.last_seq)?;
        }
        Ok(Written { transaction, last_seq: self.last_seq, trimmed })
    }

    /// Writes one of a batch. Returns its topic if something may have to be dropped for it.
    fn apply(&mut self, op: &Op, now: u64, tables: &mut Tables<'_>) -> Result<Option<TopicId>, Error> {
        match op {
            Op::Open { topic, name, options, trimmed } => {
                let row = match self.topics.entry(*topic) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(vacant) => {
                        tables.meta.insert(meta::NEXT_TOPIC, topic.0 + 1)?;
                        let trimmed = Trimmed { through: *trimmed, unkeyed: *trimmed };
                        vacant.insert(Row::new(name.clone(), trimmed))
                    }
                };
                row.options = Some(options.clone());
                if options.abandoned == Abandoned::Unopened {
                    tables.strike_off(*topic)?;
                }
                Ok(Some(*topic))
            }
            Op::Touch { topic } => tables.strike_off(*topic).map(|()| None),
            Op::Append(append) => {
                self.last_seq = append.seq;
                if let Some(row) = self.topics.get_mut(&append.topic) {
                    append.write(row, now, tables)?;
                }
                Ok(Some(append.topic))
            }
            Op::End { topic } => {
                if let Some(row) = self.topics.get_mut(topic) {
                    row.ended = true;
                }
                Ok(Some(*topic))
            }
            Op::Remove { topic, removed } => {
                self.topics.remove(topic);
                tables.clear(*topic)?;
                tables.meta.insert(meta::REMOVED, *removed)?;
                Ok(None)
            }
        }
    }

    /// Writes what memory holds and the file does not. After an error this store is of no more use.
    pub(super) fn catch_up(&mut self, catch_up: &CatchUp) -> Result<Written, Error> {
        let transaction = self.begin()?;
        {
            let mut tables = Tables::open(&transaction)?;
            let removed = self.topics.keys().filter(|topic| !catch_up.topics.contains_key(topic));
            for topic in removed.copied().collect::<Vec<_>>() {
                self.topics.remove(&topic);
                tables.clear(topic)?;
            }
            let now = (now_ms(), Instant::now());
            for (topic, missing) in &catch_up.topics {
                let row = missing.write(*topic, now, &mut tables)?;
                if !missing.is_abandoned {
                    tables.strike_off(*topic)?;
                }
                if row.lost != Trimmed::default() {
                    tables.put_lost(*topic, row.lost)?;
                }
                self.topics.insert(*topic, row);
            }
            for (topic, seq, note) in &catch_up.notes {
                if let Some(row) = self.topics.get_mut(topic) {
                    tables.put_note((*topic, row), *seq, note)?;
                }
            }
            for (topic, row) in &mut self.topics {
                tables.trim_notes(*topic, row, self.notes)?;
            }
            for (name, number) in [
                (meta::LAST_SEQ, catch_up.last_seq),
                (meta::NEXT_TOPIC, catch_up.next_topic),
                (meta::REMOVED, catch_up.removed),
            ] {
                tables.meta.insert(name, number)?;
            }
        }
        self.last_seq = catch_up.last_seq;
        Ok(Written { transaction, last_seq: self.last_seq, trimmed: Vec::new() })
    }

    /// Says in the file that nothing is missing in it, and closes it.
    pub(super) fn close(self) -> Result<(), Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_two_phase_commit(true);
        transaction.open_table(META)?.insert(meta::IN_FLIGHT, 0)?;
        transaction.commit()?;
        // Readers were waited for: this is the last of it.
        if let Some(database) = Arc::into_inner(self.database) {
            database.close()?;
        }
        Ok(())
    }
}

impl Written {
    /// Commits, and returns the highest number that is on the disk.
    pub(super) fn commit(self) -> Result<u64, Error> {
        self.transaction.commit()?;
        Ok(self.last_seq)
    }
}

impl Append {
    fn write(&self, row: &mut Row, now: u64, tables: &mut Tables<'_>) -> Result<(), Error> {
        let Self { topic, seq, key, body, note, .. } = self;
        row.last = *seq;
        if let Some(note) = note {
            tables.put_note((*topic, row), *seq, note)?;
        }
        if let Some(key) = key {
            tables.put_latest(*topic, key, *seq, body)?;
            if row.options.as_ref().is_some_and(|options| options.superseded == Superseded::Drop) {
                return Ok(());
            }
        }
        tables.put((*topic, row), *seq, key.is_some(), (now, body))
    }
}

/// Milliseconds since 1970, by the clock that outlives a restart.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
