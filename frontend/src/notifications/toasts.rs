//! What is shown in passing, on whichever page is open.

use leptos::prelude::*;

use super::center::use_notifications;
use super::item::ItemView;
use crate::i18n::use_locale;

/// The notifications that have just come.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let locale = use_locale();
    let center = use_notifications();
    // Always there: a region that comes with its first text is not read aloud.
    view! {
        <div
            class="toasts"
            data-testid="toasts"
            data-live=move || center.is_live.get().to_string()
            role="status"
            aria-live="polite"
            on:pointerenter=move |_| center.is_pointed_at.set(true)
            on:pointerleave=move |_| center.is_pointed_at.set(false)
        >
            <For each=move || center.toasts.get() key=move |item| (item.serial, locale.lang()) let:item>
                <div class="toast" data-testid="toast"><ItemView item lang=locale.now() /></div>
            </For>
        </div>
    }
}
