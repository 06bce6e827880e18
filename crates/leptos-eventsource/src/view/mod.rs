//! Views over a stream: every event is folded into them, and the page is told when the delivery says so.

mod keyed;
mod log;
mod stream;

use std::rc::Rc;

use leptos::prelude::*;
use sse_events::EventSet;

pub use keyed::{KEY_LIMIT, Keyed};
pub use log::{Entry, Log};
pub use stream::EventStream;

use crate::handle::EventSourceHandle;
use crate::schedule::{Folded, Schedule};

pub(crate) fn fold<E: EventSet, S: Send + Sync + 'static>(
    handle: &EventSourceHandle<E>,
    init: S,
    f: impl Fn(&mut S, &E, &str) + 'static,
) -> ReadSignal<S> {
    let folded = folded(handle, init);
    let signal = folded.signal().read_only().into();
    handle.listen(move |event, last_event_id| folded.update(|value| f(value, event, last_event_id)));
    signal
}

pub(crate) fn fold_into<E: EventSet, S: Send + Sync + 'static>(
    handle: &EventSourceHandle<E>,
    signal: ArcRwSignal<S>,
    f: impl Fn(&mut S, &E) + 'static,
) {
    let folded = Outlived(Folded::over(&schedule(handle), signal));
    handle.listen(move |event, _| folded.0.update(|value| f(value, event)));
}

/// Folds into a signal that may live longer: who follows it is told of the last change, for which no frame has come yet.
struct Outlived<S: Send + Sync + 'static>(Folded<S>);

impl<S: Send + Sync + 'static> Drop for Outlived<S> {
    fn drop(&mut self) {
        self.0.tell_changed();
    }
}

/// A folded signal on the stream's schedule; on a stream that is gone, one that never changes.
fn folded<E: EventSet, S: Send + Sync + 'static>(handle: &EventSourceHandle<E>, init: S) -> Folded<S> {
    Folded::new(&schedule(handle), init)
}

fn schedule<E: EventSet>(handle: &EventSourceHandle<E>) -> Rc<Schedule> {
    let schedule = handle.with_binding(|binding| binding.schedule.clone());
    schedule.unwrap_or_else(|| Schedule::new(Default::default()))
}
