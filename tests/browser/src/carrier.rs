use std::rc::Rc;

use sse_proto::client::Failure;
use sse_testkit::Visit;
use sse_web::Transport;
use sse_web::transport::{Fetch, Native};

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
    pub fn transport(self) -> Rc<dyn Transport> {
        match self {
            Self::Native => Rc::new(Native),
            Self::Fetch => Rc::new(Fetch::new()),
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

    /// How a response is told that is not an event stream.
    #[must_use]
    pub fn wrong_type(self, content_type: &str) -> Failure {
        match self {
            Self::Native => Failure::Rejected,
            Self::Fetch => Failure::ContentType(content_type.to_owned()),
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
