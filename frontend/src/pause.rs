//! The button that stops what moves, and lets it go on.

use leptos::prelude::*;
use leptos_eventsource::{ConnectionHandle, PauseReason, State};

use crate::i18n::use_locale;
use crate::icons;

/// Stops a stream, and lets it go on.
#[component]
pub(crate) fn PauseButton(
    /// The stream.
    #[prop(into)]
    stream: ConnectionHandle,
    /// By which the tests find it.
    testid: &'static str,
) -> impl IntoView {
    let locale = use_locale();
    let state = stream.state();
    let is_paused = Memo::new(move |_| matches!(*state.read(), State::Paused { why: PauseReason::Caller }));
    let toggle = move |_| if is_paused.get_untracked() { stream.resume() } else { stream.pause() };
    view! {
        <button
            type="button"
            class="button button-quiet pause"
            data-testid=testid
            on:click=toggle
        >
            {move || if is_paused.get() { icons::resume().into_any() } else { icons::pause().into_any() }}
            <span>
                {move || {
                    let texts = &locale.texts().shell;
                    if is_paused.get() { texts.resume } else { texts.pause }
                }}
            </span>
        </button>
    }
}
