//! What is in the file.

use ::redb::{TableDefinition, WriteTransaction};

/// The format of the tables below.
pub(super) const FORMAT: u64 = 2;

/// The format before, which can be read too: it lacks [`LOST`] and [`NOTES`].
pub(super) const FORMER: u64 = 1;

/// Single numbers, by name.
pub(super) const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");

/// A topic: its name, last number, trimmed (all, without a key), whether it has ended, its events and their bytes.
pub(super) type TopicRow = (&'static str, u64, u64, u64, bool, u64, u64);

/// Each topic, by its number.
pub(super) const TOPICS: TableDefinition<'static, u64, TopicRow> = TableDefinition::new("topics");

/// Topic and number, then milliseconds since 1970 and the encoded event without its `id` line.
pub(super) type Events = TableDefinition<'static, (u64, u64), (u64, &'static [u8])>;

/// The log of each topic: its events without a key. Apart from those with one, so that a snapshot, which wants only
/// these, does not step over the others.
pub(super) const UNKEYED: Events = TableDefinition::new("events");

/// The log of each topic: its events with a key.
pub(super) const KEYED: Events = TableDefinition::new("keyed_events");

/// Topic and key, then the number and the body of the latest event.
pub(super) const LATEST: TableDefinition<'static, (u64, &str), (u64, &[u8])> = TableDefinition::new("latest");

/// Topics that no process has opened, or used, since a start, by their number: when that start was, in milliseconds
/// since 1970. The file has them as `left`.
pub(super) const ABANDONED: TableDefinition<'static, u64, u64> = TableDefinition::new("left");

/// Each topic that has lost events while the disk was full: up to which number, of all and of those without a key.
/// Older ones may be there.
pub(super) const LOST: TableDefinition<'static, u64, (u64, u64)> = TableDefinition::new("lost");

/// Topic and number, then the note of the event. Notes are trimmed by themselves.
pub(super) const NOTES: TableDefinition<'static, (u64, u64), &str> = TableDefinition::new("notes");

/// The names in [`META`].
pub(super) mod meta {
    pub(in super::super) const FORMAT: &str = "format";
    pub(in super::super) const EPOCH: &str = "epoch";
    pub(in super::super) const LAST_SEQ: &str = "last_seq";
    pub(in super::super) const NEXT_TOPIC: &str = "next_topic";
    pub(in super::super) const REMOVED: &str = "removed";
    /// Drawn anew each time that the file is opened, for the marker beside it. Absent in files of earlier versions.
    pub(in super::super) const OPENING: &str = "opening";
    /// What the marker says until it is written for this opening, if the file was whole before.
    pub(in super::super) const FORMER_OPENING: &str = "former_opening";
    /// How many events were handed a number, at most, that are not in the file if it was not closed. Zero if it was.
    pub(in super::super) const IN_FLIGHT: &str = "in_flight";
}

/// Makes every table, so that readers find them.
pub(super) fn create(transaction: &WriteTransaction) -> Result<(), ::redb::Error> {
    transaction.open_table(META)?;
    transaction.open_table(TOPICS)?;
    transaction.open_table(UNKEYED)?;
    transaction.open_table(KEYED)?;
    transaction.open_table(LATEST)?;
    transaction.open_table(ABANDONED)?;
    transaction.open_table(LOST)?;
    transaction.open_table(NOTES)?;
    Ok(())
}
