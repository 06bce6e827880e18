//! A durable history: a file of [redb](https://docs.rs/redb), the newest events in memory, and one thread that writes.
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
//! | the disk is full | nothing more; events go to those who listen | [`Health::LiveOnly`], who waits for an acknowledgement; the next start begins another epoch |
//! | a write or an `fsync` fails | nothing more, and nothing is taken | [`Health::ReadOnly`], every publisher |
//! | publishers are faster than the disk | what was taken | [`HistoryError::Busy`] to the publisher |
//! | retention drops what a client has not read | the rest | `sse.gap` to the client |
//! | nobody opens a topic for [`RedbOptions::forget_after`] | nothing of it | who comes back when it is opened again: `sse.gap` |
//! | the file is damaged, or in use | nothing is begun | [`OpenError`] |
//!
//! Pages beyond the ring are read on the blocking threads of tokio: like subscriptions, they need its runtime.
//!
//! [`Topic::publish`]: crate::Topic::publish

mod error;
mod intake;
mod left;
mod load;
mod options;
mod progress;
mod replay;
mod seal;
mod shared;
mod store;
mod tables;
#[cfg(test)]
mod tests;
mod trim;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use ::redb::{Builder, Database, DatabaseError};
use sse_proto::Epoch;

use super::log::Log;
use super::{Health, History, HistoryError, News, Page, Read, Record, Reply, Status, TopicId};
use crate::options::TopicOptions;
use crate::topic_name::TopicName;
pub use error::OpenError;
use load::LoadError;
pub use options::{Durability, RedbOptions};
use seal::{Seal, SealFile};
use shared::Shared;
use store::Store;

/// A history in a file. See [the module](self) for what it promises.
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
        seal::create_folder(directory).map_err(|error| OpenError::io(directory, &error))?;
        let path = directory.join(Self::FILE_NAME);
        let seal = Box::new(SealFile::of(&path));
        Self::start(&path, options, seal, |builder| builder.create(&path))
    }

    /// Opens the database with `open`. The path is for messages.
    fn start(
        path: &Path,
        options: RedbOptions,
        seal: Box<dyn Seal>,
        open: impl FnOnce(&mut Builder) -> Result<Database, DatabaseError>,
    ) -> Result<Self, OpenError> {
        let of_seal = |error: std::io::Error| OpenError::io(path, &error);
        let whole = seal.is_whole().map_err(of_seal)?;
        // A damaged file may meet an assertion of the database's before it meets a check.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let mut builder = Builder::new();
            let database = open(builder.set_cache_size(options.cache_bytes))?;
            let mut loaded = load::load(&database, whole)?;
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
            Durability::Async => seal.take_away().map_err(of_seal)?,
            Durability::Group | Durability::Strict => seal.set().map_err(of_seal)?,
        }

        let (database, durability) = (Arc::new(database), options.durability);
        let rows = loaded.topics.iter().map(|(id, (row, _))| (*id, row.clone())).collect();
        let store = Store::new(Arc::clone(&database), durability, loaded.last_seq, rows);
        let shared = Arc::new(Shared::new(loaded, options, database, seal));
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

    fn open(&self, topic: &TopicName, options: &TopicOptions, news: News) -> Result<TopicId, HistoryError> {
        self.shared.open(topic, options, news)
    }

    fn topics(&self) -> Vec<TopicName> {
        self.shared.intake().names.keys().cloned().collect()
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
        self.shared.logs().log(topic).map(Log::status)
    }

    fn read(&self, read: Read<'_>) -> Reply<Result<Page, HistoryError>> {
        replay::read(&self.shared, read)
    }

    fn health(&self) -> Health {
        self.shared.intake().health.clone()
    }

    fn close(&self) -> Reply<Result<(), HistoryError>> {
        self.shared.close();
        self.shared.progress.ends()
    }
}

impl Drop for RedbHistory {
    fn drop(&mut self) {
        self.shared.close();
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // Its panics are caught where they happen.
            let _ = writer.join();
        }
    }
}
