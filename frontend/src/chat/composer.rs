//! The field for a message, and for the name under which it is sent.

use demo_contract::chat::{MAX_AUTHOR_CHARS, MAX_TEXT_CHARS, NewMessage};
use leptos::ev::{Event, KeyboardEvent, SubmitEvent, Targeted};
use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::courier::use_courier;
use super::identity::use_identity;
use super::room::Room;
use crate::draft::{self, CharactersLeft, Draft, DraftField};
use crate::i18n::use_locale;
use crate::icons;

/// The field for a message.
#[component]
pub(super) fn Composer(
    /// The room to which it is sent.
    room: Room,
) -> impl IntoView {
    let locale = use_locale();
    let identity = use_identity();
    let courier = use_courier();
    let draft = Draft::new(format!("chat.draft.{}", room.as_str()), MAX_TEXT_CHARS);
    let can_send = Memo::new(move |_| draft.is_ready());

    let label = {
        let room = room.clone();
        move || {
            let texts = locale.texts();
            (texts.chat.placeholder)(&room.label(texts))
        }
    };
    let send = Callback::new(move |()| {
        if can_send.get_untracked() {
            let message = NewMessage {
                client_id: identity.new_client_id(),
                author: identity.name.get_untracked(),
                text: draft.take(),
            };
            courier.say(room.clone(), message);
        }
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send.run(());
    };

    view! {
        <form class="composer" on:submit=on_submit>
            <div class="composer-top">
                <NameField />
                <CharactersLeft draft few=200 />
            </div>
            <div class="composer-row">
                <DraftField draft most_lines=6 label testid="chat-input" send />
                <button
                    type="submit"
                    class="button composer-send"
                    data-testid="chat-send"
                    aria-label=locale.text(|t| t.chat.send)
                    title=locale.text(|t| t.chat.send)
                    disabled=move || !can_send.get()
                >
                    {icons::send()}
                </button>
            </div>
        </form>
    }
}

/// The person's own name. Taken when the field is left, not with every letter.
#[component]
fn NameField() -> impl IntoView {
    let locale = use_locale();
    let identity = use_identity();
    let on_change = move |event: Targeted<Event, HtmlInputElement>| {
        let field = event.target();
        identity.rename(&field.value());
        // Shows the name as it was taken, or the old one if it was none.
        field.set_value(&identity.name.read_untracked());
    };
    // Enter takes the name, with Shift as well; it must not send the message.
    let on_key = move |event: KeyboardEvent| {
        if draft::is_enter(&event) {
            event.prevent_default();
            let field: HtmlInputElement = event_target(&event);
            let _ = field.blur();
        }
    };
    view! {
        <label class="name">
            <span>{locale.text(|t| t.chat.writing_as)}</span>
            <input
                class="name-field"
                data-testid="chat-name"
                type="text"
                dir="auto"
                autocomplete="nickname"
                spellcheck="false"
                enterkeyhint="done"
                maxlength=MAX_AUTHOR_CHARS.to_string()
                title=locale.text(|t| t.chat.name)
                prop:value=identity.name
                on:change:target=on_change
                on:keydown=on_key
            />
        </label>
    }
}
