//! sse-core.

use std::num::NonZeroUsize;

use sse_core::{SseDecoder, SseEvent};

use super::Decoder;
use crate::feed::Feed;
use crate::sink::{Seen, SeenId, Sink};
use crate::verdict::Retries;

/// sse-core: owned events, with ids that are shared.
#[derive(Debug)]
pub struct SseCore;

/// The limit that sse-proto has by default. Its own, 512 KiB, would turn the largest event of the benchmark away.
const LIMIT: NonZeroUsize = NonZeroUsize::new(16 << 20).expect("more than nothing");

impl Decoder for SseCore {
    const NAME: &'static str = "sse-core";
    const RETRIES: Retries = Retries::AtOnce;

    fn run(feed: Feed, sink: &mut impl Sink) {
        let mut decoder = SseDecoder::with_limit(LIMIT);
        // By a few percent faster than over `&[u8]`, which it takes just as well.
        for mut chunk in feed {
            while let Some(event) = decoder.next(&mut chunk) {
                match event {
                    Ok(SseEvent::Message(message)) => {
                        let id = SeenId::LastEventId(message.last_event_id.as_deref().unwrap_or_default());
                        if sink.event(Seen { event_type: &message.event, data: &message.data, id }).is_break()
                        {
                            return;
                        }
                    }
                    Ok(SseEvent::Retry(millis)) => sink.retry(millis.into()),
                    Err(error) => return sink.error(&error),
                }
            }
        }
        sink.last_event_id(decoder.last_event_id().map_or("", |id| id));
    }
}
