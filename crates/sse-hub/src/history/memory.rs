use std::sync::RwLock;

use sse_proto::{Cursor, Epoch};
use tokio::time::Instant;

use super::log::Log;
use super::logs::Logs;
use super::{Entry, History, HistoryError, Notifier, Page, Read, Record, Reply, Status, TopicId};
use crate::entropy;
use crate::lock;
use crate::options::TopicOptions;
use crate::topic_name::TopicName;

/// The history of this process, in its memory: a restart begins a new [epoch](Epoch).
#[derive(Debug)]
pub struct MemoryHistory {
    epoch: Epoch,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    logs: Logs,
    next_topic: u64,
    closed: bool,
}

impl MemoryHistory {
    /// An empty history with an epoch of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::with_epoch(entropy::epoch())
    }

    /// An empty history with the given epoch, for tests that look at ids.
    ///
    /// ```
    /// use sse_hub::sse_events::Text;
    /// use sse_hub::{Cursor, Epoch, Hub, HubOptions, MemoryHistory};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let epoch = Epoch::new(7);
    /// let hub = Hub::with_history(HubOptions::default(), MemoryHistory::with_epoch(epoch));
    /// let id = hub.topic::<Text>("news")?.publish(&Text("it begins".into()))?;
    /// assert_eq!(id, Cursor { epoch, seq: 1 }.into());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_epoch(epoch: Epoch) -> Self {
        Self { epoch, state: RwLock::default() }
    }
}

impl State {
    fn is_open(&self) -> Result<(), HistoryError> {
        if self.closed { Err(HistoryError::Closed) } else { Ok(()) }
    }
}

impl Default for MemoryHistory {
    fn default() -> Self {
        Self::new()
    }
}

impl History for MemoryHistory {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn last_seq(&self) -> u64 {
        lock::read(&self.state).logs.last_seq
    }

    fn open(
        &self,
        _topic: &TopicName,
        options: &TopicOptions,
        notifier: Notifier,
    ) -> Result<TopicId, HistoryError> {
        let mut state = lock::write(&self.state);
        state.is_open()?;
        let id = TopicId(state.next_topic);
        state.next_topic += 1;
        let log = Log::new(options.clone(), state.logs.removed);
        state.logs.insert(id, log, notifier);
        Ok(id)
    }

    fn remove(&self, topic: TopicId) {
        lock::write(&self.state).logs.remove(topic);
    }

    fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError> {
        let mut state = lock::write(&self.state);
        state.is_open()?;
        let seq = state.logs.last_seq + 1;
        let (log, notifier) = state.logs.log_mut(topic)?;
        log.admits(record.key)?;
        let frame = record.frame(Cursor { epoch: self.epoch, seq });
        log.append(Entry { seq, frame }, record.key);
        log.trim();
        let notifier = notifier.clone();
        state.logs.last_seq = seq;
        drop(state);
        notifier.notify();
        Ok(seq)
    }

    fn end(&self, topic: TopicId) -> Result<(), HistoryError> {
        let mut state = lock::write(&self.state);
        state.is_open()?;
        let (log, notifier) = state.logs.log_mut(topic)?;
        log.end();
        let notifier = notifier.clone();
        drop(state);
        notifier.notify();
        Ok(())
    }

    fn status(&self, topic: TopicId) -> Result<Status, HistoryError> {
        // A reader begins. What has become too old since something was published is not for it.
        let now = Instant::now();
        if lock::read(&self.state).logs.log(topic)?.is_overdue(now) {
            lock::write(&self.state).logs.log_mut(topic)?.0.drop_overdue(now);
        }
        lock::read(&self.state).logs.log(topic).map(Log::status)
    }

    fn read(&self, read: Read<'_>) -> Reply<Result<Page, HistoryError>> {
        Reply::Now(lock::read(&self.state).logs.read(read))
    }

    fn close(&self) -> Reply<Result<(), HistoryError>> {
        lock::write(&self.state).closed = true;
        Reply::Now(Ok(()))
    }
}
