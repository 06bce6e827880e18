use std::cell::RefCell;
use std::rc::Rc;

use sse_proto::EventRef;
use sse_proto::client::{Failure, Gap, State};
use sse_web::{Connection, Options, Sink};

use crate::until;

/// Something that a connection told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The state changed.
    State(State),
    /// The connection failed.
    Failure(Failure),
    /// Events were lost.
    Gap(Gap),
    /// An event arrived.
    Event {
        /// Its type.
        event_type: String,
        /// Its data.
        data: String,
        /// The last event id at it.
        last_event_id: String,
    },
}

/// A connection, and all that it told, in order.
pub struct Watch {
    record: Rc<Record>,
}

struct Record {
    connection: Slot,
    told: RefCell<Vec<Told>>,
    reaction: Box<Reaction>,
}

/// What the test does in the middle of being told.
type Reaction = dyn Fn(&Told, &Slot);

/// The connection that is watched, unless it was dropped.
#[derive(Debug, Default)]
pub struct Slot(RefCell<Option<Connection>>);

impl Slot {
    /// Calls `f` with the connection.
    pub fn with(&self, f: impl FnOnce(&Connection)) {
        if let Some(connection) = &*self.0.borrow() {
            f(connection);
        }
    }

    /// Drops the connection.
    pub fn clear(&self) {
        // Taken out first: what is dropped may call back.
        let connection = self.0.take();
        drop(connection);
    }
}

impl Watch {
    /// Opens a connection and watches it.
    ///
    /// # Panics
    /// If the URL is invalid.
    #[must_use]
    pub fn open(url: &str, options: Options) -> Self {
        Self::open_and_react(url, options, |_, _| {})
    }

    /// Opens a connection and watches it; `reaction` is called with all that is told, after it was recorded.
    ///
    /// # Panics
    /// If the URL is invalid.
    #[must_use]
    pub fn open_and_react(url: &str, options: Options, reaction: impl Fn(&Told, &Slot) + 'static) -> Self {
        let record = Rc::new(Record {
            connection: Slot::default(),
            told: RefCell::default(),
            reaction: Box::new(reaction),
        });
        let connection =
            Connection::open(url, options, Ear(record.clone())).unwrap_or_else(|error| panic!("{error}"));
        record.connection.0.replace(Some(connection));
        Self { record }
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Slot {
        &self.record.connection
    }

    /// Whether nobody but the watch itself holds what the connection was given.
    #[must_use]
    pub fn is_freed(&self) -> bool {
        Rc::strong_count(&self.record) == 1
    }

    /// All that was told.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.record.told.borrow().clone()
    }

    /// The data of all events.
    #[must_use]
    pub fn data(&self) -> Vec<String> {
        self.pick(|told| match told {
            Told::Event { data, .. } => Some(data.clone()),
            _ => None,
        })
    }

    /// The failures.
    #[must_use]
    pub fn failures(&self) -> Vec<Failure> {
        self.pick(|told| match told {
            Told::Failure(failure) => Some(failure.clone()),
            _ => None,
        })
    }

    /// The states, as [`phase`]s.
    #[must_use]
    pub fn phases(&self) -> Vec<String> {
        self.pick(|told| match told {
            Told::State(state) => Some(phase(state)),
            _ => None,
        })
    }

    /// The state that was told last.
    #[must_use]
    pub fn state(&self) -> State {
        let last = |told: &Told| match told {
            Told::State(state) => Some(state.clone()),
            _ => None,
        };
        self.pick(last).pop().unwrap_or_default()
    }

    /// Waits until an event with this data was told.
    #[track_caller]
    pub fn until_data(&self, data: &str) -> impl Future<Output = ()> {
        until(&format!("an event with data {data:?}"), move || self.data().iter().any(|it| it == data))
    }

    /// Waits until this phase was told.
    #[track_caller]
    pub fn until_phase(&self, phase: &str) -> impl Future<Output = ()> {
        until(&format!("the phase {phase:?}"), move || self.phases().iter().any(|it| it == phase))
    }

    /// Waits until this is the last event id.
    #[track_caller]
    pub fn until_cursor(&self, id: &str) -> impl Future<Output = ()> {
        until(&format!("the last event id {id:?}"), move || {
            let mut is_there = false;
            self.connection().with(|connection| is_there = connection.last_event_id() == id);
            is_there
        })
    }

    fn pick<T>(&self, f: impl FnMut(&Told) -> Option<T>) -> Vec<T> {
        self.record.told.borrow().iter().filter_map(f).collect()
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("told", &self.record.told).finish_non_exhaustive()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The connection's sink holds the record that holds the connection.
        self.record.connection.clear();
    }
}

/// A state without its times, which differ from run to run.
#[must_use]
pub fn phase(state: &State) -> String {
    match state {
        State::Idle => "idle".to_owned(),
        State::Connecting { attempt } => format!("connecting {attempt}"),
        State::Open => "open".to_owned(),
        State::Stale { .. } => "stale".to_owned(),
        State::Waiting { attempt, .. } => format!("waiting for {attempt}"),
        State::Paused { why } => format!("paused {why:?}"),
        State::Closed(_) => "closed".to_owned(),
        other => panic!("a state without a name: {other:?}"),
    }
}

struct Ear(Rc<Record>);

impl Ear {
    fn hear(&self, told: Told) {
        self.0.told.borrow_mut().push(told.clone());
        (self.0.reaction)(&told, &self.0.connection);
    }
}

impl Sink for Ear {
    fn event(&self, event: EventRef<'_>) {
        self.hear(Told::Event {
            event_type: event.event_type.to_owned(),
            data: event.data.to_owned(),
            last_event_id: event.last_event_id.to_owned(),
        });
    }

    fn state(&self, state: &State) {
        self.hear(Told::State(state.clone()));
    }

    fn failure(&self, failure: &Failure) {
        self.hear(Told::Failure(failure.clone()));
    }

    fn gap(&self, gap: Gap) {
        self.hear(Told::Gap(gap));
    }
}
