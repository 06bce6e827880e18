use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use sse_web::{Sharing, Transport};

use crate::schedule::Schedule;

/// How a stream behaves. Start from the default and change what you need.
///
/// ```
/// use std::time::Duration;
///
/// use leptos_eventsource::{Delivery, EventSourceOptions};
///
/// let mut options = EventSourceOptions::default().with_delivery(Delivery::AnimationFrame);
/// options.connection.client.backoff.max = Duration::from_secs(10);
/// ```
///
/// They are `Send` and `Sync`, so they can be given by context, and be captured in the children of a `<Show>` or a
/// `<For>`:
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{Delivery, EventSourceOptions, Text, use_event_source_with_options};
///
/// #[component]
/// fn App() -> impl IntoView {
///     // One place for all streams of the page; a test provides a `Scripted` transport instead.
///     provide_context(EventSourceOptions::default().with_delivery(Delivery::AnimationFrame));
///     view! { <Page /> }
/// }
///
/// #[component]
/// fn Page() -> impl IntoView {
///     let options = expect_context::<EventSourceOptions>();
///     let is_shown = RwSignal::new(true);
///     view! {
///         <button on:click=move |_| is_shown.update(|it| *it = !*it)>"News"</button>
///         <Show when=move || is_shown.get()>
///             <News options=options.clone() />
///         </Show>
///     }
/// }
///
/// #[component]
/// fn News(options: EventSourceOptions) -> impl IntoView {
///     let news = use_event_source_with_options::<Text>("/api/news", options).latest();
///     view! { <p>{move || news.get().map(|Text(text)| text)}</p> }
/// }
/// ```
///
/// What a transport is given to call is `Send` and `Sync` for that:
/// [`Fetch::with_bearer`](crate::transport::Fetch::with_bearer) says what to do with what is not.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EventSourceOptions {
    /// When views tell the page that they have changed.
    pub delivery: Delivery,
    /// Everything below the signals: backoff, limits, timeouts, transport, cursor. Its event types are set from
    /// the [`EventSet`](crate::EventSet).
    pub connection: sse_web::Options,
}

/// The options of a connection; the rest is the default, and is set by the `with_` methods.
///
/// ```
/// use leptos_eventsource::{ConnectionOptions, Delivery, EventSourceOptions};
///
/// let mut connection = ConnectionOptions::default();
/// connection.with_credentials = true;
/// let options = EventSourceOptions::from(connection).with_delivery(Delivery::AnimationFrame);
/// ```
impl From<sse_web::Options> for EventSourceOptions {
    fn from(connection: sse_web::Options) -> Self {
        Self { connection, ..Self::default() }
    }
}

impl EventSourceOptions {
    /// Sets when views tell the page that they have changed. For an example see [`Delivery`].
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Begins after this event, for instance at the [`Snapshot`](crate::Snapshot) of a page that a server has rendered.
    /// Only the first URL does: ids mean nothing to another stream. Default: empty, what a new client gets.
    ///
    /// ```
    /// use leptos_eventsource::EventSourceOptions;
    ///
    /// let options = EventSourceOptions::default().with_last_event_id("5f.17");
    /// ```
    #[must_use]
    pub fn with_last_event_id(mut self, last_event_id: impl Into<String>) -> Self {
        self.connection.last_event_id = last_event_id.into();
        self
    }

    /// Sets what carries the stream. Default: the browser's own `EventSource`.
    ///
    /// That can send no header. [`Fetch`](crate::transport::Fetch) can, and tells why a server refuses:
    ///
    /// ```
    /// use leptos::prelude::*;
    /// use leptos_eventsource::transport::{Fetch, Token};
    /// use leptos_eventsource::{EventSourceOptions, Text, use_event_source_with_options};
    ///
    /// /// The token of whoever is logged in, a fresh one if the server has refused the last.
    /// async fn token(which: Token) -> Result<String, String> {
    ///     # let (in_memory, renewed) = (String::new(), String::new());
    ///     match which {
    ///         Token::Any => Ok(in_memory),
    ///         Token::Fresh => Ok(renewed),
    ///     }
    /// }
    ///
    /// #[component]
    /// fn News() -> impl IntoView {
    ///     let fetch = Fetch::new().with_bearer(token);
    ///     let options = EventSourceOptions::default().with_transport(fetch);
    ///     let news = use_event_source_with_options::<Text>("/api/news", options).latest();
    ///     view! { <p>{move || news.get().map(|Text(text)| text)}</p> }
    /// }
    /// ```
    #[must_use]
    pub fn with_transport(mut self, transport: impl Transport + 'static) -> Self {
        self.connection.transport = Arc::new(transport);
        self
    }

    /// Sets with whom the connection is shared. Default: with nobody.
    ///
    /// Eight tabs of this page, and one connection to the server:
    ///
    /// ```
    /// use leptos::prelude::*;
    /// use leptos_eventsource::{EventSourceOptions, Sharing, Text, use_event_source_with_options};
    ///
    /// #[component]
    /// fn News() -> impl IntoView {
    ///     let options = EventSourceOptions::default().with_sharing(Sharing::browser());
    ///     let news = use_event_source_with_options::<Text>("/api/news", options).latest();
    ///     view! { <p>{move || news.get().map(|Text(text)| text)}</p> }
    /// }
    /// ```
    #[must_use]
    pub fn with_sharing(mut self, sharing: Sharing) -> Self {
        self.connection.sharing = sharing;
        self
    }
}

/// When views tell the page that they have changed. Every event is folded either way; none is skipped.
///
/// What is no view is told at once, whatever is said here: the state, the error and the last event id,
/// [`on_event`](crate::EventSourceHandle::on_event) and its kin, and [`stream`](crate::EventSourceHandle::stream).
///
/// ```
/// use leptos_eventsource::{Delivery, EventSourceOptions};
///
/// // For a stream that is faster than anybody reads.
/// let options = EventSourceOptions::default().with_delivery(Delivery::AnimationFrame);
/// ```
///
/// Two constants and not two variants: a page that never names [`AnimationFrame`](Self::AnimationFrame) does not link what
/// waits for frames.
#[derive(Clone, Copy, Default)]
pub struct Delivery {
    pub(crate) later: Option<Later>,
}

/// Has what was changed told at another time.
pub(crate) type Later = fn(&Rc<Schedule>);

#[expect(non_upper_case_globals, reason = "to those who choose, they are the variants of an enum")]
impl Delivery {
    /// With every event. The default; for the one view that must change also in a background tab, where the others wait
    /// for frames:
    ///
    /// ```
    /// use leptos_eventsource::{Delivery, EventSourceOptions};
    ///
    /// let of_the_app = EventSourceOptions::default().with_delivery(Delivery::AnimationFrame);
    /// let of_the_title = of_the_app.clone().with_delivery(Delivery::Immediate);
    /// ```
    pub const Immediate: Self = Self { later: None };
    /// Once for each animation frame, so that ten thousand events a second cost sixty renderings. While the
    /// page is in a background tab, browsers draw no frames, so nothing is told until it is seen again.
    pub const AnimationFrame: Self = Self { later: Some(Schedule::tell_with_next_frame) };
}

impl PartialEq for Delivery {
    fn eq(&self, other: &Self) -> bool {
        self.later.is_some() == other.later.is_some()
    }
}

impl Eq for Delivery {}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.later.is_some() { "AnimationFrame" } else { "Immediate" })
    }
}
