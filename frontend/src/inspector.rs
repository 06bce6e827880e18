//! The developers' panel: every stream of the page, and what happens on it.
//!
//! It is opened by the button at the top, or by `?inspect` in the address, which sees the page's first request too.

use leptos::prelude::*;
use leptos_eventsource::components::EventSourceInspector;

use crate::i18n::use_locale;
use crate::icons;

/// The query parameter that opens it.
const PARAMETER: &str = "inspect";

/// Whether the panel is in the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inspecting(RwSignal<bool>);

/// Lets everything below open and close the panel.
pub(crate) fn provide_inspecting() {
    let query = window().location().search().unwrap_or_default();
    let mut names = query.trim_start_matches('?').split('&').map(|pair| pair.split('=').next());
    let is_asked_for = names.any(|name| name == Some(PARAMETER));
    provide_context(Inspecting(RwSignal::new(is_asked_for)));
}

/// The button that opens and closes it.
#[component]
pub(crate) fn InspectorButton() -> impl IntoView {
    let locale = use_locale();
    let Inspecting(is_open) = expect_context();
    view! {
        <button
            type="button"
            class="tool tool-icon"
            data-testid="inspector-toggle"
            aria-label=locale.text(|t| t.shell.inspector)
            title=locale.text(|t| t.shell.inspector)
            aria-pressed=move || is_open.get().to_string()
            on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
        >
            {icons::inspector()}
        </button>
    }
}

/// The panel, while it is open.
#[component]
pub(crate) fn Inspector() -> impl IntoView {
    let locale = use_locale();
    let Inspecting(is_open) = expect_context();
    let texts = Signal::derive(move || locale.texts().inspector.clone());
    view! {
        <Show when=move || is_open.get()>
            <aside class="inspector" data-testid="inspector" aria-label=locale.text(|t| t.shell.inspector)>
                <EventSourceInspector texts />
            </aside>
        </Show>
    }
}
