//! What goes into a client, and what comes out of it.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::response::Response;
use super::state::{Failure, Gap, PauseReason};
use crate::Instant;

/// Names one attempt to connect, so that what an old connection says is not taken for the new one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub(super) u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the owner of the client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Connect, unless that is under way.
    Open,
    /// Close for good; only `Open` and `Reconnect` bring it back. What is closed already keeps its reason.
    Close,
    /// As `Close`, and it is closed as [`Ended`](super::CloseReason::Ended): the owner knows, as by the data of the last
    /// event, that the stream is complete.
    Finish,
    /// Drop the connection or the wait, and connect now with a clean record, also if the caller had paused it.
    /// Sends even a request that must not be sent again by itself (conformance c18), and goes to the URL that the
    /// owner named, wherever the connection before was redirected to (c05).
    Reconnect,
    /// Cut a wait short, for instance because the device is online again. Does nothing in any other state, and
    /// leaves a server alone for as long as it asked for by `Retry-After`.
    RetryNow,
    /// Drop the connection and keep the cursor until the reason is gone.
    Pause(PauseReason),
    /// This reason is gone. Connects at once when it was the last, except to a server whose `Retry-After` is not
    /// over.
    Resume(PauseReason),
}

/// What the transport saw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The head of the response came; the client decides whether it is an event stream. For a transport that can
    /// see statuses and headers.
    Responded(Response),
    /// The response came and is an event stream, by the word of the transport. For one that sees no more, like the
    /// native `EventSource`.
    Opened,
    /// A sign of life that is no event: a comment, or bytes (c16).
    Activity,
    /// The server set the reconnection time (conformance p11).
    Retry(Duration),
    /// The connection failed or ended.
    Failed(Failure),
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the application's. Drain the outputs first: a gap that comes before it is told there. If there were any, ask
    /// [`Client::handle_drained`](super::Client::handle_drained) whether it is still to be delivered.
    Deliver,
    /// It was meant for the client itself.
    Control,
    /// It was seen before the connection was resumed: a server that has sent `sse.open` numbers every event, and
    /// this number is not above the cursor. An event without an id of its own shares the fate of the one before.
    Duplicate,
    /// It comes from a connection that is no longer the client's.
    Late,
}

/// What is to be done. Returned by [`Client::poll_output`](super::Client::poll_output).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Start a request.
    Connect {
        /// What to call it.
        connection: ConnectionId,
        /// Where to: what the connection before was redirected to, as the transport reported it in
        /// [`Response::url`] (conformance c05). `None`: to the URL that the owner named.
        url: Option<String>,
        /// The `Last-Event-ID` to send; empty: send none (conformance c10). A header takes it in the form of
        /// [`last_event_id_header`](super::last_event_id_header).
        last_event_id: String,
    },
    /// Abort this connection and free it.
    Disconnect(ConnectionId),
    /// [`Client::state`](super::Client::state) is another one now.
    StateChanged,
    /// A connection failed; told once for each failure, whether or not it is tried again.
    Failed(Failure),
    /// Events were lost, here in the stream.
    Gap(Gap),
    /// Nothing more to do until this time, or until the next call if there is none.
    Wait(Option<Instant>),
}
