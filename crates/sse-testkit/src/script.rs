//! The language of scripts: one step a line.
//!
//! Empty lines, lines that begin with `#`, and indentation do not count. A line `---` begins the part of the
//! next connection; the last part serves all that come after.
//!
//! | step | what it does |
//! |---|---|
//! | `status 503` | the status, instead of 200 |
//! | `header retry-after 1` | one more response header |
//! | `type text/html` | the content type, instead of `text/event-stream`; `type -` sends none |
//! | `redirect` | answers 307 with this same stream: who follows it is the next connection |
//! | `no-cors` | sends no CORS headers, also to a preflight, so that a page of another origin is refused |
//! | `open` | sends the response head, which otherwise goes out with the first byte of the body |
//! | `event tick 1.1 {"price":1}` | sends an event: type, id, data; `-` stands for no type or no id |
//! | `repeat 100 event - {n} {n}` | sends that many events in one chunk; `{n}` counts from 1 |
//! | `comment text` | sends a comment |
//! | `retry 100ms` | sends the reconnection time |
//! | `raw data:%20x%0A%0A` | sends these percent-encoded bytes, whatever they are |
//! | `sleep 50ms` | waits |
//! | `wait name` | waits until the test releases the name |
//! | `bytes` | from here on, every byte is a chunk of its own |
//! | `end` | ends the body as HTTP has it |
//! | `cut` | closes the connection without ending the body |
//! | `reset` | resets the connection |
//! | `stall` | says nothing more and waits for the client to leave; at the very beginning, not even a head |
//!
//! The first five come before all others, and nothing follows the last four in a part. A part that does not
//! say how it ends stays open if its status is 200, and ends at once otherwise.
//!
//! What was sent right before a `cut` or a `reset` is not always received: a browser's `fetch` may drop what nobody has
//! read yet. Put a `wait` in front, and release it when the event has come.

mod parse;

use std::fmt;
use std::time::Duration;

/// What a script may ask for at most.
pub mod limits {
    use std::time::Duration;

    /// Bytes that all parts together send.
    pub const BYTES: usize = 16 << 20;
    /// Steps of all parts together.
    pub const STEPS: usize = 1_000;
    /// One `sleep`.
    pub const SLEEP: Duration = Duration::from_secs(60);
}

/// What the server does, connection by connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Never empty.
    parts: Vec<Part>,
}

impl Script {
    /// What the connection with this number gets, counted from 0.
    #[must_use]
    pub fn part(&self, connection: usize) -> &Part {
        &self.parts[connection.min(self.parts.len() - 1)]
    }
}

/// What the server does on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The response head.
    pub head: Head,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// What it does last.
    pub ending: Ending,
}

/// A response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers, without those for CORS and for the connection.
    pub headers: Vec<(String, String)>,
    /// Whether it is a redirect to the same stream.
    pub redirect: bool,
    /// Whether pages of other origins may read the response.
    pub cors: bool,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sends the head. Comes at most once, and before any `Send`.
    Open,
    /// Sends these bytes of the body as one chunk.
    Send(Vec<u8>),
    /// Waits.
    Sleep(Duration),
    /// Waits until the test releases this name.
    Wait(String),
    /// From here on, every byte is a chunk of its own.
    ByteByByte,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Ends the body as HTTP has it.
    End,
    /// Closes the connection without ending the body.
    Cut,
    /// Resets the connection.
    Reset,
    /// Says nothing more and waits for the client to leave.
    Stall,
}

/// A script that cannot be played. It is the test that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the script: {}", self.line, self.reason)
    }
}

impl std::error::Error for ScriptError {}
