//! What carries an event stream.
//!
//! A transport makes one request when it is told to and reports what comes of it to a [`Receiver`]. When to
//! connect, wait and resume is not its business.
//!
//! | | [`Native`] | [`Fetch`] |
//! |---|---|---|
//! | the cursor of a reconnect | in the query | in `Last-Event-ID`; to another origin, that costs a preflight |
//! | headers, tokens, POST | no | yes |
//! | status, content type, `Retry-After` | cannot be seen: "rejected" | judged and told |
//! | `retry` | cannot be seen; the event `sse.retry` can | yes |
//! | a reconnect after a redirect | asks the owner's URL: where it led cannot be seen | goes where the last one led |
//! | a body that is cut off | looks like one that ends | told |
//! | what came right before a cut | told | may be lost in Chromium; the cursor stays in front of it |
//! | comments as a sign of life | cannot be seen | yes |
//! | event types | those that are listened for | all |
//! | limits of the decoder | none | yes |
//!
//! [`NativeOrFetch`] is [`Native`], and [`Fetch`] where there is no `EventSource`. [`Ticketed`] is [`Native`] with a
//! ticket in the query, a new one for every attempt. [`Scripted`] has no network: with it, those who use this crate
//! test their own pages without a server.

mod cancellation;
mod fetch;
mod native;
mod native_or_fetch;
mod scripted;
mod ticketed;

use std::rc::{Rc, Weak};
use std::time::Duration;

use sse_proto::client::{ConnectionId, Failure, Signal};
use sse_proto::{EventRef, Instant};

use crate::clock;
use crate::direct::{Inner, UnreadId};
pub use fetch::{Body, Fetch, InvalidHeader, Refusal, Token};
pub use native::Native;
pub use native_or_fetch::NativeOrFetch;
pub use scripted::{Scripted, ScriptedStream};
/// For [`ScriptedStream::control`].
pub use sse_proto::Control;
/// For [`Receiver::responded`] and [`ScriptedStream::respond`].
pub use sse_proto::client::Response;
/// For [`Fetch::with_limits`], and what [`Failure::Limit`] holds.
pub use sse_proto::{DecodeError, Limits};
pub use ticketed::Ticketed;

/// Makes requests for event streams.
///
/// `Send` and `Sync`, so that [`Options`](crate::Options) can be kept wherever an app keeps things, and moved and
/// dropped on any thread of a server that renders a page. It is only ever asked to connect where its connection was
/// opened, so what belongs to one thread, such as a [`Receiver`], an `Rc` or an object of JavaScript, may stand in a
/// `send_wrapper::SendWrapper`.
///
/// One of your own brings events from wherever a server's events can come from:
///
/// ```
/// use sse_web::transport::{ActiveRequest, Receiver, Request};
/// use sse_web::{EventRef, Failure, Transport};
/// use wasm_bindgen_futures::spawn_local;
///
/// /// Says what is in it, and ends.
/// struct Recorded(&'static [&'static str]);
///
/// impl Transport for Recorded {
///     fn connect(&self, _: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
///         let lines = self.0;
///         // Later, as the receiver must not be called before this returns.
///         spawn_local(async move {
///             receiver.opened();
///             for &data in lines {
///                 receiver.event(EventRef { event_type: "message", data, last_event_id: "" });
///             }
///             receiver.failed(Failure::Ended);
///         });
///         // There is nothing to abort.
///         Ok(Box::new(()))
///     }
/// }
/// ```
pub trait Transport: Send + Sync {
    /// Starts a request. Dropping the returned value aborts it and frees all that belongs to it.
    ///
    /// The receiver must not be called before this returns.
    ///
    /// # Errors
    /// The failure, if the request could not even be started.
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure>;

    /// Whether the request may be sent again after a drop (conformance c18). If not, the stream ends then.
    fn is_repeatable(&self) -> bool {
        true
    }

    /// The name under which a developer's panel shows this transport. Default: the name of the type, with its path.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// What this transport asks for besides the [`Request`], if a connection over it may be [shared](crate::Sharing)
    /// with others that ask for the same. Default: `None`, it is not shared.
    fn share_key(&self) -> Option<String> {
        None
    }
}

/// A request under way, or an open stream: whatever ends it by being dropped.
///
/// ```
/// use sse_web::transport::ActiveRequest;
///
/// /// Says something every second, until what it returns is dropped.
/// fn tick(say: impl FnMut() + 'static) -> Box<dyn ActiveRequest> {
///     Box::new(gloo_timers::callback::Interval::new(1_000, say))
/// }
/// ```
pub trait ActiveRequest {}

impl<T: 'static> ActiveRequest for T {}

/// What to ask for.
///
/// ```
/// use sse_web::transport::Request;
///
/// /// Of a server that takes the topics by their names, and the cursor where the owner says.
/// fn url(request: Request<'_>) -> String {
///     let cursor = match (request.cursor_parameter, request.last_event_id) {
///         (None, _) | (_, "") => String::new(),
///         (Some(name), cursor) => format!("&{name}={cursor}"),
///     };
///     format!("{}?topics={}{cursor}", request.url, request.event_types.join(","))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The absolute URL, without the cursor: that of the options, or where the last response came from
    /// ([`Response::url`]).
    pub url: &'a str,
    /// The event types that somebody listens for, the reserved ones included.
    pub event_types: &'a [&'static str],
    /// The cursor to go on from; empty: from the server's beginning.
    pub last_event_id: &'a str,
    /// The query parameter for the cursor, for a transport that cannot send it as a header.
    pub cursor_parameter: Option<&'a str>,
    /// Whether to send cookies to another origin.
    pub with_credentials: bool,
}

/// Takes what a transport sees on one connection. Calls for a connection that is gone do nothing.
///
/// ```
/// use std::time::Duration;
///
/// use sse_web::transport::{Receiver, Response};
/// use sse_web::{EventRef, Failure};
///
/// /// What there is to say of a stream from its beginning to its end.
/// fn tell(receiver: &Receiver, data: &str) {
///     // Or `opened`, for a transport that cannot see the head.
///     receiver.responded(Response::new(200).with_content_type("text/event-stream".to_owned()));
///     receiver.activity();
///     receiver.retry(Duration::from_secs(2));
///     receiver.event(EventRef { event_type: "message", data, last_event_id: "7" });
///     receiver.failed(Failure::Ended);
/// }
/// ```
#[derive(Clone)]
pub struct Receiver {
    pub(crate) connection: ConnectionId,
    pub(crate) inner: Weak<Inner>,
}

impl Receiver {
    /// The head of the response came. Whether it is an event stream, and what becomes of it if not, is decided for
    /// the transport; a request that is refused is dropped before this returns.
    pub fn responded(&self, response: Response) {
        self.signal(Signal::Responded(response));
    }

    /// The response came, and is an event stream. For a transport that cannot see the head.
    pub fn opened(&self) {
        self.signal(Signal::Opened);
    }

    /// A sign of life that is no event; a transport that sees bytes says so for every chunk.
    pub fn activity(&self) {
        self.signal(Signal::Activity);
    }

    /// The server set the reconnection time.
    pub fn retry(&self, reconnection_time: Duration) {
        self.signal(Signal::Retry(reconnection_time));
    }

    /// The connection failed or ended. Nothing that is said after this counts.
    pub fn failed(&self, failure: Failure) {
        self.signal(Signal::Failed(failure));
    }

    /// An id arrived without data: no event, but the cursor moves (p12).
    pub fn id(&self, last_event_id: &str) {
        if let Some(inner) = self.inner.upgrade() {
            inner.handle_id(self.connection, last_event_id);
        }
    }

    /// An event arrived.
    pub fn event(&self, event: EventRef<'_>) {
        self.event_at(clock::now(), event);
    }

    /// An event that arrived at `now`. To ask the browser for the time costs as much as to decode a small event.
    pub(crate) fn event_at(&self, now: Instant, event: EventRef<'_>) {
        if let Some(inner) = self.inner.upgrade() {
            inner.handle_event(now, self.connection, event);
        }
    }

    /// Whether somebody has to know the last event id at the next event, which is of this type.
    pub(crate) fn reads_last_event_id(&self, event_type: &str) -> bool {
        self.inner.upgrade().is_some_and(|inner| inner.reads_last_event_id(event_type))
    }

    /// [`Self::event_at`] where nobody has to know the last event id. `unread` knows that of the last such event.
    pub(crate) fn unread_event_at(
        &self,
        now: Instant,
        event_type: &str,
        data: &str,
        unread: Rc<dyn UnreadId>,
    ) {
        if let Some(inner) = self.inner.upgrade() {
            inner.handle_unread_event(now, self.connection, event_type, data, unread);
        }
    }

    /// Inlined for the reason given at [`sse_proto::client::Client::handle_signal`]: what judges a response is then
    /// only linked where one is reported.
    #[inline(always)]
    fn signal(&self, signal: Signal) {
        if let Some(inner) = self.inner.upgrade() {
            inner.handle_signal(self.connection, signal);
        }
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("connection", &self.connection).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    #[test]
    fn options_and_transports_belong_to_no_thread() {
        fn assert_send_sync<T: Send + Sync>() {}
        assert_send_sync::<Options>();
        assert_send_sync::<Native>();
        assert_send_sync::<Fetch>();
        assert_send_sync::<NativeOrFetch>();
        assert_send_sync::<Ticketed>();
        assert_send_sync::<Scripted>();
    }
}
