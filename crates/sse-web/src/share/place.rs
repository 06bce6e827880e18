//! Where one member stands in the log of its group.

use std::rc::Rc;

use super::log::{Entry, Log, Mark};

/// A member's own place: what it has been told, and what comes next.
#[derive(Debug)]
pub(crate) struct Place {
    /// The number of its next entry; `None` while that is not known.
    next: Option<u64>,
    mark: Mark,
}

/// What a member is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Entry(Rc<Entry>),
    /// It has been told everything.
    Nothing,
    /// The log does not reach back to it: it has to ask the server itself, until the two have met.
    OutOfReach,
}

impl Place {
    pub(crate) fn at_cursor(last_event_id: &str) -> Self {
        Self { next: None, mark: Mark::at_cursor(last_event_id) }
    }

    /// The last event id at this place.
    pub(crate) fn last_event_id(&self) -> &str {
        &self.mark.last_event_id
    }

    /// Moves behind the next entry, and returns it.
    pub(crate) fn advance(&mut self, log: &Log) -> Next {
        self.find(log);
        let Some(next) = &mut self.next else { return Next::OutOfReach };
        let Some(entry) = log.get(*next) else { return Next::Nothing };
        *next += 1;
        self.mark.pass_entry(entry);
        Next::Entry(entry.clone())
    }

    /// Whether the log reaches back to this place.
    pub(crate) fn find(&mut self, log: &Log) -> bool {
        if self.next.is_none_or(|next| next < log.first()) {
            self.next = log.join(&self.mark);
        }
        self.next.is_some()
    }

    /// Whether the log goes on where another connection than that of the log has come.
    pub(crate) fn meets(&mut self, log: &Log) -> bool {
        // Of what came without an id there, nobody can say what it is here.
        let is_comparable = !self.mark.is_without_id() || self.mark.nth == 0;
        is_comparable && self.find(log)
    }

    /// Whether it is the end of the log.
    pub(crate) fn is_at_end_of(&self, log: &Log) -> bool {
        self.mark == *log.end_mark()
    }

    /// Moves behind an entry that came by another way than the log.
    pub(crate) fn pass(&mut self, last_event_id: &str) {
        self.next = None;
        self.mark.pass(last_event_id);
    }

    /// Moves to a cursor that came by another way than the log, and without an event.
    pub(crate) fn follow(&mut self, last_event_id: &str) {
        if self.mark.last_event_id != last_event_id {
            self.pass(last_event_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::{What, limits};
    use super::*;

    fn entry(id: u64) -> Entry {
        let what = What::Event { event_type: "message".into(), data: id.to_string() };
        Entry { what, last_event_id: format!("1.{id}") }
    }

    fn told(place: &mut Place, log: &Log) -> Vec<String> {
        let mut told = Vec::new();
        while let Next::Entry(entry) = place.advance(log) {
            told.push(entry.last_event_id.clone());
        }
        told
    }

    #[test]
    fn a_member_that_was_away_goes_on_where_it_stood() {
        let mut log = Log::new("");
        let mut place = Place::at_cursor("");
        log.push(entry(1));
        assert_eq!(told(&mut place, &log), ["1.1"]);
        log.push(entry(2));
        log.push(entry(3));
        assert_eq!(told(&mut place, &log), ["1.2", "1.3"]);
        assert_eq!(place.advance(&log), Next::Nothing);
        assert_eq!(place.last_event_id(), "1.3");
    }

    #[test]
    fn a_member_that_was_away_too_long_is_out_of_reach_until_the_two_have_met() {
        let mut log = Log::new("");
        log.settle();
        let mut place = Place::at_cursor("");
        for id in 0..limits::ENTRIES as u64 + 3 {
            log.push(entry(id));
        }
        assert_eq!(place.advance(&log), Next::OutOfReach);
        // Its own connection brings what is missing; `1.2` is the last that was pushed out.
        for id in [0, 1] {
            place.pass(&format!("1.{id}"));
            assert!(!place.meets(&log));
        }
        place.pass("1.2");
        assert!(place.meets(&log));
        assert_eq!(told(&mut place, &log).len(), limits::ENTRIES);
    }

    #[test]
    fn its_own_connection_may_be_ahead_of_the_log() {
        let mut log = Log::new("1.5");
        let mut place = Place::at_cursor("1.1");
        for id in 2..=8 {
            place.pass(&format!("1.{id}"));
        }
        for id in 6..=7 {
            log.push(entry(id));
            assert!(!place.meets(&log));
        }
        log.push(entry(8));
        assert!(place.meets(&log));
        assert_eq!(place.advance(&log), Next::Nothing);
    }

    #[test]
    fn what_its_own_connection_has_brought_without_ids_is_met_nowhere() {
        let mut log = Log::new("");
        let event = |data: &str| What::Event { event_type: "message".into(), data: data.into() };
        log.push(Entry { what: event("a"), last_event_id: String::new() });
        let mut place = Place::at_cursor("");
        assert!(place.meets(&log), "it has brought nothing yet");
        place.pass("");
        assert!(!place.meets(&log));
    }

    #[test]
    fn a_cursor_is_passed_as_if_it_were_an_event() {
        let mut log = Log::new("");
        let mut place = Place::at_cursor("");
        log.push(Entry { what: What::Cursor, last_event_id: "1.5".into() });
        assert_eq!(told(&mut place, &log), ["1.5"]);
        assert_eq!(place.last_event_id(), "1.5");
    }
}
