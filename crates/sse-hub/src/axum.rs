//! Responses and extractors for axum 0.8. Feature `axum`, which is on by default.
//!
//! A [`Subscription`] is a response, and so are the errors of the hub. axum answers `HEAD` by the handler for `GET`,
//! which subscribes before it can be known that nobody reads: a [member](crate::Subscribe::member) then is there for
//! [`HubOptions::presence_grace`](crate::HubOptions::presence_grace). Where that matters, answer it apart, as by
//! `get(stream).head(|| async {})`.

mod refusals;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, Query};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_core::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::Subscription;
use crate::lock::lock;

/// The header in which a client says where it left off.
pub static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What clients call it in the query: ours, event-source-polyfill and what is built on it, Mercure's before 1.0.
const IN_QUERY: [&str; 3] = ["last_event_id", "lastEventId", "lastEventID"];

/// Where the client left off: the header `Last-Event-ID`, else `last_event_id` in the query, else `None`.
///
/// The query is for a page that makes a new `EventSource`, which cannot set the header; `lastEventId`, as polyfills
/// have it, and `lastEventID` are read as well. The header wins, because from then on the browser keeps it up to date.
/// Its bytes are UTF-8 (WHATWG HTML 9.2.4); others become U+FFFD, and the id then is one that means nothing here. Where
/// the query has several, as of a page that appends one at each reconnect, the last counts, whatever its name. What is
/// empty says nothing, there and in the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastEventId(pub Option<String>);

impl From<LastEventId> for Option<String> {
    fn from(id: LastEventId) -> Self {
        id.0
    }
}

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let in_header =
            parts.headers.get(&LAST_EVENT_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        Ok(Self(in_header.filter(|id| !id.is_empty()).or_else(|| in_query(parts))))
    }
}

fn in_query(parts: &Parts) -> Option<String> {
    // As pairs: read as a field, a name that is there twice would be an error, and the client one that has seen
    // nothing.
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    let says_where = |(name, id): &(String, String)| IN_QUERY.contains(&name.as_str()) && !id.is_empty();
    pairs.into_iter().rfind(says_where).map(|(_, id)| id)
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
        let handover = Handover::new(self);
        let body = Body::new(StreamBody(handover.clone()));
        (headers, Extension(handover), body).into_response()
    }
}

/// The stream of a response. Its body holds one end, and [`serve`](crate::serve) looks for the other among the
/// extensions: there it may take the subscription out of a body that was not wrapped.
#[derive(Clone, Debug)]
pub(crate) struct Handover(Arc<Mutex<Slot>>);

#[derive(Debug)]
struct Slot {
    /// Boxed: when it is taken, the room for it goes with it, while the body stays as long as the stream.
    subscription: Option<Box<Subscription>>,
    /// The first chunk, from when the body has handed it out until it hands out another one.
    first: Option<Bytes>,
    started: bool,
}

impl Handover {
    fn new(subscription: Subscription) -> Self {
        let subscription = Some(Box::new(subscription));
        Self(Arc::new(Mutex::new(Slot { subscription, first: None, started: false })))
    }

    /// Takes the subscription if its body has handed out `chunk` and nothing else: the same bytes at the same place,
    /// so whatever is wrapped around the body passes on what it gets.
    #[cfg(feature = "serve")]
    pub(crate) fn take_if_passed_on(&self, chunk: &Bytes) -> Option<Box<Subscription>> {
        let mut slot = lock(&self.0);
        slot.first.take_if(|first| first.as_ptr() == chunk.as_ptr() && first.len() == chunk.len())?;
        slot.subscription.take()
    }

    /// What ends the stream from outside.
    #[cfg(feature = "serve")]
    pub(crate) fn signal(&self) -> Option<Arc<crate::signal::Signal>> {
        lock(&self.0).subscription.as_ref().map(|subscription| Arc::clone(subscription.signal()))
    }
}

/// A subscription as a body. It cannot fail.
struct StreamBody(Handover);

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let mut slot = lock(&self.0.0);
        let Some(subscription) = &mut slot.subscription else {
            return Poll::Ready(None);
        };
        let chunk = ready!(Pin::new(&mut **subscription).poll_next(cx));
        slot.first = if slot.started { None } else { chunk.clone() };
        slot.started = true;
        Poll::Ready(chunk.map(|chunk| Ok(http_body::Frame::data(chunk))))
    }
}
