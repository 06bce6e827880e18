use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::Duration;

use sse_proto::client::{Failure, Response};
use sse_proto::{Control, EventRef, MEDIA_TYPE, MESSAGE};

use super::Server;
use crate::transport::{Receiver, Request};

/// A request that the page made, and the server's end of it.
///
/// What is said to a page that has let go of it does nothing, as with a server that does not know yet. Whether that is so,
/// [`Self::is_active`] says.
///
/// ```
/// use std::time::Duration;
///
/// use sse_web::transport::{Response, Scripted};
///
/// // In a `#[wasm_bindgen_test]`, with a page that asks for `/news`:
/// async fn serve(server: Scripted) {
///     let busy = server.accept_at("/news").await;
///     busy.respond(Response::new(503).with_retry_after(Some("1".to_owned())));
///
///     let stream = server.accept_at("/news").await;
///     stream.open();
///     stream.message("hello");
///     stream.retry(Duration::from_secs(2));
///     stream.end();
/// }
/// ```
///
/// What the page has asked for, and when it lets go:
///
/// ```
/// use sse_web::transport::Scripted;
///
/// // In a `#[wasm_bindgen_test]`, with a page that listens for `tick` and stops at the second:
/// async fn serve(server: Scripted) {
///     let stream = server.accept().await;
///     assert!(stream.url().ends_with("/market") && stream.event_types().contains(&"tick"));
///     assert!(stream.last_event_id().is_empty() && !stream.with_credentials());
///     stream.open();
///     stream.comment();
///     stream.event("tick", "1", "a");
///     assert!(stream.is_active());
///     stream.event("tick", "2", "b");
///     stream.closed().await;
///     assert_eq!((server.active(), server.requests().len()), (0, 1));
/// }
/// ```
///
/// What can go wrong:
///
/// ```
/// use sse_web::Failure;
/// use sse_web::transport::{Control, Scripted};
///
/// async fn fail(server: Scripted) {
///     // The network, and the page tries again.
///     server.accept().await.fail(Failure::Network);
///     // Then the server, whose history does not reach back to the cursor of the page, and which restarts.
///     let stream = server.accept().await;
///     stream.open();
///     stream.control(&Control::Gap { trimmed: 7, snapshot_through: None }, "");
///     stream.end();
///     // Then it refuses, and the page does not try again.
///     server.accept().await.refuse(403);
/// }
/// ```
#[derive(Clone)]
pub struct ScriptedStream(Rc<Inner>);

struct Inner {
    url: String,
    event_types: Vec<&'static str>,
    last_event_id: String,
    /// That of the stream so far, which begins at the cursor that was asked for.
    stands_at: RefCell<String>,
    with_credentials: bool,
    receiver: Receiver,
    is_accepted: Cell<bool>,
    /// Whether the page has the head of the answer.
    is_answered: Cell<bool>,
    is_active: Cell<bool>,
    server: Weak<Server>,
}

/// What was asked for.
impl ScriptedStream {
    /// The absolute URL. The cursor is not in it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The event types that the page listens for, the reserved ones included. Unlike the native `EventSource`, this
    /// transport brings the others too, as [`Fetch`](super::super::Fetch) does.
    #[must_use]
    pub fn event_types(&self) -> &[&'static str] {
        &self.0.event_types
    }

    /// The cursor to go on from; empty for a stream that begins.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.0.last_event_id
    }

    /// Whether cookies were to be sent to another origin.
    #[must_use]
    pub fn with_credentials(&self) -> bool {
        self.0.with_credentials
    }

    /// Whether the page still holds it: it has not been closed, paused, replaced or unmounted, and has not failed.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.is_active.get()
    }

    /// Waits until the page has let go of it.
    ///
    /// # Panics
    /// If it does not within five seconds; says where it was waited for.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        let (stream, place) = (self.clone(), Location::caller());
        async move {
            let is_closed = || (!stream.is_active()).then_some(());
            let in_time = match stream.0.server.upgrade() {
                Some(server) => server.pending.until(is_closed).await,
                None => is_closed(),
            };
            assert!(in_time.is_some(), "the page still holds {stream:?} ({place})");
        }
    }
}

/// What comes of it.
impl ScriptedStream {
    /// Answers with 200 and an event stream.
    ///
    /// # Panics
    /// Like [`Self::respond`].
    #[track_caller]
    pub fn open(&self) {
        self.respond(Response::new(200).with_content_type(MEDIA_TYPE.to_owned()));
    }

    /// Answers with a status other than 200. Some are tried again and some close the stream: see
    /// [`ClientOptions::retry_statuses`](sse_proto::client::ClientOptions::retry_statuses).
    ///
    /// It is judged as over [`Fetch`](super::super::Fetch). What a page over [`Native`](super::super::Native) sees,
    /// whatever the status, is [`fail(Failure::Rejected)`](Self::fail).
    ///
    /// # Panics
    /// If the status is 200, which refuses nothing; and like [`Self::respond`].
    #[track_caller]
    pub fn refuse(&self, status: u16) {
        assert_ne!(status, 200, "the status 200 refuses nothing; call `open`");
        self.respond(Response::new(status));
    }

    /// Answers with this head, for a content type or a `Retry-After` of the test's choice. It is judged as over
    /// [`Fetch`](super::super::Fetch), as by [`Self::refuse`].
    ///
    /// # Panics
    /// If the page has an answer already: an answer has one head. An event brings that of an open stream along.
    #[track_caller]
    pub fn respond(&self, response: Response) {
        let is_first = !self.0.is_answered.replace(true);
        assert!(is_first || !self.is_active(), "{self:?} was answered already, by the test or by an event");
        self.0.receiver.responded(response);
    }

    /// Brings an event. One whose `id` is empty has none, and as on the wire, the last one stays; what takes that away
    /// is [`Self::id`]. A stream that was not opened is opened by it.
    pub fn event(&self, event_type: &str, data: &str, id: &str) {
        self.0.is_answered.set(true);
        if !id.is_empty() {
            self.0.stands_at.replace(id.to_owned());
        }
        // Not borrowed while the page is told: what it does may bring the next event.
        let last_event_id = &self.0.stands_at.borrow().clone();
        self.0.receiver.event(EventRef { event_type, data, last_event_id });
    }

    /// Brings an event of type `message` that has no id.
    pub fn message(&self, data: &str) {
        self.event(MESSAGE, data, "");
    }

    /// Brings what a server says of the stream itself, with the data that it has on the wire: a gap, a reset, the end.
    /// The `id` is as in [`Self::event`]; sse-hub gives one to [`Control::Open`] only.
    pub fn control(&self, control: &Control, id: &str) {
        self.event(control.event_type(), &control.data(), id);
    }

    /// Brings an id without data: no event, but the cursor moves. An empty one takes the cursor away.
    pub fn id(&self, id: &str) {
        self.0.stands_at.replace(id.to_owned());
        self.0.receiver.id(id);
    }

    /// Brings a sign of life that is no event, such as a comment.
    pub fn comment(&self) {
        self.0.receiver.activity();
    }

    /// Sets the reconnection time.
    pub fn retry(&self, reconnection_time: Duration) {
        self.0.receiver.retry(reconnection_time);
    }

    /// Ends the body, as a server does that is restarted: the page comes back.
    ///
    /// A stream that is complete says so by [`Control::End`], and the page does not come back.
    pub fn end(&self) {
        self.fail(Failure::Ended);
    }

    /// Cuts the connection in the middle of the body, as [`Fetch`](super::super::Fetch) tells it: the page comes back.
    /// The native `EventSource` tells no more than [`Self::end`].
    pub fn cut(&self) {
        self.fail(Failure::Cut);
    }

    /// Lets the connection fail: [`Failure::Network`] for a server that cannot be reached.
    pub fn fail(&self, failure: Failure) {
        self.0.receiver.failed(failure);
    }
}

impl ScriptedStream {
    pub(super) fn new(request: &Request<'_>, receiver: Receiver, server: Weak<Server>) -> Self {
        Self(Rc::new(Inner {
            url: request.url.to_owned(),
            event_types: request.event_types.to_vec(),
            last_event_id: request.last_event_id.to_owned(),
            stands_at: RefCell::new(request.last_event_id.to_owned()),
            with_credentials: request.with_credentials,
            receiver,
            is_accepted: Cell::new(false),
            is_answered: Cell::new(false),
            is_active: Cell::new(true),
            server,
        }))
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.0.is_accepted.get()
    }

    pub(super) fn accept(&self) {
        self.0.is_accepted.set(true);
    }

    /// The page does not hold it any more.
    pub(super) fn let_go(&self) {
        self.0.is_active.set(false);
        if let Some(server) = self.0.server.upgrade() {
            server.pending.wake();
        }
    }
}

impl fmt::Debug for ScriptedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedStream")
            .field("url", &self.0.url)
            .field("last_event_id", &self.0.last_event_id)
            .field("is_accepted", &self.0.is_accepted.get())
            .field("is_active", &self.0.is_active.get())
            .finish_non_exhaustive()
    }
}
