//! The server's own log as a stream.

use serde::{Deserialize, Serialize};
use sse_events::EventSet;

/// The route of the stream.
pub const ROUTE: &str = "/api/logs";

/// The hub topic.
pub const TOPIC: &str = "logs";

/// The server's log.
#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum Logs {
    /// A line of it.
    Line(Line),
    /// Lines came faster than the stream takes them, and were left out.
    Skipped(Skipped),
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds since the Unix epoch.
    pub time: u64,
    /// How bad it is.
    pub level: Level,
    /// The part of the program that says it, such as `server::app`.
    pub target: String,
    /// What it says, with its fields behind it: `shutting down streams=4`.
    pub message: String,
    /// The request during which it was said, if it was during one.
    pub request: Option<String>,
}

/// How bad it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    /// And whatever a newer server has below it.
    #[serde(other)]
    Trace,
}

/// Lines that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// How many.
    pub lines: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_an_unknown_level_is_a_line() {
        for (name, level) in [("warn", Level::Warn), ("trace", Level::Trace), ("whisper", Level::Trace)] {
            let json = format!(r#"{{"time":1,"level":"{name}","target":"t","message":"m","request":null}}"#);
            let Ok(Logs::Line(line)) = Logs::decode("line", &json) else { panic!("{name} is not read") };
            assert_eq!(line.level, level, "{name}");
        }
    }
}
