//! sse-parse.

use sse_parse::SseParser;

use super::Decoder;
use crate::feed::Feed;
use crate::sink::{Seen, SeenId, Sink};

/// sse-parse: owned events, from a buffer that the parser fills.
#[derive(Debug)]
pub struct SseParse;

impl Decoder for SseParse {
    const NAME: &'static str = "sse-parse";

    fn run(feed: Feed, sink: &mut impl Sink) {
        let mut parser = SseParser::new();
        for chunk in feed {
            parser.feed(&chunk);
            while let Some(event) = parser.next_event() {
                if let Some(time) = event.retry {
                    sink.retry(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
                }
                let id = SeenId::LastEventId(&event.id);
                if sink.event(Seen { event_type: &event.event, data: &event.data, id }).is_break() {
                    return;
                }
            }
        }
        sink.last_event_id(parser.last_event_id());
    }
}
