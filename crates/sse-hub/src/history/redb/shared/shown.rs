//! What readers see, and when.

use tokio::time::Instant;

use super::Shared;
use crate::history::log::Trimmed;
use crate::history::logs::Logs;
use crate::history::redb::intake::{Append, Op, appends};
use crate::history::{Entry, HistoryError, Notifier, TopicId};

/// What becomes of an event when memory is full.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shown {
    /// It can be forgotten if it is one of those up to `through`.
    OnDisk { through: u64 },
    /// It is dropped, and missed.
    InMemoryOnly,
}

impl Shared {
    /// Makes an event visible. Returns who is to be notified, if the topic is still there.
    pub(super) fn show(&self, logs: &mut Logs, append: &Append, shown: Shown) -> Option<Notifier> {
        logs.last_seq = logs.last_seq.max(append.seq);
        let (log, notifier) = logs.log_mut(append.topic).ok()?;
        log.append(Entry { seq: append.seq, frame: append.frame.clone() }, append.key.as_deref());
        match shown {
            Shown::OnDisk { through } => {
                log.evict(self.options.ring_events, self.options.ring_bytes, through);
            }
            Shown::InMemoryOnly => log.trim(),
        }
        Some(notifier.clone())
    }

    /// The disk is about to drop these.
    pub(in super::super) fn handle_trimmed(&self, trimmed: &[(TopicId, Trimmed)]) {
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

    /// A reader begins. What has become too old since something was published is not for it, as far as it is in memory,
    /// which knows its age. The disk drops it when something is published.
    pub(in super::super) fn drop_overdue(&self, topic: TopicId) -> Result<(), HistoryError> {
        let now = Instant::now();
        if self.logs().log(topic)?.is_overdue(now) {
            self.logs_mut().log_mut(topic)?.0.drop_overdue(now);
        }
        Ok(())
    }

    /// These are on the disk, with everything up to `durable`.
    pub(in super::super) fn handle_committed(&self, batch: &[Op], durable: u64) {
        self.intake().settle(batch);
        if self.shows_at_once() {
            self.progress.advance(durable);
            self.evict(batch, durable);
        } else {
            let notifiers = self.show_all(batch, Shown::OnDisk { through: u64::MAX });
            self.progress.advance(durable);
            // Before publishers: whoever knows that an event is kept knows that its readers have been woken.
            notifiers.iter().for_each(Notifier::notify);
        }
        self.progress.tell();
    }

    pub(super) fn show_all(&self, batch: &[Op], shown: Shown) -> Vec<Notifier> {
        let mut logs = self.logs_mut();
        batch
            .iter()
            .filter_map(|op| match op {
                Op::Append(append) => self.show(&mut logs, append, shown),
                Op::End { topic } => show_end(&mut logs, *topic),
                Op::Open { .. } | Op::Touch { .. } | Op::Remove { .. } => None,
            })
            .collect()
    }

    /// Now that these are on the disk, memory need not hold them.
    fn evict(&self, batch: &[Op], durable: u64) {
        let mut logs = self.logs_mut();
        for append in appends(batch) {
            if let Ok((log, _)) = logs.log_mut(append.topic) {
                log.evict(self.options.ring_events, self.options.ring_bytes, durable);
            }
        }
    }

    /// From now on memory is all there is.
    pub(super) fn bound(&self, logs: &mut Logs) {
        for (_, log, _) in logs.iter_mut() {
            log.detach(self.options.ring_events, self.options.ring_bytes);
        }
    }
}

pub(super) fn show_end(logs: &mut Logs, topic: TopicId) -> Option<Notifier> {
    let (log, notifier) = logs.log_mut(topic).ok()?;
    log.end();
    Some(notifier.clone())
}
