use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::{DecodeError, Instant};

/// The state of an event source, as a person can be told it.
///
/// The browser's own object says "closed" or "error" while it is only reconnecting; this does not
/// (conformance c15).
///
/// ```
/// use sse_proto::Instant;
/// use sse_proto::client::State;
///
/// fn words(state: &State, now: Instant) -> String {
///     let seconds = |from: Instant, to: Instant| to.saturating_duration_since(from).as_secs();
///     match state {
///         State::Open => "live".to_owned(),
///         State::Stale { since } => format!("silent for {} s", seconds(*since, now)),
///         State::Waiting { until, cause, .. } => format!("{cause}; again in {} s", seconds(now, *until)),
///         State::Paused { .. } => "paused".to_owned(),
///         State::Closed(reason) => reason.to_string(),
///         _ => "one moment".to_owned(),
///     }
/// }
///
/// let since = Instant::from_millis(1_000);
/// assert_eq!(words(&State::Stale { since }, Instant::from_millis(31_000)), "silent for 30 s");
/// ```
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nothing was asked for yet.
    #[default]
    Idle,
    /// A request is under way.
    Connecting {
        /// 1 for the first attempt; counts on until a connection has been healthy.
        attempt: u32,
    },
    /// Events can arrive.
    Open,
    /// The connection looks open, but has been silent for longer than the server, or [`Silence::After`], allows.
    ///
    /// [`Silence::After`]: super::Silence::After
    Stale {
        /// When the last sign of life came.
        since: Instant,
    },
    /// The connection failed and is tried again.
    Waiting {
        /// The number of the attempt that comes next.
        attempt: u32,
        /// When it comes.
        until: Instant,
        /// Why the last one failed.
        cause: Failure,
    },
    /// Deliberately not connected, for as long as there is a reason.
    Paused {
        /// The reason; the first of [`PauseReason::ALL`] if there are several.
        why: PauseReason,
    },
    /// Not connected, and nothing will change that but the owner.
    Closed(CloseReason),
}

// By hand, to be out of line, as that of `Failure`.
impl Clone for State {
    #[inline(never)]
    fn clone(&self) -> Self {
        match self {
            Self::Idle => Self::Idle,
            &Self::Connecting { attempt } => Self::Connecting { attempt },
            Self::Open => Self::Open,
            &Self::Stale { since } => Self::Stale { since },
            &Self::Waiting { attempt, until, ref cause } => {
                Self::Waiting { attempt, until, cause: cause.clone() }
            }
            &Self::Paused { why } => Self::Paused { why },
            Self::Closed(reason) => Self::Closed(reason.clone()),
        }
    }
}

impl State {
    /// Whether events can arrive.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open | Self::Stale { .. })
    }

    /// Whether a client that is in this state says nothing new by entering the other. Unlike `==` it compares no causes:
    /// a wait with the same end is the same wait, and what is closed is not closed again.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Idle, Self::Idle) | (Self::Open, Self::Open) => true,
            (Self::Connecting { attempt: one }, Self::Connecting { attempt: two }) => one == two,
            (Self::Stale { since: one }, Self::Stale { since: two })
            | (Self::Waiting { until: one, .. }, Self::Waiting { until: two, .. }) => one == two,
            (Self::Paused { why: one }, Self::Paused { why: two }) => one == two,
            _ => false,
        }
    }
}

/// Why an event source is not connected for the time being.
///
/// ```
/// use sse_proto::client::PauseReason;
///
/// fn notice(why: PauseReason) -> Option<&'static str> {
///     match why {
///         PauseReason::Caller => Some("You have paused this."),
///         PauseReason::Offline => Some("There is no network."),
///         _ => None, // nobody sees the page
///     }
/// }
///
/// assert_eq!(notice(PauseReason::Background), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PauseReason {
    /// The owner asked for it.
    Caller = 0,
    /// The page is in the back/forward cache, frozen by the browser, being left, or prerendered and not yet opened.
    PageHidden = 1,
    /// The browser says that the device is offline.
    Offline = 2,
    /// Nobody sees the page: its tab is in the background.
    Background = 3,
}

impl PauseReason {
    /// All reasons, the one to show first in front.
    pub const ALL: &'static [Self] = &[Self::Caller, Self::PageHidden, Self::Offline, Self::Background];
}

/// Why an event source is closed.
///
/// ```
/// use sse_proto::client::{CloseReason, Failure};
///
/// fn advice(reason: &CloseReason) -> &'static str {
///     match reason {
///         CloseReason::Caller | CloseReason::Ended => "That was all.",
///         CloseReason::Refused(Failure::Status { status: 401 | 403, .. }) => "Please log in.",
///         CloseReason::Interrupted { cause: Some(Failure::Ended) } => "The answer has ended.",
///         CloseReason::Interrupted { .. } => "The answer is incomplete. Ask again?",
///         _ => "Please try again later.",
///     }
/// }
///
/// assert_eq!(advice(&CloseReason::GaveUp { failures: 7, last: Failure::Network }), "Please try again later.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The owner closed it.
    Caller,
    /// The stream is complete: the server said so (`sse.end`), or the owner, who knows it from the data.
    Ended,
    /// The server refused, in a way that trying again does not change, or that must not be tried again (c18); or it could
    /// not be asked, as where there is no token for what is sent once. What refuses where an earlier response was
    /// redirected to does not count, but for a status 204: the owner's URL is asked then.
    Refused(Failure),
    /// The limit of consecutive failures is reached.
    GaveUp {
        /// How many there were.
        failures: u32,
        /// The last of them.
        last: Failure,
    },
    /// The connection was lost or paused after a request was sent that must not be sent again by itself
    /// (conformance c18). The server may have done what it was asked for: let a person decide.
    ///
    /// That includes a body that ended as HTTP has it, [`Failure::Ended`]: then what the server had to say may well be
    /// complete, and only the owner can know. After [`Failure::Cut`] it is not.
    Interrupted {
        /// The failure by which it was lost; `None` if it was paused.
        cause: Option<Failure>,
    },
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller => f.write_str("closed"),
            Self::Ended => f.write_str("the stream is complete"),
            Self::Refused(failure) => failure.fmt(f),
            Self::GaveUp { failures: 1, last } => write!(f, "given up after 1 failure: {last}"),
            Self::GaveUp { failures, last } => write!(f, "given up after {failures} failures: {last}"),
            Self::Interrupted { cause: Some(cause) } => write!(f, "interrupted: {cause}"),
            Self::Interrupted { cause: None } => f.write_str("interrupted by a pause"),
        }
    }
}

/// Why a connection failed.
///
/// ```
/// use std::time::Duration;
///
/// use sse_proto::client::Failure;
///
/// let failure = Failure::Status { status: 503, retry_after: Some(Duration::from_secs(30)) };
/// assert_eq!(failure.to_string(), "the server answered with status 503");
/// assert_eq!(failure.retry_after(), Some(Duration::from_secs(30)));
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection, or none that the page may use: a browser does not tell an unreachable server from one
    /// whose CORS headers refuse the page (conformance c12).
    Network,
    /// The body ended (c07). Also where it was cut off and that is not to be seen: not by the browser's own
    /// `EventSource`, not by WebKitGTK when a connection is closed without a reset, and not by anybody where a body has
    /// neither length nor chunks (HTTP/1.0).
    Ended,
    /// The connection broke off in the middle of the body (c07). What came right before, Chromium may have dropped
    /// unread.
    Cut,
    /// No response within the connect timeout. With HTTP/1.1 a browser opens six connections to an origin and
    /// lets the seventh hang without an error (c19).
    ConnectTimeout,
    /// The connection looked open but was silent past the limit (c16).
    Silence,
    /// The status is not 200 (c03).
    Status {
        /// The HTTP status.
        status: u16,
        /// The `Retry-After` that came with it.
        retry_after: Option<Duration>,
    },
    /// The response is not an event stream; this is its content type, empty if it has none (c04).
    ContentType(String),
    /// The native `EventSource` gave up: a status other than 200, a wrong content type, or CORS. It does not
    /// say which.
    Rejected,
    /// The browser has no such transport, or cannot make such a request; or the page has a `fetch` of its own, and what
    /// that gave for a body is no bytes. Where `EventSource` is missing or blocked, `NativeOrFetch` of `sse-web` helps.
    Unsupported,
    /// There is no token to send; this is what whoever gives it said.
    Token(String),
    /// The stream passed a limit of the decoder.
    Limit(DecodeError),
}

// By hand, to be out of line: a state has four places for one.
impl Clone for Failure {
    #[inline(never)]
    fn clone(&self) -> Self {
        match self {
            Self::Network => Self::Network,
            Self::Ended => Self::Ended,
            Self::Cut => Self::Cut,
            Self::ConnectTimeout => Self::ConnectTimeout,
            Self::Silence => Self::Silence,
            &Self::Status { status, retry_after } => Self::Status { status, retry_after },
            Self::ContentType(content_type) => Self::ContentType(content_type.clone()),
            Self::Rejected => Self::Rejected,
            Self::Unsupported => Self::Unsupported,
            Self::Token(error) => Self::Token(error.clone()),
            Self::Limit(error) => Self::Limit(*error),
        }
    }
}

impl Failure {
    /// How long the server asked to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network => f.write_str("the server cannot be reached, or refuses this page by CORS"),
            Self::Ended => f.write_str("the connection ended"),
            Self::Cut => f.write_str("the connection was cut off in the middle of the answer"),
            Self::ConnectTimeout => f.write_str(
                "no answer from the server in time; on HTTP/1.1 a browser allows six connections to an origin, \
                 and a seventh stream hangs: share one, or serve HTTP/2",
            ),
            Self::Silence => f.write_str("the connection was silent for too long"),
            Self::Status { status, .. } => write!(f, "the server answered with status {status}"),
            Self::ContentType(content_type) => {
                write!(f, "expected content type {}, got {content_type:?}", crate::MEDIA_TYPE)
            }
            Self::Rejected => f.write_str("the server refused: a status other than 200, not an event stream, or CORS"),
            Self::Unsupported => f.write_str("this browser cannot make such a request, or it is blocked"),
            Self::Token(error) => write!(f, "there is no token: {error}"),
            Self::Limit(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Failure {}

/// Events were lost.
///
/// ```
/// use sse_proto::client::Gap;
///
/// fn notice(gap: Gap) -> String {
///     match gap {
///         Gap::Trimmed { up_to } => format!("Some events up to number {up_to} are gone."),
///         _ => "The server has begun anew.".to_owned(),
///     }
/// }
///
/// assert_eq!(notice(Gap::Trimmed { up_to: 41 }), "Some events up to number 41 are gone.");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gap {
    /// The server no longer has every event after the cursor, or went on from later than the cursor.
    Trimmed {
        /// The sequence up to which history is incomplete.
        up_to: u64,
    },
    /// The server lost its history and numbers anew: what comes now is a new beginning.
    Reset,
}
