//! Entries, states and failures in words.

use std::time::Duration;

use sse_proto::client::{CloseReason, Failure, Gap, PauseReason, State};
use sse_proto::{DecodeError, Instant};

use super::netstring::{Reader, Writer};
use crate::share::log::{Entry, What};

pub(super) fn write_entry<'a>(out: &'a mut Writer, entry: &Entry) -> &'a mut Writer {
    match &entry.what {
        What::Event { event_type, data } => out.string("event").string(event_type).string(data),
        What::Gap(Gap::Trimmed { up_to }) => out.string("trimmed").number(*up_to),
        // `Gap` may grow. One that is not known here is one after which the past means nothing.
        What::Gap(_) => out.string("reset"),
        What::Cursor => out.string("cursor"),
    }
    .string(&entry.last_event_id)
}

pub(super) fn read_entry(from: &mut Reader<'_>) -> Option<Entry> {
    let what = match from.string()? {
        "event" => What::Event { event_type: from.string()?.to_owned(), data: from.string()?.to_owned() },
        "trimmed" => What::Gap(Gap::Trimmed { up_to: from.number()? }),
        "reset" => What::Gap(Gap::Reset),
        "cursor" => What::Cursor,
        _ => return None,
    };
    Some(Entry { what, last_event_id: from.string()?.to_owned() })
}

pub(super) fn write_state<'a>(out: &'a mut Writer, state: &State, now: Instant) -> &'a mut Writer {
    match state {
        State::Connecting { attempt } => out.string("connecting").number(u64::from(*attempt)),
        State::Open => out.string("open"),
        State::Stale { since } => out.string("stale").number(millis(now.saturating_duration_since(*since))),
        State::Waiting { attempt, until, cause } => {
            let left = until.saturating_duration_since(now);
            write_failure(out.string("waiting").number(u64::from(*attempt)).number(millis(left)), cause)
        }
        State::Closed(reason) => write_reason(out.string("closed"), reason),
        State::Paused { why: PauseReason::Offline } => out.string("offline"),
        // A leader has asked for its connection, and nothing else pauses it: it is about to connect.
        _ => out.string("connecting").number(1),
    }
}

pub(super) fn read_state(from: &mut Reader<'_>, now: Instant) -> Option<State> {
    Some(match from.string()? {
        "connecting" => State::Connecting { attempt: from.number()? },
        "open" => State::Open,
        "stale" => {
            State::Stale { since: Instant::from_millis(now.as_millis().saturating_sub(from.number()?)) }
        }
        "waiting" => State::Waiting {
            attempt: from.number()?,
            until: now + Duration::from_millis(from.number()?),
            cause: read_failure(from)?,
        },
        "offline" => State::Paused { why: PauseReason::Offline },
        "closed" => State::Closed(read_reason(from)?),
        _ => return None,
    })
}

fn write_reason<'a>(out: &'a mut Writer, reason: &CloseReason) -> &'a mut Writer {
    match reason {
        CloseReason::Caller => out.string("caller"),
        CloseReason::Ended => out.string("ended"),
        CloseReason::Refused(failure) => write_failure(out.string("refused"), failure),
        CloseReason::GaveUp { failures, last } => {
            write_failure(out.string("gave-up").number(u64::from(*failures)), last)
        }
        CloseReason::Interrupted { cause: Some(cause) } => write_failure(out.string("interrupted-by"), cause),
        _ => out.string("interrupted"),
    }
}

fn read_reason(from: &mut Reader<'_>) -> Option<CloseReason> {
    Some(match from.string()? {
        "caller" => CloseReason::Caller,
        "ended" => CloseReason::Ended,
        "refused" => CloseReason::Refused(read_failure(from)?),
        "gave-up" => CloseReason::GaveUp { failures: from.number()?, last: read_failure(from)? },
        "interrupted-by" => CloseReason::Interrupted { cause: Some(read_failure(from)?) },
        "interrupted" => CloseReason::Interrupted { cause: None },
        _ => return None,
    })
}

pub(super) fn write_failure<'a>(out: &'a mut Writer, failure: &Failure) -> &'a mut Writer {
    match failure {
        Failure::Network => out.string("network"),
        Failure::Ended => out.string("ended"),
        Failure::Cut => out.string("cut"),
        Failure::ConnectTimeout => out.string("timeout"),
        Failure::Silence => out.string("silence"),
        Failure::Status { status, retry_after: None } => out.string("status").number(u64::from(*status)),
        Failure::Status { status, retry_after: Some(after) } => {
            out.string("busy").number(u64::from(*status)).number(millis(*after))
        }
        Failure::ContentType(content_type) => out.string("type").string(content_type),
        Failure::Rejected => out.string("rejected"),
        Failure::Token(error) => out.string("token").string(error),
        Failure::Limit(DecodeError::LineTooLong { limit }) => out.string("line").number(*limit as u64),
        Failure::Limit(DecodeError::EventTooLong { limit }) => out.string("event").number(*limit as u64),
        Failure::Limit(DecodeError::IdTooLong { limit }) => out.string("id").number(*limit as u64),
        // `Failure` may grow.
        _ => out.string("unsupported"),
    }
}

pub(super) fn read_failure(from: &mut Reader<'_>) -> Option<Failure> {
    Some(match from.string()? {
        "network" => Failure::Network,
        "ended" => Failure::Ended,
        "cut" => Failure::Cut,
        "timeout" => Failure::ConnectTimeout,
        "silence" => Failure::Silence,
        "status" => Failure::Status { status: from.number()?, retry_after: None },
        "busy" => Failure::Status {
            status: from.number()?,
            retry_after: Some(Duration::from_millis(from.number()?)),
        },
        "type" => Failure::ContentType(from.string()?.to_owned()),
        "rejected" => Failure::Rejected,
        "unsupported" => Failure::Unsupported,
        "token" => Failure::Token(from.string()?.to_owned()),
        "line" => Failure::Limit(DecodeError::LineTooLong { limit: from.number()? }),
        "event" => Failure::Limit(DecodeError::EventTooLong { limit: from.number()? }),
        "id" => Failure::Limit(DecodeError::IdTooLong { limit: from.number()? }),
        _ => return None,
    })
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
