//! eventsource-stream.

use std::ops::ControlFlow;

use eventsource_stream::EventStream;

use super::Decoder;
use crate::feed::{Feed, drive};
use crate::sink::{Seen, SeenId, Sink};

/// eventsource-stream: owned events.
#[derive(Debug)]
pub struct EventsourceStream;

impl Decoder for EventsourceStream {
    const NAME: &'static str = "eventsource-stream";

    fn run(feed: Feed, sink: &mut impl Sink) {
        let stream = drive(EventStream::new(feed), |event| match event {
            Ok(event) => {
                if let Some(time) = event.retry {
                    sink.retry(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
                }
                let id = SeenId::LastEventId(&event.id);
                sink.event(Seen { event_type: &event.event, data: &event.data, id })
            }
            Err(error) => {
                sink.error(&error);
                ControlFlow::Break(())
            }
        });
        sink.last_event_id(stream.last_event_id());
    }
}
