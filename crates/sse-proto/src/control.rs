//! The reserved events by which a server that numbers its events talks to the client itself.
//!
//! Their types begin with `sse.`, which publishers cannot use. Their data is flat JSON, so that a page that
//! uses a plain `EventSource` can read them too.

use alloc::string::String;
use core::fmt::Write as _;
use core::time::Duration;

use crate::time::MAX_RETRY_MILLIS;

/// The prefix of every reserved event type.
pub const RESERVED_PREFIX: &str = "sse.";

/// A control event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// `sse.open`, the first event of every connection. Its id is the cursor from which the server goes on.
    Open {
        /// The longest silence to expect: the server sends at least a heartbeat that often.
        heartbeat: Option<Duration>,
        /// Up to this sequence the stream may leave out events, as in a snapshot that has the latest of each key only.
        /// Behind it nothing is left out. `None`: the server does not say.
        snapshot_through: Option<u64>,
    },
    /// `sse.retry`: the reconnection time, as the field `retry` says it, which the native `EventSource` keeps to itself. A
    /// server that shuts down spreads its clients by it.
    Retry(Duration),
    /// `sse.heartbeat`: nothing but a sign of life. Comments are invisible to the native `EventSource`.
    Heartbeat,
    /// `sse.gap`: some events after the client's cursor are no longer there. What follows is what is left.
    Gap {
        /// No event up to and including this sequence can be replayed in full.
        trimmed: u64,
        /// As in [`Self::Open`]: what is left may be given as a snapshot.
        snapshot_through: Option<u64>,
    },
    /// `sse.reset`: the client's cursor means nothing here (another epoch). What follows is a new beginning.
    Reset,
    /// `sse.end`: the stream is complete. The client must not reconnect.
    End,
}

impl Control {
    /// Every control event type, in the order of the variants.
    pub const EVENT_TYPES: &'static [&'static str] =
        &["sse.open", "sse.retry", "sse.heartbeat", "sse.gap", "sse.reset", "sse.end"];

    /// The event type that carries it.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::Open { .. } => "sse.open",
            Self::Retry(_) => "sse.retry",
            Self::Heartbeat => "sse.heartbeat",
            Self::Gap { .. } => "sse.gap",
            Self::Reset => "sse.reset",
            Self::End => "sse.end",
        }
    }

    /// The data that goes with it: a flat JSON object.
    #[must_use]
    pub fn data(&self) -> String {
        match *self {
            Self::Open { heartbeat, snapshot_through } => object([
                ("heartbeat_ms", heartbeat.map(|heartbeat| heartbeat.as_millis())),
                ("snapshot_through", snapshot_through.map(u128::from)),
            ]),
            Self::Retry(retry) => object([("retry_ms", Some(retry.as_millis()))]),
            Self::Gap { trimmed, snapshot_through } => {
                let snapshot_through = snapshot_through.map(u128::from);
                object([("trimmed", Some(trimmed.into())), ("snapshot_through", snapshot_through)])
            }
            Self::Heartbeat | Self::Reset | Self::End => String::from("{}"),
        }
    }

    /// Reads a control event; `None` if the type is not one. Members that are missing take their default.
    #[must_use]
    pub fn parse(event_type: &str, data: &str) -> Option<Self> {
        Some(match event_type.strip_prefix(RESERVED_PREFIX)? {
            "open" => Self::Open {
                heartbeat: member(data, "\"heartbeat_ms\"").map(Duration::from_millis),
                snapshot_through: member(data, SNAPSHOT_THROUGH),
            },
            // p11: a slip of the server's is no wait for ever.
            "retry" => {
                Self::Retry(Duration::from_millis(member(data, "\"retry_ms\"")?.min(MAX_RETRY_MILLIS)))
            }
            "heartbeat" => Self::Heartbeat,
            "gap" => Self::Gap {
                trimmed: member(data, "\"trimmed\"").unwrap_or(0),
                snapshot_through: member(data, SNAPSHOT_THROUGH),
            },
            "reset" => Self::Reset,
            "end" => Self::End,
            _ => return None,
        })
    }
}

// With their quotes, as they are read.
const SNAPSHOT_THROUGH: &str = "\"snapshot_through\"";

/// A flat JSON object of the members that there are.
fn object<const N: usize>(members: [(&str, Option<u128>); N]) -> String {
    let mut json = String::from("{");
    for (name, value) in members {
        let Some(value) = value else { continue };
        let comma = if json.len() > 1 { "," } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(json, r#"{comma}"{name}":{value}"#);
    }
    json.push('}');
    json
}

/// The whole number that is the value of `name`, which is given with its quotes, in a flat JSON object.
///
/// By bytes: what the standard library needs to search text would weigh more than all of this file in a page.
fn member(json: &str, name: &str) -> Option<u64> {
    let at = json.as_bytes().windows(name.len()).position(|bytes| bytes == name.as_bytes())?;
    let mut rest = json.as_bytes()[at + name.len()..].trim_ascii_start();
    rest = rest.strip_prefix(b":")?.trim_ascii_start();
    let mut number = None::<u64>;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
        rest = after;
    }
    number
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn open(heartbeat: Option<u64>, snapshot_through: Option<u64>) -> Control {
        Control::Open { heartbeat: heartbeat.map(Duration::from_millis), snapshot_through }
    }

    #[test]
    fn every_control_event_reads_back_as_it_was_written() {
        let all = [
            open(Some(15_000), None),
            open(None, Some(7)),
            open(Some(0), Some(0)),
            Control::Retry(Duration::from_millis(1_500)),
            Control::Heartbeat,
            Control::Gap { trimmed: u64::MAX, snapshot_through: None },
            Control::Gap { trimmed: 5, snapshot_through: Some(u64::MAX) },
            Control::Reset,
            Control::End,
        ];
        for control in all {
            assert!(Control::EVENT_TYPES.contains(&control.event_type()));
            assert_eq!(Control::parse(control.event_type(), &control.data()), Some(control));
        }
        assert_eq!(all[2].data(), r#"{"heartbeat_ms":0,"snapshot_through":0}"#);
        assert_eq!(all[3].data(), r#"{"retry_ms":1500}"#);
    }

    #[test]
    fn p11_a_reconnection_time_is_clamped_as_that_of_the_field_is() {
        let longest = Control::Retry(Duration::from_millis((1 << 31) - 1));
        for millis in [(1 << 31) - 1, 1 << 31, u64::MAX] {
            let data = format!(r#"{{"retry_ms":{millis}}}"#);
            assert_eq!(Control::parse("sse.retry", &data), Some(longest), "{data}");
        }
    }

    #[test]
    fn odd_data_of_a_control_event_takes_defaults() {
        let silent = open(None, None);
        assert_eq!(Control::parse("sse.open", ""), Some(silent));
        assert_eq!(Control::parse("sse.retry", "{}"), None);
        assert_eq!(Control::parse("sse.open", r#"{"heartbeat_ms":"x","snapshot_through":-1}"#), Some(silent));
        let gap = Control::Gap { trimmed: 7, snapshot_through: None };
        assert_eq!(Control::parse("sse.gap", r#"{ "trimmed" : 7 }"#), Some(gap));
        assert_eq!(Control::parse("sse.unknown", "{}"), None);
        assert_eq!(Control::parse("open", "{}"), None);
    }
}
