//! What was said in a room, and what is on its way to it.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::courier::use_courier;
use super::message::{OnItsWay, Said};
use super::room::Room;
use super::timeline::Timeline;
use crate::i18n::use_locale;
use crate::stream::is_news;
use crate::tail::{Tail, TailedList};

/// For how long after a change of the language what is on the page is not read aloud.
const TRANSLATION_MILLIS: u32 = 1_000;

/// The messages of a room.
#[component]
pub(super) fn Messages(
    /// The room.
    room: Room,
    /// What was said.
    timeline: RwSignal<Timeline>,
    /// Whether the stream of the room is open.
    is_open: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let outbox = use_courier().outbox;
    let dropped = Memo::new(move |_| timeline.read().dropped());
    let appended = Memo::new(move |_| timeline.read().appended());
    let pending = {
        let room = room.clone();
        Memo::new(move |_| outbox.read().missing_from(&timeline.read(), &room))
    };
    let is_empty = Memo::new(move |_| appended.get() == 0 && pending.read().is_empty());

    let tail = Tail::new(appended);
    Effect::new(move |before: Option<usize>| {
        appended.track();
        // A message that is refused grows by the reason.
        outbox.track();
        let count = pending.read().len();
        if before.is_some_and(|before| count > before) {
            // Who writes wants to see it arrive.
            tail.go_to_end();
        } else {
            tail.follow();
        }
        count
    });

    let label = {
        let room = room.clone();
        move || {
            let texts = locale.texts();
            (texts.chat.messages)(&room.label(texts))
        }
    };
    // What is shown anew in another language was read aloud when it was said: the list falls silent first.
    let (lang, is_translated) = (RwSignal::new(locale.now()), RwSignal::new(false));
    Effect::new(move || {
        if locale.lang() != lang.get_untracked() {
            is_translated.set(true);
            lang.set(locale.lang());
            Timeout::new(TRANSLATION_MILLIS, move || _ = is_translated.try_set(false)).forget();
        }
    });

    let on_its_way = move |client_id: String| {
        let lang = lang.get_untracked();
        let sent = outbox.read_untracked().find(&client_id).cloned()?;
        let is_first = pending.read_untracked().first() == Some(&client_id);
        let continues = timeline.read_untracked().continues(&client_id, &sent.message.author, sent.time);
        let room = room.clone();
        Some(view! { <OnItsWay pending=sent room is_head=is_first && !continues lang /> })
    };

    let is_news = is_news(is_open);
    let is_spoken = Signal::derive(move || is_news.get() && !is_translated.get());

    let nothing = move || {
        let texts = &locale.texts().chat;
        let title = is_open.get().then(|| view! { <h2>{texts.empty_title}</h2> });
        view! { {title} <p>{if is_open.get() { texts.empty_text } else { texts.loading }}</p> }
    };
    let more = Signal::derive(move || {
        let unseen = tail.unseen();
        (unseen > 0).then(|| (locale.texts().chat.new_messages)(unseen))
    });

    view! {
        // Who enters a room does not want to hear all that was said in it.
        <TailedList tail role="log" is_spoken label testid="messages" more>
            <Show when=move || is_empty.get()>
                <div class="empty">{nothing}</div>
            </Show>
            <Show when=move || { dropped.get() > 0 }>
                <p class="notice num" data-testid="dropped">
                    {move || (locale.texts().chat.dropped)(dropped.get())}
                </p>
            </Show>
            <ol class="message-list">
                <For
                    each=move || timeline.read().entries()
                    key=move |entry| (entry.serial, entry.is_head, lang.get())
                    let:entry
                >
                    <Said entry lang=lang.get_untracked() />
                </For>
                <For each=move || pending.get() key=move |id| (id.clone(), lang.get()) children=on_its_way />
            </ol>
        </TailedList>
    }
}
