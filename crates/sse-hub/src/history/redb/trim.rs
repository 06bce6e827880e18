//! What the disk keeps of a topic, and what it drops.

use ::redb::{Error, ReadableTable, Table};

use super::tables::Events;
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
    /// Of a topic that somebody has opened.
    pub(super) options: Option<TopicOptions>,
}

impl Row {
    /// A new topic, of which the events up to `trimmed` count as dropped.
    pub(super) fn new(name: TopicName, trimmed: u64) -> Self {
        let trimmed = Trimmed { through: trimmed, unkeyed: trimmed };
        Self { name, last: trimmed.through, trimmed, ended: false, events: 0, bytes: 0, options: None }
    }
}

/// The log of a topic in a transaction.
pub(super) struct Shelves<'t> {
    pub(super) unkeyed: Table<'t, (u64, u64), (u64, &'static [u8])>,
    pub(super) keyed: Table<'t, (u64, u64), (u64, &'static [u8])>,
}

impl<'t> Shelves<'t> {
    pub(super) fn open(
        transaction: &'t ::redb::WriteTransaction,
        [unkeyed, keyed]: [Events; 2],
    ) -> Result<Self, Error> {
        Ok(Self { unkeyed: transaction.open_table(unkeyed)?, keyed: transaction.open_table(keyed)? })
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
        self.drop_all((topic.0, 0)..=(topic.0, u64::MAX))
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
