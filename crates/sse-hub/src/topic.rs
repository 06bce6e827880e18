use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sse_events::EventSet;
use sse_proto::control::RESERVED_PREFIX;
use sse_proto::{Cursor, EventId, EventType, encode};

use crate::error::PublishError;
use crate::history::{Record, TopicId};
use crate::hub::Shared;
use crate::options::TopicOptions;
use crate::presence::Attendance;
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
    /// The subscriptions to wake, by their number.
    signals: Mutex<BTreeMap<u64, Arc<Signal>>>,
}

impl<E: EventSet> Topic<E> {
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
    /// Never waits: the event is kept, its subscribers are woken, and each reads it in its own time.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was kept or sent.
    pub fn publish(&self, event: &E) -> Result<EventId, PublishError> {
        self.append(None, event)
    }

    /// Like [`Self::publish`], and the event replaces the one before with the same key: a new client gets only the
    /// latest of each key. See [`Superseded`](crate::Superseded) for what becomes of the others.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was kept or sent.
    pub fn publish_keyed(&self, key: &str, event: &E) -> Result<EventId, PublishError> {
        let limit = self.hub.options.limits.key_bytes;
        if key.len() > limit {
            return Err(PublishError::KeyTooLong { bytes: key.len(), limit });
        }
        self.append(Some(key), event)
    }

    /// Marks the topic as complete. Subscribers get what is left and then `sse.end`, and their streams close; one
    /// that comes back with all of it is told not to come again.
    ///
    /// # Errors
    /// [`PublishError::History`] if the topic was removed.
    pub fn end(&self) -> Result<(), PublishError> {
        self.hub.history.end(self.state.id)?;
        self.state.wake();
        Ok(())
    }

    fn append(&self, key: Option<&str>, event: &E) -> Result<EventId, PublishError> {
        let body = self.encode(event)?;
        let seq = self.hub.history.append(self.state.id, Record { key, body: &body })?;
        self.state.wake();
        Ok(EventId::from(Cursor { epoch: self.hub.history.epoch(), seq }))
    }

    /// Encoded before the history is locked, once for all subscribers.
    fn encode(&self, event: &E) -> Result<Vec<u8>, PublishError> {
        let event_type = event.event_type();
        if event_type.starts_with(RESERVED_PREFIX) {
            return Err(PublishError::ReservedType { event_type });
        }
        let valid =
            EventType::new(event_type).map_err(|reason| PublishError::EventType { event_type, reason })?;
        let mut body = Vec::new();
        encode::fields(&mut body, None, Some(&valid), &event.encode()?);
        let limit = self.hub.options.limits.event_bytes;
        match body.len() > limit {
            true => Err(PublishError::TooLarge { bytes: body.len(), limit }),
            false => Ok(body),
        }
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
    ) -> Self {
        let attendance = Arc::new(Attendance::new(max_names));
        Self { name, id, events, options, attendance, signals: Mutex::default() }
    }

    fn signals(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Signal>>> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wake(&self) {
        self.signals().values().for_each(|signal| signal.raise());
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.signals().is_empty() && self.attendance.presence().count == 0
    }

    pub(crate) fn add(&self, subscription: u64, signal: Arc<Signal>) {
        self.signals().insert(subscription, signal);
    }

    pub(crate) fn remove(&self, subscription: u64) {
        self.signals().remove(&subscription);
    }
}
