//! A question and its answer.

use demo_contract::assistant::FinishReason;
use gloo_timers::future::TimeoutFuture;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use super::announcer::Announcer;
use super::asker::use_asker;
use super::conversation::{Conversation, Fault, Status};
use super::markdown::Markdown;
use crate::i18n::{Texts, use_locale};
use crate::icons;

/// For how long it is said that something was copied.
const COPIED_MILLIS: u32 = 2_000;

/// A question and its answer.
#[component]
pub(super) fn TurnView(
    /// Which of the conversation's.
    serial: u64,
) -> impl IntoView {
    let locale = use_locale();
    let asker = use_asker();
    let announcer = expect_context::<Announcer>();
    let turn = Memo::new(move |_| asker.conversation.with(|it| it.turn(serial).cloned()));
    let of_turn = move |pick: fn(&super::conversation::Turn) -> String| {
        Memo::new(move |_| turn.with(|turn| turn.as_ref().map(pick).unwrap_or_default()))
    };
    let question = of_turn(|turn| turn.question.clone());
    let text = of_turn(|turn| turn.text.clone());
    let status = Memo::new(move |_| turn.with(|turn| turn.as_ref().map(|turn| turn.status.clone())));
    let is_under_way = Memo::new(move |_| status.read().as_ref().is_some_and(Status::is_under_way));
    let is_asked = Memo::new(move |_| status.read().as_ref() == Some(&Status::Asked));
    let is_last =
        Memo::new(move |_| asker.conversation.with(|it| it.last().is_some_and(|last| last.serial == serial)));
    let has_text = Memo::new(move |_| !text.read().is_empty());
    let is_gone = Memo::new(move |_| status.read().as_ref() == Some(&Status::Failed(Fault::Gone)));
    let is_unheard = Memo::new(move |_| {
        let is = |fault: &Fault| matches!(fault, Fault::Unreachable | Fault::Refused { .. });
        matches!(&*status.read(), Some(Status::Failed(fault)) if is(fault))
    });

    let answer = NodeRef::<Div>::new();
    Effect::new(move |was_under_way: Option<bool>| {
        let is_under_way = is_under_way.get();
        // Of an answer that never began there is nothing to read.
        if was_under_way == Some(true)
            && !is_under_way
            && has_text.get_untracked()
            && !is_unheard.get_untracked()
        {
            announcer.announce(locale.texts().assistant.answered, answer);
        }
        is_under_way
    });

    view! {
        <li
            class="turn"
            data-testid="turn"
            data-status=move || status.read().as_ref().map_or("", Status::as_str)
        >
            <Show when=move || !question.read().is_empty()>
                <div class="question">
                    <span class="sr-only">{locale.text(|t| t.assistant.you)}</span>
                    <p class="question-text" dir="auto" data-testid="question">{question}</p>
                </div>
            </Show>
            <div class="answer">
                <div
                    class="markdown"
                    data-testid="answer"
                    node_ref=answer
                    aria-busy=move || is_under_way.get().to_string()
                >
                    <Markdown text />
                </div>
                // Asked again, the answer that there was stands there until another one begins.
                <Show when=move || { is_asked.get() || is_under_way.get() && !has_text.get() }>
                    <p class="thinking" role="status">
                        <span class="spinner"></span>
                        {locale.text(|t| t.assistant.thinking)}
                    </p>
                </Show>
                {move || status.get().and_then(|status| note(locale.texts(), &status)).map(|note| view! {
                    <Note note />
                })}
                <Show when=move || !is_under_way.get()>
                    <div class="turn-tools">
                        <Show when=move || has_text.get()>
                            <Copy text />
                        </Show>
                        <Show when=move || !is_gone.get()>
                            <Elsewhere serial />
                        </Show>
                        <Show when=move || is_last.get() && !question.read().is_empty()>
                            <button
                                type="button"
                                class="turn-tool"
                                data-testid="ask-again"
                                on:click=move |_| asker.ask_again()
                            >
                                {icons::again()}
                                {locale.text(|t| t.assistant.try_again)}
                            </button>
                        </Show>
                    </div>
                </Show>
            </div>
        </li>
    }
}

/// What is said about how an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    is_fault: bool,
    words: &'static str,
    /// In the server's words; may be empty.
    detail: String,
}

fn note(texts: &'static Texts, status: &Status) -> Option<Said> {
    let texts = &texts.assistant;
    let plain = |words| Some(Said { is_fault: false, words, detail: String::new() });
    let fault = |words, detail: &str| Some(Said { is_fault: true, words, detail: detail.to_owned() });
    match status {
        Status::Asked | Status::Running | Status::Finished(FinishReason::Complete | FinishReason::Other) => {
            None
        }
        Status::Finished(FinishReason::Length) => plain(texts.length),
        Status::Finished(FinishReason::Filtered) => plain(texts.filtered),
        Status::Finished(FinishReason::Stopped) => plain(texts.stopped),
        Status::Finished(FinishReason::Abandoned) => plain(texts.abandoned),
        Status::Failed(Fault::BrokenOff(detail)) => fault(texts.broken_off, detail),
        Status::Failed(Fault::Refused { status, detail }) => fault((texts.refused)(*status), detail),
        Status::Failed(Fault::Unreachable) => fault(texts.unreachable, ""),
        Status::Failed(Fault::Gone) => fault(texts.gone, ""),
    }
}

#[component]
fn Note(note: Said) -> impl IntoView {
    let Said { is_fault, words, detail } = note;
    view! {
        <p
            class="turn-note"
            data-testid="turn-note"
            data-fault=is_fault.to_string()
            role=is_fault.then_some("alert")
        >
            {if is_fault { icons::alert().into_any() } else { icons::info().into_any() }}
            <span>
                {words}
                {(!detail.is_empty()).then(|| view! { <span lang="en">{format!(" ({detail})")}</span> })}
            </span>
        </p>
    }
}

/// Copies the answer as it was written. A page that did not come over https or from this machine has no clipboard.
#[component]
fn Copy(text: Memo<String>) -> impl IntoView {
    let locale = use_locale();
    let is_copied = RwSignal::new(false);
    let copy = move |_| {
        spawn_local(async move {
            let written = window().navigator().clipboard().write_text(&text.read_untracked());
            if JsFuture::from(written).await.is_err() {
                return;
            }
            is_copied.try_set(true);
            TimeoutFuture::new(COPIED_MILLIS).await;
            is_copied.try_set(false);
        });
    };
    window().is_secure_context().then(|| {
        view! {
            <button type="button" class="turn-tool" data-testid="copy" on:click=copy>
                {move || if is_copied.get() { icons::check().into_any() } else { icons::copy().into_any() }}
                <span aria-live="polite">
                    {move || {
                        let texts = &locale.texts().assistant;
                        if is_copied.get() { texts.copied } else { texts.copy }
                    }}
                </span>
            </button>
        }
    })
}

/// Opens the answer in another tab.
#[component]
fn Elsewhere(serial: u64) -> impl IntoView {
    let locale = use_locale();
    let asker = use_asker();
    let answer = move |it: &Conversation| it.turn(serial).and_then(|turn| turn.answer.clone());
    let href = Memo::new(move |_| asker.conversation.with(answer).map(|answer| super::address(&answer)));
    move || {
        href.get().map(|href| {
            view! {
                <a
                    class="turn-tool"
                    data-testid="open-elsewhere"
                    href=href
                    target="_blank"
                    rel="noopener"
                >
                    {icons::elsewhere()}
                    {locale.text(|t| t.assistant.open_elsewhere)}
                </a>
            }
        })
    }
}
