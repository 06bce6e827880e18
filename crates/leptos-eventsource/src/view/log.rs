use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;

use leptos::prelude::*;
use sse_events::EventSet;

use super::folded;
use crate::handle::EventSourceHandle;

/// The last events of a stream, made by [`EventSourceHandle::log`]. `Copy`. Its signals are [`entries`](Self::entries) and
/// [`dropped`](Self::dropped). For a list on the page: [`components::EventLog`](crate::components::EventLog).
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{Log, Text};
///
/// /// "7 earlier ones, then 50 of at most 50, and last: …"
/// fn summary(log: Log<Text>) -> impl Fn() -> String {
///     let (entries, dropped) = (log.entries(), log.dropped());
///     move || {
///         let entries = entries.read();
///         let last = entries.back().map_or("", |entry| &entry.event.0);
///         let (kept, capacity) = (entries.len(), log.capacity());
///         format!("{} earlier ones, then {kept} of at most {capacity}, and last: {last}", dropped.get())
///     }
/// }
/// ```
pub struct Log<E: 'static> {
    entries: ReadSignal<VecDeque<Entry<E>>>,
    dropped: ReadSignal<u64>,
    capacity: usize,
}

/// An event in a log.
///
/// ```
/// use leptos_eventsource::{Entry, Text};
///
/// fn line(Entry { serial, last_event_id, event: Text(text), .. }: &Entry<Text>) -> String {
///     format!("{serial}. {text} ({last_event_id})")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<E> {
    /// Counts the events of the log from 0: a key for a list.
    pub serial: u64,
    /// The last event id at this event; empty if there is none.
    pub last_event_id: String,
    /// The event.
    pub event: E,
}

impl<E: EventSet + Clone + Send + Sync> Log<E> {
    pub(crate) fn new(handle: &EventSourceHandle<E>, capacity: usize) -> Self {
        let entries = folded(handle, VecDeque::<Entry<E>>::new());
        let dropped = folded(handle, 0);
        let log = Self {
            entries: entries.signal().read_only().into(),
            dropped: dropped.signal().read_only().into(),
            capacity,
        };
        let serial = Cell::new(0);
        handle.on_event_with_id(move |event, last_event_id| {
            let entry = Entry {
                serial: serial.replace(serial.get() + 1),
                last_event_id: last_event_id.to_owned(),
                event: event.clone(),
            };
            let is_over = serial.get() > capacity as u64;
            entries.update(|entries| {
                entries.push_back(entry);
                if is_over {
                    entries.pop_front();
                }
            });
            if is_over {
                dropped.update(|dropped| *dropped += 1);
            }
        });
        log
    }

    /// The events, oldest first.
    #[must_use]
    pub fn entries(&self) -> ReadSignal<VecDeque<Entry<E>>> {
        self.entries
    }

    /// How many events had to go to make room.
    #[must_use]
    pub fn dropped(&self) -> Signal<u64> {
        self.dropped.into()
    }

    /// The most events that it holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<E> Clone for Log<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Log<E> {}

impl<E> fmt::Debug for Log<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
