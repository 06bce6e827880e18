//! What a stream said, in a form that can be kept and compared.

use sse_proto::{Frame, Ignored};

/// A [`Frame`] that owns its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are those of `Frame` and `Ignored`")]
pub enum Told {
    Event { event_type: String, data: String, last_event_id: String },
    LastEventId(String),
    Comment(String),
    Retry { millis: u128 },
    UnknownField(String),
    InvalidRetry(String),
    NulInId,
}

impl From<Frame<'_>> for Told {
    /// # Panics
    /// On a frame of a kind that this package does not know yet: what nobody compares, nobody tests.
    fn from(frame: Frame<'_>) -> Self {
        match frame {
            Frame::Event(event) => Self::Event {
                event_type: event.event_type.to_owned(),
                data: event.data.to_owned(),
                last_event_id: event.last_event_id.to_owned(),
            },
            Frame::LastEventId(id) => Self::LastEventId(id.to_owned()),
            Frame::Comment(text) => Self::Comment(text.to_owned()),
            Frame::Retry(time) => Self::Retry { millis: time.as_millis() },
            Frame::Ignored(Ignored::UnknownField(name)) => Self::UnknownField(name.to_owned()),
            Frame::Ignored(Ignored::InvalidRetry(value)) => Self::InvalidRetry(value.to_owned()),
            Frame::Ignored(Ignored::NulInId) => Self::NulInId,
            other => panic!("a frame that the reference does not know: {other:?}"),
        }
    }
}
