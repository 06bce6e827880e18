//! How the demo's streams behave.

use std::time::Duration;

use demo_contract::Problem;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use leptos_eventsource::{
    Background, Error, EventSet, EventSourceHandle, EventSourceOptions, IntoStreamUrl, Sharing,
    use_event_source_with_options,
};

use crate::newer::use_newer;

/// For how long a stream that is only looked at goes on while nobody looks.
const UNSEEN: Duration = Duration::from_secs(60);

/// How long after a stream has opened for the first time what comes is taken for what was there before. It comes at
/// once; by how old it is nobody could tell it, as the page's clock may be wrong.
const CATCH_UP_MILLIS: u32 = 1_000;

/// Opens a stream. Where an event is not understood, the server may have been replaced, and have a newer page.
pub(crate) fn use_stream<E: EventSet>(
    url: impl IntoStreamUrl,
    options: EventSourceOptions,
) -> EventSourceHandle<E> {
    let newer = use_newer();
    let stream = use_event_source_with_options::<E>(url, options);
    stream.on_error(move |error| {
        if matches!(error, Error::Decode(_)) {
            newer.look();
        }
    });
    stream
}

/// The options of a stream of which something is told also to those who do not look, such as in the page's title.
pub(crate) fn stream_options() -> EventSourceOptions {
    // On plain HTTP/1.1 a browser opens six connections to a server, so a seventh tab would show nothing.
    let mut options = EventSourceOptions::default().with_sharing(Sharing::browser());
    // While the server restarts, a proxy in front of it (`trunk serve` is one) answers for it, and the native
    // `EventSource` takes its 502 for the server's last word.
    options.connection.client.retry_rejected = true;
    options
}

/// Has a stream that is only looked at leave one of the browser's six connections to others while nobody looks. Its
/// cursor makes up for it.
pub(crate) fn while_seen(mut options: EventSourceOptions) -> EventSourceOptions {
    options.connection.background = Background::PauseAfter(UNSEEN);
    options
}

/// What a server says about its refusal, in words; empty if nothing.
pub(crate) fn detail(body: &str) -> String {
    // Not every error is the server's own: a proxy answers with a page of HTML.
    match serde_json::from_str::<Problem>(body) {
        Ok(problem) if problem.detail.is_empty() => problem.title,
        Ok(problem) => problem.detail,
        Err(_) => String::new(),
    }
}

/// Whether what comes on a stream is news, and not what was there before. What was missed while the connection was lost
/// is news.
pub(crate) fn is_news(is_open: Signal<bool>) -> ReadSignal<bool> {
    let is_news = RwSignal::new(false);
    Effect::new(move |was_open: Option<bool>| {
        let has_opened = was_open == Some(true) || is_open.get();
        if has_opened && was_open != Some(true) {
            Timeout::new(CATCH_UP_MILLIS, move || _ = is_news.try_set(true)).forget();
        }
        has_opened
    });
    is_news.read_only()
}
