//! sse-proto.

use sse_proto::{Frame, Limits};

use super::Decoder;
use crate::feed::Feed;
use crate::sink::{Seen, SeenId, Sink};
use crate::verdict::Retries;

/// sse-proto: frames that borrow from the chunk.
#[derive(Debug)]
pub struct Ours;

impl Decoder for Ours {
    const NAME: &'static str = "sse-proto";
    const RETRIES: Retries = Retries::AtOnce;

    fn run(feed: Feed, sink: &mut impl Sink) {
        let mut decoder = sse_proto::Decoder::new(Limits::default());
        for chunk in feed {
            let mut frames = decoder.decode(&chunk);
            loop {
                match frames.next() {
                    Ok(Some(Frame::Event(event))) => {
                        let id = SeenId::LastEventId(event.last_event_id);
                        let seen = Seen { event_type: event.event_type, data: event.data, id };
                        if sink.event(seen).is_break() {
                            return;
                        }
                    }
                    Ok(Some(Frame::LastEventId(id))) => sink.id(id),
                    Ok(Some(Frame::Retry(time))) => {
                        sink.retry(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => return sink.error(&error),
                }
            }
        }
        sink.last_event_id(decoder.last_event_id());
    }
}
