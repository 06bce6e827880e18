//! What the hub itself puts on a stream.

use std::time::Duration;

use bytes::Bytes;
use sse_proto::{Control, Cursor, EventId, EventType, encode};

use crate::access::Denied;
use crate::entropy;
use crate::options::LONGEST;

/// What the first words of a stream say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) cursor: Cursor,
    /// The last event that the snapshot may bring; `None` to a client that is given none.
    pub(crate) snapshot_through: Option<u64>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) retry: Duration,
    /// Whether the client came with an id that means nothing here.
    pub(crate) is_reset: bool,
}

/// What every stream begins with.
///
/// A comment first: some clients see nothing of the response before its first byte (CONFORMANCE c13). Then when to
/// come back, and the cursor to come back with.
pub(crate) fn opening(opening: Opening) -> Bytes {
    let Opening { cursor, snapshot_through, heartbeat, retry, is_reset } = opening;
    let retry = retry.min(LONGEST);
    let retry = entropy::between(retry.mul_f32(0.75), retry.mul_f32(1.25));
    let mut out = Vec::new();
    encode::comment(&mut out, "sse-hub");
    encode::retry(&mut out, retry);
    control(&mut out, Control::Open { heartbeat, snapshot_through }, Some(cursor.into()));
    // Once more for pages, to which the last one may have said goodbye with another.
    control(&mut out, Control::Retry(retry), None);
    if is_reset {
        control(&mut out, Control::Reset, None);
    }
    out.into()
}

/// The last words of a hub that shuts down: when to come back, spread over four times as long as `retry`, so that
/// the clients of a restarted server do not all come at once. `fraction`, from 0 to 1, is a client's place in that.
pub(crate) fn farewell(retry: Duration, fraction: f32) -> Bytes {
    let mut out = Vec::new();
    let retry = retry.min(LONGEST).mul_f32(0.5 + 4.0 * fraction);
    encode::retry(&mut out, retry);
    // Once more for pages: the native `EventSource` does not show them the field.
    control(&mut out, Control::Retry(retry), None);
    out.into()
}

pub(crate) fn heartbeat() -> Bytes {
    Bytes::from_static(b"event: sse.heartbeat\ndata: {}\n\n")
}

pub(crate) fn gap(trimmed: u64, snapshot_through: Option<u64>) -> Bytes {
    let mut out = Vec::new();
    control(&mut out, Control::Gap { trimmed, snapshot_through }, None);
    out.into()
}

pub(crate) fn end() -> Bytes {
    Bytes::from_static(b"event: sse.end\ndata: {}\n\n")
}

/// The last words to a reader who may no longer read: a comment, for whoever looks at the bytes. The client learns it by
/// the status of its next request; `sse.end` would tell it that the stream is complete.
pub(crate) fn denied(denied: &Denied) -> Bytes {
    Bytes::from_static(match denied {
        Denied::Unauthorized(_) => b": unauthorized\n\n",
        Denied::Forbidden(_) => b": forbidden\n\n",
        Denied::Hidden => b": not found\n\n",
    })
}

fn control(out: &mut Vec<u8>, control: Control, id: Option<EventId>) {
    // The types of control events are constants that a test below holds valid.
    let event_type = EventType::new(control.event_type()).ok();
    encode::fields(out, id.as_ref(), event_type.as_ref(), &control.data());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_events_have_valid_types_and_the_constant_ones_are_what_the_protocol_says() {
        for &event_type in Control::EVENT_TYPES {
            EventType::new(event_type).expect("valid");
        }
        for (bytes, event) in [(heartbeat(), Control::Heartbeat), (end(), Control::End)] {
            let mut out = Vec::new();
            control(&mut out, event, None);
            assert_eq!(bytes, out);
        }
    }

    #[test]
    fn the_farewell_says_when_to_come_back_to_those_who_see_no_field_too() {
        let bytes = farewell(Duration::from_secs(2), 0.25);
        assert_eq!(bytes, "retry: 3000\n\nevent: sse.retry\ndata: {\"retry_ms\":3000}\n\n");
    }

    #[test]
    fn the_opening_is_a_comment_a_retry_and_a_cursor() {
        let cursor = "5f.7".parse().expect("a cursor");
        let bytes = opening(Opening {
            cursor,
            snapshot_through: Some(9),
            heartbeat: Some(Duration::from_secs(15)),
            retry: Duration::from_secs(2),
            is_reset: true,
        });
        let text = std::str::from_utf8(&bytes).expect("UTF-8");
        let (retry, rest) =
            text.strip_prefix(": sse-hub\n\nretry: ").expect(text).split_once("\n\n").expect(text);
        assert!((1_500..=2_500).contains(&retry.parse::<u64>().expect("a number")), "{retry}");
        assert_eq!(
            rest,
            format!(
                "id: 5f.7\nevent: sse.open\ndata: {{\"heartbeat_ms\":15000,\"snapshot_through\":9}}\n\n\
                 event: sse.retry\ndata: {{\"retry_ms\":{retry}}}\n\nevent: sse.reset\ndata: {{}}\n\n"
            )
        );
    }
}
