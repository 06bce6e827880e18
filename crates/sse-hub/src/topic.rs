use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use sse_events::EventSet;
use sse_proto::{Cursor, EventId, encode};

use crate::error::PublishError;
use crate::history::{Health, History, HistoryError, Notifier, Record, TopicId};
use crate::hub::Shared;
use crate::lock::lock;
use crate::options::{Abandoned, TopicOptions};
use crate::presence::Attendance;
use crate::raw::{self, RawEvent};
use crate::signal::Signal;
use crate::topic_name::TopicName;

/// A topic that carries the events `E`. Cheap to clone; publish from wherever something happens.
pub struct Topic<E> {
    hub: Arc<Shared>,
    state: Arc<TopicState>,
    events: PhantomData<fn(&E)>,
}

/// A topic as the hub knows it, whatever its events.
#[derive(Debug)]
pub(crate) struct TopicState {
    pub(crate) name: TopicName,
    pub(crate) id: TopicId,
    pub(crate) events: TypeId,
    pub(crate) options: TopicOptions,
    pub(crate) attendance: Arc<Attendance>,
    listeners: Arc<Listeners>,
    /// Whether the history waits to be told that somebody uses it.
    untouched: AtomicBool,
    /// Whether nothing more will be published on it. A history on a disk shows its end when it is there, not before.
    ended: AtomicBool,
}

/// The subscriptions of a topic, by their number: who is to be woken.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Mutex<BTreeMap<u64, Arc<Signal>>>);

impl<E: EventSet> Topic<E> {
    /// The most bytes of a note.
    pub const NOTE_BYTES: usize = 256;

    pub(crate) fn new(hub: Arc<Shared>, state: Arc<TopicState>) -> Self {
        Self { hub, state, events: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &TopicName {
        &self.state.name
    }

    /// Publishes an event and returns the id under which clients receive it.
    ///
    /// Never waits: the event is kept, its subscribers are woken, and each reads it in its own time. A history on a
    /// disk may show it to them only when it is there; until then a crash may take it back, and
    /// [`Self::publish_durably`] waits for that.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was kept or sent.
    pub fn publish(&self, event: &E) -> Result<EventId, PublishError> {
        self.publish_with_note(None, event, None)
    }

    /// Like [`Self::publish`], and the event replaces the one before with the same key: a new client gets only the
    /// latest of each key. See [`Superseded`](crate::Superseded) for what becomes of the others.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was kept or sent.
    pub fn publish_keyed(&self, key: &str, event: &E) -> Result<EventId, PublishError> {
        self.publish_with_note(Some(key), event, None)
    }

    /// Like [`Self::publish`], or [`Self::publish_keyed`], with a note that goes to nobody, if there is one. A history that
    /// outlives the process keeps the newest of them beside their events, and
    /// [`Hub::kept_notes`](crate::Hub::kept_notes) finds them again: such as the ids by which a sender's repetitions are
    /// known. At most [`Self::NOTE_BYTES`] long.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was kept or sent.
    pub fn publish_with_note(
        &self,
        key: Option<&str>,
        event: &E,
        note: Option<&str>,
    ) -> Result<EventId, PublishError> {
        let data = event.encode()?;
        self.append_fields(RawEvent { event_type: event.event_type(), key, data: &data }, note)
    }

    /// Like [`Self::publish`], and completes when the event is kept as safely as the history keeps anything: on the
    /// disk, if it has one. Dropping the future does not take the event back.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was kept, or it is not known whether it was: [`HistoryError::ReadOnly`] while the
    /// disk failed. If it was sent but not kept, that is [`HistoryError::LiveOnly`].
    pub async fn publish_durably(&self, event: &E) -> Result<EventId, PublishError> {
        // Somebody who asks for more than can be had is refused before anybody sees the event.
        if let Health::LiveOnly(reason) = self.hub.history.health() {
            return Err(HistoryError::LiveOnly(reason).into());
        }
        let id = self.publish(event)?;
        self.hub.committed(&id).await?;
        Ok(id)
    }

    /// Marks the topic as complete. Subscribers get what is left and then `sse.end`, and their streams close; one
    /// that comes back with all of it is told not to come again.
    ///
    /// Nothing takes the end back, and a history that outlives the process keeps it: after a restart the topic opens,
    /// shows what it has, and refuses every event with [`HistoryError::Ended`]. To begin anew under the name,
    /// [remove](crate::Hub::remove_idle) the topic and open it again.
    ///
    /// # Errors
    /// [`PublishError::History`] if the topic was removed, or the history takes nothing.
    pub fn end(&self) -> Result<(), PublishError> {
        self.hub.history.end(self.state.id)?;
        self.state.end();
        Ok(())
    }

    /// Encodes before the history is locked, once for all subscribers.
    pub(crate) fn append_fields(
        &self,
        event: RawEvent<'_>,
        note: Option<&str>,
    ) -> Result<EventId, PublishError> {
        let RawEvent { event_type, key, data } = event;
        let limit = self.hub.options.limits.key_bytes;
        if let Some(bytes) = key.map(str::len).filter(|bytes| *bytes > limit) {
            return Err(PublishError::KeyTooLong { bytes, limit });
        }
        let limit = Self::NOTE_BYTES;
        if let Some(bytes) = note.map(str::len).filter(|bytes| *bytes > limit) {
            return Err(PublishError::NoteTooLong { bytes, limit });
        }
        let event_type = raw::publishable(event_type)?;
        let mut body = Vec::new();
        encode::fields(&mut body, None, Some(&event_type), data);
        let limit = self.hub.options.limits.event_bytes;
        if body.len() > limit {
            return Err(PublishError::TooLarge { bytes: body.len(), limit });
        }
        let seq = self.hub.history.append(self.state.id, Record { key, body: &body, note })?;
        self.state.touch(&*self.hub.history);
        self.hub.counters.published.add(1);
        self.hub.counters.published_bytes.add(body.len());
        Ok(EventId::from(Cursor { epoch: self.hub.history.epoch(), seq }))
    }
}

impl<E> Clone for Topic<E> {
    fn clone(&self) -> Self {
        Self { hub: Arc::clone(&self.hub), state: Arc::clone(&self.state), events: PhantomData }
    }
}

impl<E> fmt::Debug for Topic<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("name", &self.state.name).finish_non_exhaustive()
    }
}

impl TopicState {
    pub(crate) fn new(
        name: TopicName,
        id: TopicId,
        events: TypeId,
        options: TopicOptions,
        max_names: usize,
        listeners: Arc<Listeners>,
    ) -> Self {
        let attendance = Arc::new(Attendance::new(max_names));
        let untouched = AtomicBool::new(options.abandoned == Abandoned::Unused);
        Self { name, id, events, options, attendance, listeners, untouched, ended: AtomicBool::new(false) }
    }

    /// Somebody subscribes or publishes.
    pub(crate) fn touch(&self, history: &dyn History) {
        // Looked at first: this is asked for every event, and says no to all but one.
        if self.untouched.load(Ordering::Relaxed) && self.untouched.swap(false, Ordering::Relaxed) {
            history.touch(self.id);
        }
    }

    /// Nothing more is published: who waits for it in a flush window waits in vain.
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Wakes every subscription, for its end.
    pub(crate) fn wake(&self) {
        lock(&self.listeners.0).values().for_each(|signal| signal.insist());
    }

    /// The numbers of the subscriptions that have not looked yet at what was published.
    pub(crate) fn lagging(&self) -> Vec<u64> {
        let signals = lock(&self.listeners.0);
        signals.iter().filter(|(_, signal)| signal.is_raised()).map(|(&number, _)| number).collect()
    }

    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.listeners.0).is_empty() && self.attendance.presence().count == 0
    }

    pub(crate) fn add(&self, subscription: u64, signal: Arc<Signal>) {
        lock(&self.listeners.0).insert(subscription, signal);
    }

    pub(crate) fn remove(&self, subscription: u64) {
        lock(&self.listeners.0).remove(&subscription);
    }
}

impl Listeners {
    /// What the history calls when there is something new to read.
    pub(crate) fn notifier(self: &Arc<Self>) -> Notifier {
        let listeners = Arc::clone(self);
        Notifier::new(move || listeners.wake())
    }

    fn wake(&self) {
        lock(&self.0).values().for_each(|signal| signal.raise());
    }
}
