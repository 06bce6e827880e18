//! The logs above a disk, and pages of what was read from there.

use bytes::Bytes;

use super::{Filled, Logs, fill};
use crate::history::log::{Log, Run};
use crate::history::{HistoryError, Notifier, Page, Read, TopicId};
use crate::options::TopicOptions;

impl Logs {
    pub(in crate::history) fn starting_at(last_seq: u64, removed: u64) -> Self {
        Self { last_seq, removed, ..Self::default() }
    }

    pub(in crate::history) fn iter_mut(&mut self) -> impl Iterator<Item = (TopicId, &mut Log, &Notifier)> {
        self.topics.iter_mut().map(|(id, topic)| (*id, &mut topic.log, &topic.notifier))
    }

    /// A topic that was put back from the disk has got an owner.
    pub(in crate::history) fn reopen(&mut self, topic: TopicId, options: TopicOptions, notifier: Notifier) {
        if let Some(topic) = self.topics.get_mut(&topic) {
            topic.log.reopen(options);
            topic.notifier = notifier;
        }
    }

    /// Whether the page can be made of what is in memory.
    pub(in crate::history) fn holds(&self, read: Read<'_>) -> Result<bool, HistoryError> {
        for lane in read.lanes {
            if !self.log(lane.topic)?.holds(lane, read.after) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A page of what was read from the disk, which was complete up to `through`. What is in memory beyond that is for
    /// another page.
    pub(in crate::history) fn read_stored(
        &self,
        read: Read<'_>,
        stored: &[Vec<(u64, Bytes)>],
        through: u64,
    ) -> Result<Page, HistoryError> {
        let mut page = self.begin(read)?;
        let latest = self.lanes(read).flat_map(|(lane, log)| log.latest_runs(lane, read.after));
        let runs = stored.iter().map(|entries| Run::Stored(entries.iter())).chain(latest);
        if fill(&mut page, runs, read, through) == Filled::WithAll {
            page.covered = through.max(read.after);
        }
        Ok(page)
    }
}
