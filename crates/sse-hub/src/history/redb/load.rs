//! Opens the file: what it holds, whether it was closed, and what that means for the numbering.

use std::collections::BTreeMap;
use std::time::Duration;

use ::redb::{Database, Error, ReadTransaction, ReadableDatabase, ReadableTable, TableError};
use sse_proto::{Cursor, Epoch};

use super::abandoned;
use super::store;
use super::tables::{self, FORMAT, FORMER, KEYED, LATEST, LOST, META, NOTES, TOPICS, meta};
use super::trim::Row;
use crate::entropy;
use crate::history::log::Log;
use crate::history::log::Trimmed;
use crate::history::{Record, TopicId};
use crate::topic_name::TopicName;

/// What the file holds.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) epoch: Epoch,
    /// What the marker says by which the file counts as whole, if it does.
    marker: Option<u64>,
    /// Under which number the file is open, as of [`begin`].
    pub(super) opening: u64,
    /// The highest number in the file.
    pub(super) stored_seq: u64,
    /// The highest number that may have been used.
    pub(super) last_seq: u64,
    pub(super) next_topic: u64,
    pub(super) removed: u64,
    pub(super) topics: BTreeMap<TopicId, (Row, Log)>,
}

/// Why a file is not loaded.
#[derive(Debug)]
pub(super) enum LoadError {
    Database(Error),
    Format(u64),
    Damaged(String),
}

impl<E: Into<Error>> From<E> for LoadError {
    fn from(error: E) -> Self {
        Self::Database(error.into())
    }
}

/// Loads what was kept, or an empty history.
///
/// If `marker` is not of this file's last opening, events may have been seen that it does not hold: its numbering is at
/// an end, and another epoch begins.
pub(super) fn load(database: &Database, marker: Option<u64>) -> Result<Loaded, LoadError> {
    let transaction = database.begin_read()?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => {
            return Ok(Loaded {
                epoch: entropy::epoch(),
                marker: None,
                opening: 0,
                stored_seq: 0,
                last_seq: 0,
                next_topic: 0,
                removed: 0,
                topics: BTreeMap::new(),
            });
        }
        Err(error) => return Err(error.into()),
    };
    let number = |name: &str| -> Result<u64, LoadError> {
        let number = meta.get(name)?.map(|number| number.value());
        number.ok_or_else(|| LoadError::Damaged(format!("it does not say its {name}")))
    };
    let format = number(meta::FORMAT)?;
    if !(FORMER..=FORMAT).contains(&format) {
        return Err(LoadError::Format(format));
    }
    let mut openings = Vec::new();
    for name in [meta::OPENING, meta::FORMER_OPENING] {
        openings.push(meta.get(name)?.map_or(0, |opening| opening.value()));
    }
    let marker = marker.filter(|marker| openings.contains(marker));
    let epoch = if marker.is_some() { Epoch::new(number(meta::EPOCH)?) } else { entropy::epoch() };
    // Numbers that somebody may hold of events which a crash took back are not used again for others.
    let stored_seq = number(meta::LAST_SEQ)?;
    let last_seq = stored_seq + number(meta::IN_FLIGHT)?;
    let topics = read_topics(&transaction, format, epoch)?;
    let (next_topic, removed) = (number(meta::NEXT_TOPIC)?, number(meta::REMOVED)?);
    Ok(Loaded { epoch, marker, opening: openings[0], stored_seq, last_seq, next_topic, removed, topics })
}

/// The topics, each with a log that has the latest event of each key and leaves the rest to the disk.
fn read_topics(
    transaction: &ReadTransaction,
    format: u64,
    epoch: Epoch,
) -> Result<BTreeMap<TopicId, (Row, Log)>, LoadError> {
    let (mut lost, mut notes) = match format {
        FORMER => Default::default(),
        _ => (read_lost(transaction)?, count_notes(transaction)?),
    };
    let mut topics = BTreeMap::new();
    for row in transaction.open_table(TOPICS)?.iter()? {
        let (id, row) = row?;
        let (name, last, through, unkeyed, ended, events, bytes) = row.value();
        let name = TopicName::new(name).map_err(|error| LoadError::Damaged(error.to_string()))?;
        let trimmed = Trimmed { through, unkeyed };
        let lost = lost.remove(&id.value()).unwrap_or_default();
        let notes = notes.remove(&id.value()).unwrap_or_default();
        let log = Log::stored(last, trimmed, lost, ended);
        let row = Row { last, ended, events, bytes, lost, notes, ..Row::new(name, trimmed) };
        topics.insert(TopicId(id.value()), (row, log));
    }
    let keyed = transaction.open_table(KEYED)?;
    for latest in transaction.open_table(LATEST)?.iter()? {
        let (key, latest) = latest?;
        let ((topic, key), (seq, body)) = (key.value(), latest.value());
        let frame = Record { key: None, body, note: None }.frame(Cursor { epoch, seq });
        match topics.get_mut(&TopicId(topic)) {
            Some((row, log)) => {
                let is_apart = seq > row.trimmed.through && keyed.get((topic, seq))?.is_none();
                log.restore(key, seq, frame, is_apart);
            }
            None => {
                return Err(LoadError::Damaged(format!("an event is of topic {topic}, which is not there")));
            }
        }
    }
    Ok(topics)
}

fn read_lost(transaction: &ReadTransaction) -> Result<BTreeMap<u64, Trimmed>, Error> {
    let mut lost = BTreeMap::new();
    for row in transaction.open_table(LOST)?.iter()? {
        let (topic, row) = row?;
        let (through, unkeyed) = row.value();
        lost.insert(topic.value(), Trimmed { through, unkeyed });
    }
    Ok(lost)
}

fn count_notes(transaction: &ReadTransaction) -> Result<BTreeMap<u64, u64>, Error> {
    let mut counts = BTreeMap::new();
    for note in transaction.open_table(NOTES)?.iter()? {
        let (key, _) = note?;
        *counts.entry(key.value().0).or_default() += 1;
    }
    Ok(counts)
}

/// Says in the file that it is open, and under which number and epoch. Forgets the topics that nobody has opened for
/// `forget_after`.
pub(super) fn begin(
    database: &Database,
    loaded: &mut Loaded,
    in_flight: u64,
    forget_after: Option<Duration>,
) -> Result<(), Error> {
    // Zero is what files have that were never given one.
    loaded.opening = entropy::random().max(1);
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    // A crash before the first batch need not cost a reading of the whole file.
    transaction.set_quick_repair(true);
    tables::create(&transaction)?;
    abandoned::sweep(&transaction, loaded, forget_after, store::now_ms())?;
    {
        let mut table = transaction.open_table(META)?;
        for (name, number) in [
            (meta::FORMAT, FORMAT),
            (meta::EPOCH, loaded.epoch.value()),
            (meta::OPENING, loaded.opening),
            (meta::FORMER_OPENING, loaded.marker.unwrap_or(loaded.opening)),
            (meta::LAST_SEQ, loaded.last_seq),
            (meta::NEXT_TOPIC, loaded.next_topic),
            (meta::REMOVED, loaded.removed),
            (meta::IN_FLIGHT, in_flight),
        ] {
            table.insert(name, number)?;
        }
    }
    transaction.commit()?;
    Ok(())
}
