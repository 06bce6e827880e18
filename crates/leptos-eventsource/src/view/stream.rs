use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::{FusedStream, Stream};
use sse_events::EventSet;

use crate::handle::EventSourceHandle;

/// The events of a stream as a [`futures` stream](Stream), for `async` code.
///
/// It holds what has not been taken yet, up to its capacity; after that the oldest goes, and is counted. It ends when
/// the owner in which it was made is disposed, or the owner of the event stream. It does not end when that is closed,
/// by [`close`](EventSourceHandle::close), by the server or because it gave up, as
/// [`reconnect`](EventSourceHandle::reconnect) may follow: look at the [`state`](EventSourceHandle::state).
///
/// Read it in an effect: the body of a component also runs on a server that renders the page, where `spawn_local`
/// panics. And not by `spawn_local_scoped`: such a task holds the owner for whose end it would wait.
///
/// ```
/// use futures_util::StreamExt;
/// use leptos::prelude::*;
/// use leptos::task::spawn_local;
/// use leptos_eventsource::{Json, use_event_source};
///
/// # fn component() {
/// let stream = use_event_source::<Json<u64>>("/counts");
/// Effect::new(move |_| {
///     let mut counts = stream.stream(100);
///     spawn_local(async move {
///         while let Some(Json(count)) = counts.next().await {
///             leptos::logging::log!("{count}");
///         }
///     });
/// });
/// # }
/// ```
pub struct EventStream<E> {
    queue: Rc<RefCell<Queue<E>>>,
}

struct Queue<E> {
    events: VecDeque<E>,
    capacity: usize,
    dropped: u64,
    has_ended: bool,
    waker: Option<Waker>,
}

/// Wakes who waits, once nothing is borrowed any more: it may look into the queue at once.
fn wake<E>(mut queue: RefMut<'_, Queue<E>>) {
    let waker = queue.waker.take();
    drop(queue);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Belongs to the listener, and goes with it: then no more can come.
struct End<E>(Weak<RefCell<Queue<E>>>);

impl<E> Drop for End<E> {
    fn drop(&mut self) {
        if let Some(queue) = self.0.upgrade() {
            let mut queue = queue.borrow_mut();
            queue.has_ended = true;
            wake(queue);
        }
    }
}

impl<T: 'static> EventStream<T> {
    /// What `take` makes of each event and the last event id at it.
    pub(crate) fn new<E: EventSet>(
        handle: &EventSourceHandle<E>,
        capacity: usize,
        take: impl Fn(&E, &str) -> T + 'static,
    ) -> Self {
        let queue = Rc::new(RefCell::new(Queue {
            events: VecDeque::new(),
            capacity,
            dropped: 0,
            has_ended: false,
            waker: None,
        }));
        let end = End(Rc::downgrade(&queue));
        let (handle, listener) = (*handle, Rc::new(Cell::new(None)));
        let this = listener.clone();
        listener.set(handle.listen(move |event, last_event_id| {
            let Some(queue) = end.0.upgrade() else {
                // Nobody holds the stream any more. Where there is no owner, nobody else takes this away.
                if let Some(this) = this.get() {
                    handle.forget(this);
                }
                return;
            };
            let taken = take(event, last_event_id);
            let mut queue = queue.borrow_mut();
            queue.events.push_back(taken);
            if queue.events.len() > queue.capacity {
                queue.events.pop_front();
                queue.dropped += 1;
            }
            wake(queue);
        }));
        Self { queue }
    }
}

impl<E> EventStream<E> {
    /// How many events had to go because nobody took them.
    ///
    /// ```
    /// # use futures_util::StreamExt;
    /// # use leptos_eventsource::{EventStream, Text};
    /// # async fn save(_: &str) {}
    /// async fn save_all(mut events: EventStream<Text>) {
    ///     while let Some(Text(text)) = events.next().await {
    ///         save(&text).await;
    ///     }
    ///     leptos::logging::log!("{} came faster than they could be saved", events.dropped());
    /// }
    /// ```
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue.borrow().dropped
    }
}

impl<E> Stream for EventStream<E> {
    type Item = E;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<E>> {
        let mut queue = self.queue.borrow_mut();
        match queue.events.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None if queue.has_ended => Poll::Ready(None),
            None => {
                queue.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<E> FusedStream for EventStream<E> {
    fn is_terminated(&self) -> bool {
        let queue = self.queue.borrow();
        queue.has_ended && queue.events.is_empty()
    }
}

impl<E> fmt::Debug for EventStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("capacity", &self.queue.borrow().capacity).finish_non_exhaustive()
    }
}
