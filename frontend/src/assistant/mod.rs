//! The assistant's page.

mod announcer;
mod aside;
mod ask_field;
mod asker;
mod conversation;
mod markdown;
mod turn;

pub(crate) use asker::provide_asker;
use demo_contract::assistant::is_answer;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use self::announcer::{Announcements, Announcer};
use self::ask_field::AskField;
use self::asker::use_asker;
use self::conversation::Conversation;
use self::markdown::Renderer;
use self::turn::TurnView;
use crate::badge::Badge;
use crate::i18n::use_locale;
use crate::icons;
use crate::tail::{Tail, TailedList};
use crate::title::use_title;

const PATH: &str = "/assistant";

/// The query parameter that names an answer.
const ANSWER: &str = "answer";

/// Where an answer can be read, also in another tab or on another device.
fn address(answer: &str) -> String {
    format!("{PATH}?{ANSWER}={answer}")
}

/// The conversation of this tab, or the answer that the address names.
#[component]
pub(crate) fn AssistantPage() -> impl IntoView {
    let locale = use_locale();
    use_title(locale.text(|t| t.assistant.title));
    let asker = use_asker();
    let announcer = Announcer::new();
    provide_context(announcer);
    provide_context(Renderer::new());
    use_address();

    let of_last = move |pick: fn(&conversation::Turn) -> String| {
        Memo::new(move |_| asker.conversation.with(|it| it.last().map(pick).unwrap_or_default()))
    };
    let model = of_last(|last| last.model.clone());
    let is_empty = Memo::new(move |_| asker.conversation.with(|it| it.last().is_none()));

    view! {
        <section class="assistant panel">
            <header class="room-head">
                <h1 class="room-title">{locale.text(|t| t.assistant.title)}</h1>
                <span class="assistant-model">{model}</span>
                {move || {
                    let stream = asker.current.with(|it| it.as_ref().map(|it| it.handle));
                    stream.map(|stream| view! { <Badge stream /> })
                }}
                <Show when=move || !asker.aside.read().is_empty()>
                    <button
                        type="button"
                        class="button button-quiet assistant-other"
                        data-testid="other-conversation"
                        aria-label=locale.text(|t| t.assistant.other)
                        title=locale.text(|t| t.assistant.other)
                        on:click=move |_| asker.go_back()
                    >
                        {icons::back()}
                        <span>{locale.text(|t| t.assistant.other)}</span>
                    </button>
                </Show>
                <button
                    type="button"
                    class="button button-quiet assistant-new"
                    data-testid="new-conversation"
                    aria-label=locale.text(|t| t.assistant.new)
                    title=locale.text(|t| t.assistant.new)
                    disabled=move || is_empty.get()
                    on:click=move |_| asker.begin_anew()
                >
                    {icons::plus()}
                    <span>{locale.text(|t| t.assistant.new)}</span>
                </button>
            </header>
            <Turns is_empty />
            <AskField />
            <Announcements announcer />
        </section>
    }
}

/// Keeps the address and the conversation in step: whoever opens the address elsewhere finds the answer.
fn use_address() {
    let asker = use_asker();
    let query = use_query_map();
    // The address is whoever's made the link: only what the server may have named becomes a part of a request.
    let named = Memo::new(move |_| query.read().get(ANSWER).filter(|answer| is_answer(answer)));
    let follow = move |answer: Option<String>| {
        if let Some(answer) = answer
            && asker.conversation.with_untracked(|it| !it.is_busy() && !it.has_answer(&answer))
        {
            asker.follow(&answer);
        }
    };
    // At once, before the address is changed to that of the conversation which this tab had.
    follow(named.get_untracked());
    Effect::new(move || follow(named.get()));
    let last = Memo::new(move |_| {
        asker.conversation.with(|it| (it.last().is_some(), it.last().and_then(|last| last.answer.clone())))
    });
    let navigate = use_navigate();
    Effect::new(move || {
        let address = match last.get() {
            (_, Some(answer)) => address(&answer),
            // Not named yet.
            (true, None) => return,
            (false, None) => PATH.to_owned(),
        };
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&address, options);
    });
}

/// What was asked and answered.
#[component]
fn Turns(is_empty: Memo<bool>) -> impl IntoView {
    let locale = use_locale();
    let asker = use_asker();
    let conversation = asker.conversation;
    let dropped = Memo::new(move |_| conversation.with(Conversation::dropped));
    let serials = Memo::new(move |_| conversation.with(Conversation::serials));
    let asked = Memo::new(move |_| serials.read().last().map_or(0, |last| last + 1));
    let tail = Tail::new(asked);
    Effect::new(move |before: Option<u64>| {
        conversation.track();
        let asked = asked.get();
        if before.is_some_and(|before| before != asked) {
            // Who asks wants to see the answer begin.
            tail.go_to_end();
        } else {
            tail.follow();
        }
        asked
    });

    let more =
        Signal::derive(move || (!tail.is_at_end()).then(|| locale.texts().assistant.to_end.to_owned()));

    view! {
        <TailedList
            tail
            role="region"
            is_spoken=false
            label=locale.text(|t| t.assistant.conversation)
            testid="conversation"
            more
        >
            <Show when=move || is_empty.get()>
                <Suggestions />
            </Show>
            <Show when=move || { dropped.get() > 0 }>
                <p class="notice num">{move || (locale.texts().assistant.dropped)(dropped.get())}</p>
            </Show>
            <ol class="turns">
                <For each=move || serials.get() key=|serial| *serial let:serial>
                    <TurnView serial />
                </For>
            </ol>
        </TailedList>
    }
}

/// What is shown before the first question.
#[component]
fn Suggestions() -> impl IntoView {
    let locale = use_locale();
    let asker = use_asker();
    let suggestions = move || locale.texts().assistant.suggestions;
    view! {
        <div class="empty">
            <h2>{locale.text(|t| t.assistant.empty_title)}</h2>
            <p class="empty-text">{locale.text(|t| t.assistant.empty_text)}</p>
            <div class="suggestions">
                <For each=suggestions key=|question| *question let:question>
                    <button
                        type="button"
                        class="suggestion"
                        data-testid="suggestion"
                        on:click=move |_| asker.ask(question)
                    >
                        {question}
                    </button>
                </For>
            </div>
        </div>
    }
}
