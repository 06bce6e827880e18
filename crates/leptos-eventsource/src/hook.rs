use leptos::prelude::*;
use sse_events::EventSet;

use crate::IN_BROWSER;
use crate::binding::Binding;
use crate::connection_handle::ConnectionHandle;
use crate::handle::EventSourceHandle;
use crate::options::EventSourceOptions;
use crate::registry;
use crate::url::IntoStreamUrl;

/// Opens the event stream at `url` for as long as the current reactive owner lives.
///
/// The URL is relative to the page, or absolute. If it is a signal, the connection follows it, and views keep what
/// they hold. Where that is not wanted, make the stream in a component that is made anew for each URL:
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{Text, use_event_source};
///
/// #[component]
/// fn Room(name: String) -> impl IntoView {
///     let last = use_event_source::<Text>(format!("/api/chat/{name}")).latest();
///     view! {
///         <h2>{name}</h2>
///         <p>{move || last.get().map(|Text(text)| text)}</p>
///     }
/// }
///
/// #[component]
/// fn Chat(#[prop(into)] room: Signal<String>) -> impl IntoView {
///     move || view! { <Room name=room.get() /> }
/// }
/// ```
///
/// Another URL is another stream: it begins without a cursor. A token that changes belongs in
/// [`Fetch::with_bearer`](crate::transport::Fetch::with_bearer) or [`Ticketed`](crate::transport::Ticketed).
///
/// Outside of any owner, as in a task that was spawned or in a timer, it lives for as long as the page. Before anything
/// is mounted Leptos has no executor, and this panics.
///
/// Where something must be fetched before the stream can be opened, make the URL a signal that is `None` until then:
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{Text, use_event_source};
///
/// # async fn current_match() -> u32 { 7 }
/// #[component]
/// fn Scores() -> impl IntoView {
///     let url = RwSignal::new(None);
///     let find = move || async move { url.set(Some(format!("/scores/{}", current_match().await))) };
///     // In an effect, which a server does not run.
///     Effect::new(move |_| leptos::task::spawn_local(find()));
///     let last = use_event_source::<Text>(url).latest();
///     view! { <p>{move || last.get().map(|Text(text)| text)}</p> }
/// }
/// ```
pub fn use_event_source<E: EventSet>(url: impl IntoStreamUrl) -> EventSourceHandle<E> {
    use_event_source_with_options(url, EventSourceOptions::default())
}

/// [`use_event_source`] with other options than the default.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{Delivery, EventSourceOptions, Text, use_event_source_with_options};
///
/// # fn component() {
/// let options = EventSourceOptions::default().with_delivery(Delivery::AnimationFrame);
/// let stream = use_event_source_with_options::<Text>("/events", options);
/// # }
/// ```
pub fn use_event_source_with_options<E: EventSet>(
    url: impl IntoStreamUrl,
    options: EventSourceOptions,
) -> EventSourceHandle<E> {
    // A server renders on many threads, and has no stream to bind to one.
    let serial = IN_BROWSER.then(|| {
        if Owner::current().is_none() {
            leptos::logging::debug_warn!(
                "an event stream that is made outside of any component or effect is never closed by itself"
            );
        }
        let serial = registry::enter(|serial| Binding::new::<E>(serial, options));
        url.into_stream_url().open(serial);
        on_cleanup(move || registry::leave(serial));
        serial
    });
    EventSourceHandle::new(ConnectionHandle::new(serial))
}
