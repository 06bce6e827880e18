//! What a crate says about a stream: counted for the clock, or collected for the comparison.

use std::fmt::Display;
use std::hint::black_box;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::feed::Brake;

/// An event as a crate tells it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The event type; empty or `message` for an event that names none.
    pub event_type: &'a str,
    /// The data.
    pub data: &'a str,
    /// The id, in the sense that the crate gives it.
    pub id: SeenId<'a>,
}

/// What a crate means by the id of an event.
#[derive(Debug, Clone, Copy)]
pub enum SeenId<'a> {
    /// The last event id at this point of the stream.
    LastEventId(&'a str),
    /// What the event's own `id` field says, if it has one.
    Own(Option<&'a str>),
}

/// Takes what a crate says. The crates are generic over it, so that counting costs no more than it must.
pub trait Sink {
    /// An event. Break: the run is to end.
    fn event(&mut self, event: Seen<'_>) -> ControlFlow<()>;
    /// An id of a block without an event, from a crate that reports those.
    fn id(&mut self, id: &str);
    /// A reconnection time in milliseconds.
    fn retry(&mut self, millis: u64);
    /// What the crate's accessor says after the end of the stream.
    fn last_event_id(&mut self, id: &str);
    /// The crate gave an error, at which its user would give up the connection.
    fn error(&mut self, error: &dyn Display);
}

/// What went by in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Events.
    pub events: u64,
    /// Bytes of data, event types and ids.
    pub bytes: u64,
    /// Errors, none of which the inputs of the benchmark deserve.
    pub errors: u64,
}

/// Counts events, and makes sure that the compiler builds every part of them.
#[derive(Debug)]
pub(crate) struct Counting {
    pub(crate) tally: Tally,
    pub(crate) brake: &'static Brake,
}

impl Sink for Counting {
    #[inline]
    fn event(&mut self, event: Seen<'_>) -> ControlFlow<()> {
        let Seen { event_type, data, id } = black_box(event);
        let id_len = match id {
            SeenId::LastEventId(id) | SeenId::Own(Some(id)) => id.len(),
            SeenId::Own(None) => 0,
        };
        self.tally.events += 1;
        self.tally.bytes += (event_type.len() + data.len() + id_len) as u64;
        self.brake.flow()
    }

    fn id(&mut self, id: &str) {
        black_box(id);
    }

    fn retry(&mut self, millis: u64) {
        black_box(millis);
    }

    fn last_event_id(&mut self, id: &str) {
        black_box(id);
    }

    fn error(&mut self, error: &dyn Display) {
        black_box(error);
        self.tally.errors += 1;
    }
}

/// Type, data and last event id.
pub type Event = (String, String, String);

/// Everything that a crate says about a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The events. An empty type is written `message`, as a page would see it.
    pub events: Vec<Event>,
    /// The reconnection times, in milliseconds.
    pub retries: Vec<u64>,
    /// The last event id at the end of the stream, from crates that tell it.
    pub last_event_id: Option<String>,
    /// The error at which decoding ended.
    pub error: Option<String>,
}

/// Collects, and carries ids forward for crates that report only an event's own.
#[derive(Debug, Default)]
pub(crate) struct Collecting {
    pub(crate) decoded: Decoded,
    carried: String,
}

impl Sink for Collecting {
    fn event(&mut self, event: Seen<'_>) -> ControlFlow<()> {
        let last_event_id = match event.id {
            SeenId::LastEventId(id) => id.to_owned(),
            SeenId::Own(id) => {
                if let Some(id) = id {
                    self.id(id);
                }
                self.carried.clone()
            }
        };
        let event_type = if event.event_type.is_empty() { "message" } else { event.event_type };
        self.decoded.events.push((event_type.to_owned(), event.data.to_owned(), last_event_id));
        ControlFlow::Continue(())
    }

    fn id(&mut self, id: &str) {
        id.clone_into(&mut self.carried);
        // Carried forward by hand is told by hand.
        self.last_event_id(id);
    }

    fn retry(&mut self, millis: u64) {
        self.decoded.retries.push(millis);
    }

    fn last_event_id(&mut self, id: &str) {
        self.decoded.last_event_id = Some(id.to_owned());
    }

    fn error(&mut self, error: &dyn Display) {
        self.decoded.error = Some(error.to_string());
    }
}
