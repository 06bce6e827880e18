//! The bell, and the list behind it.

use leptos::ev::{Event, Targeted};
use leptos::prelude::*;
use web_sys::HtmlElement;

use super::center::use_notifications;
use super::item::ItemView;
use crate::i18n::use_locale;
use crate::icons;

/// More than this are not counted on the bell.
const MOST_COUNTED: usize = 9;

/// The bell with the number of new notifications, and the list that it opens. A popover of the browser's own: it is closed
/// by Escape and by a click elsewhere, and takes the focus back.
#[component]
pub(crate) fn Bell() -> impl IntoView {
    let locale = use_locale();
    let center = use_notifications();
    let items = Memo::new(move |_| center.items());
    let unread = Memo::new(move |_| items.read().iter().filter(|item| item.is_new).count());
    let label = move || (locale.texts().notifications.open)(unread.get());
    let count = move || match unread.get() {
        0 => None,
        count if count > MOST_COUNTED => Some(format!("{MOST_COUNTED}+")),
        count => Some(count.to_string()),
    };
    let on_toggle = move |event: Targeted<Event, HtmlElement>| {
        // Read once the list is closed: until then it shows which are new.
        let is_open = event.target().matches(":popover-open").unwrap_or(false);
        if !is_open && unread.get_untracked() > 0 {
            center.read_all();
        }
    };

    view! {
        <button
            type="button"
            class="tool tool-icon bell"
            data-testid="bell"
            popovertarget="notifications"
            aria-label=label
            title=label
        >
            {icons::bell()}
            {move || count().map(|count| view! {
                <span class="bell-count num" data-testid="unread" aria-hidden="true">{count}</span>
            })}
        </button>
        <section
            id="notifications"
            class="notifications panel"
            data-testid="notifications"
            popover="auto"
            aria-label=locale.text(|t| t.notifications.title)
            on:toggle:target=on_toggle
        >
            <header class="notifications-head">
                <h2>{locale.text(|t| t.notifications.title)}</h2>
                <Show when=move || !items.read().is_empty()>
                    <button
                        type="button"
                        class="link"
                        data-testid="clear-notifications"
                        on:click=move |_| center.clear()
                    >
                        {locale.text(|t| t.notifications.clear)}
                    </button>
                </Show>
            </header>
            <ul class="notifications-list">
                <For each=move || items.get() key=move |item| (item.serial, item.is_new, locale.lang()) let:item>
                    <li data-testid="notification"><ItemView item lang=locale.now() /></li>
                </For>
            </ul>
            <Show when=move || items.read().is_empty()>
                <p class="notifications-empty">{locale.text(|t| t.notifications.empty)}</p>
            </Show>
        </section>
    }
}
