//! The file, as the writer uses it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use ::redb::{Database, Error, WriteTransaction};

use super::intake::{Append, Op};
use super::left;
use super::options::Durability;
use super::tables::{KEYED, LATEST, META, TOPICS, UNKEYED, meta};
use super::trim::{Row, Shelves};
use crate::history::TopicId;
use crate::history::log::Trimmed;
use crate::options::Superseded;

/// Writes batches. There is one of it, so what it remembers of the topics is what the file says.
#[derive(Debug)]
pub(super) struct Store {
    database: Arc<Database>,
    durability: Durability,
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
        durability: Durability,
        last_seq: u64,
        topics: BTreeMap<TopicId, Row>,
    ) -> Self {
        Self { database, durability, topics, last_seq }
    }

    /// Writes a batch. After an error this store is of no more use.
    pub(super) fn write(&mut self, batch: &[Op]) -> Result<Written, Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_two_phase_commit(self.durability == Durability::Strict);
        transaction.set_quick_repair(self.durability == Durability::Strict);
        let now = now_ms();
        // What readers could have read before this batch; only of that is anything dropped.
        let through = self.last_seq;
        let mut touched = BTreeSet::new();
        let mut trimmed = Vec::new();
        {
            let mut meta = transaction.open_table(META)?;
            let mut rows = transaction.open_table(TOPICS)?;
            let mut latest = transaction.open_table(LATEST)?;
            let mut shelves = Shelves::open(&transaction, [UNKEYED, KEYED])?;
            for op in batch {
                match op {
                    Op::Open { topic, name, options, trimmed } => {
                        let row = match self.topics.entry(*topic) {
                            Entry::Occupied(known) => known.into_mut(),
                            Entry::Vacant(vacant) => {
                                meta.insert(meta::NEXT_TOPIC, topic.0 + 1)?;
                                vacant.insert(Row::new(name.clone(), *trimmed))
                            }
                        };
                        row.options = Some(options.clone());
                        left::strike_off(&transaction, *topic)?;
                        touched.insert(*topic);
                    }
                    Op::Append(append) => {
                        self.last_seq = append.seq;
                        if let Some(row) = self.topics.get_mut(&append.topic) {
                            append.write(row, now, &mut shelves, &mut latest)?;
                            touched.insert(append.topic);
                        }
                    }
                    Op::End { topic } => {
                        if let Some(row) = self.topics.get_mut(topic) {
                            row.ended = true;
                            touched.insert(*topic);
                        }
                    }
                    Op::Remove { topic, removed } => {
                        self.topics.remove(topic);
                        touched.remove(topic);
                        shelves.clear(*topic)?;
                        latest.retain_in((topic.0, "")..(topic.0 + 1, ""), |_, _| false)?;
                        rows.remove(topic.0)?;
                        left::strike_off(&transaction, *topic)?;
                        meta.insert(meta::REMOVED, *removed)?;
                    }
                }
            }
            for topic in touched {
                let Some(row) = self.topics.get_mut(&topic) else { continue };
                let before = row.trimmed;
                shelves.trim(topic, row, through, now, batch.len())?;
                if row.trimmed != before {
                    trimmed.push((topic, row.trimmed));
                }
                let Trimmed { through, unkeyed } = row.trimmed;
                let name = row.name.as_str();
                rows.insert(topic.0, (name, row.last, through, unkeyed, row.ended, row.events, row.bytes))?;
            }
            meta.insert(meta::LAST_SEQ, self.last_seq)?;
        }
        Ok(Written { transaction, last_seq: self.last_seq, trimmed })
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
    fn write(
        &self,
        row: &mut Row,
        now: u64,
        shelves: &mut Shelves<'_>,
        latest: &mut ::redb::Table<'_, (u64, &'static str), (u64, &'static [u8])>,
    ) -> Result<(), Error> {
        let Self { topic, seq, key, body, .. } = self;
        row.last = *seq;
        if let Some(key) = key {
            latest.insert((topic.0, &**key), (*seq, &**body))?;
            if row.options.as_ref().is_some_and(|options| options.superseded == Superseded::Drop) {
                return Ok(());
            }
        }
        let shelf = if key.is_some() { &mut shelves.keyed } else { &mut shelves.unkeyed };
        shelf.insert((topic.0, *seq), (now, &**body))?;
        row.events += 1;
        row.bytes += body.len() as u64;
        Ok(())
    }
}

/// Milliseconds since 1970, by the clock that outlives a restart.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
