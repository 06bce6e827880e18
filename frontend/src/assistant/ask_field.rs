//! The field for a question.

use demo_contract::assistant::MAX_QUESTION_CHARS;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::asker::use_asker;
use super::conversation::Conversation;
use crate::draft::{CharactersLeft, Draft, DraftField};
use crate::i18n::use_locale;
use crate::icons;

/// The field for a question, and the button that asks it, or stops the answer.
#[component]
pub(super) fn AskField() -> impl IntoView {
    let locale = use_locale();
    let asker = use_asker();
    let draft = Draft::new("assistant.draft".to_owned(), MAX_QUESTION_CHARS);
    let is_busy = Memo::new(move |_| asker.conversation.with(Conversation::is_busy));
    let can_ask = Memo::new(move |_| !is_busy.get() && draft.is_ready());

    let ask = Callback::new(move |()| {
        if can_ask.get_untracked() {
            asker.ask(&draft.take());
        }
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        ask.run(());
    };

    view! {
        <form class="composer" on:submit=on_submit>
            <div class="composer-row">
                <DraftField
                    draft
                    most_lines=8
                    label=locale.text(|t| t.assistant.placeholder)
                    described_by="ask-hint"
                    testid="ask-input"
                    send=ask
                />
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
                <CharactersLeft draft few=500 />
            </p>
        </form>
    }
}
