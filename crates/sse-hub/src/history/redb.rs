//! A durable history: a file of [redb](https://docs.rs/redb), the newest events in memory, and one thread that writes.
//! Feature `redb`, which is off by default.
//!
//! ```no_run
//! use sse_hub::history::redb::{RedbHistory, RedbOptions};
//! use sse_hub::{Hub, HubOptions};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let history = RedbHistory::open("data", RedbOptions::default())?;
//! let hub = Hub::with_history(HubOptions::default(), history);
//! let orders = hub.topic::<sse_events::Text>("orders")?;
//!
//! // On the disk when this returns. `publish` does not wait, and the event is shown when it is there.
//! let id = orders.publish_durably(&sse_events::Text("one espresso".into())).await?;
//!
//! // At the end of the program, so that the next one goes on where this one stopped.
//! hub.shutdown();
//! hub.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! At the levels [`Group`](Durability::Group) and [`Strict`](Durability::Strict), nobody sees an event, or an id by
//! way of a stream, that a crash could take back: readers get what is on the disk. An event that was acknowledged is
//! there after a crash, with all before it, and the event ids go on in the same epoch. A number that
//! [`Topic::publish`] returned for an event that a crash took back is not used again for another.
//!
//! At [`Async`](Durability::Async) an event is shown at once. After a crash the newest may be gone; the epoch then
//! changes, and clients are told by `sse.reset`. What is left is theirs again.
//!
//! | what happens | what is kept | who is told |
//! |---|---|---|
//! | the disk is full | nothing for now; events go to those who listen | [`Health::LiveOnly`], who waits for an acknowledgement |
//! | there is room again | everything that is in memory then, and all that comes | who reads across what memory has dropped until then, by `sse.gap`; who asks for an acknowledgement of it, by [`HistoryError::Lost`] |
//! | it ends while the disk is full | what was kept before | everybody: the next start begins another epoch, `sse.reset` |
//! | it starts while the disk is full | what was kept before; without any room nothing is begun, else it goes on as when the disk is full | [`OpenError::Io`], or [`Health::LiveOnly`] |
//! | a write or an `fsync` fails | nothing more, and nothing is taken, until somebody sees to it | [`Health::ReadOnly`], every publisher |
//! | publishers are faster than the disk | what was taken | [`HistoryError::Busy`] to the publisher |
//! | retention drops what a client has not read | the rest | `sse.gap` to the client |
//! | nobody opens a topic for [`RedbOptions::forget_after`], or, if that [is not enough](crate::Abandoned), uses it | nothing of it | who comes back when it is opened again: `sse.gap` |
//! | the file is damaged, in use, or of another version | nothing is begun | [`OpenError`] |
//!
//! What is in memory is as much of each topic as [`RedbOptions::ring_events`] and [`RedbOptions::ring_bytes`] allow, and
//! the latest event of each key. The file is looked for again [after a while](RedbOptions::room_interval), which costs a
//! reading of it as after a crash; events go on to those who listen meanwhile.
//!
//! Pages beyond the ring are read on the blocking threads of tokio: like subscriptions, they need its runtime.
//!
//! # Copies
//!
//! The first start of a version with a newer format rewrites the file, and an earlier version refuses it from then on:
//! make a copy before.
//!
//! Copy `history.redb`, and not `history.whole`, the marker beside it; do so while no process has the file open, or
//! take a snapshot of the whole disk. To put a copy back, stop the process, replace `history.redb`, and remove
//! `history.whole`, also one that came with the copy: then another epoch begins, and clients are told by `sse.reset`
//! that what they saw since then is gone. A marker that was left is not believed, unless the copy is one of the very
//! opening of the file that the marker is of. One that came with the copy is believed: it fits.
//!
//! [`Topic::publish`]: crate::Topic::publish

mod abandoned;
mod backend;
mod catch_up;
mod error;
mod intake;
mod load;
mod meter;
mod options;
mod progress;
mod recovery;
mod replay;
mod shared;
mod storage;
mod store;
mod tables;
#[cfg(test)]
mod tests;
mod trim;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use ::redb::Builder;
use sse_proto::Epoch;

use super::log::Log;
use super::{
    Health, History, HistoryCounts, HistoryError, Notifier, Page, Read, Record, Reply, Status, TopicId,
};
use crate::lock::lock;
use crate::options::TopicOptions;
use crate::topic_name::TopicName;
use backend::Watched;
pub use error::OpenError;
use load::LoadError;
use meter::Meter;
pub use options::{Durability, RedbOptions};
use shared::Shared;
use storage::{Files, Storage};
use store::Store;

/// A history in a file (feature `redb`). See [the module](self) for what it promises.
///
/// Dropping it closes it, which waits for the disk: [`Hub::close`](crate::Hub::close) does so without blocking, and
/// says whether it went well.
#[derive(Debug)]
pub struct RedbHistory {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl RedbHistory {
    /// The name of the file in the folder that [`Self::open`] is given.
    pub const FILE_NAME: &str = "history.redb";

    /// Opens the history in the folder `directory`, or begins one there. Waits for the disk; after a crash, at every
    /// level but [`Durability::Strict`], for as long as it takes to read the file.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(directory: impl AsRef<Path>, options: RedbOptions) -> Result<Self, OpenError> {
        let directory = directory.as_ref();
        Files::create_folder(directory).map_err(|error| OpenError::io(directory, &error))?;
        let path = directory.join(Self::FILE_NAME);
        Self::start(&path, options, Box::new(Files::of(&path)))
    }

    /// Opens what is in `storage`. The path is for messages.
    fn start(path: &Path, options: RedbOptions, storage: Box<dyn Storage>) -> Result<Self, OpenError> {
        let failed = |error: std::io::Error| OpenError::io(path, &error);
        let marker = storage.marker().map_err(failed)?;
        let meter = Arc::new(Meter::default());
        // A damaged file may meet an assertion of the database's before it meets a check.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let backend = Watched::new(storage.create()?, Arc::clone(&meter), marker.is_none());
            let database = Builder::new().set_cache_size(options.cache_bytes).create_with_backend(backend)?;
            let mut loaded = load::load(&database, marker)?;
            let in_flight = options.queue_events.max(1) as u64;
            load::begin(&database, &mut loaded, in_flight, options.forget_after)?;
            Ok((database, loaded))
        }));
        let (database, loaded) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(LoadError::Database(error))) => return Err(OpenError::of(path, error)),
            Ok(Err(LoadError::Damaged(reason))) => return Err(OpenError::damaged(path, reason)),
            Ok(Err(LoadError::Format(found))) => {
                let expected = tables::FORMAT;
                return Err(OpenError::Format { path: path.to_owned(), found, expected });
            }
            Err(_) => return Err(OpenError::damaged(path, "reading it failed an assertion")),
        };
        // The new epoch is on the disk by now. Only then may the file count as whole again.
        match options.durability {
            Durability::Async => storage.remove_marker().map_err(failed)?,
            Durability::Group | Durability::Strict => {
                storage.write_marker(loaded.opening).map_err(failed)?;
            }
        }

        let database = Arc::new(database);
        let rows = loaded.topics.iter().map(|(id, (row, _))| (*id, row.clone())).collect();
        let store = Store::new(Arc::clone(&database), &options, loaded.last_seq, rows);
        let shared = Arc::new(Shared::new(loaded, options, database, storage, meter));
        let writer = std::thread::Builder::new().name("sse-history".into()).spawn({
            let shared = Arc::clone(&shared);
            move || writer::run(&shared, store)
        });
        let writer = writer.map_err(|error| OpenError::io(path, &error))?;
        Ok(Self { shared, writer: Mutex::new(Some(writer)) })
    }
}

impl History for RedbHistory {
    fn epoch(&self) -> Epoch {
        self.shared.epoch
    }

    fn last_seq(&self) -> u64 {
        self.shared.logs().last_seq
    }

    fn open(
        &self,
        topic: &TopicName,
        options: &TopicOptions,
        notifier: Notifier,
    ) -> Result<TopicId, HistoryError> {
        self.shared.open(topic, options, notifier)
    }

    fn touch(&self, topic: TopicId) {
        self.shared.touch(topic);
    }

    fn topics(&self) -> Vec<TopicName> {
        let (intake, logs) = (self.shared.intake(), self.shared.logs());
        let last = |id| logs.log(id).map_or(0, |log| log.status().last);
        let mut topics: Vec<_> = intake.names.iter().map(|(name, id)| (last(*id), name)).collect();
        topics.sort_unstable();
        topics.into_iter().map(|(_, name)| name.clone()).collect()
    }

    fn forget(&self, topic: &TopicName) -> bool {
        self.shared.forget(topic)
    }

    fn remove(&self, topic: TopicId) {
        self.shared.remove(topic);
    }

    fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError> {
        self.shared.append(topic, record)
    }

    fn committed(&self, seq: u64) -> Reply<Result<(), HistoryError>> {
        match self.shared.shows_at_once() {
            // What is shown at once is acknowledged at once.
            true => Reply::Now(Ok(())),
            false => self.shared.progress.reaches(seq),
        }
    }

    fn end(&self, topic: TopicId) -> Result<(), HistoryError> {
        self.shared.end(topic)
    }

    fn status(&self, topic: TopicId) -> Result<Status, HistoryError> {
        self.shared.drop_overdue(topic)?;
        self.shared.logs().log(topic).map(Log::status)
    }

    fn read(&self, read: Read<'_>) -> Reply<Result<Page, HistoryError>> {
        replay::read(&self.shared, read)
    }

    fn health(&self) -> Health {
        self.shared.health()
    }

    fn notes(&self, topic: TopicId) -> Reply<Result<Vec<(u64, String)>, HistoryError>> {
        replay::notes(&self.shared, topic)
    }

    fn counts(&self) -> Option<HistoryCounts> {
        Some(self.shared.counts())
    }

    fn close(&self) -> Reply<Result<(), HistoryError>> {
        self.shared.close();
        self.shared.progress.ends()
    }
}

impl Drop for RedbHistory {
    fn drop(&mut self) {
        self.shared.close();
        let writer = lock(&self.writer).take();
        if let Some(writer) = writer {
            // Its panics are caught where they happen.
            let _ = writer.join();
        }
    }
}
