use std::fmt;
use std::rc::Rc;

use leptos::prelude::*;
use sse_events::EventSet;
use sse_proto::client::{CloseReason, State};

use crate::binding::Binding;
use crate::error::Error;
use crate::handle::EventSourceHandle;
use crate::registry::Serial;

/// An [`EventSourceHandle`] without its event type: the state and the controls of its connection.
///
/// For components that show or steer a connection, whatever it carries. `Copy`; made by `into()`, or by a component's
/// `#[prop(into)]`. Once the stream's owner is disposed, it is closed, and its controls do nothing.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{ConnectionHandle, Text, use_event_source};
///
/// #[component]
/// fn Lamp(#[prop(into)] stream: ConnectionHandle) -> impl IntoView {
///     let (retry_in, error) = (stream.retry_in(), stream.error());
///     view! {
///         <i class="lamp" class:on=stream.is_open()></i>
///         {move || error.get().map(|error| error.to_string())}
///         {move || retry_in.get().map(|seconds| format!("again in {seconds} s"))}
///         <button on:click=move |_| stream.pause()>"Pause"</button>
///         <button on:click=move |_| stream.resume()>"Go on"</button>
///         <button on:click=move |_| stream.reconnect()>"Connect anew"</button>
///         <button on:click=move |_| stream.close()>"Stop"</button>
///     }
/// }
///
/// #[component]
/// fn News() -> impl IntoView {
///     let news = use_event_source::<Text>("/api/news");
///     view! { <Lamp stream=news /> }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct ConnectionHandle {
    /// `None` where an app is rendered on a server.
    serial: Option<Serial>,
}

impl<E: EventSet> From<EventSourceHandle<E>> for ConnectionHandle {
    fn from(handle: EventSourceHandle<E>) -> Self {
        handle.connection
    }
}

impl ConnectionHandle {
    pub(crate) fn new(serial: Option<Serial>) -> Self {
        Self { serial }
    }

    /// As [`EventSourceHandle::state`].
    #[must_use]
    pub fn state(&self) -> Signal<State> {
        let inert = match self.serial {
            Some(_) => State::Closed(CloseReason::Caller),
            None => State::Idle,
        };
        self.signal(inert, |binding| binding.signal(&binding.state))
    }

    /// As [`EventSourceHandle::is_open`].
    #[must_use]
    pub fn is_open(&self) -> Signal<bool> {
        self.signal(false, |binding| binding.is_open())
    }

    /// As [`EventSourceHandle::retry_in`].
    #[must_use]
    pub fn retry_in(&self) -> Signal<Option<u64>> {
        self.signal(None, Binding::retry_in)
    }

    /// As [`EventSourceHandle::error`].
    #[must_use]
    pub fn error(&self) -> Signal<Option<Error>> {
        self.signal(None, |binding| binding.signal(&binding.error))
    }

    /// As [`EventSourceHandle::last_event_id`].
    #[must_use]
    pub fn last_event_id(&self) -> Signal<String> {
        self.signal(String::new(), |binding| binding.last_event_id())
    }

    /// As [`EventSourceHandle::close`].
    pub fn close(&self) {
        self.with_binding(|binding| binding.close());
    }

    /// As [`EventSourceHandle::finish`].
    pub fn finish(&self) {
        self.with_binding(|binding| binding.finish());
    }

    /// As [`EventSourceHandle::reconnect`].
    pub fn reconnect(&self) {
        self.with_binding(Binding::reconnect);
    }

    /// As [`EventSourceHandle::pause`].
    pub fn pause(&self) {
        self.with_binding(|binding| binding.pause());
    }

    /// As [`EventSourceHandle::resume`].
    pub fn resume(&self) {
        self.with_binding(Binding::resume);
    }

    /// `None` once the owner is disposed.
    pub(crate) fn with_binding<R>(&self, f: impl FnOnce(&Rc<Binding>) -> R) -> Option<R> {
        self.binding().map(|binding| f(&binding))
    }

    /// A signal of the stream's; `inert` for ever where there is none, or none any more.
    fn signal<T: Send + Sync + 'static>(
        &self,
        inert: T,
        of: impl FnOnce(&Rc<Binding>) -> Signal<T>,
    ) -> Signal<T> {
        self.with_binding(of).unwrap_or_else(|| ArcRwSignal::new(inert).into())
    }

    /// `None` once the owner is disposed, and where an app is rendered on a server.
    pub(crate) fn binding(&self) -> Option<Rc<Binding>> {
        self.serial?.stream()
    }
}

impl fmt::Debug for ConnectionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionHandle").finish_non_exhaustive()
    }
}
