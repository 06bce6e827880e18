//! What publishers do.

use sse_proto::Cursor;

use super::Shared;
use super::shown::{Shown, show_end};
use crate::history::log::Log;
use crate::history::redb::intake::{Accepts, Append, Intake, Keeps, Op};
use crate::history::{HistoryError, Notifier, Record, TopicId};
use crate::options::TopicOptions;
use crate::topic_name::TopicName;

impl Shared {
    pub(in super::super) fn open(
        &self,
        name: &TopicName,
        options: &TopicOptions,
        notifier: Notifier,
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
        let mut logs = self.logs_mut();
        let (topic, trimmed) = match known {
            Some(topic) => {
                logs.reopen(topic, options.clone(), notifier);
                if let Some(accepts) = intake.topics.get_mut(&topic) {
                    accepts.options = Some(options.clone());
                }
                (topic, 0)
            }
            None => {
                let topic = TopicId(intake.next_topic);
                intake.next_topic += 1;
                intake.names.insert(name.clone(), topic);
                let log = Log::new(options.clone(), logs.removed);
                intake.topics.insert(topic, Accepts { options: Some(options.clone()), ..Accepts::of(&log) });
                logs.insert(topic, log, notifier);
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

    /// The topic is not abandoned any more, although opening it was not enough for that.
    pub(in super::super) fn touch(&self, topic: TopicId) {
        let mut intake = self.intake();
        let Some(accepts) = intake.topics.get_mut(&topic) else { return };
        // While the file cannot be told, what catches up tells it.
        accepts.touched = true;
        if intake.is_open() == Ok(Keeps::All) {
            self.push(&mut intake, Op::Touch { topic });
        }
    }

    pub(in super::super) fn remove(&self, topic: TopicId) {
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
    pub(in super::super) fn forget(&self, name: &TopicName) -> bool {
        let known = {
            let intake = self.intake();
            intake.names.get(name).copied().filter(|_| intake.is_open() == Ok(Keeps::All))
        };
        known.inspect(|topic| self.remove(*topic)).is_some()
    }

    pub(in super::super) fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError> {
        let mut intake = self.intake();
        let keeps = intake.admits(topic, record.key)?;
        let seq = intake.number(topic, record.key);
        let frame = record.frame(Cursor { epoch: self.epoch, seq });
        let body = frame.slice(frame.len() - record.body.len()..);
        let (key, note) = (record.key.map(Into::into), record.note.map(Into::into));
        let append = Append { topic, seq, key, frame, body, note };
        let mut notifier = None;
        if self.shows_at_once() || keeps == Keeps::Nothing {
            // Under the lock of the intake, so that events become visible in the order of their numbers.
            let shown = match keeps {
                Keeps::All => Shown::OnDisk { through: self.progress.durable() },
                Keeps::Nothing => Shown::InMemoryOnly,
            };
            notifier = self.show(&mut self.logs_mut(), &append, shown);
        }
        match keeps {
            Keeps::All => self.push(&mut intake, Op::Append(append)),
            Keeps::Nothing => intake.hold_note(&append),
        }
        drop(intake);
        if let Some(notifier) = notifier {
            notifier.notify();
        }
        Ok(seq)
    }

    pub(in super::super) fn end(&self, topic: TopicId) -> Result<(), HistoryError> {
        let mut intake = self.intake();
        let keeps = intake.is_open()?;
        let accepts = intake.topics.get_mut(&topic).ok_or(HistoryError::Removed)?;
        if std::mem::replace(&mut accepts.ended, true) {
            return Ok(());
        }
        let mut notifier = None;
        if self.shows_at_once() || keeps == Keeps::Nothing {
            notifier = show_end(&mut self.logs_mut(), topic);
        }
        if keeps == Keeps::All {
            self.push(&mut intake, Op::End { topic });
        }
        drop(intake);
        if let Some(notifier) = notifier {
            notifier.notify();
        }
        Ok(())
    }

    fn push(&self, intake: &mut Intake, op: Op) {
        intake.push(op);
        self.arrived.notify_one();
    }
}

impl Accepts {
    /// Of a topic that nobody has opened yet.
    pub(super) fn of(log: &Log) -> Self {
        Self {
            last: log.status().last,
            ended: log.status().ended,
            keys: log.keys().map(Into::into).collect(),
            options: None,
            touched: false,
        }
    }
}
