//! A text that somebody is writing: a field that grows with it, and how much still fits.

use leptos::ev::KeyboardEvent;
use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::text_prop::TextProp;

use crate::i18n::use_locale;
use crate::storage::{self, Keep};

/// The key code of a key that an input method has swallowed. Safari ends the composition before it tells of
/// the Enter that ended it, so `isComposing` alone would send half a word.
const SWALLOWED: u32 = 229;

/// The id of how many characters are left.
const LEFT: &str = "draft-left";

/// So many characters are left when it is said again how many.
const STEP: i64 = 50;

/// A text that somebody is writing. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    text: RwSignal<String>,
    /// What is sent of it.
    sent: Memo<String>,
    field: NodeRef<Textarea>,
    /// How many characters still fit; below zero, how many there are too many.
    left: Memo<i64>,
}

impl Draft {
    /// The draft of a text that may have as many as `most_chars` characters. This tab keeps it under `key` until it is
    /// taken: the page may be left half-way, or reloaded.
    pub(crate) fn new(key: String, most_chars: usize) -> Self {
        let text = RwSignal::new(storage::load(Keep::Tab, &key).unwrap_or_default());
        Effect::new(move || match text.read().as_str() {
            "" => storage::forget(Keep::Tab, &key),
            text => storage::save(Keep::Tab, &key, text),
        });
        let sent = Memo::new(move |_| clean(&text.read()));
        let left = Memo::new(move |_| most_chars as i64 - sent.read().chars().count() as i64);
        Self { text, sent, field: NodeRef::new(), left }
    }

    /// Whether there is something to send, and not too much of it.
    pub(crate) fn is_ready(self) -> bool {
        !self.sent.read().is_empty() && self.left.get() >= 0
    }

    /// Takes what was written out of the field, and leaves the person in it to go on.
    pub(crate) fn take(self) -> String {
        let sent = self.sent.get_untracked();
        self.text.set(String::new());
        if let Some(field) = self.field.get_untracked() {
            let _ = field.focus();
        }
        sent
    }
}

/// A text without what no server takes: control characters, as a terminal leaves them in what is copied from it.
fn clean(text: &str) -> String {
    let is_text = |c: &char| matches!(c, '\n' | '\t') || !c.is_control();
    text.chars().filter(is_text).collect::<String>().trim().to_owned()
}

/// The field in which a draft is written.
#[component]
pub(crate) fn DraftField(
    /// What is written.
    draft: Draft,
    /// The most lines that the field grows to by itself.
    most_lines: usize,
    /// What belongs into it, for eyes and ears.
    #[prop(into)]
    label: TextProp,
    /// The id of what is said about it, beside how many characters are left.
    #[prop(default = "")]
    described_by: &'static str,
    /// By which the tests find it.
    testid: &'static str,
    /// Sends it.
    send: Callback<()>,
) -> impl IntoView {
    let on_key = move |event: KeyboardEvent| {
        if sends(&event) {
            event.prevent_default();
            send.run(());
        }
    };
    view! {
        <textarea
            class="field composer-text"
            data-testid=testid
            node_ref=draft.field
            dir="auto"
            rows=move || draft.text.read().split('\n').count().min(most_lines).to_string()
            enterkeyhint="send"
            placeholder=label.clone()
            aria-label=label
            aria-describedby=format!("{described_by} {LEFT}")
            aria-invalid=move || (draft.left.get() < 0).to_string()
            prop:value=draft.text
            on:input:target=move |event| draft.text.set(event.target().value())
            on:keydown=on_key
        ></textarea>
    }
}

/// How many characters are left, once they are few. It is not read aloud with every letter.
#[component]
pub(crate) fn CharactersLeft(
    /// What is written.
    draft: Draft,
    /// From here on it is said.
    few: i64,
) -> impl IntoView {
    let locale = use_locale();
    let left = draft.left;
    let step = Memo::new(move |_| to_say(left.get()));
    let said = move || {
        let texts = &locale.texts().chat;
        match step.get() {
            None => texts.too_long.to_owned(),
            Some(step) if step <= few => (texts.characters_left)(step),
            Some(_) => String::new(),
        }
    };
    view! {
        <span class="composer-left num" data-over=move || (left.get() < 0).to_string()>
            // Hidden only where it stands: what describes the field is read all the same.
            <span id=LEFT aria-hidden="true">
                {move || {
                    let left = left.get();
                    (left <= few).then(|| (locale.texts().chat.characters_left)(left))
                }}
            </span>
            <span class="sr-only" role="status">{said}</span>
        </span>
    }
}

/// Of how many characters left it is said that they are, while there are `left`; `None` if there are too many.
fn to_say(left: i64) -> Option<i64> {
    (left >= 0).then(|| (left + STEP - 1) / STEP * STEP)
}

/// Whether a key sends what is in the field: Enter does, and with Shift it begins a new line.
fn sends(event: &KeyboardEvent) -> bool {
    is_enter(event) && !event.shift_key()
}

/// Whether a key is Enter, and not the one that ends a composition.
pub(crate) fn is_enter(event: &KeyboardEvent) -> bool {
    let is_composing = event.is_composing() || event.key_code() == SWALLOWED;
    event.key() == "Enter" && !is_composing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_is_left_is_said_in_steps() {
        assert_eq!([2000, 200, 199, 151, 150, 1, 0].map(to_say), [2000, 200, 200, 200, 150, 50, 0].map(Some));
        assert_eq!([-1, -2000].map(to_say), [None, None]);
    }

    #[test]
    fn control_characters_are_not_sent() {
        assert_eq!(clean(" \u{1b}[31mred\u{1b}[0m\0\n\tand\u{85} 你好\n"), "[31mred[0m\n\tand 你好");
        assert_eq!(clean("\u{1b} \0"), "");
    }
}
