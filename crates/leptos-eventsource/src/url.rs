use std::fmt;

use leptos::prelude::*;

use crate::registry::Serial;
#[cfg(feature = "hydrate")]
use crate::taking_over::taking_over;

/// How often it is asked whether the page has been taken over.
#[cfg(feature = "hydrate")]
const TAKING_OVER_MILLIS: u32 = 50;

/// The URL of a stream: a text, or a signal of one that the connection follows. Made by `into()`; a closure is made a signal
/// by `Signal::derive`, and a field of a store by `Signal::from`.
///
/// The signal may be of an `Option`: while it is `None`, nothing is connected, and the state is
/// [`Idle`](crate::State::Idle).
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::components::ConnectionBadge;
/// use leptos_eventsource::{Text, use_event_source};
///
/// #[component]
/// fn Alarms(#[prop(into)] site: Signal<Option<u32>>) -> impl IntoView {
///     let url = Signal::derive(move || site.get().map(|site| format!("/api/sites/{site}/alarms")));
///     let alarms = use_event_source::<Text>(url);
///     alarms.on_event(|Text(alarm)| leptos::logging::warn!("{alarm}"));
///     view! { <ConnectionBadge stream=alarms /> }
/// }
/// ```
///
/// Views keep what they hold when the URL changes. Where that is not wanted, make the stream in a component that is made
/// anew for each URL, as at [`use_event_source`](crate::use_event_source).
pub struct StreamUrl(Kind);

enum Kind {
    Fixed(String),
    /// Behind a pointer: a page without such a URL does not link what follows signals, which is large.
    Followed(Box<dyn FnOnce(Serial)>),
}

/// What a stream can be opened at: a [`StreamUrl`], and all that becomes one by `into()`. A field of a store becomes
/// one by `Signal::from(…)`.
///
/// ```
/// use leptos_eventsource::{EventSourceHandle, IntoStreamUrl, Text, use_event_source};
///
/// /// The lines of a log, by whoever knows where it is.
/// fn use_lines(url: impl IntoStreamUrl) -> EventSourceHandle<Text> {
///     use_event_source(url)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no URL of a stream",
    note = "it is a `String`, a `&str`, or a signal of a `String` or an `Option<String>`",
    note = "a closure is made a signal by `Signal::derive(move || …)`, a field of a store by `Signal::from(…)`"
)]
pub trait IntoStreamUrl {
    /// The URL.
    fn into_stream_url(self) -> StreamUrl;
}

#[diagnostic::do_not_recommend]
impl<T: Into<StreamUrl>> IntoStreamUrl for T {
    fn into_stream_url(self) -> StreamUrl {
        self.into()
    }
}

impl StreamUrl {
    /// Has the stream opened at this URL, in a moment: a page that is taken over from a server first shows what the
    /// server has rendered.
    #[cfg(not(feature = "hydrate"))]
    pub(crate) fn open(self, stream: Serial) {
        self.open_now(stream);
    }

    /// The same where the page may still be taken over a good while later.
    #[cfg(feature = "hydrate")]
    pub(crate) fn open(self, stream: Serial) {
        let open_now = move || {
            if let Some(binding) = stream.stream() {
                binding.handle_taken_over();
                self.open_now(stream);
            }
        };
        let Some(is_taking_over) = taking_over() else { return open_now() };
        // A component of later: what it asks for at once may be shown at once.
        if !is_taking_over()
            && let Some(binding) = stream.stream()
        {
            binding.handle_taken_over();
        }
        leptos::task::spawn_local(async move {
            // Nothing tells of the end, so it is asked for. Without lazy routes it has come by now.
            while is_taking_over() {
                gloo_timers::future::TimeoutFuture::new(TAKING_OVER_MILLIS).await;
            }
            if let Some(owner) = stream.stream().and_then(|binding| binding.owner()) {
                owner.with(open_now);
            }
        });
    }

    fn open_now(self, stream: Serial) {
        match self.0 {
            Kind::Fixed(url) => leptos::task::spawn_local(async move { set_url(stream, Some(url)) }),
            Kind::Followed(follow) => follow(stream),
        }
    }
}

fn set_url(stream: Serial, url: Option<String>) {
    if let Some(binding) = stream.stream() {
        binding.set_url(url);
    }
}

impl From<String> for StreamUrl {
    fn from(url: String) -> Self {
        Self(Kind::Fixed(url))
    }
}

impl From<&str> for StreamUrl {
    fn from(url: &str) -> Self {
        url.to_owned().into()
    }
}

impl From<&String> for StreamUrl {
    fn from(url: &String) -> Self {
        url.clone().into()
    }
}

impl From<Signal<String>> for StreamUrl {
    fn from(url: Signal<String>) -> Self {
        follow(move || Some(url.get()))
    }
}

impl From<Signal<Option<String>>> for StreamUrl {
    fn from(url: Signal<Option<String>>) -> Self {
        follow(move || url.get())
    }
}

fn follow(url: impl Fn() -> Option<String> + 'static) -> StreamUrl {
    StreamUrl(Kind::Followed(Box::new(move |stream| {
        Effect::new(move |before: Option<Option<String>>| {
            let url = url();
            // A signal may say the same again, and that is no reason to drop a connection.
            if before.flatten() != url {
                set_url(stream, url.clone());
            }
            url
        });
    })))
}

macro_rules! from_signals {
    ($url:ty: $($signal:ty)*) => {$(
        impl From<$signal> for StreamUrl {
            fn from(url: $signal) -> Self {
                Signal::<$url>::from(url).into()
            }
        }
    )*};
}

from_signals! {
    String: ReadSignal<String> RwSignal<String> Memo<String> MappedSignal<String> Signal<&'static str>
    ArcReadSignal<String> ArcRwSignal<String> ArcMemo<String> ArcMappedSignal<String> ArcSignal<String>
}

from_signals! {
    Option<String>:
    ReadSignal<Option<String>> RwSignal<Option<String>> Memo<Option<String>> MappedSignal<Option<String>>
    ArcReadSignal<Option<String>> ArcRwSignal<Option<String>> ArcMemo<Option<String>>
    ArcMappedSignal<Option<String>> ArcSignal<Option<String>>
}

impl fmt::Debug for StreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Fixed(url) => f.debug_tuple("StreamUrl").field(url).finish(),
            Kind::Followed(_) => f.debug_struct("StreamUrl").finish_non_exhaustive(),
        }
    }
}
