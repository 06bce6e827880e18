//! Events and their validated fields.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::fmt;

use crate::MESSAGE;
use crate::cursor::Cursor;

/// Why a text cannot be an event id or an event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidField {
    /// It is empty. An empty `id` resets the cursor and an empty `event` means `message`: leave the field out.
    Empty,
    /// It holds a carriage return or a line feed, which would end the field and begin a forged one.
    LineBreak,
    /// It holds U+0000. Browsers ignore such an id (WHATWG HTML 9.2.6), and Firefox drops the whole event.
    Nul,
    /// It is longer than the limit, in bytes.
    TooLong {
        /// The most bytes that are allowed.
        limit: usize,
    },
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("must not be empty"),
            Self::LineBreak => f.write_str("must not contain a line break"),
            Self::Nul => f.write_str("must not contain U+0000"),
            Self::TooLong { limit } => write!(f, "must not be longer than {limit} bytes"),
        }
    }
}

impl core::error::Error for InvalidField {}

/// Rejects what would not survive as the value of a one-line field.
fn validate(value: &str, limit: usize) -> Result<(), InvalidField> {
    if value.is_empty() {
        return Err(InvalidField::Empty);
    }
    if value.len() > limit {
        return Err(InvalidField::TooLong { limit });
    }
    match value.bytes().find(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        None => Ok(()),
        Some(0) => Err(InvalidField::Nul),
        Some(_) => Err(InvalidField::LineBreak),
    }
}

macro_rules! field {
    ($(#[$doc:meta])* $name:ident, $limit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The most bytes a value may have.
            pub const MAX_LEN: usize = $limit;

            /// Validates `value`.
            ///
            /// # Errors
            /// [`InvalidField`] if the value is empty, too long, or holds CR, LF or NUL.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidField> {
                let value = value.into();
                validate(&value, Self::MAX_LEN)?;
                Ok(Self(value))
            }

            /// The value.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The value as an owned string.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidField;

            fn try_from(value: &str) -> Result<Self, InvalidField> {
                Self::new(value)
            }
        }
    };
}

field! {
    /// An event id: not empty, one line, no U+0000.
    ///
    /// What a client sends back as `Last-Event-ID` when it reconnects.
    EventId, 4096
}

field! {
    /// An event type: not empty, one line, no U+0000.
    EventType, 256
}

impl From<Cursor> for EventId {
    /// Two numbers and a full stop: nothing in it needs validation.
    fn from(cursor: Cursor) -> Self {
        Self(cursor.to_string())
    }
}

impl EventType {
    /// Whether this is the type of an event that names none.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.0 == MESSAGE
    }
}

/// An event to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// The event's id; `None` leaves the client's cursor where it is.
    pub id: Option<EventId>,
    /// The event's type; `None` is `message`.
    pub event_type: Option<EventType>,
    /// The payload. CR, LF and CRLF in it arrive as line feeds: the format has no other line end.
    pub data: String,
}

impl Event {
    /// An event of type `message` without an id.
    #[must_use]
    pub fn new(data: impl Into<String>) -> Self {
        Self { id: None, event_type: None, data: data.into() }
    }

    /// Sets the type.
    #[must_use]
    pub fn with_type(mut self, event_type: EventType) -> Self {
        self.event_type = Some(event_type);
        self
    }

    /// Sets the id.
    #[must_use]
    pub fn with_id(mut self, id: EventId) -> Self {
        self.id = Some(id);
        self
    }
}

impl From<&str> for Event {
    fn from(data: &str) -> Self {
        Self::new(data.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_rejects_whatever_could_end_it_early() {
        for (value, error) in [
            ("", InvalidField::Empty),
            ("a\rb", InvalidField::LineBreak),
            ("a\nb", InvalidField::LineBreak),
            ("\r\n", InvalidField::LineBreak),
            ("a\0", InvalidField::Nul),
        ] {
            assert_eq!(EventId::new(value), Err(error), "{value:?}");
            assert_eq!(EventType::new(value), Err(error), "{value:?}");
        }
        assert_eq!(EventType::new("x".repeat(257)), Err(InvalidField::TooLong { limit: 256 }));
        assert!(EventId::new("x".repeat(4096)).is_ok());
        assert_eq!(EventId::new(" 漢\u{2028}").expect("one line").as_str(), " 漢\u{2028}");
    }
}
