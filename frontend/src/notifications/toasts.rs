//! What is shown in passing, on whichever page is open.

use leptos::prelude::*;

use super::center::use_notifications;
use super::item::ItemView;

/// The notifications that have just come.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let center = use_notifications();
    let hold = move || center.is_held.set(true);
    let release = move || center.is_held.set(false);
    // Always there: a region that comes with its first text is not read aloud.
    view! {
        <div
            class="toasts"
            data-testid="toasts"
            data-live=move || center.is_live.get().to_string()
            role="status"
            aria-live="polite"
            on:pointerenter=move |_| hold()
            on:focusin=move |_| hold()
            on:pointerleave=move |_| release()
            on:focusout=move |_| release()
        >
            <For each=move || center.toasts.get() key=|item| item.serial let:item>
                <div class="toast" data-testid="toast"><ItemView item /></div>
            </For>
        </div>
    }
}
