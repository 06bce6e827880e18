//! Notifications: what a page shows in passing.

use serde::{Deserialize, Serialize};
use sse_events::EventSet;

/// The route of the stream.
pub const ROUTE: &str = "/api/notifications";

/// The hub topic: publish to it by `POST /api/publish/notifications`.
pub const TOPIC: &str = "notifications";

/// The most characters of a title.
pub const MAX_TITLE_CHARS: usize = 120;

/// The most characters of a body.
pub const MAX_BODY_CHARS: usize = 2_000;

/// The stream.
#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum Notifications {
    /// Something that somebody should know.
    Notification(Notification),
}

/// Something that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// One line: 1 to [`MAX_TITLE_CHARS`] characters.
    pub title: String,
    /// More about it, at most [`MAX_BODY_CHARS`] characters. May be empty.
    #[serde(default)]
    pub body: String,
    /// How loud to say it.
    #[serde(default)]
    pub severity: Severity,
    /// When: milliseconds since the Unix epoch. The server fills in what is left out.
    #[serde(default)]
    pub time: u64,
}

/// How loud to say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// Something went well.
    Success,
    /// Something may need a look.
    Warning,
    /// Something broke.
    Error,
    /// As a newer server says it. It is not said here, so a feed that asks for it is refused.
    #[serde(other, skip_serializing)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_loud_a_newer_server_says_it_does_not_keep_it_from_being_read() {
        let told =
            Notifications::decode("notification", r#"{"title":"t","severity":"deafening"}"#).expect("read");
        let Notifications::Notification(notification) = &told;
        assert_eq!((notification.title.as_str(), notification.severity), ("t", Severity::Other));
        assert!(told.encode().is_err(), "a slip of a feed's is not published");
    }
}
