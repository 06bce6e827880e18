//! What may be delivered, and what must be.

use std::collections::BTreeMap;

use sse_proto::client::{Gap, Verdict};
use sse_proto::{Control, Cursor, Epoch};

/// Of a server that numbers its events: nothing twice, and nothing left out in silence.
#[derive(Debug)]
pub(super) struct Complete {
    /// The last event that was delivered, or that the owner handed in.
    seen: Option<Cursor>,
    /// Up to here it was said that events are missing.
    missing: u64,
    /// Up to here nothing need be said: the stream began with a snapshot.
    forgiven: u64,
    /// What became of the event before, on this stream.
    neighbour: Option<Verdict>,
}

impl Complete {
    pub(super) fn new(last_event_id: &str) -> Self {
        Self { seen: last_event_id.parse().ok(), missing: 0, forgiven: 0, neighbour: None }
    }

    pub(super) fn handle_request(&mut self, forgiven: u64) {
        self.forgiven = forgiven;
        self.neighbour = None;
    }

    /// The stream begins behind this event, or anew; what is lost before it is told already.
    pub(super) fn handle_beginning(&mut self, cursor: Cursor) {
        let seen = self.seen.filter(|seen| seen.epoch == cursor.epoch);
        let repeats = seen.is_some_and(|seen| cursor.seq < seen.seq);
        self.neighbour = Some(if repeats { Verdict::Duplicate } else { Verdict::Deliver });
        if let Some(seen) = seen {
            let told = cursor.seq <= self.missing.max(seen.seq);
            assert!(told, "what lies between {seen} and {cursor} is left out in silence");
        } else if let Some(seen) = self.seen {
            assert_eq!(seen.seq, 0, "{cursor} comes after {seen} without a reset");
        }
        if !repeats {
            self.seen = Some(cursor);
        }
    }

    pub(super) fn handle_gap(&mut self, gap: Gap) {
        self.neighbour = None;
        match gap {
            Gap::Reset => (self.seen, self.missing) = (None, 0),
            Gap::Trimmed { up_to } => self.missing = self.missing.max(up_to),
            other => panic!("a gap that this target does not know: {other:?}"),
        }
    }

    /// An event with a number of its own; what came of it before is told already.
    pub(super) fn handle_event(&mut self, cursor: Cursor, verdict: Verdict) {
        self.neighbour = Some(verdict);
        let Some(seen) = self.seen else {
            assert_eq!(verdict, Verdict::Deliver, "{cursor} is the first");
            self.seen = Some(cursor);
            return;
        };
        if seen.epoch != cursor.epoch {
            assert_eq!(seen.seq, 0, "{cursor} comes after {seen} without a reset");
        } else if cursor.seq <= seen.seq {
            assert_eq!(verdict, Verdict::Duplicate, "{cursor} comes after {seen}");
            return;
        } else {
            let told = cursor.seq == seen.seq + 1 || cursor.seq - 1 <= self.missing.max(self.forgiven);
            assert!(told || seen.seq == 0, "what lies between {seen} and {cursor} is left out in silence");
        }
        assert_eq!(verdict, Verdict::Deliver, "{cursor} comes after {seen}");
        self.seen = Some(cursor);
    }

    /// An event without a number of its own.
    pub(super) fn handle_companion(&self, verdict: Verdict) {
        if let Some(neighbour) = self.neighbour {
            assert_eq!(verdict, neighbour, "an event without an id shares the fate of the one before");
        }
    }
}

/// Of a server that sends anything: what a client can know about it all the same.
#[derive(Debug)]
pub(super) struct Lenient {
    ids: Ids,
    /// The highest number that was ever heard of, for each epoch.
    heard: BTreeMap<Epoch, u64>,
    /// The highest number that was delivered, since the server said last that numbers mean something else.
    delivered: BTreeMap<Epoch, u64>,
    /// The last event id that the request was sent with.
    sent: String,
    /// The last event id of the stream.
    place: String,
}

/// What an id is.
#[derive(Debug, PartialEq, Eq)]
enum Ids {
    /// A text that is sent back: the server has never said anything else.
    Opaque,
    /// A number.
    Numbers,
    /// The server said something else once, and took it back or contradicted itself.
    Doubtful,
}

impl Lenient {
    pub(super) fn new(last_event_id: &str) -> Self {
        let mut rules = Self {
            ids: Ids::Opaque,
            heard: BTreeMap::new(),
            delivered: BTreeMap::new(),
            sent: String::new(),
            place: String::new(),
        };
        rules.hear(last_event_id.parse().ok());
        rules
    }

    pub(super) fn handle_request(&mut self, last_event_id: &str) {
        last_event_id.clone_into(&mut self.sent);
        last_event_id.clone_into(&mut self.place);
    }

    pub(super) fn handle_gap(&mut self, gap: Gap) {
        if gap == Gap::Reset {
            self.delivered.clear();
        }
    }

    /// `after` is what the client says that the last event id is.
    pub(super) fn handle_event(&mut self, control: Option<Control>, id: &str, verdict: Verdict, after: &str) {
        let cursor = id.parse::<Cursor>().ok();
        match (verdict, control) {
            (Verdict::Control, Some(Control::Open { .. })) if cursor.is_some() => self.ids = Ids::Numbers,
            // One that has no id of its own repeats what is void now.
            (Verdict::Control, Some(Control::Reset)) if cursor.is_some() => {
                self.ids = if self.sent == id { Ids::Doubtful } else { Ids::Numbers };
                self.delivered.clear();
            }
            (Verdict::Control, Some(Control::Open { .. } | Control::Reset)) => self.doubt(),
            (Verdict::Control, Some(_)) => {}
            // A reserved type that the client does not know.
            (Verdict::Control, None) => {
                assert_ne!(self.ids, Ids::Opaque, "who numbers nothing reserves nothing");
            }
            (Verdict::Deliver, None) if self.ids == Ids::Opaque => {
                assert_eq!(after, id, "a foreign id is a text");
            }
            (Verdict::Deliver, None) => {
                let own = cursor.filter(|_| self.ids == Ids::Numbers && self.place != id);
                if let Some(Cursor { epoch, seq }) = own {
                    let before = self.delivered.insert(epoch, seq);
                    assert!(before.is_none_or(|before| before < seq), "{id} comes after {before:?}");
                }
            }
            (Verdict::Duplicate, None) => {
                assert_ne!(self.ids, Ids::Opaque, "{id:?} is a text");
                let heard = cursor.and_then(|cursor| self.heard.get(&cursor.epoch).copied());
                let is_heard = heard.zip(cursor).is_some_and(|(heard, cursor)| cursor.seq <= heard);
                assert!(is_heard, "{id:?} is new");
            }
            _ => panic!("{verdict:?} of {control:?}"),
        }
        if cursor.is_none() && self.ids == Ids::Numbers {
            self.doubt();
        }
        self.hear(cursor);
        id.clone_into(&mut self.place);
    }

    fn doubt(&mut self) {
        self.delivered.clear();
        if self.ids == Ids::Numbers {
            self.ids = Ids::Doubtful;
        }
    }

    fn hear(&mut self, cursor: Option<Cursor>) {
        if let Some(Cursor { epoch, seq }) = cursor {
            let heard = self.heard.entry(epoch).or_insert(seq);
            *heard = seq.max(*heard);
        }
    }
}
