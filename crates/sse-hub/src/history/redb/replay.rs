//! Reads pages: from memory, or else from the disk.

use std::sync::{Arc, Weak};

use ::redb::{Database, Error, ReadOnlyTable, ReadableDatabase};
use bytes::Bytes;
use sse_proto::Cursor;
use tokio::task::JoinSet;

use super::error::Trouble;
use super::shared::Shared;
use super::tables::{KEYED, NOTES, UNKEYED};
use crate::history::log::Keyed;
use crate::history::{HistoryError, Lane, Page, Read, Record, Reply, TopicId};

/// What a reader wants next, apart from the reader.
#[derive(Debug)]
struct Wanted {
    lanes: Vec<Lane>,
    after: u64,
    max_events: usize,
    max_bytes: usize,
}

impl Wanted {
    fn read(&self) -> Read<'_> {
        let Self { lanes, after, max_events, max_bytes } = self;
        Read { lanes, after: *after, max_events: *max_events, max_bytes: *max_bytes }
    }
}

pub(super) fn read(shared: &Arc<Shared>, read: Read<'_>) -> Reply<Result<Page, HistoryError>> {
    {
        let logs = shared.logs();
        match logs.holds(read) {
            Ok(true) => return Reply::Now(logs.read(read)),
            Ok(false) => {}
            Err(error) => return Reply::Now(Err(error)),
        }
    }
    let shared = Arc::clone(shared);
    let Read { lanes, after, max_events, max_bytes } = read;
    let wanted = Wanted { lanes: lanes.to_vec(), after, max_events, max_bytes };
    Reply::Later(Box::pin(async move {
        // A task of its own: who waits for the page may be busy, or leave, and must not hold a turn meanwhile.
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            // A crowd that comes back at once takes turns, instead of taking all threads.
            let turn = Arc::clone(&shared.reads).acquire_owned().await;
            let read = move || {
                let _turn = turn;
                read_stored(&shared, &wanted)
            };
            tokio::task::spawn_blocking(read).await
        });
        match reading.join_next().await {
            Some(Ok(Ok(page))) => page,
            _ => Err(HistoryError::Engine("reading failed an assertion".into())),
        }
    }))
}

/// A page from the disk, complete up to what was there when it began. The next one may come from memory again.
fn read_stored(shared: &Shared, wanted: &Wanted) -> Result<Page, HistoryError> {
    let (stored, through) = {
        let database = shared.database();
        // In this order: whatever the disk drops after this look, the logs say so before it happens.
        let through = shared.progress.durable();
        match &*database {
            Some(database) => {
                let stored = read_ranges(shared, wanted, database, through);
                (stored.map_err(|error| Unreadable::new(database, error)), through)
            }
            None => return read_memory(shared, wanted.read()),
        }
    };
    match stored {
        Ok(stored) => shared.logs().read_stored(wanted.read(), &stored, through),
        Err(unreadable) => Err(unreadable.tell(shared)),
    }
}

/// A file that failed to be read.
#[derive(Debug)]
struct Unreadable {
    /// Which one: another may be open by the time this is told.
    database: Weak<Database>,
    error: Error,
}

impl Unreadable {
    fn new(database: &Arc<Database>, error: Error) -> Self {
        Self { database: Arc::downgrade(database), error }
    }

    /// To be called while the database is not locked.
    fn tell(self, shared: &Shared) -> HistoryError {
        let Self { database, error } = self;
        // This is the database's answer to everything once something has failed. Whoever met the failure itself tells
        // of it. That may be the writer on a full disk, which passes; told from here, it would be taken for final.
        if !matches!(error, Error::PreviousIo) {
            // A read needs no room: whatever it is, nothing of the file can be relied on.
            let (Trouble::Passing(reason) | Trouble::Final(reason)) = Trouble::of(&error, &shared.meter);
            shared.handle_unreadable(&database, reason);
        }
        HistoryError::Engine(error.to_string())
    }
}

/// A page of what is left without a file. After a failure that is all there is. After a closing it is not, and who
/// asks for more finds it when the file is opened again.
fn read_memory(shared: &Shared, read: Read<'_>) -> Result<Page, HistoryError> {
    let logs = shared.logs();
    match logs.holds(read)? {
        true => logs.read(read),
        false => Err(HistoryError::Closed),
    }
}

/// The runs of events that the lanes want, each in ascending order.
fn read_ranges(
    shared: &Shared,
    wanted: &Wanted,
    database: &Database,
    through: u64,
) -> Result<Vec<Vec<(u64, Bytes)>>, Error> {
    let mut ranges = Vec::new();
    {
        let logs = shared.logs();
        for lane in &wanted.lanes {
            // A topic that was removed is found missing when the page is made.
            let Ok(log) = logs.log(lane.topic) else { continue };
            let of_lane = log.wanted(lane, wanted.after);
            ranges.extend(of_lane.map(|(after, to, keyed)| (lane.topic, after, to.min(through), keyed)));
        }
    }
    let transaction = database.begin_read()?;
    let (unkeyed, keyed) = (transaction.open_table(UNKEYED)?, transaction.open_table(KEYED)?);
    let mut stored = Vec::new();
    for (topic, after, to, with_keyed) in ranges.into_iter().filter(|(_, after, to, _)| after < to) {
        stored.push(range(shared, wanted, &unkeyed, topic, (after, to))?);
        if with_keyed == Keyed::Included {
            stored.push(range(shared, wanted, &keyed, topic, (after, to))?);
        }
    }
    Ok(stored)
}

/// The events above `after` up to `to`, no more of them than fit a page and one more: a page made of them is full
/// before they are used up, or they are all there are.
fn range(
    shared: &Shared,
    wanted: &Wanted,
    table: &ReadOnlyTable<(u64, u64), (u64, &'static [u8])>,
    topic: TopicId,
    (after, to): (u64, u64),
) -> Result<Vec<(u64, Bytes)>, Error> {
    let (mut entries, mut bytes) = (Vec::new(), 0_usize);
    for entry in table.range((topic.0, after + 1)..=(topic.0, to))? {
        let (key, value) = entry?;
        let (_, seq) = key.value();
        let (_, body) = value.value();
        let frame = Record { key: None, body, note: None }.frame(Cursor { epoch: shared.epoch, seq });
        bytes += frame.len();
        entries.push((seq, frame));
        // The first comes however large it is. Alone, it would look like all there is.
        if entries.len() > wanted.max_events || bytes > wanted.max_bytes && entries.len() > 1 {
            break;
        }
    }
    Ok(entries)
}

/// The notes of a topic, from the disk.
pub(super) fn notes(shared: &Arc<Shared>, topic: TopicId) -> Reply<Result<Vec<(u64, String)>, HistoryError>> {
    let shared = Arc::clone(shared);
    Reply::Later(Box::pin(async move {
        let read = tokio::task::spawn_blocking(move || {
            let read = {
                let database = shared.database();
                database
                    .as_ref()
                    .map(|file| read_notes(file, topic).map_err(|error| Unreadable::new(file, error)))
            };
            match read {
                Some(read) => read.map_err(|unreadable| unreadable.tell(&shared)),
                None => Err(shared.without_file()),
            }
        });
        read.await.unwrap_or_else(|_| Err(HistoryError::Engine("reading failed an assertion".into())))
    }))
}

fn read_notes(database: &Database, topic: TopicId) -> Result<Vec<(u64, String)>, Error> {
    let notes = database.begin_read()?.open_table(NOTES)?;
    let of_topic = notes.range((topic.0, 0)..=(topic.0, u64::MAX))?;
    of_topic
        .map(|entry| entry.map(|(key, note)| (key.value().1, note.value().to_owned())))
        .map(|note| Ok(note?))
        .collect()
}
