use leptos::prelude::*;
use sse_proto::client::State;

use super::badge_texts::{BadgeTexts, state_name};
use crate::IN_BROWSER;
use crate::connection_handle::ConnectionHandle;

/// What a connection is doing, in words, with a button where a person can help it along.
///
/// It takes the handle of any stream. A screen reader hears of a loss and of the recovery, each once: the countdown and
/// the attempts in between are shown and not read aloud.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::components::{BadgeTexts, ConnectionBadge};
/// use leptos_eventsource::{Text, use_event_source};
///
/// fn german() -> BadgeTexts {
///     BadgeTexts {
///         open: "Verbunden".into(),
///         retry_in: "neuer Versuch in {seconds} s".into(),
///         // and so on
///         ..BadgeTexts::ENGLISH
///     }
/// }
///
/// #[component]
/// fn News(is_german: ReadSignal<bool>) -> impl IntoView {
///     let news = use_event_source::<Text>("/api/news");
///     let texts = Signal::derive(move || if is_german.get() { german() } else { BadgeTexts::ENGLISH });
///     view! { <ConnectionBadge stream=news texts attr:id="news-badge" /> }
/// }
/// ```
///
/// # Markup
///
/// ```html
/// <div class="sse-badge" data-state="waiting" title="The server answered with status 503.">
///   <span class="sse-badge-dot" aria-hidden="true"></span>
///   <span class="sse-badge-text" role="status">
///     <span class="sse-badge-label">Connection lost</span>
///     <span class="sse-badge-reason">The server answered with status 503.</span>
///   </span>
///   <span class="sse-badge-progress">retry in 3 s</span>
///   <button class="sse-badge-button" type="button">Retry now</button>
/// </div>
/// ```
///
/// `data-state` is `idle`, `connecting`, `open`, `stale`, `waiting`, `paused` or `closed`. What there is nothing to say
/// in is empty, and a button that would do nothing is left out. It stays while a lost connection is tried again. The
/// reason is the `title` too, for a design that hides it.
#[component]
pub fn ConnectionBadge(
    /// The stream: any [`EventSourceHandle`](crate::EventSourceHandle).
    #[prop(into)]
    stream: ConnectionHandle,
    /// Its words. Default: English.
    #[prop(into, default = Signal::stored(BadgeTexts::ENGLISH))]
    texts: Signal<BadgeTexts>,
    /// Whether there may be a button. Default: yes.
    #[prop(default = true)]
    button: bool,
) -> impl IntoView {
    let (state, retry_in) = (stream.state(), stream.retry_in());
    // Whether the attempt that is made is due to the button.
    let is_pressed = RwSignal::new(false);
    if IN_BROWSER {
        Effect::new(move || {
            if !matches!(*state.read(), State::Connecting { .. }) {
                is_pressed.set(false);
            }
        });
    }
    let press = move |_| {
        // Once: what is sent again may cost something.
        if !matches!(*state.read_untracked(), State::Connecting { .. }) {
            is_pressed.set(true);
            stream.reconnect();
        }
    };
    // While it is tried again, by itself or because somebody pressed the button, that stays, and with it the focus of whoever
    // is on it. The first attempt at another URL is none of these.
    let offered = Memo::new(move |before: Option<&State>| match (&*state.read(), before) {
        (State::Connecting { attempt }, Some(before)) if *attempt > 1 || is_pressed.get() => before.clone(),
        (state, _) => state.clone(),
    });
    // So does the reason of a loss.
    let cause = Memo::new(move |_| match (&*state.read(), &*offered.read()) {
        (State::Connecting { attempt: 2.. }, before)
        | (State::Connecting { .. }, before @ State::Waiting { .. }) => before.clone(),
        (state, _) => state.clone(),
    });
    let label = Memo::new(move |_| match &*cause.read() {
        lost @ State::Waiting { .. } => texts.with(|texts| texts.label(lost)),
        _ => texts.with(|texts| texts.label(&state.read())),
    });
    let error = stream.error();
    let reason = Memo::new(move |_| match &*state.read() {
        // It was never opened: the URL cannot be used.
        State::Idle => error.get().map(|error| error.to_string()),
        _ => texts.with(|texts| cause.with(|cause| texts.reason(cause))),
    });
    let progress = move || match (&*state.read(), &*cause.read()) {
        // Somebody has pressed the button.
        (State::Connecting { attempt: ..=1 }, State::Waiting { .. }) => {
            Some(texts.with(|texts| texts.connecting.to_string()))
        }
        (state, _) => texts.with(|texts| texts.progress(state, retry_in.get())),
    };
    let action = Memo::new(move |_| {
        let text = texts.with(|texts| offered.with(|offered| texts.action(offered)));
        // A stream whose owner is gone does not come back.
        text.filter(|_| button && stream.binding().is_some())
    });

    view! {
        <div class="sse-badge" data-state=move || state_name(&state.read()) title=reason>
            <span class="sse-badge-dot" aria-hidden="true"></span>
            <span class="sse-badge-text" role="status">
                <span class="sse-badge-label">{label}</span>
                " "
                <span class="sse-badge-reason">{reason}</span>
            </span>
            // Not inside the status: it would be read aloud every second.
            <span class="sse-badge-progress">{progress}</span>
            {move || {
                action
                    .get()
                    .map(|action| {
                        view! {
                            <button type="button" class="sse-badge-button" on:click=press>
                                {action}
                            </button>
                        }
                    })
            }}
        </div>
    }
}
