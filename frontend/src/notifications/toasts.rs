//! What is shown in passing, on whichever page is open.

use leptos::prelude::*;

use super::center::use_notifications;
use super::item::ItemView;

/// The notifications that have just come.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let center = use_notifications();
    let hold = move |is_held: bool| move |_| center.is_held.set(is_held);
    // Always there: a region that comes with its first text is not read aloud.
    view! {
        <div
            class="toasts"
            data-testid="toasts"
            role="status"
            aria-live="polite"
            on:pointerenter=hold(true)
            on:pointerleave=hold(false)
        >
            <For each=move || center.toasts.get() key=|item| item.serial let:item>
                <div class="toast" data-testid="toast"><ItemView item /></div>
            </For>
        </div>
    }
}
