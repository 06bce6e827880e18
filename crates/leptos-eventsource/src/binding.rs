//! Between a connection and the signals over it.

use std::any::Any;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::Interval;
use leptos::prelude::{Memo, Owner, Read, Signal};
use leptos::reactive::owner::WeakOwner;
use sse_events::{DecodeError, EventSet};
use sse_proto::client::{CloseReason, Failure, Gap, PauseReason, State};
use sse_proto::{EventRef, Instant};
use sse_web::{Connection, Sink};

use crate::error::Error;
use crate::listeners::Listeners;
use crate::options::EventSourceOptions;
use crate::registry::{self, About, Serial, Told};
use crate::schedule::Schedule;
use crate::shown::Shown;

/// How often a countdown is looked at. Four times a second, so that a shown second lasts about one.
const COUNTDOWN_MILLIS: u32 = 250;

/// One stream: its connection, its signals, and who listens. Owned by the reactive owner that asked for it.
///
/// It does not know the type of its events, so that an app links it once and not for each type.
pub(crate) struct Binding {
    /// Which of the page's streams it is.
    serial: Serial,
    options: EventSourceOptions,
    /// What is to be opened, if that is known.
    url: RefCell<Option<String>>,
    /// Whether the cursor of the options belongs to a URL: one that could be opened, or that nobody has tried to open.
    has_used_initial_cursor: Cell<bool>,
    /// Cloned out to be used: whoever it tells may close or replace it.
    connection: RefCell<Option<Rc<Connection>>>,
    wanted: Cell<Wanted>,
    /// Whether a state may be shown that no server has rendered. Else that waits until the page is taken over.
    is_taken_over: Cell<bool>,
    pub(crate) schedule: Rc<Schedule>,
    pub(crate) state: Shown<State>,
    /// For those who go with the stream.
    is_open: OnceCell<Signal<bool>>,
    /// Counts the states that the connection has told.
    states: Cell<u32>,
    retry_in: Shown<Option<u64>>,
    pub(crate) error: Shown<Option<Error>>,
    /// The cursor to begin with; kept up to date only if anybody has asked for the signal, which costs a string for each
    /// event.
    last_event_id: Shown<String>,
    /// Whether one of those who hear of events looks at the last event id.
    pub(crate) reads_last_event_id: Cell<bool>,
    /// Weak, as this lives in it. `None` if it was made outside of any: then it lives for ever.
    owner: Option<WeakOwner>,
    pub(crate) on_event: Rc<dyn HearEvents>,
    pub(crate) on_news: Listeners<dyn Fn(News<'_>)>,
    /// Behind a pointer, as is what starts it, so that a page on which nobody asks for the signal links neither.
    countdown_timer: Cell<Option<Box<dyn Any>>>,
    /// `None` until anybody asks for the signal.
    start_countdown: Cell<Option<StartCountdown>>,
}

type StartCountdown = fn(&Rc<Binding>, Instant);

/// What there is to hear of a stream besides its events.
#[derive(Clone, Copy)]
pub(crate) enum News<'a> {
    /// It is open, and was not before.
    Open,
    Error(&'a Error),
    Gap(Gap),
    Closed(&'a CloseReason),
}

/// What the owner last asked for. It may ask before the first URL is known, and it outlives a change of URL.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Open,
    Paused,
    Closed,
}

/// Hears an event, and the last event id at it.
type EventListener<E> = dyn Fn(&E, &str);

/// The listeners of a stream, which know the type of its events.
pub(crate) trait HearEvents: Any {
    fn hear(&self, event: EventRef<'_>) -> Result<(), DecodeError>;

    /// Frees the one of this number.
    fn remove(&self, number: usize);

    /// Frees them all.
    fn clear(&self);
}

impl<E: EventSet> HearEvents for Listeners<EventListener<E>> {
    fn hear(&self, event: EventRef<'_>) -> Result<(), DecodeError> {
        let decoded = E::decode(event.event_type, event.data)?;
        self.each(|listener| listener(&decoded, event.last_event_id));
        Ok(())
    }

    fn remove(&self, number: usize) {
        Self::remove(self, number);
    }

    fn clear(&self) {
        Self::clear(self);
    }
}

impl Binding {
    pub(crate) fn new<E: EventSet>(serial: Serial, options: EventSourceOptions) -> Rc<Self> {
        Self::of(serial, options, E::EVENT_TYPES, Rc::new(Listeners::<EventListener<E>>::new()))
    }

    fn of(
        serial: Serial,
        mut options: EventSourceOptions,
        event_types: &'static [&'static str],
        on_event: Rc<dyn HearEvents>,
    ) -> Rc<Self> {
        options.connection.event_types = Cow::Borrowed(event_types);
        Rc::new(Self {
            serial,
            schedule: Schedule::new(options.delivery),
            options,
            url: RefCell::new(None),
            has_used_initial_cursor: Cell::new(false),
            connection: RefCell::new(None),
            wanted: Cell::new(Wanted::Open),
            is_taken_over: Cell::new(!cfg!(feature = "hydrate")),
            state: Shown::new(State::Idle),
            is_open: OnceCell::new(),
            states: Cell::new(0),
            retry_in: Shown::new(None),
            error: Shown::new(None),
            last_event_id: Shown::new(String::new()),
            reads_last_event_id: Cell::new(false),
            owner: Owner::current().map(|owner| owner.downgrade()),
            on_event,
            on_news: Listeners::new(),
            countdown_timer: Cell::new(None),
            start_countdown: Cell::new(None),
        })
    }

    /// Makes `url` the stream's, in place of the one before; `None` until another one is known.
    pub(crate) fn set_url(self: &Rc<Self>, url: Option<String>) {
        // A cursor belongs to one URL; only the first URL starts from that of the options.
        let last_event_id = if self.has_used_initial_cursor.get() {
            String::new()
        } else {
            self.options.connection.last_event_id.clone()
        };
        self.url.replace(url);
        self.shut();
        if self.wanted.get() != Wanted::Open && self.url.borrow().is_some() {
            self.has_used_initial_cursor.set(true);
        }
        // The cursor first: who is told of either may connect anew.
        self.last_event_id.set(last_event_id);
        self.error.set(None);
        match self.wanted.get() {
            // It has been opened meanwhile.
            Wanted::Open if self.connection().is_some() => {}
            Wanted::Open => self.open(),
            Wanted::Paused | Wanted::Closed => self.show_wanted(),
        }
    }

    /// From now on the page may show what no server has rendered.
    #[cfg(any(test, feature = "hydrate"))]
    pub(crate) fn handle_taken_over(&self) {
        self.is_taken_over.set(true);
        self.show_wanted();
    }

    /// Shows what the owner asked for, where there is no connection to tell of it.
    fn show_wanted(&self) {
        if !self.is_taken_over.get() {
            return;
        }
        match self.wanted.get() {
            Wanted::Open => {}
            Wanted::Paused => self.show(State::Paused { why: PauseReason::Caller }),
            Wanted::Closed => self.show(State::Closed(CloseReason::Caller)),
        }
    }

    /// Opens the stream's URL, from the last event id.
    fn open(self: &Rc<Self>) {
        let Some(url) = self.url.borrow().clone() else {
            self.retry_in.set(None);
            return self.show(State::Idle);
        };
        let mut options = self.options.connection.clone();
        options.last_event_id = self.last_event_id.value();
        // Before anybody is told, who may bring another URL. What cannot be opened leaves the cursor to the next.
        let had_used = self.has_used_initial_cursor.replace(true);
        match Connection::open(&url, options, ToSignals { binding: Rc::downgrade(self) }) {
            Ok(connection) => {
                self.connection.replace(Some(Rc::new(connection)));
                // Who was told of the first attempt may have asked for something else meanwhile.
                match self.wanted.get() {
                    Wanted::Open => {}
                    Wanted::Paused => self.pause(),
                    Wanted::Closed => self.close(),
                }
            }
            Err(error) => {
                self.has_used_initial_cursor.set(had_used);
                self.show(State::Idle);
                self.retry_in.set(None);
                self.fail(error.into());
            }
        }
    }

    /// Those who listen for events; `None` if their type is another one.
    pub(crate) fn on_event<E: EventSet>(&self) -> Option<Rc<Listeners<EventListener<E>>>> {
        let on_event: Rc<dyn Any> = self.on_event.clone();
        on_event.downcast().ok()
    }

    /// The owner is gone. Whoever is in the middle of a call to this still holds it, and is told nothing more.
    pub(crate) fn dispose(&self) {
        // Whoever is in the middle of a call to the connection holds it, too.
        if let Some(connection) = self.connection() {
            connection.close();
        }
        self.shut();
        self.schedule.stop();
        self.on_event.clear();
        self.on_news.clear();
        if self.retry_in.is(Option::is_some) {
            self.retry_in.set_outside(None);
        }
        self.state.set_outside(State::Closed(CloseReason::Caller));
    }

    /// Whether the owner is gone.
    fn is_disposed(&self) -> bool {
        self.serial.stream().is_none()
    }

    /// Closes and frees the connection. What was shown stays.
    fn shut(&self) {
        self.countdown_timer.take();
        // Taken out first: what is dropped may call back.
        let connection = self.connection.take();
        drop(connection);
    }

    pub(crate) fn close(&self) {
        self.wanted.set(Wanted::Closed);
        match self.connection() {
            Some(connection) => connection.close(),
            None => self.show_wanted(),
        }
    }

    /// Unlike [`Self::close`] it is nothing that the owner wants of another URL, too.
    pub(crate) fn finish(&self) {
        if let Some(connection) = self.connection() {
            if self.wanted.get() == Wanted::Paused {
                self.wanted.set(Wanted::Open);
            }
            connection.finish();
        }
    }

    pub(crate) fn pause(&self) {
        let is_closed = self.state.is(|shown| matches!(shown, State::Closed(_)));
        if is_closed || self.wanted.get() == Wanted::Closed {
            return;
        }
        self.wanted.set(Wanted::Paused);
        match self.connection() {
            Some(connection) => connection.pause(),
            None => self.show_wanted(),
        }
    }

    pub(crate) fn resume(self: &Rc<Self>) {
        if self.wanted.get() == Wanted::Paused {
            self.wanted.set(Wanted::Open);
            match self.connection() {
                Some(connection) => connection.resume(),
                None => self.open(),
            }
        }
    }

    pub(crate) fn reconnect(self: &Rc<Self>) {
        self.wanted.set(Wanted::Open);
        match self.connection() {
            Some(connection) => connection.reconnect(),
            None => self.open(),
        }
    }

    /// A signal of what is shown here, for the current owner. Outside of any it lives as long as the stream.
    ///
    /// Whoever goes with the stream shares one signal: who asks with every click must not fill the memory.
    pub(crate) fn signal<T: Clone + Send + Sync + 'static>(&self, shown: &Shown<T>) -> Signal<T> {
        match self.owner_of_asker() {
            Some(owner) => shown.inside(&owner),
            None => shown.outside(),
        }
    }

    /// A signal like [`Self::signal`]'s.
    pub(crate) fn is_open(&self) -> Signal<bool> {
        let make = || {
            let state = self.signal(&self.state);
            Memo::new(move |_| state.read().is_open()).into()
        };
        match self.owner_of_asker() {
            Some(owner) => *self.is_open.get_or_init(|| owner.with(make)),
            None => make(),
        }
    }

    /// The stream's owner, if it has one.
    pub(crate) fn owner(&self) -> Option<Owner> {
        self.owner.as_ref()?.upgrade()
    }

    /// The stream's owner, if whoever asks goes with it.
    fn owner_of_asker(&self) -> Option<Owner> {
        let owner = self.owner()?;
        goes_with(Owner::current(), &owner).then_some(owner)
    }

    /// Keeps the signal of the last event id up to date from now on.
    pub(crate) fn last_event_id(&self) -> Signal<String> {
        if !self.last_event_id.is_signal()
            && let Some(connection) = self.connection()
        {
            self.last_event_id.set(connection.last_event_id());
        }
        self.signal(&self.last_event_id)
    }

    /// Keeps the signal of the countdown up to date from now on.
    pub(crate) fn retry_in(self: &Rc<Self>) -> Signal<Option<u64>> {
        if self.start_countdown.replace(Some(Self::start_countdown)).is_none()
            && let State::Waiting { until, .. } = self.state.value()
        {
            self.start_countdown(until);
        }
        self.signal(&self.retry_in)
    }

    fn show(&self, state: State) {
        // Whoever was told something just before may have disposed the owner, and then it is closed.
        if self.is_disposed() {
            return;
        }
        self.serial.tell(Told::State(&state));
        let reason = match &state {
            State::Closed(reason) if !self.state.is(|shown| matches!(shown, State::Closed(_))) => {
                Some(reason.clone())
            }
            _ => None,
        };
        self.state.set(state);
        if let Some(reason) = reason {
            self.on_news.each(|listener| listener(News::Closed(&reason)));
        }
    }

    fn fail(&self, error: Error) {
        self.serial.tell(Told::Error(&error));
        self.error.set(Some(error.clone()));
        self.on_news.each(|listener| listener(News::Error(&error)));
    }

    /// The event that came last is none of the set. Out of line, so that what is there for every event stays small.
    #[cold]
    #[inline(never)]
    fn refuse(&self, error: DecodeError) {
        let last_event_id = self.connection().map(|connection| connection.last_event_id());
        self.fail(error.at(&last_event_id.unwrap_or_default()).into());
    }

    fn connection(&self) -> Option<Rc<Connection>> {
        self.connection.borrow().clone()
    }

    fn start_countdown(self: &Rc<Self>, until: Instant) {
        let this = Rc::downgrade(self);
        let tell = move || {
            let Some(this) = this.upgrade() else { return };
            let left = until.as_millis().saturating_sub(sse_web::now().as_millis());
            let left = Some(left.div_ceil(1000));
            if !this.retry_in.is(|shown| *shown == left) {
                this.retry_in.set(left);
            }
        };
        // First, as whoever is told may end it.
        self.countdown_timer.set(Some(Box::new(Interval::new(COUNTDOWN_MILLIS, tell.clone()))));
        tell();
    }
}

impl Binding {
    /// What there is to say about it now.
    pub(crate) fn about(&self) -> About {
        About {
            url: self.url.borrow().clone().unwrap_or_default(),
            transport: self.options.connection.transport.name(),
            state: self.state.value(),
            // Not the signal: that is kept up to date only for those who have asked for it.
            last_event_id: match self.connection() {
                Some(connection) => connection.last_event_id(),
                None => self.last_event_id.value(),
            },
        }
    }
}

/// Whether what is made in `current` goes at the latest with what is made in `owner`, or is made in none.
fn goes_with(current: Option<Owner>, owner: &Owner) -> bool {
    current.is_none_or(|current| is_in(&current, owner) || is_root_of(&current, owner))
}

/// Whether `root` is the owner of the whole page in which `owner` is. Once a page that a server has rendered was taken
/// over, that is the current one in timers and handlers, where otherwise there is none.
pub(crate) fn is_root_of(root: &Owner, owner: &Owner) -> bool {
    root.parent().is_none() && is_in(owner, root)
}

fn is_in(owner: &Owner, above: &Owner) -> bool {
    let mut next = Some(owner.clone());
    while let Some(owner) = next {
        if owner == *above {
            return true;
        }
        next = owner.parent();
    }
    false
}

/// Turns what a connection tells into signals.
struct ToSignals {
    binding: Weak<Binding>,
}

impl Sink for ToSignals {
    fn event(&self, event: EventRef<'_>) {
        let Some(binding) = self.binding.upgrade() else { return };
        // One that is asked for meanwhile is made with this event's id, which the event may not carry.
        let is_signal = binding.last_event_id.is_signal();
        binding.serial.tell(Told::Event(event));
        if let Err(error) = binding.on_event.hear(event) {
            binding.refuse(error);
        }
        if is_signal {
            binding.last_event_id.set(event.last_event_id.to_owned());
        }
    }

    fn cursor(&self) {
        let Some(binding) = self.binding.upgrade() else { return };
        if binding.last_event_id.is_signal()
            && let Some(connection) = binding.connection()
        {
            let last_event_id = connection.last_event_id();
            if !binding.last_event_id.is(|shown| *shown == last_event_id) {
                binding.last_event_id.set(last_event_id);
            }
        }
    }

    fn reads_last_event_id(&self) -> bool {
        self.binding.upgrade().is_some_and(|binding| {
            binding.reads_last_event_id.get() || binding.last_event_id.is_signal() || registry::is_observed()
        })
    }

    fn state(&self, state: &State) {
        let Some(binding) = self.binding.upgrade() else { return };
        if binding.is_disposed() {
            return;
        }
        let nth = binding.states.get().wrapping_add(1);
        binding.states.set(nth);
        if let State::Waiting { until, cause, .. } = state {
            // Who joins others that wait already has not heard of the failure.
            if binding.error.is(Option::is_none) {
                binding.error.set(Some(cause.clone().into()));
            }
            if let Some(start_countdown) = binding.start_countdown.get() {
                start_countdown(&binding, *until);
            }
        } else {
            binding.countdown_timer.take();
            binding.retry_in.set(None);
        }
        // A connection that was only silent was open all the time: an error of its events stays.
        let was_open = binding.state.is(State::is_open);
        if !was_open && state.is_open() {
            binding.error.set(None);
        }
        // Whoever heard of the countdown or the error may have asked for something else, and been told the state after
        // this one.
        if binding.states.get() == nth {
            binding.show(state.clone());
        }
        // So may whoever heard of the state.
        if !was_open && state.is_open() && binding.states.get() == nth {
            binding.on_news.each(|listener| listener(News::Open));
        }
    }

    fn failure(&self, failure: &Failure) {
        if let Some(binding) = self.binding.upgrade() {
            binding.fail(failure.clone().into());
        }
    }

    fn gap(&self, gap: Gap) {
        if let Some(binding) = self.binding.upgrade() {
            binding.serial.tell(Told::Gap(gap));
            binding.on_news.each(|listener| listener(News::Gap(gap)));
        }
    }
}

#[cfg(test)]
mod tests {
    use sse_events::Text;

    use super::*;

    /// What is shown of a stream on a page that is being taken over, and after that, if its component does `f`.
    fn shown_if_its_component_does(f: fn(&Rc<Binding>)) -> [State; 2] {
        let make = |serial| Binding::new::<Text>(serial, EventSourceOptions::default());
        let serial = registry::enter(make);
        let binding = serial.stream().expect("it was made just now");
        binding.is_taken_over.set(false);
        f(&binding);
        let rendered = binding.state.value();
        binding.handle_taken_over();
        let taken_over = binding.state.value();
        registry::leave(serial);
        [rendered, taken_over]
    }

    #[test]
    fn a_stream_that_its_component_pauses_or_closes_is_shown_idle_until_the_page_is_taken_over() {
        let paused = State::Paused { why: PauseReason::Caller };
        assert_eq!(shown_if_its_component_does(|it| it.pause()), [State::Idle, paused]);
        let closed = State::Closed(CloseReason::Caller);
        assert_eq!(shown_if_its_component_does(|it| it.close()), [State::Idle, closed]);
        assert_eq!(shown_if_its_component_does(|it| it.reconnect()), [State::Idle, State::Idle]);
    }
}
