use std::fmt;

use leptos::prelude::*;

use crate::registry::Serial;

/// The URL of a stream: a text, or a signal of one that the connection follows. Made by `into()`.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{Text, use_event_source};
///
/// #[component]
/// fn Room(#[prop(into)] name: Signal<String>) -> impl IntoView {
///     let news = use_event_source::<Text>("/api/news").latest();
///     let room = use_event_source::<Text>(Signal::derive(move || format!("/api/rooms/{}", name.get()))).latest();
///     view! {
///         <p>{move || news.get().map(|Text(text)| text)}</p>
///         <p>{move || room.get().map(|Text(text)| text)}</p>
///     }
/// }
/// ```
pub struct StreamUrl(Kind);

enum Kind {
    Fixed(String),
    /// Behind a pointer: a page without such a URL does not link what follows signals, which is large.
    Followed(Box<dyn FnOnce(Serial)>),
}

impl StreamUrl {
    /// Has the stream opened at this URL, in a moment: a page that is taken over from a server first shows what the
    /// server has rendered.
    pub(crate) fn lead(self, stream: Serial) {
        match self.0 {
            Kind::Fixed(url) => leptos::task::spawn_local(async move { set_url(stream, url) }),
            Kind::Followed(follow) => follow(stream),
        }
    }
}

fn set_url(stream: Serial, url: String) {
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

impl From<Signal<String>> for StreamUrl {
    fn from(url: Signal<String>) -> Self {
        Self(Kind::Followed(Box::new(move |stream| {
            Effect::new(move |before: Option<String>| {
                let url = url.get();
                // A signal may say the same again, and that is no reason to drop a connection.
                if before.as_ref() != Some(&url) {
                    set_url(stream, url.clone());
                }
                url
            });
        })))
    }
}

macro_rules! from_signals {
    ($($signal:ty)*) => {$(
        impl From<$signal> for StreamUrl {
            fn from(url: $signal) -> Self {
                Signal::<String>::from(url).into()
            }
        }
    )*};
}

from_signals! {
    ReadSignal<String> RwSignal<String> Memo<String> MappedSignal<String> Signal<&'static str>
    ArcReadSignal<String> ArcRwSignal<String> ArcMemo<String> ArcSignal<String>
}

impl fmt::Debug for StreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Fixed(url) => f.debug_tuple("StreamUrl").field(url).finish(),
            Kind::Followed(_) => f.debug_struct("StreamUrl").finish_non_exhaustive(),
        }
    }
}
