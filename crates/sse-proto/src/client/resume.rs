//! Where the stream stands: the cursor, what was seen before, and what was lost.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;

use super::messages::Verdict;
use super::state::Gap;
use crate::Cursor;

/// The last event id, and what it means.
///
/// To a server that never sent `sse.open` an id is a text that is sent back (conformance c10), and every event is
/// delivered. One that did numbers its events; then a number tells what was seen already.
#[derive(Clone, Debug, Default)]
pub(super) struct Resume {
    last_event_id: String,
    /// The last event that was seen, of a server that numbers its events.
    cursor: Option<Cursor>,
    /// The last event id of this connection's stream, and what became of the event that brought it. An event that
    /// brings none repeats it, and shares that fate: it is either new with its neighbour or repeated with it.
    place: Option<(Cursor, Verdict)>,
    /// The cursor that was sent with the request, for as long as the server has named no other.
    sent: Option<Cursor>,
    /// Whether this connection's reset has been told, with no event after it.
    reset_told: bool,
}

/// Where the stream stood before an event.
#[derive(Debug)]
pub(super) enum Before {
    /// It is the application's, and counts when it is told.
    Event(Box<Resume>),
    /// It is the client's own, and counts at once. But a gap that it brings has to be told.
    Control(Box<Resume>),
}

/// What was lost in front of an event, and where the stream stood before both.
///
/// Boxed, because every event gives back whether there is one.
type Lost = (Gap, Box<Resume>);

impl Resume {
    pub(super) fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The number of the last event that was seen, of a server that numbers its events.
    pub(super) fn seq(&self) -> Option<u64> {
        self.cursor.map(|cursor| cursor.seq)
    }

    /// Where the stream stands, for whoever may have to go back to it. Called in many places, and not small.
    #[inline(never)]
    pub(super) fn note(&self) -> Box<Self> {
        Box::new(self.clone())
    }

    /// As large, and called in as many.
    #[inline(never)]
    pub(super) fn set_last_event_id(&mut self, last_event_id: &str) {
        // Ids that count differ in their last byte: the others are looked at only where it is the same.
        let (before, now) = (self.last_event_id.as_bytes(), last_event_id.as_bytes());
        if before.last() != now.last() || before != now {
            last_event_id.clone_into(&mut self.last_event_id);
        }
    }

    /// Whether the server has said that it speaks of its events by numbers.
    pub(super) fn knows_server(&self) -> bool {
        self.cursor.is_some()
    }

    /// Whether the number of an event means something: most servers do not number their events.
    pub(super) fn is_numbered(&self) -> bool {
        self.cursor.is_some() || self.sent.is_some()
    }

    /// A new connection: its stream begins at the cursor that is sent with the request.
    pub(super) fn handle_connect(&mut self) {
        self.sent = self.last_event_id.parse().ok();
        self.place = self.sent.map(|cursor| (cursor, Verdict::Deliver));
        self.reset_told = false;
    }

    /// `sse.open`: from here the server goes on. Returns what was lost.
    pub(super) fn handle_open(&mut self, last_event_id: &str) -> Option<Gap> {
        let Some(opening) = self.read(last_event_id) else {
            self.begin_at(None, last_event_id);
            return None;
        };
        let before = self.last_event_id.parse::<Cursor>().ok();
        match before {
            Some(before) if before.epoch == opening.epoch && before.seq > opening.seq => {
                // It goes on from before the cursor: what it repeats is known, and the cursor stays.
                self.cursor = Some(before);
                self.place = Some((opening, Verdict::Duplicate));
                None
            }
            Some(before) if before.epoch == opening.epoch && before.seq < opening.seq => {
                // The cursor did not reach the server, so what lies in between does not come.
                self.begin_at(Some(opening), last_event_id);
                Some(Gap::Trimmed { up_to: opening.seq })
            }
            Some(before) if before.epoch != opening.epoch => {
                self.begin_at(Some(opening), last_event_id);
                self.reset()
            }
            _ => {
                self.begin_at(Some(opening), last_event_id);
                None
            }
        }
    }

    /// `sse.reset`: the cursor means nothing any more, and what follows begins where the stream stands.
    pub(super) fn handle_reset(&mut self, last_event_id: &str) -> Option<Gap> {
        // A stream on which no other came repeats the very cursor that is void now.
        let cursor = self.read(last_event_id).filter(|_| self.sent.is_none());
        self.begin_at(cursor, if cursor.is_some() { last_event_id } else { "" });
        self.reset()
    }

    /// `sse.gap`. The cursor stays: what is left of the events up to there is still to come.
    pub(super) fn handle_gap(&mut self, trimmed: u64) -> Gap {
        if let (Some(cursor), Some((_, verdict))) = (self.cursor, &mut self.place)
            && trimmed >= cursor.seq
        {
            // Nothing is repeated behind a gap that reaches past the cursor.
            *verdict = Verdict::Deliver;
        }
        Gap::Trimmed { up_to: trimmed }
    }

    /// Moves to an event of the application's, or finds that it was seen before. Returns what was lost before it.
    pub(super) fn handle_event(&mut self, last_event_id: &str) -> (Verdict, Option<Lost>) {
        let (verdict, gap) = self.follow(last_event_id);
        if verdict == Verdict::Deliver {
            self.reset_told = false;
        }
        (verdict, gap)
    }

    /// An event that needs no number, and whose id is not known yet.
    pub(super) fn handle_unread_event(&mut self) {
        self.place = None;
        self.reset_told = false;
    }

    /// Moves to the last event id of an event, also of one that is not the application's.
    pub(super) fn follow(&mut self, last_event_id: &str) -> (Verdict, Option<Lost>) {
        // Not read where it means nothing.
        let numbered = self.is_numbered().then(|| self.read(last_event_id)).flatten();
        let (Some(before), Some(cursor)) = (self.cursor, numbered) else {
            self.place = None;
            self.set_last_event_id(last_event_id);
            return (Verdict::Deliver, None);
        };
        if let Some((place, verdict)) = self.place
            && place == cursor
        {
            return (verdict, None);
        }
        if cursor.epoch == before.epoch && cursor.seq <= before.seq {
            self.place = Some((cursor, Verdict::Duplicate));
            return (Verdict::Duplicate, None);
        }
        let lost = if cursor.epoch == before.epoch { None } else { self.lose() };
        self.cursor = Some(cursor);
        self.place = Some((cursor, Verdict::Deliver));
        self.set_last_event_id(last_event_id);
        (Verdict::Deliver, lost)
    }

    /// The number of an event, if its last event id is one.
    fn read(&mut self, last_event_id: &str) -> Option<Cursor> {
        let cursor = last_event_id.parse().ok();
        self.sent = self.sent.filter(|sent| cursor == Some(*sent));
        cursor
    }

    /// Takes what the server says for the cursor, whatever it was before. A cursor has one spelling, so the text in
    /// which it came need not be written anew.
    fn begin_at(&mut self, cursor: Option<Cursor>, last_event_id: &str) {
        self.cursor = cursor;
        self.place = cursor.map(|cursor| (cursor, Verdict::Deliver));
        self.set_last_event_id(last_event_id);
    }

    #[cold]
    fn lose(&mut self) -> Option<Lost> {
        let before = self.note();
        self.reset().map(|gap| (gap, before))
    }

    /// A new epoch shows in `sse.open`, is said by `sse.reset`, and shows in an event; it is one reset all the same.
    fn reset(&mut self) -> Option<Gap> {
        (!core::mem::replace(&mut self.reset_told, true)).then_some(Gap::Reset)
    }
}
