//! The field for a message, and for the name under which it is sent.

use demo_contract::chat::{MAX_AUTHOR_CHARS, MAX_TEXT_CHARS, NewMessage};
use leptos::ev::{Event, KeyboardEvent, SubmitEvent, Targeted};
use leptos::html::Textarea;
use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::courier::{IsOpen, use_courier};
use super::identity::use_identity;
use super::room::Room;
use crate::i18n::use_locale;
use crate::{icons, keys};

/// From here on it is said how many characters are left.
const FEW_LEFT: i64 = 200;

/// The most lines that the field grows to by itself.
const MOST_LINES: usize = 6;

/// The field for a message.
#[component]
pub(super) fn Composer(
    /// The room to which it is sent.
    room: Room,
    /// Whether the stream of the room is open.
    is_open: IsOpen,
) -> impl IntoView {
    let locale = use_locale();
    let identity = use_identity();
    let courier = use_courier();
    let field = NodeRef::<Textarea>::new();
    let text = RwSignal::new(String::new());
    let left = Memo::new(move |_| MAX_TEXT_CHARS as i64 - text.read().trim().chars().count() as i64);
    let can_send = Memo::new(move |_| !text.read().trim().is_empty() && left.get() >= 0);

    let send = {
        let room = room.clone();
        move || {
            if !can_send.get_untracked() {
                return;
            }
            let message = NewMessage {
                client_id: identity.new_client_id(),
                author: identity.name.get_untracked(),
                text: text.read_untracked().trim().to_owned(),
            };
            text.set(String::new());
            courier.say(&room, message, is_open);
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
        }
    };
    let on_key = {
        let send = send.clone();
        move |event: KeyboardEvent| {
            if keys::sends(&event) {
                event.prevent_default();
                send();
            }
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let placeholder = move || {
        let texts = locale.texts();
        (texts.chat.placeholder)(&room.label(texts))
    };

    view! {
        <form class="composer" on:submit=on_submit>
            <div class="composer-top">
                <NameField />
                <span
                    class="composer-left num"
                    data-over=move || (left.get() < 0).to_string()
                    role="status"
                >
                    {move || {
                        let left = left.get();
                        (left <= FEW_LEFT).then(|| (locale.texts().chat.characters_left)(left))
                    }}
                </span>
            </div>
            <div class="composer-row">
                <textarea
                    class="field composer-text"
                    data-testid="chat-input"
                    node_ref=field
                    rows=move || text.read().split('\n').count().min(MOST_LINES).to_string()
                    enterkeyhint="send"
                    placeholder=placeholder.clone()
                    aria-label=placeholder
                    prop:value=text
                    on:input:target=move |event| text.set(event.target().value())
                    on:keydown=on_key
                ></textarea>
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
    // Enter takes the name; it must not send the message.
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.is_composing() {
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
                autocomplete="nickname"
                spellcheck="false"
                enterkeyhint="done"
                maxlength=MAX_AUTHOR_CHARS.to_string()
                aria-label=locale.text(|t| t.chat.name)
                title=locale.text(|t| t.chat.name)
                prop:value=identity.name
                on:change:target=on_change
                on:keydown=on_key
            />
        </label>
    }
}
