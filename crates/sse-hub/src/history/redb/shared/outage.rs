//! What becomes of events when nothing can be written, and how that ends.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use ::redb::Database;

use super::Shared;
use super::shown::Shown;
use crate::history::redb::catch_up::{CatchUp, Missing};
use crate::history::redb::error::Trouble;
use crate::history::redb::intake::{Intake, Op, Phase, appends};
use crate::history::redb::progress::Stopped;
use crate::history::redb::trim::Row;
use crate::history::{HistoryError, Notifier, TopicId};
use crate::lock;

impl Shared {
    /// The disk is of no more use, for now or for ever. `batch` was being written.
    pub(in super::super) fn halt(&self, trouble: Trouble, batch: &[Op]) {
        self.give_up(self.intake(), trouble, batch);
    }

    /// A reader could not read `database`, for this reason, and holds no lock any more.
    pub(in super::super) fn handle_unreadable(&self, database: &Weak<Database>, reason: String) {
        let intake = self.intake();
        // The file may have been given up meanwhile, or closed. One that is open now, after a time without room, is none
        // that this reader has read.
        let is_open = |open: &Arc<Database>| Weak::ptr_eq(&Arc::downgrade(open), database);
        if self.database().as_ref().is_some_and(is_open) {
            self.give_up(intake, Trouble::Final(reason), &[]);
        }
    }

    fn give_up(&self, mut intake: MutexGuard<'_, Intake>, trouble: Trouble, batch: &[Op]) {
        intake.settle(batch);
        if matches!(intake.phase, Phase::LiveOnly(_) | Phase::ReadOnly(_)) {
            return;
        }
        let was_whole = intake.phase == Phase::Whole;
        intake.phase = match trouble {
            // From now on events are seen that the disk does not have.
            Trouble::Passing(reason) => match self.storage.remove_marker() {
                Ok(()) => Phase::LiveOnly(reason),
                Err(error) => Phase::ReadOnly(format!("{reason}; and to note that failed: {error}")),
            },
            Trouble::Final(reason) => Phase::ReadOnly(reason),
        };
        let queue = intake.take();
        intake.settle(&queue);
        // In this order: who finds no file must find a gap in memory wherever something is only in the file.
        self.bound(&mut self.logs_mut());
        self.forget_database();
        let mut notifiers = Vec::new();
        let error = match &intake.phase {
            Phase::ReadOnly(reason) => HistoryError::ReadOnly(reason.clone()),
            Phase::LiveOnly(reason) | Phase::CatchingUp(reason) => {
                let reason = reason.clone();
                for ops in [batch, &queue] {
                    appends(ops).for_each(|append| intake.hold_note(append));
                    if !self.shows_at_once() {
                        notifiers.extend(self.show_all(ops, Shown::InMemoryOnly));
                    }
                }
                if was_whole {
                    self.meter.handle_outage();
                }
                HistoryError::LiveOnly(reason)
            }
            Phase::Whole => return,
        };
        drop(intake);
        tell(&error, was_whole);
        self.progress.stop(Stopped::Failed(error));
        notifiers.iter().for_each(Notifier::notify);
        self.arrived.notify_one();
    }

    /// Waits for `time`, while nothing can be written. Returns whether it is worth looking again.
    pub(in super::super) fn rest(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut intake = self.intake();
        loop {
            if intake.closing || !matches!(intake.phase, Phase::LiveOnly(_)) {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            intake = self.arrived.wait_timeout(intake, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Nothing can be written still, for this reason.
    pub(in super::super) fn handle_still_out(&self, trouble: Trouble) {
        let mut intake = self.intake();
        let (phase, error) = match trouble {
            Trouble::Passing(reason) => (Phase::LiveOnly(reason), None),
            Trouble::Final(reason) => (Phase::ReadOnly(reason.clone()), Some(HistoryError::ReadOnly(reason))),
        };
        intake.phase = phase;
        drop(intake);
        if let Some(error) = error {
            tell(&error, false);
            self.progress.resume();
            self.progress.stop(Stopped::Failed(error));
        }
    }

    /// From now on what is published waits for the disk again. Returns what comes before that and is not in the file,
    /// of which `rows` are the topics, and `stored` the highest number.
    pub(in super::super) fn begin_to_catch_up(&self, rows: &BTreeMap<TopicId, Row>, stored: u64) -> CatchUp {
        let mut intake = self.intake();
        if let Phase::LiveOnly(reason) = &intake.phase {
            intake.phase = Phase::CatchingUp(reason.clone());
        }
        // Whoever asks now is told when it has succeeded or failed.
        self.progress.resume();
        let logs = self.logs();
        let names: HashMap<_, _> = intake.names.iter().map(|(name, topic)| (*topic, name)).collect();
        let missing = |(&topic, accepts): (&TopicId, &super::Accepts)| {
            let (name, log) = (names.get(&topic)?, logs.log(topic).ok()?);
            Some((topic, Missing::of(log, name, rows.get(&topic), accepts)))
        };
        let topics: BTreeMap<_, _> = intake.topics.iter().filter_map(missing).collect();
        // Without those of events that were lost, which may be published again, or that are in the file already.
        let kept: HashSet<_> = topics.values().flat_map(Missing::kept).collect();
        let notes = intake.held_notes().filter(|(_, seq, _)| kept.contains(seq));
        let catch_up = CatchUp {
            notes: notes.cloned().collect(),
            last_seq: intake.last_seq,
            next_topic: intake.next_topic,
            removed: logs.removed,
            topics,
        };
        // Whatever becomes of this try: if it fails when all is written, the next one finds nothing missing in the file.
        if let Some(lost) = catch_up.lost(stored) {
            self.progress.lose(lost);
        }
        catch_up
    }

    /// All of it is in the file, which is open as `database`.
    pub(in super::super) fn handle_caught_up(&self, database: Arc<Database>, catch_up: &CatchUp) {
        let mut intake = self.intake();
        let was = std::mem::replace(&mut intake.phase, Phase::Whole);
        intake.forget_notes();
        let has_lost = self.progress.has_lost_more();
        self.progress.advance(catch_up.last_seq);
        {
            let mut of_readers = lock::write(&self.database);
            let mut logs = self.logs_mut();
            for (topic, missing) in &catch_up.topics {
                // Opened once more meanwhile, perhaps, or removed.
                let options = intake.topics.get(topic).and_then(|accepts| accepts.options.clone());
                if let Ok((log, _)) = logs.log_mut(*topic) {
                    let (trimmed, lost) = missing.left_out();
                    log.attach(options.unwrap_or_default(), trimmed, lost);
                }
            }
            *of_readers = Some(database);
        }
        // Whoever finds all well finds it counted.
        self.meter.handle_recovery();
        drop(intake);
        if let Phase::LiveOnly(reason) | Phase::CatchingUp(reason) = was {
            let lost = if has_lost { "the older ones of that time are lost" } else { "none is lost" };
            tracing::warn!("the history keeps events again, and {lost}. It had stopped because {reason}");
        }
        self.progress.tell();
    }
}

/// Says once what becomes of events from now on: whoever runs this has to see to it. That a try to come back has failed
/// is no news.
fn tell(error: &HistoryError, was_whole: bool) {
    match error {
        HistoryError::LiveOnly(reason) if was_whole => tracing::warn!(
            "the history keeps nothing for now, and events go only to those who listen: {reason}"
        ),
        HistoryError::ReadOnly(reason) => {
            tracing::error!("the history takes nothing more until somebody sees to it: {reason}");
        }
        _ => {}
    }
}
