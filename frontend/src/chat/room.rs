//! The names of rooms.

use demo_contract::chat::is_room;

use crate::i18n::Texts;

/// A text that [can be](is_room) the name of a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Room(String);

impl Room {
    /// The rooms that everybody is shown.
    pub(super) const LISTED: [&'static str; 4] = ["lobby", "trading", "rust", "zhongwen"];

    /// The room of exactly this name, as it stands in an address; `None` if it is not the name of one.
    #[must_use]
    pub(super) fn parse(name: &str) -> Option<Self> {
        is_room(name).then(|| Self(name.to_owned()))
    }

    /// The room that somebody typed: `Leptos Help` is `leptos-help`. `None` if it is not the name of one.
    #[must_use]
    pub(super) fn from_typed(text: &str) -> Option<Self> {
        let words: Vec<_> = text.trim().trim_start_matches('#').split_whitespace().collect();
        Self::parse(&words.join("-").to_ascii_lowercase())
    }

    /// Its name.
    #[must_use]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of its page.
    #[must_use]
    pub(super) fn path(&self) -> String {
        format!("/chat/{}", self.0)
    }

    /// The language of its label, if that is not the page's.
    #[must_use]
    pub(super) fn lang(&self) -> Option<&'static str> {
        (self.as_str() == "zhongwen").then_some("zh-CN")
    }

    /// What a person calls it.
    #[must_use]
    pub(super) fn label(&self, texts: &Texts) -> String {
        match self.as_str() {
            "lobby" => texts.chat.lobby.to_owned(),
            "trading" => texts.chat.trading.to_owned(),
            "rust" => "Rust".to_owned(),
            "zhongwen" => "中文".to_owned(),
            name => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::chat::MAX_ROOM_CHARS;

    use super::*;

    #[test]
    fn the_listed_rooms_are_rooms() {
        for name in Room::LISTED {
            assert_eq!(Room::parse(name).expect(name).as_str(), name);
        }
    }

    #[test]
    fn an_address_is_taken_literally() {
        let longest = "a".repeat(MAX_ROOM_CHARS);
        for name in ["a", "rust-2026", "My_Room", longest.as_str()] {
            assert!(Room::parse(name).is_some(), "{name}");
        }
        let too_long = "a".repeat(MAX_ROOM_CHARS + 1);
        for name in ["", "a.b", "a b", "中文", "a/b", "a\n", "..", too_long.as_str()] {
            assert_eq!(Room::parse(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_typed_is_understood_as_far_as_possible() {
        assert_eq!(Room::from_typed("  #Leptos  Help ").as_ref().map(Room::as_str), Some("leptos-help"));
        assert_eq!(Room::from_typed("中文"), None);
        assert_eq!(Room::from_typed("  "), None);
    }
}
