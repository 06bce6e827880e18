use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sse_proto::{Cursor, Epoch};

use super::log::Log;
use super::{Entry, History, HistoryError, Page, Read, Record, Reply, Status, TopicId};
use crate::entropy;
use crate::options::TopicOptions;
use crate::topic_name::TopicName;

/// The history of this process, in its memory: a restart begins a new [epoch](Epoch).
#[derive(Debug)]
pub struct MemoryHistory {
    epoch: Epoch,
    /// One lock over the numbering and all logs: whoever sees a number sees every event below it.
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    last_seq: u64,
    topics: BTreeMap<TopicId, Log>,
    next_topic: u64,
    /// The highest number among the events of topics that were removed.
    removed: u64,
}

impl MemoryHistory {
    /// An empty history with an epoch of its own.
    #[must_use]
    pub fn new() -> Self {
        // 48 bits are twelve digits on every event; two starts share an epoch once in 281 trillion.
        Self::with_epoch(Epoch::new(entropy::random() >> 16))
    }

    /// An empty history with the given epoch, for tests that look at ids.
    #[must_use]
    pub fn with_epoch(epoch: Epoch) -> Self {
        Self { epoch, state: RwLock::default() }
    }

    // No code that holds the lock can panic half way through a change, so a poisoned lock is still consistent.
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
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
        self.state().last_seq
    }

    fn open(&self, _topic: &TopicName, options: &TopicOptions) -> Result<TopicId, HistoryError> {
        let mut state = self.state_mut();
        let id = TopicId(state.next_topic);
        state.next_topic += 1;
        let log = Log::new(options.clone(), state.removed);
        state.topics.insert(id, log);
        Ok(id)
    }

    fn remove(&self, topic: TopicId) {
        let mut state = self.state_mut();
        if let Some(log) = state.topics.remove(&topic) {
            state.removed = state.removed.max(log.status().last);
        }
    }

    fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError> {
        let mut state = self.state_mut();
        let seq = state.last_seq + 1;
        let log = state.topics.get_mut(&topic).ok_or(HistoryError::Removed)?;
        log.admits(record.key)?;
        let frame = record.frame(Cursor { epoch: self.epoch, seq });
        log.append(Entry { seq, frame }, record.key);
        state.last_seq = seq;
        Ok(seq)
    }

    fn end(&self, topic: TopicId) -> Result<(), HistoryError> {
        self.state_mut().topics.get_mut(&topic).ok_or(HistoryError::Removed)?.end();
        Ok(())
    }

    fn status(&self, topic: TopicId) -> Result<Status, HistoryError> {
        self.state().topics.get(&topic).map(Log::status).ok_or(HistoryError::Removed)
    }

    fn read(&self, read: Read<'_>) -> Reply<Result<Page, HistoryError>> {
        Reply::Now(self.state().read(read))
    }
}

impl State {
    fn read(&self, read: Read<'_>) -> Result<Page, HistoryError> {
        let mut page = Page { ended: true, ..Page::default() };
        let mut runs = Vec::new();
        for lane in read.lanes {
            let log = self.topics.get(&lane.topic).ok_or(HistoryError::Removed)?;
            page.ended &= log.status().ended;
            page.gap |= log.has_gap(lane, read.after);
            for mut run in log.runs(lane, read.after) {
                // Most topics have nothing new for a reader that was just woken by one of them.
                if let Some(head) = run.next() {
                    runs.push((head, run));
                }
            }
        }

        page.covered = read.after;
        let mut bytes = 0;
        loop {
            // A handful of runs: looking at each head is cheaper than keeping a heap.
            let Some(lowest) = (0..runs.len()).min_by_key(|&run| runs[run].0.0) else {
                page.drained = true;
                page.covered = self.last_seq.max(read.after);
                return Ok(page);
            };
            let ((seq, frame), run) = &mut runs[lowest];
            bytes += frame.len();
            let full = page.entries.len() == read.max_events || bytes > read.max_bytes;
            if full && !page.entries.is_empty() {
                return Ok(page);
            }
            page.covered = *seq;
            page.entries.push(Entry { seq: *seq, frame: (*frame).clone() });
            match run.next() {
                Some(head) => (*seq, *frame) = head,
                None => drop(runs.swap_remove(lowest)),
            }
        }
    }
}
