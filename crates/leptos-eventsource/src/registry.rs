//! The streams of the page, and who watches all of them.
//!
//! A handle may be sent anywhere, and a stream is bound to the thread of its JavaScript. So handles hold a number, and the
//! streams stand here; what lies in the reactive arena instead would bring its own guard against other threads.
//!
//! A developer's panel finds streams here that began before it. What happens on them is told only while somebody
//! observes, and costs one look at a flag otherwise.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use sse_proto::EventRef;
use sse_proto::client::{Gap, State};

use crate::binding::Binding;
use crate::error::Error;
use crate::listeners::Listeners;

/// One for all threads: a handle that went to another must not find a stream of that one there.
static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// In the order in which they came, which is that of their numbers.
    static STREAMS: RefCell<Vec<(Serial, Rc<Binding>)>> = const { RefCell::new(Vec::new()) };
    static OBSERVERS: Listeners<dyn Observer> = const { Listeners::new() };
    /// How many there are. A flag in front of the list: every event looks at it.
    static OBSERVED: Cell<u32> = const { Cell::new(0) };
}

/// Numbers the streams of a page; none is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Serial(pub(crate) u64);

/// What there is to say about a stream.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) url: String,
    pub(crate) transport: &'static str,
    pub(crate) state: State,
    pub(crate) last_event_id: String,
}

/// What happens on a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<'a> {
    /// An event arrived; it may turn out not to decode.
    Event(EventRef<'a>),
    State(&'a State),
    Error(&'a Error),
    Gap(Gap),
}

/// Hears what happens on every stream of the page, in the middle of it: it may look and take notes, not act.
pub(crate) trait Observer {
    /// A stream began to exist.
    fn came(&self, stream: Serial);

    /// Its owner was disposed.
    fn went(&self, stream: Serial);

    fn tell(&self, stream: Serial, told: Told<'_>);
}

/// Lists the stream that is made for this number.
pub(crate) fn enter(make: impl FnOnce(Serial) -> Rc<Binding>) -> Serial {
    let serial = Serial(NEXT.fetch_add(1, Ordering::Relaxed));
    let binding = make(serial);
    STREAMS.with_borrow_mut(|streams| streams.push((serial, binding)));
    each_observer(&|observer| observer.came(serial));
    serial
}

/// Takes a stream from the list and ends it.
pub(crate) fn leave(serial: Serial) {
    let at = |streams: &Vec<(Serial, _)>| streams.binary_search_by_key(&serial, |(serial, _)| *serial).ok();
    let left = STREAMS.with_borrow_mut(|streams| at(streams).map(|at| streams.remove(at)));
    if let Some((_, binding)) = left {
        binding.dispose();
        each_observer(&|observer| observer.went(serial));
    }
}

/// The streams of the page, in the order in which they came.
pub(crate) fn streams() -> Vec<Serial> {
    STREAMS.with_borrow(|streams| streams.iter().map(|(serial, _)| *serial).collect())
}

impl Serial {
    /// The stream; `None` once its owner is disposed.
    pub(crate) fn stream(self) -> Option<Rc<Binding>> {
        STREAMS.with_borrow(|streams| {
            let at = streams.binary_search_by_key(&self, |(serial, _)| *serial).ok()?;
            Some(streams[at].1.clone())
        })
    }

    /// Tells all observers what happened on this stream.
    pub(crate) fn tell(self, told: Told<'_>) {
        each_observer(&|observer| observer.tell(self, told));
    }
}

fn each_observer(call: &dyn Fn(&dyn Observer)) {
    if is_observed() {
        OBSERVERS.with(|observers| observers.each(|observer| call(observer)));
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
