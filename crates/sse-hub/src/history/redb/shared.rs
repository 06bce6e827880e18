//! What publishers, readers and the writer share.

mod outage;
mod shown;
mod taken;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::redb::Database;
use sse_proto::Epoch;
use tokio::sync::Semaphore;

use super::intake::{Accepts, Intake, Op, Phase, Waiting};
use super::load::Loaded;
use super::meter::Meter;
use super::options::{Durability, RedbOptions};
use super::progress::{Progress, Stopped};
use super::storage::Storage;
use crate::history::logs::Logs;
use crate::history::{Health, HistoryCounts, HistoryError, Notifier};
use crate::lock::{self, lock};

/// Locks are taken in the order of the fields. None that a publisher takes is held while the disk is waited for, but
/// once: when it has failed.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) epoch: Epoch,
    /// What the marker of the file says.
    pub(super) opening: u64,
    pub(super) options: RedbOptions,
    intake: Mutex<Intake>,
    /// Wakes the writer.
    arrived: Condvar,
    /// For readers, who hold the lock while they read; `None` when there is nothing to read any more.
    database: RwLock<Option<Arc<Database>>>,
    /// What readers see: at `Async` what was appended, else what is on the disk.
    logs: RwLock<Logs>,
    pub(super) reads: Arc<Semaphore>,
    pub(super) progress: Progress,
    pub(super) storage: Box<dyn Storage>,
    pub(super) meter: Arc<Meter>,
}

impl Shared {
    pub(super) fn new(
        loaded: Loaded,
        options: RedbOptions,
        database: Arc<Database>,
        storage: Box<dyn Storage>,
        meter: Arc<Meter>,
    ) -> Self {
        let Loaded { epoch, opening, last_seq, next_topic, removed, topics, .. } = loaded;
        let limit = Waiting { events: options.queue_events.max(1), bytes: options.queue_bytes.max(1) };
        let mut intake = Intake::new(last_seq, next_topic, limit);
        let mut logs = Logs::starting_at(last_seq, removed);
        for (id, (row, log)) in topics {
            intake.names.insert(row.name, id);
            intake.topics.insert(id, Accepts::of(&log));
            logs.insert(id, log, Notifier::new(|| {}));
        }
        Self {
            epoch,
            opening,
            intake: Mutex::new(intake),
            arrived: Condvar::new(),
            logs: RwLock::new(logs),
            database: RwLock::new(Some(database)),
            reads: Arc::new(Semaphore::new(options.reads.max(1))),
            progress: Progress::new(last_seq),
            storage,
            meter,
            options,
        }
    }

    pub(super) fn intake(&self) -> MutexGuard<'_, Intake> {
        lock(&self.intake)
    }

    pub(super) fn logs(&self) -> RwLockReadGuard<'_, Logs> {
        lock::read(&self.logs)
    }

    fn logs_mut(&self) -> RwLockWriteGuard<'_, Logs> {
        lock::write(&self.logs)
    }

    pub(super) fn database(&self) -> RwLockReadGuard<'_, Option<Arc<Database>>> {
        lock::read(&self.database)
    }

    /// Waits for those who read.
    pub(super) fn forget_database(&self) {
        *lock::write(&self.database) = None;
    }

    pub(super) fn shows_at_once(&self) -> bool {
        self.options.durability == Durability::Async
    }

    pub(super) fn health(&self) -> Health {
        self.intake().phase.health()
    }

    /// Why there is no file to be read.
    pub(super) fn without_file(&self) -> HistoryError {
        match self.health() {
            Health::LiveOnly(reason) => HistoryError::LiveOnly(reason),
            Health::ReadOnly(reason) => HistoryError::ReadOnly(reason),
            Health::Whole => HistoryError::Closed,
        }
    }

    pub(super) fn counts(&self) -> HistoryCounts {
        let (waiting, waiting_for) = self.intake().waiting();
        HistoryCounts {
            waiting: waiting.events as u64,
            waiting_bytes: waiting.bytes as u64,
            waiting_for,
            ..self.meter.counts()
        }
    }

    /// Waits for something to write; `None` when nothing more comes.
    pub(super) fn next_batch(&self) -> Option<Vec<Op>> {
        let interval = if self.shows_at_once() { self.options.interval } else { std::time::Duration::ZERO };
        let mut intake = self.intake();
        loop {
            if intake.phase != Phase::Whole {
                return None;
            }
            intake = match intake.due(interval) {
                Some(std::time::Duration::ZERO) => return Some(intake.take()),
                Some(wait) => {
                    self.arrived.wait_timeout(intake, wait).unwrap_or_else(PoisonError::into_inner).0
                }
                None if intake.closing => return None,
                None => self.arrived.wait(intake).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        self.intake().closing = true;
        self.arrived.notify_one();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.intake().closing
    }

    pub(super) fn has_failed(&self) -> bool {
        self.intake().phase != Phase::Whole
    }

    /// The file was closed in order.
    pub(super) fn handle_closed(&self) {
        if self.shows_at_once()
            && let Err(error) = self.storage.write_marker(self.opening)
        {
            // The next start begins another epoch, though nothing is lost.
            return self.progress.stop(Stopped::Failed(HistoryError::Engine(error.to_string())));
        }
        self.progress.stop(Stopped::Closed);
    }
}
