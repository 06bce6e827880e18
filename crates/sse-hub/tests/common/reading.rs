//! Memory whose reads go through the hands of a test, and that may be published on at an awkward moment.

use std::fmt;
use std::sync::Arc;

use sse_hub::history::{HistoryError, Notifier, Page, Read, Record, Reply, Status, TopicId};
use sse_hub::{History, MemoryHistory, TopicName, TopicOptions};
use sse_proto::Epoch;

type Answer = Reply<Result<Page, HistoryError>>;

/// Memory in which `F` answers every read.
pub(crate) struct Reading<F> {
    memory: Arc<MemoryHistory>,
    read: F,
    after_last_seq: Box<dyn Fn(&MemoryHistory) + Send + Sync>,
}

impl<F: Fn(&Arc<MemoryHistory>, Read<'_>) -> Answer> Reading<F> {
    pub(crate) fn new(read: F) -> Self {
        let memory = Arc::new(MemoryHistory::with_epoch(Epoch::new(0xe)));
        Self { memory, read, after_last_seq: Box::new(|_| {}) }
    }

    /// Has `then` called whenever somebody has been told the last number, as by a publisher who comes at that moment.
    pub(crate) fn after_last_seq(self, then: impl Fn(&MemoryHistory) + Send + Sync + 'static) -> Self {
        Self { after_last_seq: Box::new(then), ..self }
    }
}

impl<F> fmt::Debug for Reading<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("memory", &self.memory).finish_non_exhaustive()
    }
}

impl<F: Fn(&Arc<MemoryHistory>, Read<'_>) -> Answer + Send + Sync + 'static> History for Reading<F> {
    fn epoch(&self) -> Epoch {
        self.memory.epoch()
    }

    fn last_seq(&self) -> u64 {
        let last_seq = self.memory.last_seq();
        (self.after_last_seq)(&self.memory);
        last_seq
    }

    fn open(
        &self,
        topic: &TopicName,
        options: &TopicOptions,
        notifier: Notifier,
    ) -> Result<TopicId, HistoryError> {
        self.memory.open(topic, options, notifier)
    }

    fn remove(&self, topic: TopicId) {
        self.memory.remove(topic);
    }

    fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError> {
        self.memory.append(topic, record)
    }

    fn end(&self, topic: TopicId) -> Result<(), HistoryError> {
        self.memory.end(topic)
    }

    fn status(&self, topic: TopicId) -> Result<Status, HistoryError> {
        self.memory.status(topic)
    }

    fn read(&self, read: Read<'_>) -> Answer {
        (self.read)(&self.memory, read)
    }
}
