//! The chat rooms.

use serde::{Deserialize, Serialize};
use sse_events::EventSet;

/// The most characters that a name may have.
pub const MAX_AUTHOR_CHARS: usize = 40;

/// The most characters that a message may have.
pub const MAX_TEXT_CHARS: usize = 2_000;

/// The most characters that the name of a room may have.
pub const MAX_ROOM_CHARS: usize = 32;

/// Whether a text can be the name of a room: 1 to [`MAX_ROOM_CHARS`] of `A-Z a-z 0-9 - _`. With a dot it would
/// look like a file's, and like a level more of the topic's.
#[must_use]
pub fn is_room(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ROOM_CHARS).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// Whether a character has no place in a name, as it is not seen, or makes what is beside it look like something else:
/// spaces without width, and marks that turn the direction of a text.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    matches!(
        c,
        '\u{061C}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}'
            | '\u{FEFF}'
    )
}

/// Whether a character joins its neighbours, or keeps them apart: in emoji and in Persian it belongs to a name, but it
/// is none by itself.
#[must_use]
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// The route of a room: `GET` is its stream, `POST` says something in it.
#[must_use]
pub fn route(room: &str) -> String {
    format!("/api/chat/{room}")
}

/// The hub topic of a room.
#[must_use]
pub fn topic(room: &str) -> String {
    format!("chat.{room}")
}

/// The room of a hub topic, if it is that of one.
#[must_use]
pub fn room(topic: &str) -> Option<&str> {
    topic.strip_prefix("chat.")
}

/// Something happened in a room.
#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum Chat {
    /// Somebody said something.
    Message(Message),
    /// Somebody came or left. An event of the room like any other: the hub has none of its own for it.
    Presence(Presence),
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The sender's own id of the message: saying the same id again is the same message.
    pub client_id: String,
    /// Who said it.
    pub author: String,
    /// What was said, as plain text.
    pub text: String,
    /// When the server took it: milliseconds since the Unix epoch.
    pub time: u64,
}

/// Who is in the room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// How many pages have the room open.
    pub count: usize,
    /// The names of those who gave one, sorted, each once; at most 50 of them.
    pub names: Vec<String>,
}

/// The body of a `POST` to a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// The sender's own id of the message, 1 to 64 visible ASCII characters.
    pub client_id: String,
    /// 1 to [`MAX_AUTHOR_CHARS`] characters, without line breaks and without any that [deceive](is_deceptive).
    pub author: String,
    /// 1 to [`MAX_TEXT_CHARS`] characters, not only white space. Line breaks of whatever kind are line feeds to others.
    pub text: String,
}

/// The answer to a message that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The event id under which the message is on the stream.
    pub id: String,
}
