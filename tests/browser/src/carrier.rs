use std::sync::Arc;

use sse_proto::client::Failure;
use sse_testkit::Visit;
use sse_web::Transport;
use sse_web::transport::{Fetch, Native};

use crate::Engine;

/// What carries the streams of the suite, and what a client can know over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The browser's own `EventSource`. It hides statuses, headers and comments.
    Native,
    /// A streaming `fetch`. It sees what the server says, as far as CORS lets it.
    Fetch,
}

impl Carrier {
    /// A transport of this kind.
    #[must_use]
    pub fn transport(self) -> Arc<dyn Transport> {
        match self {
            Self::Native => Arc::new(Native),
            Self::Fetch => Arc::new(Fetch::new()),
        }
    }

    /// How a status other than 200 is told.
    #[must_use]
    pub fn refusal(self, status: u16) -> Failure {
        match self {
            Self::Native => Failure::Rejected,
            Self::Fetch => Failure::Status { status, retry_after: None },
        }
    }

    /// How a body is told whose connection is closed in the middle. An `EventSource` does not tell it from one that
    /// ends.
    #[must_use]
    pub fn cut(self) -> Failure {
        match self {
            Self::Fetch if Engine::current().tells_a_cut_from_an_end() => Failure::Cut,
            Self::Native | Self::Fetch => Failure::Ended,
        }
    }

    /// How a body is told whose connection is reset.
    #[must_use]
    pub fn reset(self) -> Failure {
        match self {
            Self::Native => Failure::Ended,
            Self::Fetch => Failure::Cut,
        }
    }

    /// How a response is told that is not an event stream.
    #[must_use]
    pub fn wrong_type(self, content_type: &str) -> Failure {
        match self {
            Self::Native => Failure::Rejected,
            Self::Fetch => Failure::ContentType(content_type.to_owned()),
        }
    }

    /// Whether a server that cannot be reached looks like one that refuses. The `EventSource` of Firefox closes for good
    /// then, and in a worker nothing tells us why.
    #[must_use]
    pub fn takes_an_outage_for_a_refusal(self) -> bool {
        let in_worker = web_sys::window().is_none();
        self == Self::Native && in_worker && Engine::current() == Engine::Firefox
    }

    /// Whether a byte order mark is recognised that comes one byte at a time. The `EventSource` of WebKit takes it for
    /// a part of the first line, which it then does not know.
    #[must_use]
    pub fn drops_a_mark_in_pieces(self) -> bool {
        self == Self::Fetch || Engine::current() != Engine::Webkit
    }

    /// How a response is told that CORS hides. A `fetch` cannot tell it from a dead network, nor can the `EventSource`
    /// of a page in Firefox.
    #[must_use]
    pub fn refusal_by_cors(self) -> Failure {
        let in_page = web_sys::window().is_some();
        match self {
            Self::Native if in_page && Engine::current() == Engine::Firefox => Failure::Network,
            Self::Native => Failure::Rejected,
            Self::Fetch => Failure::Network,
        }
    }

    /// The cursor that came with a request.
    #[must_use]
    pub fn cursor(self, visit: &Visit) -> Option<&str> {
        match self {
            Self::Native => visit.cursor_parameter(),
            Self::Fetch => visit.cursor_header(),
        }
    }
}
