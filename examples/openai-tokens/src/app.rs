use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;

use crate::answer::Answer;
use crate::request::{Message, Request, Role};
use crate::settings::{Settings, SettingsForm};

/// A question that was asked. Which server, and what was said before, are of the moment in which it was.
#[derive(Clone)]
struct Turn {
    number: usize,
    request: Request,
}

impl Turn {
    fn question(&self) -> String {
        self.request.messages.last().map(|message| message.content.clone()).unwrap_or_default()
    }
}

/// The conversation.
#[component]
pub(crate) fn App() -> impl IntoView {
    let settings = Settings::new();
    let turns = RwSignal::new(Vec::<Turn>::new());
    let history = RwSignal::new(Vec::<Message>::new());
    let is_busy = RwSignal::new(false);
    let draft = RwSignal::new(String::new());

    let ask = move || {
        let content = draft.get_untracked().trim().to_owned();
        if content.is_empty() || is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        draft.set(String::new());
        history.update(|messages| messages.push(Message { role: Role::User, content }));
        let request = Request {
            base_url: settings.base_url.get_untracked(),
            key: settings.key.get_untracked(),
            model: settings.model.get_untracked(),
            messages: history.get_untracked(),
        };
        turns.update(|turns| turns.push(Turn { number: turns.len(), request }));
    };
    let answered = move |content: String| {
        history.update(|messages| {
            if content.is_empty() {
                // Nothing was said, so nothing was asked: two questions in a row confuse some models.
                messages.pop();
            } else {
                messages.push(Message { role: Role::Assistant, content });
            }
        });
        is_busy.set(false);
    };

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        ask();
    };
    let key = move |event: KeyboardEvent| {
        // Not while an input method composes a character.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            ask();
        }
    };

    view! {
        <main>
            <h1>"Tokens"</h1>
            <SettingsForm settings />
            <div class="conversation">
                <ol>
                    <For each=move || turns.get() key=|turn| turn.number let:turn>
                        <li>
                            <p class="question">{turn.question()}</p>
                            <Answer request=turn.request on_end=answered />
                        </li>
                    </For>
                </ol>
            </div>
            <form on:submit=submit>
                <textarea
                    aria-label="Question"
                    placeholder="Ask something"
                    rows="2"
                    bind:value=draft
                    on:keydown=key
                ></textarea>
                <button type="submit" disabled=is_busy>"Ask"</button>
            </form>
        </main>
    }
}
