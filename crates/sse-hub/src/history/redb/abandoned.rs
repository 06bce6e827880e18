//! Topics that an earlier process left, and nobody has opened since, or used.

use std::time::Duration;

use ::redb::{Error, ReadableTable, WriteTransaction};

use super::load::Loaded;
use super::trim::Tables;

/// The beginning of 2020, in milliseconds since 1970. An earlier time is that of a machine whose clock was not set.
const EARLIEST: u64 = 1_577_836_800_000;

/// Notes of each topic since when it is abandoned, and forgets those that are for longer than `forget_after`.
///
/// Whether a process had a topic open when it ended is not known after a crash. So the time runs from the first start at
/// which it was found, and opening it is what stops the time, or using it. At that start nothing is forgotten for it:
/// however long no process ran, whoever opens the topic now finds it.
pub(super) fn sweep(
    transaction: &WriteTransaction,
    loaded: &mut Loaded,
    forget_after: Option<Duration>,
    now: u64,
) -> Result<(), Error> {
    let mut tables = Tables::open(transaction)?;
    let is_due =
        |since| forget_after.is_some_and(|after| u128::from(now.saturating_sub(since)) >= after.as_millis());
    let mut forgotten = Vec::new();
    for topic in loaded.topics.keys() {
        let since =
            tables.abandoned.get(topic.0)?.map(|since| since.value()).filter(|since| *since >= EARLIEST);
        // None is abandoned before its newest event was written: where the table says so, the clock was wrong at that
        // start. Unless it is the event that was written while the clock ran ahead.
        let is_sound = |since| tables.newest(*topic).map(|newest| newest <= since || newest > now);
        match since {
            Some(since) if !is_due(since) => {}
            Some(since) if is_sound(since)? => forgotten.push(*topic),
            _ => {
                tables.abandoned.insert(topic.0, now)?;
            }
        }
    }
    for topic in forgotten {
        let Some((row, _)) = loaded.topics.remove(&topic) else { continue };
        // Whoever comes back to a topic of the name is told that what it had is gone.
        loaded.removed = loaded.removed.max(row.last);
        tables.clear(topic)?;
    }
    Ok(())
}
