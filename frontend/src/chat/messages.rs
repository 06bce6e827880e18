//! What was said in a room, and what is on its way to it.

use leptos::html::Div;
use leptos::prelude::*;

use super::courier::{IsOpen, use_courier};
use super::message::{OnItsWay, Said};
use super::outbox::Pending;
use super::room::Room;
use super::timeline::Timeline;
use crate::i18n::use_locale;
use crate::icons;

/// Who is this close to the end, in pixels, is at the end.
const AT_END: i32 = 48;

/// The messages of a room.
#[component]
pub(super) fn Messages(
    /// The room.
    room: Room,
    /// What was said.
    timeline: RwSignal<Timeline>,
    /// Whether the stream of the room is open.
    is_open: IsOpen,
) -> impl IntoView {
    let locale = use_locale();
    let texts = move || &locale.texts().chat;
    let outbox = use_courier().outbox;
    let dropped = Memo::new(move |_| timeline.read().dropped());
    let appended = Memo::new(move |_| timeline.read().appended());
    // What the stream has brought is shown from there, also in the moment before the outbox forgets it.
    let pending = {
        let room = room.clone();
        Memo::new(move |_| {
            let (timeline, outbox) = (timeline.read(), outbox.read());
            let is_missing = |pending: &&Pending| !timeline.contains(&pending.message.client_id);
            outbox.in_room(&room).filter(is_missing).map(|p| p.message.client_id.clone()).collect::<Vec<_>>()
        })
    };
    let is_empty = Memo::new(move |_| appended.get() == 0 && pending.read().is_empty());

    let scroller = NodeRef::<Div>::new();
    let is_at_end = RwSignal::new(true);
    let seen = RwSignal::new(0_u64);
    let unseen =
        Memo::new(move |_| if is_at_end.get() { 0 } else { appended.get().saturating_sub(seen.get()) });
    let go_to_end = move || {
        // After the new messages have been laid out.
        request_animation_frame(move || {
            if let Some(scroller) = scroller.try_get_untracked().flatten() {
                scroller.set_scroll_top(scroller.scroll_height());
            }
        });
    };
    let on_scroll = move |_| {
        let Some(scroller) = scroller.get_untracked() else { return };
        let below = scroller.scroll_height() - scroller.client_height() - scroller.scroll_top();
        let now = below <= AT_END;
        if is_at_end.get_untracked() != now {
            seen.set(appended.get_untracked());
            is_at_end.set(now);
        }
    };
    Effect::new(move |before: Option<usize>| {
        appended.track();
        // A message that is refused grows by the reason.
        outbox.track();
        let count = pending.read().len();
        // Who writes wants to see it arrive.
        let has_written = before.is_some_and(|before| count > before);
        if has_written || is_at_end.get_untracked() {
            go_to_end();
        }
        count
    });
    // A keyboard that slides in takes its space from the messages.
    let resized = window_event_listener(leptos::ev::resize, move |_| {
        if is_at_end.get_untracked() {
            go_to_end();
        }
    });
    on_cleanup(move || resized.remove());

    let label = {
        let room = room.clone();
        move || {
            let texts = locale.texts();
            (texts.chat.messages)(&room.label(texts))
        }
    };
    let entries = move || timeline.read().entries();
    let on_its_way = move |client_id: String| {
        let message = outbox.read_untracked().find(&client_id).cloned()?;
        let is_first = pending.read_untracked().first() == Some(&client_id);
        let continues =
            timeline.read_untracked().continues(&client_id, &message.message.author, message.time);
        let room = room.clone();
        Some(view! { <OnItsWay pending=message room is_head=is_first && !continues is_open /> })
    };

    view! {
        <div class="messages">
            <div class="messages-scroll" node_ref=scroller on:scroll=on_scroll tabindex="0" role="log" aria-label=label>
                <Show when=move || is_empty.get()>
                    <div class="empty">
                        <Show
                            when=move || is_open.get()
                            fallback=move || view! { <p>{move || texts().loading}</p> }
                        >
                            <h2>{move || texts().empty_title}</h2>
                            <p>{move || texts().empty_text}</p>
                        </Show>
                    </div>
                </Show>
                <Show when=move || { dropped.get() > 0 }>
                    <p class="notice num" data-testid="dropped">
                        {move || (texts().dropped)(dropped.get())}
                    </p>
                </Show>
                <ol class="message-list">
                    <For each=entries key=|entry| (entry.client_id.clone(), entry.is_head) let:entry>
                        <Said entry />
                    </For>
                    <For each=move || pending.get() key=Clone::clone children=on_its_way />
                </ol>
            </div>
            <Show when=move || { unseen.get() > 0 }>
                <button type="button" class="pill" data-testid="new-messages" on:click=move |_| go_to_end()>
                    {icons::down()} {move || (texts().new_messages)(unseen.get() as usize)}
                </button>
            </Show>
        </div>
    }
}
