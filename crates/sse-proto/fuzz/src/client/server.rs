//! A server that numbers its events, as `sse-hub` does: what its streams say, and nothing else.

use std::time::Duration;

use sse_proto::{Control, Cursor, Epoch};

/// What a stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Control(Control),
    /// The application's. `own` if the id is its own and not that of the event before.
    Event {
        own: bool,
    },
}

/// The server, and the one stream that it has open.
#[derive(Debug)]
pub(super) struct Server {
    epoch: Epoch,
    /// The number of the last event.
    seq: u64,
    /// No event up to this one is left, except those that a snapshot keeps.
    trimmed: u64,
    live_only: bool,
    stream: Option<Stream>,
    /// What happens to the next request.
    mishap: Option<Mishap>,
}

#[derive(Debug, PartialEq, Eq)]
enum Mishap {
    EatenCursor,
    Rewind,
}

#[derive(Debug)]
struct Stream {
    next: Next,
    /// Everything up to here was sent, or was not to be.
    position: u64,
    /// What was trimmed up to here is not missed.
    forgiven: u64,
    /// The last event id of the stream.
    last_event_id: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Open { reset: bool },
    Reset,
    Events,
}

impl Server {
    pub(super) fn new(live_only: bool) -> Self {
        Self { epoch: Epoch::new(0xA), seq: 4, trimmed: 0, live_only, stream: None, mishap: None }
    }

    /// Begins the stream of a client that has this last event id. Returns up to where events are lost without a word:
    /// those that a snapshot can do without are not told to a new client.
    pub(super) fn handle_request(&mut self, last_event_id: &str) -> u64 {
        let mishap = self.mishap.take();
        let arrives = if mishap == Some(Mishap::EatenCursor) { "" } else { last_event_id };
        let cursor = arrives.parse::<Cursor>().ok();
        let resumes = cursor.filter(|cursor| cursor.epoch == self.epoch && cursor.seq <= self.seq);
        let reset = !arrives.is_empty() && resumes.is_none();
        let back = if mishap == Some(Mishap::Rewind) { 2 } else { 0 };
        let position =
            resumes.map(|cursor| cursor.seq).filter(|&seq| seq > 0).map(|seq| seq.saturating_sub(back));
        let is_new = position.is_none();
        self.stream = Some(Stream {
            next: Next::Open { reset },
            position: position.unwrap_or(if self.live_only { self.seq } else { 0 }),
            forgiven: if is_new { self.trimmed } else { 0 },
            last_event_id: last_event_id.to_owned(),
        });
        if is_new && !self.live_only { self.trimmed } else { 0 }
    }

    /// A snapshot that comes instead of what was missed would not say what it leaves out, so only a server without one
    /// is held to that.
    pub(super) fn eat_next_cursor(&mut self) {
        self.mishap = self.live_only.then_some(Mishap::EatenCursor);
    }

    pub(super) fn rewind_next(&mut self) {
        self.mishap = Some(Mishap::Rewind);
    }

    pub(super) fn publish(&mut self) {
        self.seq += 1;
    }

    pub(super) fn trim(&mut self, keep: u64) {
        self.trimmed = self.trimmed.max(self.seq.saturating_sub(keep));
    }

    pub(super) fn restart(&mut self) {
        self.epoch = Epoch::new(self.epoch.value() + 1);
        (self.seq, self.trimmed, self.stream) = (0, 0, None);
    }

    /// The next thing of the stream with the last event id of the stream after it; `None` if nothing comes.
    pub(super) fn step(&mut self) -> Option<(Arrival, String)> {
        let stream = self.stream.as_mut()?;
        let cursor = |seq| Cursor { epoch: self.epoch, seq }.to_string();
        let arrival = match stream.next {
            Next::Open { reset } => {
                stream.next = if reset { Next::Reset } else { Next::Events };
                stream.last_event_id = cursor(stream.position);
                // Every other one announces heartbeats.
                let heartbeat = self.epoch.value().is_multiple_of(2).then_some(Duration::from_secs(10));
                Arrival::Control(Control::Open { heartbeat, snapshot_through: None })
            }
            Next::Reset => {
                stream.next = Next::Events;
                Arrival::Control(Control::Reset)
            }
            Next::Events if stream.position.max(stream.forgiven) < self.trimmed => {
                stream.forgiven = self.trimmed;
                Arrival::Control(Control::Gap { trimmed: self.trimmed, snapshot_through: None })
            }
            Next::Events => {
                let is_kept = |seq: &u64| *seq > self.trimmed || seq.is_multiple_of(3);
                stream.position = (stream.position + 1..=self.seq).find(is_kept)?;
                stream.last_event_id = cursor(stream.position);
                Arrival::Event { own: true }
            }
        };
        Some((arrival, stream.last_event_id.clone()))
    }

    /// Something without an id of its own, if the stream has come so far.
    pub(super) fn interject(&self, arrival: Arrival) -> Option<(Arrival, String)> {
        let stream = self.stream.as_ref().filter(|stream| stream.next == Next::Events)?;
        Some((arrival, stream.last_event_id.clone()))
    }
}
