//! What publishers, readers and the writer share.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::redb::Database;
use sse_proto::{Cursor, Epoch};
use tokio::sync::Semaphore;

use super::intake::{Accepts, Append, Intake, Keeps, Op, Waiting};
use super::load::Loaded;
use super::options::{Durability, RedbOptions};
use super::progress::{Progress, Stopped};
use super::seal::Seal;
use crate::history::log::Log;
use crate::history::log::Trimmed;
use crate::history::logs::Logs;
use crate::history::{Entry, Health, HistoryError, News, Record, TopicId};
use crate::options::TopicOptions;
use crate::topic_name::TopicName;

/// Locks are taken in the order of the fields. None that a publisher takes is held while the disk is waited for, but
/// once: when it has failed.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) epoch: Epoch,
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
    seal: Box<dyn Seal>,
}

impl Shared {
    pub(super) fn new(
        loaded: Loaded,
        options: RedbOptions,
        database: Arc<Database>,
        seal: Box<dyn Seal>,
    ) -> Self {
        let Loaded { epoch, last_seq, next_topic, removed, topics } = loaded;
        let limit = Waiting { events: options.queue_events.max(1), bytes: options.queue_bytes.max(1) };
        let mut intake = Intake::new(last_seq, next_topic, limit);
        let mut logs = Logs::starting_at(last_seq, removed);
        for (id, (row, log)) in topics {
            intake.names.insert(row.name, id);
            intake.topics.insert(id, Accepts::of(&log));
            logs.insert(id, log, News::new(|| {}));
        }
        Self {
            epoch,
            intake: Mutex::new(intake),
            arrived: Condvar::new(),
            logs: RwLock::new(logs),
            database: RwLock::new(Some(database)),
            reads: Arc::new(Semaphore::new(options.reads.max(1))),
            progress: Progress::new(last_seq),
            seal,
            options,
        }
    }

    // No code that holds one of the locks can panic half way through a change, so a poisoned one is still consistent.
    pub(super) fn intake(&self) -> MutexGuard<'_, Intake> {
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn logs(&self) -> RwLockReadGuard<'_, Logs> {
        self.logs.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn logs_mut(&self) -> RwLockWriteGuard<'_, Logs> {
        self.logs.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn database(&self) -> RwLockReadGuard<'_, Option<Arc<Database>>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for those who read.
    fn forget_database(&self) {
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn shows_at_once(&self) -> bool {
        self.options.durability == Durability::Async
    }

    pub(super) fn open(
        &self,
        name: &TopicName,
        options: &TopicOptions,
        news: News,
    ) -> Result<TopicId, HistoryError> {
        let mut intake = self.intake();
        let known = intake.names.get(name).copied();
        let keeps = match (intake.is_open(), known) {
            (Ok(Keeps::All), _) => {
                intake.has_room()?;
                Keeps::All
            }
            // What is there can still be read.
            (Err(HistoryError::ReadOnly(_)), Some(_)) => Keeps::Nothing,
            (keeps, _) => keeps?,
        };
        let key_limit = options.retention.keys;
        let mut logs = self.logs_mut();
        let (topic, trimmed) = match known {
            Some(topic) => {
                logs.reopen(topic, options.clone(), news);
                if let Some(accepts) = intake.topics.get_mut(&topic) {
                    accepts.key_limit = key_limit;
                }
                (topic, 0)
            }
            None => {
                let topic = TopicId(intake.next_topic);
                intake.next_topic += 1;
                intake.names.insert(name.clone(), topic);
                let log = Log::new(options.clone(), logs.removed);
                intake.topics.insert(topic, Accepts { key_limit, ..Accepts::of(&log) });
                logs.insert(topic, log, news);
                (topic, logs.removed)
            }
        };
        if keeps == Keeps::All {
            self.push(&mut intake, Op::Open { topic, name: name.clone(), options: options.clone(), trimmed });
        } else {
            self.bound(&mut logs);
        }
        Ok(topic)
    }

    pub(super) fn remove(&self, topic: TopicId) {
        let mut intake = self.intake();
        let Some(accepts) = intake.topics.remove(&topic) else { return };
        intake.names.retain(|_, named| *named != topic);
        let removed = {
            let mut logs = self.logs_mut();
            logs.remove(topic);
            // Also those that nobody has seen yet, and now nobody will.
            logs.removed = logs.removed.max(accepts.last);
            logs.removed
        };
        if intake.is_open() == Ok(Keeps::All) {
            self.push(&mut intake, Op::Remove { topic, removed });
        }
    }

    /// Removes a topic by its name, if the file can be told.
    pub(super) fn forget(&self, name: &TopicName) -> bool {
        let known = {
            let intake = self.intake();
            intake.names.get(name).copied().filter(|_| intake.is_open() == Ok(Keeps::All))
        };
        known.inspect(|topic| self.remove(*topic)).is_some()
    }

    pub(super) fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError> {
        let mut intake = self.intake();
        let keeps = intake.admits(topic, record.key)?;
        let seq = intake.number(topic, record.key);
        let frame = record.frame(Cursor { epoch: self.epoch, seq });
        let body = frame.slice(frame.len() - record.body.len()..);
        let append = Append { topic, seq, key: record.key.map(Into::into), frame, body };
        let mut news = None;
        if self.shows_at_once() || keeps == Keeps::Nothing {
            // Under the lock of the intake, so that events become visible in the order of their numbers.
            let shown = match keeps {
                Keeps::All => Shown::OnDisk { through: self.progress.durable() },
                Keeps::Nothing => Shown::InMemoryOnly,
            };
            news = self.show(&mut self.logs_mut(), &append, shown);
        }
        if keeps == Keeps::All {
            self.push(&mut intake, Op::Append(append));
        }
        drop(intake);
        if let Some(news) = news {
            news.tell();
        }
        Ok(seq)
    }

    pub(super) fn end(&self, topic: TopicId) -> Result<(), HistoryError> {
        let mut intake = self.intake();
        let keeps = intake.is_open()?;
        let accepts = intake.topics.get_mut(&topic).ok_or(HistoryError::Removed)?;
        if std::mem::replace(&mut accepts.ended, true) {
            return Ok(());
        }
        let mut news = None;
        if self.shows_at_once() || keeps == Keeps::Nothing {
            news = show_end(&mut self.logs_mut(), topic);
        }
        if keeps == Keeps::All {
            self.push(&mut intake, Op::End { topic });
        }
        drop(intake);
        if let Some(news) = news {
            news.tell();
        }
        Ok(())
    }

    fn push(&self, intake: &mut Intake, op: Op) {
        intake.push(op);
        self.arrived.notify_one();
    }

    /// Makes an event visible. Returns whom to tell, if the topic is still there.
    fn show(&self, logs: &mut Logs, append: &Append, shown: Shown) -> Option<News> {
        logs.last_seq = logs.last_seq.max(append.seq);
        let (log, news) = logs.log_mut(append.topic).ok()?;
        log.append(Entry { seq: append.seq, frame: append.frame.clone() }, append.key.as_deref());
        match shown {
            Shown::OnDisk { through } => {
                log.evict(self.options.ring_events, self.options.ring_bytes, through);
            }
            Shown::InMemoryOnly => log.trim(),
        }
        Some(news.clone())
    }

    pub(super) fn has_failed(&self) -> bool {
        self.intake().health != Health::Whole
    }

    /// Waits for something to write; `None` when nothing more comes.
    pub(super) fn next_batch(&self) -> Option<Vec<Op>> {
        let interval = if self.shows_at_once() { self.options.interval } else { std::time::Duration::ZERO };
        let mut intake = self.intake();
        loop {
            if intake.health != Health::Whole {
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

    /// The disk is about to drop these.
    pub(super) fn handle_trimmed(&self, trimmed: &[(TopicId, Trimmed)]) {
        if trimmed.is_empty() {
            return;
        }
        let mut logs = self.logs_mut();
        for (topic, trimmed) in trimmed {
            if let Ok((log, _)) = logs.log_mut(*topic) {
                log.trim_to(*trimmed);
            }
        }
    }

    /// These are on the disk, with everything up to `durable`.
    pub(super) fn handle_committed(&self, batch: &[Op], durable: u64) {
        self.intake().settle(batch);
        if self.shows_at_once() {
            self.progress.advance(durable);
            self.evict(batch, durable);
        } else {
            let news = self.show_all(batch);
            self.progress.advance(durable);
            // Before publishers: whoever knows that an event is kept knows that its readers have been woken.
            news.iter().for_each(News::tell);
        }
        self.progress.tell();
    }

    fn show_all(&self, batch: &[Op]) -> Vec<News> {
        let has_database = self.database().is_some();
        let shown = match has_database {
            true => Shown::OnDisk { through: u64::MAX },
            false => Shown::InMemoryOnly,
        };
        let mut logs = self.logs_mut();
        batch
            .iter()
            .filter_map(|op| match op {
                Op::Append(append) => self.show(&mut logs, append, shown),
                Op::End { topic } => show_end(&mut logs, *topic),
                Op::Open { .. } | Op::Remove { .. } => None,
            })
            .collect()
    }

    /// Now that these are on the disk, memory need not hold them.
    fn evict(&self, batch: &[Op], durable: u64) {
        let mut logs = self.logs_mut();
        for op in batch {
            if let Op::Append(append) = op
                && let Ok((log, _)) = logs.log_mut(append.topic)
            {
                log.evict(self.options.ring_events, self.options.ring_bytes, durable);
            }
        }
    }

    /// The disk is of no more use. `batch` was being written.
    pub(super) fn halt(&self, health: Health, batch: &[Op]) {
        let mut intake = self.intake();
        if intake.health != Health::Whole {
            return;
        }
        let health = match health {
            // From now on events are seen that the disk does not have.
            Health::LiveOnly(reason) => match self.seal.take_away() {
                Ok(()) => Health::LiveOnly(reason),
                Err(error) => Health::ReadOnly(format!("{reason}; and to note that failed: {error}")),
            },
            health => health,
        };
        intake.health = health.clone();
        let queue = intake.take();
        intake.settle(batch);
        intake.settle(&queue);
        self.bound(&mut self.logs_mut());
        self.forget_database();
        let mut news = Vec::new();
        let error = match health {
            Health::LiveOnly(reason) => {
                if !self.shows_at_once() {
                    news.extend(self.show_all(batch));
                    news.extend(self.show_all(&queue));
                }
                HistoryError::LiveOnly(reason)
            }
            Health::ReadOnly(reason) => HistoryError::ReadOnly(reason),
            Health::Whole => return,
        };
        drop(intake);
        self.progress.stop(Stopped::Failed(error));
        news.iter().for_each(News::tell);
        self.arrived.notify_one();
    }

    /// From now on memory is all there is.
    fn bound(&self, logs: &mut Logs) {
        for (_, log, _) in logs.iter_mut() {
            log.detach(self.options.ring_events, self.options.ring_bytes);
        }
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        self.intake().closing = true;
        self.arrived.notify_one();
    }

    /// Readers have no more use of the file.
    pub(super) fn handle_closing(&self) {
        self.forget_database();
    }

    /// The file was closed in order.
    pub(super) fn handle_closed(&self) {
        if self.shows_at_once()
            && let Err(error) = self.seal.set()
        {
            // The next start begins another epoch, though nothing is lost.
            return self.progress.stop(Stopped::Failed(HistoryError::Engine(error.to_string())));
        }
        self.progress.stop(Stopped::Closed);
    }
}

/// What becomes of an event when memory is full.
#[derive(Clone, Copy, Debug)]
enum Shown {
    /// It can be forgotten if it is one of those up to `through`.
    OnDisk { through: u64 },
    /// It is dropped, and missed.
    InMemoryOnly,
}

impl Accepts {
    fn of(log: &Log) -> Self {
        Self {
            last: log.status().last,
            ended: log.status().ended,
            keys: log.keys().map(Into::into).collect(),
            key_limit: usize::MAX,
        }
    }
}

fn show_end(logs: &mut Logs, topic: TopicId) -> Option<News> {
    let (log, news) = logs.log_mut(topic).ok()?;
    log.end();
    Some(news.clone())
}
