//! What may be said, and where. A text is passed on as it is or refused, never changed but for its kind of line breaks:
//! markup in it is text.

use demo_contract::chat::{MAX_ROOM_CHARS, MAX_TEXT_CHARS, NewMessage, is_room};

use crate::lines::line_feeds;
use crate::problem::Refusal;
use crate::visitor::{check_client_id, check_name};

/// A text that [can be](is_room) the name of a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RoomName(String);

impl RoomName {
    pub(crate) fn new(name: &str) -> Result<Self, Refusal> {
        match is_room(name) {
            true => Ok(Self(name.to_owned())),
            false => {
                let detail = format!("the name of a room is 1 to {MAX_ROOM_CHARS} of A-Z a-z 0-9 - _");
                Err(Refusal::not_found(detail))
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Refuses with a detail that begins with the name of the field.
pub(crate) fn message(mut message: NewMessage) -> Result<NewMessage, Refusal> {
    // As a text field of Windows has them, or of an old Mac.
    message.text = line_feeds(&message.text).into_owned();
    check(&message).map_err(Refusal::invalid)?;
    Ok(message)
}

fn check(message: &NewMessage) -> Result<(), String> {
    let NewMessage { client_id, author, text } = message;
    check_client_id(client_id).map_err(|error| format!("client_id: {error}"))?;
    check_name(author).map_err(|error| format!("author: {error}"))?;
    if text.trim().is_empty() {
        return Err("text: must not be empty".into());
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        return Err(format!("text: must not have more than {MAX_TEXT_CHARS} characters"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("text: must not contain control characters other than line feed and tab".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn refused(client_id: &str, author: &str, text: &str) -> String {
        let new = NewMessage { client_id: client_id.into(), author: author.into(), text: text.into() };
        let refusal = message(new).expect_err("refused");
        assert_eq!(refusal.status(), StatusCode::UNPROCESSABLE_ENTITY);
        refusal.detail().split(':').next().expect("a field").to_owned()
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (client_id, field) in [("", "client_id"), ("a b", "client_id"), (&"x".repeat(65), "client_id")] {
            assert_eq!(refused(client_id, "Ann", "hi"), field);
        }
        for author in [
            "",
            "  ",
            "a\nb",
            "a\rdata: x",
            "a\0",
            "\u{7f}",
            "\u{200b}",
            "\u{2060}",
            "\u{200d}",
            "A\u{202e}evil",
            "\u{feff}Ann",
            &"名".repeat(41),
        ] {
            assert_eq!(refused("1", author, "hi"), "author", "{author:?}");
        }
        for text in ["", " \r\n\t ", "a\u{1b}[2J", "a\0b", "\u{85}", &"字".repeat(2_001)] {
            assert_eq!(refused("1", "Ann", text), "text", "{text:?}");
        }
    }

    #[test]
    fn whatever_else_is_said_passes_as_it_is() {
        for text in
            ["<img src=x onerror=alert(1)>", "two\nlines\tand a tab", "\u{2028} 你好 👋🏽", &"字".repeat(2_000)]
        {
            for author in ["名".repeat(40), "👩\u{200d}💻".into(), "علی\u{200c}رضا".into()] {
                let said = NewMessage { client_id: "a-B_9".into(), author, text: text.into() };
                assert_eq!(message(said.clone()), Ok(said));
            }
        }
    }

    #[test]
    fn line_breaks_are_line_feeds() {
        let said =
            |text: &str| NewMessage { client_id: "0.123".into(), author: "Ann".into(), text: text.into() };
        assert_eq!(message(said("a\r\n\r\nb\rc\nd")), Ok(said("a\n\nb\nc\nd")));
        let longest = "字\r\n".repeat(1_000);
        assert_eq!(message(said(&longest)), Ok(said(&"字\n".repeat(1_000))), "each counts once");
    }

    #[test]
    fn a_room_has_a_plain_name() {
        for name in ["a", "lobby", "Lobby", "my_room", "room-2", &"x".repeat(32)] {
            assert_eq!(RoomName::new(name).expect(name).as_str(), name);
        }
        for name in ["", ".", "a.b", "a b", "é", "a\n", &"x".repeat(33)] {
            assert!(RoomName::new(name).is_err(), "{name:?}");
        }
    }
}
