//! What a person reads: errors are one sentence without a capital and a full stop, so that a caller can put them into
//! one of its own.

use std::error::Error;
use std::time::Duration;

use sse_proto::client::{CloseReason, Failure};
use sse_proto::{Cursor, DecodeError, Decoder, EventId, EventType, InvalidField, Limits};

fn limit_error(limits: Limits, stream: &str) -> DecodeError {
    let mut decoder = Decoder::new(limits);
    let mut frames = decoder.decode(stream.as_bytes());
    loop {
        match frames.next() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no limit is passed by {stream:?}"),
            Err(error) => return error,
        }
    }
}

#[test]
fn errors_are_sentences_that_name_what_is_wrong() {
    let limits = Limits::default().with_line(16).with_event(8).with_id(4);
    let line = limit_error(limits, "data: 0123456789abcdef\n");
    let event = limit_error(limits, "data: 012345678\n");
    let id = limit_error(limits, "id: 01234\n");
    let refused = Failure::Status { status: 401, retry_after: Some(Duration::from_secs(1)) };
    let told: [(&dyn Error, &str); 19] = [
        (&InvalidField::Empty, "empty"),
        (&InvalidField::LineBreak, "line break"),
        (&InvalidField::Nul, "U+0000"),
        (&InvalidField::TooLong { limit: 9 }, "9 bytes"),
        (&line, "line than 16 bytes"),
        (&event, "event than 8 bytes"),
        (&id, "event id than 4 bytes"),
        (&"x".parse::<Cursor>().expect_err("no cursor"), "<epoch>.<seq>"),
        (&Failure::Network, "CORS"),
        (&Failure::Ended, "connection ended"),
        (&Failure::Cut, "cut off"),
        (&Failure::ConnectTimeout, "six connections"),
        (&Failure::Silence, "silent"),
        (&refused, "401"),
        (&Failure::ContentType("text/html".to_owned()), "\"text/html\""),
        (&Failure::Rejected, "refused"),
        (&Failure::Unsupported, "cannot make such a request"),
        (&Failure::Token("log in again".to_owned()), "log in again"),
        (&Failure::Limit(line), "16 bytes"),
    ];
    for (error, part) in told {
        let text = error.to_string();
        assert!(text.contains(part), "{text:?} does not say {part:?}");
        assert!(text.starts_with(|first: char| first.is_lowercase()), "{text:?}");
        assert!(!text.ends_with('.'), "{text:?}");
    }
}

#[test]
fn a_reason_to_close_names_what_led_to_it() {
    let last = Failure::Ended;
    for (reason, text) in [
        (CloseReason::Caller, "closed"),
        (CloseReason::Ended, "the stream is complete"),
        (
            CloseReason::Refused(Failure::Unsupported),
            "this browser cannot make such a request, or it is blocked",
        ),
        (
            CloseReason::GaveUp { failures: 1, last: last.clone() },
            "given up after 1 failure: the connection ended",
        ),
        (
            CloseReason::GaveUp { failures: 3, last: last.clone() },
            "given up after 3 failures: the connection ended",
        ),
        (CloseReason::Interrupted { cause: Some(last) }, "interrupted: the connection ended"),
        (CloseReason::Interrupted { cause: None }, "interrupted by a pause"),
    ] {
        assert_eq!(reason.to_string(), text);
    }
}

#[test]
fn ids_and_types_are_texts() {
    let id = EventId::try_from("41").expect("a valid id");
    assert_eq!((id.to_string().as_str(), id.as_ref(), id.as_str()), ("41", "41", "41"));
    assert_eq!(id.into_string(), "41");
    assert_eq!(EventType::try_from("a\nb"), Err(InvalidField::LineBreak));
}
