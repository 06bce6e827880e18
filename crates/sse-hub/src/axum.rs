//! Responses and extractors for axum 0.8.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequestParts, Query};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::{SubscribeError, Subscription};

/// The header in which a client says where it left off.
pub static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where the client left off: the header `Last-Event-ID`, else `last_event_id` in the query, else `None`.
///
/// The query is for a page that makes a new `EventSource`, which cannot set the header. The header wins, because
/// from then on the browser keeps it up to date. Its bytes are UTF-8 (WHATWG HTML 9.2.4); others become U+FFFD, and
/// the id then is one that means nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastEventId(pub Option<String>);

impl From<LastEventId> for Option<String> {
    fn from(id: LastEventId) -> Self {
        id.0
    }
}

#[derive(serde::Deserialize)]
struct FromQuery {
    last_event_id: String,
}

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let in_header =
            parts.headers.get(&LAST_EVENT_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        let in_query =
            || Query::<FromQuery>::try_from_uri(&parts.uri).ok().map(|query| query.0.last_event_id);
        Ok(Self(in_header.filter(|id| !id.is_empty()).or_else(in_query).filter(|id| !id.is_empty())))
    }
}

impl IntoResponse for Subscription {
    /// `200` and the stream; `204` if the client has everything, which tells an `EventSource` not to come back.
    fn into_response(self) -> Response {
        if self.is_complete() {
            return StatusCode::NO_CONTENT.into_response();
        }
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(sse_proto::MEDIA_TYPE)),
            // Proxies must neither keep the stream nor compress it into buffers.
            (CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ];
        (headers, Body::from_stream(Chunks(self))).into_response()
    }
}

impl IntoResponse for SubscribeError {
    /// `404` for a topic that is not there, `503` with `Retry-After` when it is the hub's fault, else `400`.
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::UnknownTopic(_) => (StatusCode::NOT_FOUND, text).into_response(),
            Self::NoTopics | Self::TooManyTopics { .. } => (StatusCode::BAD_REQUEST, text).into_response(),
            Self::TooMany { .. } | Self::ShuttingDown | Self::NoRuntime | Self::History(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], text).into_response()
            }
        }
    }
}

/// A subscription as a body wants it: it cannot fail.
struct Chunks(Subscription);

impl Stream for Chunks {
    type Item = Result<bytes::Bytes, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::pin::Pin::new(&mut self.0).poll_next(cx).map(|chunk| chunk.map(Ok))
    }
}
