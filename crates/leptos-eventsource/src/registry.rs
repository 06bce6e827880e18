//! The streams of the page, and who watches all of them.
//!
//! A developer's panel must be able to find streams that began before it. So each is listed here while it lives; what
//! happens on it is told only while somebody observes, and costs one look at a flag otherwise.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use sse_proto::EventRef;
use sse_proto::client::{Gap, State};

use crate::binding::Listeners;
use crate::error::Error;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
    /// In the order in which they came.
    static STREAMS: RefCell<Vec<(Serial, Weak<dyn AnyBinding>)>> = const { RefCell::new(Vec::new()) };
    static OBSERVERS: Listeners<dyn Observer> = const { Listeners::new() };
    /// How many there are. A flag in front of the list: every event looks at it.
    static OBSERVED: Cell<u32> = const { Cell::new(0) };
}

/// Numbers the streams of a page; none is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Serial(u64);

/// A stream, whatever its events are.
pub(crate) trait AnyBinding {
    /// What there is to say about it now.
    fn about(&self) -> About;

    /// Does what its owner could do by the handle.
    fn control(self: Rc<Self>, control: Control);
}

/// What there is to say about a stream.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) url: String,
    pub(crate) transport: &'static str,
    pub(crate) state: State,
    pub(crate) last_event_id: String,
}

/// What can be asked of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Close,
    Reconnect,
    Pause,
    Resume,
}

/// What happens on a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<'a> {
    /// It began to exist.
    Came,
    /// An event arrived; it may turn out not to decode.
    Event(EventRef<'a>),
    State(&'a State),
    Error(&'a Error),
    Gap(Gap),
    /// Its owner was disposed.
    Went,
}

/// Hears what happens on every stream of the page, in the middle of it: it may look and take notes, not act.
pub(crate) trait Observer {
    fn tell(&self, stream: Serial, told: Told<'_>);
}

/// Lists a stream.
pub(crate) fn enter<B: AnyBinding + 'static>(binding: &Rc<B>) -> Serial {
    let serial = Serial(NEXT.replace(NEXT.get() + 1));
    let binding: Weak<dyn AnyBinding> = Rc::<B>::downgrade(binding);
    STREAMS.with_borrow_mut(|streams| streams.push((serial, binding)));
    serial.tell(Told::Came);
    serial
}

/// Takes a stream from the list.
pub(crate) fn leave(serial: Serial) {
    STREAMS.with_borrow_mut(|streams| streams.retain(|(listed, _)| *listed != serial));
    serial.tell(Told::Went);
}

/// The streams of the page, in the order in which they came.
pub(crate) fn streams() -> Vec<Serial> {
    STREAMS.with_borrow(|streams| streams.iter().map(|(serial, _)| *serial).collect())
}

impl Serial {
    /// The stream; `None` once its owner is disposed.
    pub(crate) fn stream(self) -> Option<Rc<dyn AnyBinding>> {
        STREAMS.with_borrow(|streams| streams.iter().find(|(serial, _)| *serial == self)?.1.upgrade())
    }

    /// Tells all observers what happened on this stream.
    pub(crate) fn tell(self, told: Told<'_>) {
        if is_observed() {
            OBSERVERS.with(|observers| observers.each(|observer| observer.tell(self, told)));
        }
    }
}

/// Whether anybody is told of what happens.
pub(crate) fn is_observed() -> bool {
    OBSERVED.get() > 0
}

/// Has `observer` told of everything until [`stop_observing`].
pub(crate) fn observe(observer: Rc<dyn Observer>) -> usize {
    OBSERVED.set(OBSERVED.get() + 1);
    OBSERVERS.with(|observers| observers.add(observer))
}

/// Tells nothing more to the observer at this place.
pub(crate) fn stop_observing(at: usize) {
    OBSERVED.set(OBSERVED.get() - 1);
    OBSERVERS.with(|observers| observers.remove(at));
}
