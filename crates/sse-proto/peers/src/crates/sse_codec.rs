//! sse-codec.

use futures_codec::{BytesMut, Decoder as _};
use sse_codec::{Event, SSECodec};

use super::Decoder;
use crate::feed::Feed;
use crate::sink::{Seen, SeenId, Sink};
use crate::verdict::Retries;

/// sse-codec: owned events, from a buffer that the caller fills.
#[derive(Debug)]
pub struct SseCodec;

impl Decoder for SseCodec {
    const NAME: &'static str = "sse-codec";
    const RETRIES: Retries = Retries::AtOnce;

    fn run(feed: Feed, sink: &mut impl Sink) {
        let mut codec = SSECodec::default();
        let mut buffer = BytesMut::new();
        for chunk in feed {
            // The codec takes no other input than its framework's growing buffer.
            buffer.extend_from_slice(&chunk);
            loop {
                match codec.decode(&mut buffer) {
                    Ok(Some(Event::Message { id, event, data })) => {
                        let id = SeenId::LastEventId(id.as_deref().unwrap_or_default());
                        if sink.event(Seen { event_type: &event, data: &data, id }).is_break() {
                            return;
                        }
                    }
                    Ok(Some(Event::Retry { retry })) => sink.retry(retry),
                    Ok(None) => break,
                    Err(error) => return sink.error(&error),
                }
            }
        }
    }
}
