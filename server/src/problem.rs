//! Refusals, all as `application/problem+json`.

use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use demo_contract::Problem;
use demo_contract::problem::MEDIA_TYPE;
use sse_hub::history::HistoryError;
use sse_hub::{Denied, PublishError, SubscribeError, TopicError};

use crate::requests::Reason;

/// Why a request was refused, in words that its sender can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    detail: String,
    retry_after: Option<Duration>,
    /// Whether a token would help: then the answer says which kind.
    wants_token: bool,
    /// What the log says instead of the detail, which is for strangers.
    reason: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None, wants_token: false, reason: None }
    }

    /// A `503` that says when to try again.
    pub(crate) fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// A `422`: well formed, but not what can be taken.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// A `500`: what is `shown` to strangers, and the reason for the log.
    pub(crate) fn internal(shown: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, shown).because(reason)
    }

    pub(crate) fn shutting_down(retry_after: Duration) -> Self {
        Self::unavailable("the server is shutting down", retry_after)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// A `401` that asks for a bearer token.
    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self { wants_token: true, ..Self::new(StatusCode::UNAUTHORIZED, detail) }
    }

    /// A `429` that says when there is room again.
    pub(crate) fn too_many(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// Says it in other words.
    pub(crate) fn reworded(self, say: impl FnOnce(String) -> String) -> Self {
        Self { detail: say(self.detail), ..self }
    }

    /// Says before the detail where it happened.
    pub(crate) fn at(self, place: impl std::fmt::Display) -> Self {
        self.reworded(|detail| format!("{place}: {detail}"))
    }

    /// Says to the log, and to nobody else, why the server cannot do what it should. Only read of a `5xx`.
    pub(crate) fn because(self, reason: impl std::fmt::Display) -> Self {
        Self { reason: Some(reason.to_string()), ..self }
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    #[cfg(test)]
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem {
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
        };
        let reason = self.reason.or_else(|| self.status.is_server_error().then(|| problem.detail.clone()));
        // Three plain fields always serialise.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status, [(CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if let Some(after) = self.retry_after {
            // Rounded up: who comes back on the second must not be too early.
            let seconds = after.as_millis().div_ceil(1_000).max(1);
            let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(reason) = reason {
            response.extensions_mut().insert(Reason(reason));
        }
        if self.wants_token {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        let detail = denied.to_string();
        match denied {
            Denied::Unauthorized(_) => Self::unauthorized(detail),
            Denied::Hidden => Self::not_found(detail),
            _ => Self::forbidden(detail),
        }
    }
}

impl From<SubscribeError> for Refusal {
    fn from(error: SubscribeError) -> Self {
        let detail = error.to_string();
        match error {
            SubscribeError::UnknownTopic(_) => Self::not_found(detail),
            SubscribeError::Denied { denied, .. } => denied.into(),
            SubscribeError::Unguarded(_) => Self::internal("the stream could not be opened", detail),
            SubscribeError::NoTopics | SubscribeError::TooManyTopics { .. } => Self::bad_request(detail),
            _ => Self::unavailable(detail, Duration::from_secs(5)),
        }
    }
}

impl From<TopicError> for Refusal {
    fn from(error: TopicError) -> Self {
        let detail = error.to_string();
        match error {
            TopicError::Name(_) => Self::bad_request(detail),
            TopicError::OtherEvents | TopicError::OtherOptions => Self::conflict(detail),
            _ => Self::unavailable(detail, Duration::from_secs(60)),
        }
    }
}

impl From<PublishError> for Refusal {
    fn from(error: PublishError) -> Self {
        let detail = error.to_string();
        match error {
            PublishError::Encode(_)
            | PublishError::EventType { .. }
            | PublishError::ReservedType { .. }
            | PublishError::KeyTooLong { .. } => Self::invalid(detail),
            PublishError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail),
            PublishError::History(HistoryError::Ended | HistoryError::TooManyKeys { .. }) => {
                Self::conflict(detail)
            }
            _ => Self::unavailable(detail, Duration::from_secs(5)),
        }
    }
}

/// What answers a method that a route does not have.
pub(crate) async fn method_not_allowed() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method; see the Allow header")
}
