//! What the hub refuses, as responses: a line of text and a status. Of what has failed inside, such as a disk, a client
//! is told no more than that: whoever turns the error into a response can log it before.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};

use crate::history::HistoryError;
use crate::{Denied, PublishError, SnapshotError, SubscribeError, TopicError};

impl IntoResponse for SubscribeError {
    /// `404` for a topic that is not there, `401` or `403` for one that its reader may not read, `500` where a guard
    /// was forgotten, `503` with `Retry-After` when it is the hub's fault, else `400`.
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::UnknownTopic(_) => (StatusCode::NOT_FOUND, text).into_response(),
            Self::Denied { denied: Denied::Unauthorized(_), .. } => {
                // Which scheme it is only the app knows, but one has to be named (RFC 9110, 15.5.2).
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], text).into_response()
            }
            // Put together by the app: word for word what the hub makes of it.
            Self::Denied { topic, denied: Denied::Hidden } => {
                Self::from((topic, Denied::Hidden)).into_response()
            }
            Self::Denied { denied: Denied::Forbidden(_), .. } => {
                (StatusCode::FORBIDDEN, text).into_response()
            }
            Self::Unguarded(_) => (StatusCode::INTERNAL_SERVER_ERROR, text).into_response(),
            Self::NoTopics | Self::TooManyTopics { .. } => (StatusCode::BAD_REQUEST, text).into_response(),
            Self::TooMany { .. } | Self::ShuttingDown | Self::NoRuntime => later("5", text),
            // Whatever it is, the client is to come back for its stream.
            Self::History(_) => later("5", "the history cannot be read at the moment"),
        }
    }
}

impl IntoResponse for PublishError {
    /// `413` for what is too large, `400` for an event type that cannot be, `500` for an event that cannot be encoded,
    /// and what [`HistoryError`] is answered with.
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::TooLarge { .. } | Self::KeyTooLong { .. } | Self::NoteTooLong { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Self::EventType { .. } | Self::ReservedType { .. } => {
                (StatusCode::BAD_REQUEST, text).into_response()
            }
            Self::Encode(_) => failed("the event could not be encoded"),
            Self::History(error) => error.into_response(),
        }
    }
}

impl IntoResponse for TopicError {
    /// `400` for a name that is none, `409` for a topic that is open as another, `503` with `Retry-After` when there
    /// are too many, and what [`HistoryError`] is answered with.
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::Name(_) => (StatusCode::BAD_REQUEST, text).into_response(),
            Self::OtherEvents | Self::OtherOptions => (StatusCode::CONFLICT, text).into_response(),
            // Topics come and go more slowly than streams.
            Self::TooMany { .. } => later("60", text),
            Self::History(error) => error.into_response(),
        }
    }
}

impl IntoResponse for SnapshotError {
    /// `404` for a topic that is not there, and what [`HistoryError`] is answered with.
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::UnknownTopic(_) => (StatusCode::NOT_FOUND, text).into_response(),
            Self::History(error) => error.into_response(),
        }
    }
}

impl IntoResponse for HistoryError {
    /// `410` for a topic that was removed, `409` for one that has ended or has all the keys it may have, `503` for what
    /// passes, with `Retry-After` if by itself, and `500` for what has failed.
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::Removed => (StatusCode::GONE, text).into_response(),
            Self::Ended | Self::TooManyKeys { .. } => (StatusCode::CONFLICT, text).into_response(),
            Self::Busy { .. } => later("1", "the history is busy"),
            Self::Lost => later("1", "the event was not kept"),
            // A disk that is full stays so for a while.
            Self::LiveOnly(_) => later("30", "the history keeps nothing at the moment"),
            Self::Closed => later("5", text),
            // Until somebody has seen to it, which nobody knows how long takes.
            Self::ReadOnly(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "the history takes nothing more").into_response()
            }
            Self::Engine(_) => failed("the history failed"),
        }
    }
}

/// To be tried again after so many seconds.
fn later(seconds: &'static str, text: impl IntoResponse) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, seconds)], text).into_response()
}

fn failed(text: &'static str) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}
