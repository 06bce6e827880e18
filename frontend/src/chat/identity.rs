//! Who writes from this tab.

use demo_contract::chat::{MAX_AUTHOR_CHARS, is_deceptive, is_joiner};
use leptos::prelude::*;

use crate::i18n::{Texts, use_locale};
use crate::random::{random, random_id};
use crate::storage::{self, Keep};

const NAME_KEY: &str = "chat.name";
const MEMBER_KEY: &str = "chat.member";
const SENDER_KEY: &str = "chat.sender";

/// Who writes from this tab. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    /// The name, as others see it.
    pub(super) name: RwSignal<String>,
    /// By which the server tells people apart when it counts who is there: all tabs of a browser are one, and so they
    /// can share the stream of a room. Known to this browser and the server.
    member: StoredValue<String>,
    /// The beginning of the client ids of this tab's messages, for everybody to see.
    sender: StoredValue<String>,
}

impl Identity {
    /// What the server tells this person by when it counts who is there.
    #[must_use]
    pub(super) fn member(self) -> String {
        self.member.get_value()
    }

    /// An id for a new message.
    #[must_use]
    pub(super) fn new_client_id(self) -> String {
        format!("{}-{}", self.sender.get_value(), random_id())
    }

    /// Whether this tab wrote a message, also before it was reloaded.
    #[must_use]
    pub(super) fn is_own(self, client_id: &str) -> bool {
        self.sender.with_value(|sender| {
            client_id.strip_prefix(sender.as_str()).is_some_and(|rest| rest.starts_with('-'))
        })
    }

    /// Takes a name that somebody typed, if it is one.
    pub(super) fn rename(self, typed: &str) {
        let name = clean_name(typed);
        if !name.is_empty() && *self.name.read_untracked() != name {
            storage::save(Keep::Always, NAME_KEY, &name);
            self.name.set(name);
        }
    }
}

/// Provides an [`Identity`] to everything below. Needs the locale, for a friendly name in the right language.
pub(crate) fn provide_identity() {
    let kept = storage::load(Keep::Always, NAME_KEY).map(|name| clean_name(&name));
    let name = kept.filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let name = untrack(|| friendly_name(use_locale().texts(), random()));
        storage::save(Keep::Always, NAME_KEY, &name);
        name
    });
    provide_context(Identity {
        name: RwSignal::new(name),
        member: StoredValue::new(kept_id(Keep::Always, MEMBER_KEY)),
        sender: StoredValue::new(kept_id(Keep::Tab, SENDER_KEY)),
    });
}

/// The identity that [`provide_identity`] provides.
pub(super) fn use_identity() -> Identity {
    expect_context()
}

/// A name without line breaks or what deceives, and not too long, as the server wants it. Empty if nothing of it is
/// seen.
fn clean_name(typed: &str) -> String {
    let typed: String = typed.chars().filter(|c| !is_deceptive(*c)).collect();
    let visible = typed.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let name = visible.collect::<Vec<_>>().join(" ");
    let end = name.char_indices().nth(MAX_AUTHOR_CHARS).map_or(name.len(), |(end, _)| end);
    let name = name[..end].trim_end();
    let is_seen = name.chars().any(|c| !c.is_whitespace() && !is_joiner(c));
    if is_seen { name.to_owned() } else { String::new() }
}

fn friendly_name(texts: &Texts, [first, second]: [u8; 2]) -> String {
    let pick = |words: &[&'static str], at: u8| words[usize::from(at) % words.len()];
    let (first, second) = (pick(texts.chat.name_first, first), pick(texts.chat.name_second, second));
    let space = if first.is_ascii() { " " } else { "" };
    format!("{first}{space}{second}")
}

fn kept_id(keep: Keep, key: &str) -> String {
    storage::load(keep, key).filter(|id| is_id(id)).unwrap_or_else(|| {
        let id = random_id();
        storage::save(keep, key, &id);
        id
    })
}

fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_name_is_one_line_of_at_most_forty_characters() {
        assert_eq!(clean_name("  Ann\r\ndata:\tforged  "), "Ann data: forged");
        assert_eq!(clean_name("\u{0}\n "), "");
        assert_eq!(clean_name("A\u{202e}evil\u{feff}"), "Aevil");
        for nothing in ["\u{200b}", "\u{200d}", " \u{200c} \u{200d}", "\u{2066}\u{2069}"] {
            assert_eq!(clean_name(nothing), "", "{nothing:?}");
        }
        assert_eq!(clean_name("👩\u{200d}💻"), "👩\u{200d}💻");
        assert_eq!(clean_name(&"名".repeat(50)), "名".repeat(MAX_AUTHOR_CHARS));
    }

    #[test]
    fn a_friendly_name_is_a_name_in_either_language() {
        for lang in [Lang::En, Lang::Zh] {
            for random in [[0, 0], [255, 255], [13, 200]] {
                let name = friendly_name(lang.texts(), random);
                assert_eq!(clean_name(&name), name);
            }
        }
        assert_eq!(friendly_name(Lang::En.texts(), [0, 0]), "Quiet Otter");
        assert_eq!(friendly_name(Lang::Zh.texts(), [0, 0]), "安静的水獭");
    }
}
