//! A history that fails where a test wants it to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use sse_hub::history::{HistoryError, Notifier, Page, Read, Record, Reply, Status, TopicId};
use sse_hub::{History, MemoryHistory, TopicName, TopicOptions};
use sse_proto::Epoch;

use crate::task::lock;

/// What fails. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    /// Whether each of the next events is refused; those behind them are not.
    refused: VecDeque<bool>,
    lost: Option<u64>,
}

impl Faults {
    /// Says of each of the next events whether it is refused.
    pub(crate) fn refuse(&self, next: impl IntoIterator<Item = bool>) {
        self.script().refused = next.into_iter().collect();
    }

    /// The event with this number will never be kept.
    pub(crate) fn lose(&self, seq: u64) {
        self.script().lost = Some(seq);
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        lock(&self.0)
    }
}

/// One in memory, whose epoch is `e`.
#[derive(Debug)]
pub(crate) struct FaultyHistory {
    memory: MemoryHistory,
    faults: Faults,
}

impl FaultyHistory {
    pub(crate) fn new(faults: &Faults) -> Self {
        Self { memory: MemoryHistory::with_epoch(Epoch::new(0xe)), faults: faults.clone() }
    }
}

type Answer<T> = Result<T, HistoryError>;

impl History for FaultyHistory {
    fn epoch(&self) -> Epoch {
        self.memory.epoch()
    }

    fn last_seq(&self) -> u64 {
        self.memory.last_seq()
    }

    fn open(&self, topic: &TopicName, options: &TopicOptions, notifier: Notifier) -> Answer<TopicId> {
        self.memory.open(topic, options, notifier)
    }

    fn remove(&self, topic: TopicId) {
        self.memory.remove(topic);
    }

    fn append(&self, topic: TopicId, record: Record<'_>) -> Answer<u64> {
        match self.faults.script().refused.pop_front() {
            Some(true) => Err(HistoryError::Engine("as the test wants it".into())),
            _ => self.memory.append(topic, record),
        }
    }

    fn committed(&self, seq: u64) -> Reply<Answer<()>> {
        let is_lost = self.faults.script().lost == Some(seq);
        Reply::Now(if is_lost { Err(HistoryError::Lost) } else { Ok(()) })
    }

    fn end(&self, topic: TopicId) -> Answer<()> {
        self.memory.end(topic)
    }

    fn status(&self, topic: TopicId) -> Answer<Status> {
        self.memory.status(topic)
    }

    fn read(&self, read: Read<'_>) -> Reply<Answer<Page>> {
        self.memory.read(read)
    }
}
