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
    hides_notes: bool,
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

    /// Whether notes cannot be read.
    pub(crate) fn hide_notes(&self, hides_notes: bool) {
        self.script().hides_notes = hides_notes;
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        lock(&self.0)
    }
}

/// One over another.
#[derive(Debug)]
pub(crate) struct FaultyHistory {
    history: Box<dyn History>,
    faults: Faults,
}

impl FaultyHistory {
    /// Over one in memory, whose epoch is `e`.
    pub(crate) fn new(faults: &Faults) -> Self {
        Self::over(MemoryHistory::with_epoch(Epoch::new(0xe)), faults)
    }

    pub(crate) fn over(history: impl History, faults: &Faults) -> Self {
        Self { history: Box::new(history), faults: faults.clone() }
    }
}

type Answer<T> = Result<T, HistoryError>;

impl History for FaultyHistory {
    fn epoch(&self) -> Epoch {
        self.history.epoch()
    }

    fn last_seq(&self) -> u64 {
        self.history.last_seq()
    }

    fn open(&self, topic: &TopicName, options: &TopicOptions, notifier: Notifier) -> Answer<TopicId> {
        self.history.open(topic, options, notifier)
    }

    fn topics(&self) -> Vec<TopicName> {
        self.history.topics()
    }

    fn remove(&self, topic: TopicId) {
        self.history.remove(topic);
    }

    fn append(&self, topic: TopicId, record: Record<'_>) -> Answer<u64> {
        match self.faults.script().refused.pop_front() {
            Some(true) => Err(HistoryError::Engine("as the test wants it".into())),
            _ => self.history.append(topic, record),
        }
    }

    fn committed(&self, seq: u64) -> Reply<Answer<()>> {
        match self.faults.script().lost == Some(seq) {
            true => Reply::Now(Err(HistoryError::Lost)),
            false => self.history.committed(seq),
        }
    }

    fn end(&self, topic: TopicId) -> Answer<()> {
        self.history.end(topic)
    }

    fn status(&self, topic: TopicId) -> Answer<Status> {
        self.history.status(topic)
    }

    fn read(&self, read: Read<'_>) -> Reply<Answer<Page>> {
        self.history.read(read)
    }

    fn notes(&self, topic: TopicId) -> Reply<Answer<Vec<(u64, String)>>> {
        match self.faults.script().hides_notes {
            true => Reply::Now(Err(HistoryError::LiveOnly("as the test wants it".into()))),
            false => self.history.notes(topic),
        }
    }

    fn close(&self) -> Reply<Answer<()>> {
        self.history.close()
    }
}
