//! The logs of all topics, and pages out of them.

#[cfg(feature = "redb")]
mod stored;

use std::collections::BTreeMap;

use super::log::{Log, Run};
use super::{Entry, HistoryError, Lane, Notifier, Page, Read, TopicId};

/// What readers see. One lock goes over all of it: whoever sees a number sees every event below it.
#[derive(Debug, Default)]
pub(super) struct Logs {
    pub(super) last_seq: u64,
    topics: BTreeMap<TopicId, TopicLog>,
    /// The highest number among the events of topics that were removed.
    pub(super) removed: u64,
}

/// A log, and who is to be notified of what is new in it.
#[derive(Debug)]
struct TopicLog {
    log: Log,
    notifier: Notifier,
}

impl Logs {
    pub(super) fn insert(&mut self, topic: TopicId, log: Log, notifier: Notifier) {
        self.topics.insert(topic, TopicLog { log, notifier });
    }

    pub(super) fn remove(&mut self, topic: TopicId) {
        if let Some(TopicLog { log, .. }) = self.topics.remove(&topic) {
            self.removed = self.removed.max(log.status().last);
        }
    }

    pub(super) fn log(&self, topic: TopicId) -> Result<&Log, HistoryError> {
        self.topics.get(&topic).map(|topic| &topic.log).ok_or(HistoryError::Removed)
    }

    /// The log, to be changed, and who is to be notified of that when nothing is locked any more.
    pub(super) fn log_mut(&mut self, topic: TopicId) -> Result<(&mut Log, &Notifier), HistoryError> {
        let topic = self.topics.get_mut(&topic).ok_or(HistoryError::Removed)?;
        Ok((&mut topic.log, &topic.notifier))
    }

    pub(super) fn read(&self, read: Read<'_>) -> Result<Page, HistoryError> {
        let mut page = self.begin(read)?;
        let runs = self.lanes(read).flat_map(|(lane, log)| log.runs(lane, read.after));
        if fill(&mut page, runs, read, u64::MAX) == Filled::WithAll {
            page.drained = true;
            page.covered = self.last_seq.max(read.after);
        }
        Ok(page)
    }

    /// A page with nothing on it yet.
    fn begin(&self, read: Read<'_>) -> Result<Page, HistoryError> {
        let mut page = Page { ended: true, covered: read.after, ..Page::default() };
        for lane in read.lanes {
            let log = self.log(lane.topic)?;
            page.ended &= log.status().ended;
            page.gap |= log.has_gap(lane, read.after);
        }
        Ok(page)
    }

    fn lanes<'a>(&'a self, read: Read<'a>) -> impl Iterator<Item = (&'a Lane, &'a Log)> {
        read.lanes.iter().filter_map(|lane| Some((lane, self.log(lane.topic).ok()?)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filled {
    /// Nothing was left.
    WithAll,
    /// As much as the reader takes.
    ToTheBrim,
}

/// Merges the events of the runs into the page, in ascending order, up to `through`.
fn fill<'a>(page: &mut Page, runs: impl Iterator<Item = Run<'a>>, read: Read<'_>, through: u64) -> Filled {
    // Most topics have nothing new for a reader that was just woken by one of them.
    let mut runs: Vec<_> = runs.filter_map(|mut run| Some((run.next()?, run))).collect();
    let mut bytes = 0;
    loop {
        // A handful of runs: looking at each head is cheaper than keeping a heap.
        let Some(lowest) = (0..runs.len()).min_by_key(|&run| runs[run].0.0) else {
            return Filled::WithAll;
        };
        let ((seq, frame), run) = &mut runs[lowest];
        if *seq > through {
            return Filled::WithAll;
        }
        // In two runs, of a topic that keeps superseded events now and did not before, or the other way round.
        if page.entries.last().is_none_or(|last| last.seq != *seq) {
            bytes += frame.len();
            let full = page.entries.len() == read.max_events || bytes > read.max_bytes;
            if full && !page.entries.is_empty() {
                return Filled::ToTheBrim;
            }
            page.covered = *seq;
            page.entries.push(Entry { seq: *seq, frame: (*frame).clone() });
        }
        match run.next() {
            Some(head) => (*seq, *frame) = head,
            None => drop(runs.swap_remove(lowest)),
        }
    }
}
