//! sse-stream.

use std::ops::ControlFlow;

use sse_stream::SseByteStream;

use super::Decoder;
use crate::feed::{Feed, drive};
use crate::sink::{Seen, SeenId, Sink};

/// sse-stream: owned blocks of fields.
///
/// It documents that it returns raw blocks, also those without data, and that nothing is inherited. So a block without
/// data is taken for no event, and the id is carried forward by the sink.
#[derive(Debug)]
pub struct SseStream;

impl Decoder for SseStream {
    const NAME: &'static str = "sse-stream";

    fn run(feed: Feed, sink: &mut impl Sink) {
        drive(SseByteStream::new(feed), |block| {
            let block = match block {
                Ok(block) => block,
                Err(error) => {
                    sink.error(&error);
                    return ControlFlow::Break(());
                }
            };
            if let Some(millis) = block.retry {
                sink.retry(millis);
            }
            let id = block.id.as_deref();
            let Some(data) = &block.data else {
                if let Some(id) = id {
                    sink.id(id);
                }
                return ControlFlow::Continue(());
            };
            let event_type = block.event.as_deref().unwrap_or_default();
            sink.event(Seen { event_type, data, id: SeenId::Own(id) })
        });
    }
}
