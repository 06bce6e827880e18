//! The field for a question.

use demo_contract::assistant::MAX_QUESTION_CHARS;
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::Textarea;
use leptos::prelude::*;

use super::asker::use_asker;
use super::conversation::Conversation;
use crate::i18n::use_locale;
use crate::{icons, keys};

/// From here on it is said how many characters are left.
const FEW_LEFT: i64 = 500;

/// The most lines that the field grows to by itself.
const MOST_LINES: usize = 8;

/// The field for a question, and the button that asks it, or stops the answer.
#[component]
pub(super) fn AskField() -> impl IntoView {
    let locale = use_locale();
    let asker = use_asker();
    let field = NodeRef::<Textarea>::new();
    let text = RwSignal::new(String::new());
    let left = Memo::new(move |_| MAX_QUESTION_CHARS as i64 - text.read().trim().chars().count() as i64);
    let is_busy = Memo::new(move |_| asker.conversation.with(Conversation::is_busy));
    let can_ask = Memo::new(move |_| !is_busy.get() && !text.read().trim().is_empty() && left.get() >= 0);

    let ask = move || {
        if can_ask.get_untracked() {
            asker.ask(&text.get_untracked());
            text.set(String::new());
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
        }
    };
    let on_key = move |event: KeyboardEvent| {
        if keys::sends(&event) {
            event.prevent_default();
            ask();
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        ask();
    };

    view! {
        <form class="composer" on:submit=on_submit>
            <div class="composer-row">
                <textarea
                    class="field composer-text"
                    data-testid="ask-input"
                    node_ref=field
                    rows=move || text.read().split('\n').count().min(MOST_LINES).to_string()
                    enterkeyhint="send"
                    placeholder=locale.text(|t| t.assistant.placeholder)
                    aria-label=locale.text(|t| t.assistant.placeholder)
                    aria-describedby="ask-hint"
                    prop:value=text
                    on:input:target=move |event| text.set(event.target().value())
                    on:keydown=on_key
                ></textarea>
                <Show
                    when=move || is_busy.get()
                    fallback=move || view! {
                        <button
                            type="submit"
                            class="button composer-send"
                            data-testid="ask"
                            aria-label=locale.text(|t| t.assistant.ask)
                            title=locale.text(|t| t.assistant.ask)
                            disabled=move || !can_ask.get()
                        >
                            {icons::send()}
                        </button>
                    }
                >
                    <button
                        type="button"
                        class="button composer-send"
                        data-testid="stop"
                        aria-label=locale.text(|t| t.assistant.stop)
                        title=locale.text(|t| t.assistant.stop)
                        on:click=move |_| asker.stop()
                    >
                        {icons::stop()}
                    </button>
                </Show>
            </div>
            <p class="composer-hint">
                <span id="ask-hint">{locale.text(|t| t.assistant.hint)}</span>
                <span class="composer-left num" data-over=move || (left.get() < 0).to_string() role="status">
                    {move || {
                        let left = left.get();
                        (left <= FEW_LEFT).then(|| (locale.texts().chat.characters_left)(left))
                    }}
                </span>
            </p>
        </form>
    }
}
