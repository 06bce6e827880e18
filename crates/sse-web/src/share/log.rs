//! The recent past of a stream, kept so that whoever comes late can be given what it has missed.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use sse_proto::Cursor;
use sse_proto::client::Gap;

/// How much of the past is kept.
pub(crate) mod limits {
    /// Events, gaps and cursors.
    pub(crate) const ENTRIES: usize = 1_024;
    /// Bytes of their texts. The newest event is kept whatever its size.
    pub(crate) const BYTES: usize = 1 << 20;
}

/// Something that a stream brought, and the cursor after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) last_event_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Event {
        event_type: String,
        data: String,
    },
    Gap(Gap),
    /// The cursor moved without an event, as `sse.open` moves it. Nobody is told, but whoever goes on needs it.
    Cursor,
}

impl Entry {
    fn bytes(&self) -> usize {
        let texts = match &self.what {
            What::Event { event_type, data } => event_type.len() + data.len(),
            What::Gap(_) | What::Cursor => 0,
        };
        texts + self.last_event_id.len()
    }
}

/// A place in a stream that means the same in every log of it: behind the n-th entry that came with this last event
/// id. Servers that send an id only now and then leave many entries with the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) last_event_id: String,
    pub(crate) nth: u64,
}

impl Mark {
    /// Where a client stands that knows a cursor and nothing else; an empty one: at the beginning.
    pub(crate) fn at_cursor(last_event_id: &str) -> Self {
        Self { last_event_id: last_event_id.to_owned(), nth: u64::from(!last_event_id.is_empty()) }
    }

    /// Moves behind an entry of a log.
    pub(crate) fn pass_entry(&mut self, entry: &Entry) {
        match entry.what {
            What::Event { .. } | What::Gap(_) => self.pass(&entry.last_event_id),
            What::Cursor => self.follow(&entry.last_event_id),
        }
    }

    /// Moves to a cursor that came without an event. One that stands there already stays: it may have passed events.
    pub(crate) fn follow(&mut self, last_event_id: &str) {
        if self.last_event_id != last_event_id {
            self.pass(last_event_id);
        }
    }

    /// Moves behind an event or a gap.
    pub(crate) fn pass(&mut self, last_event_id: &str) {
        if self.last_event_id == last_event_id {
            // Another tab may have written any number.
            self.nth = self.nth.saturating_add(1);
        } else {
            last_event_id.clone_into(&mut self.last_event_id);
            self.nth = 1;
        }
    }

    /// Whether the stream has no ids so far: then nobody can say where in it somebody stands.
    pub(crate) fn is_without_id(&self) -> bool {
        self.last_event_id.is_empty()
    }
}

/// The last entries of a stream. They are numbered, and a number is never used twice.
#[derive(Debug)]
pub(crate) struct Log {
    entries: VecDeque<(Rc<Entry>, u64)>,
    /// The number of the first entry that is kept.
    first: u64,
    bytes: usize,
    /// The place in front of the first entry that is kept.
    start: Mark,
    /// The place behind the last.
    end_mark: Mark,
    /// The numbers at which nobody can go on who has a cursor: there, the server may be in the middle of a snapshot.
    /// That is only the latest event of each key, so it leaves out some that a cursor asks for.
    unsure: Range<u64>,
}

/// Whether a server goes on behind this cursor with every event, and not with what it gives to whoever is new. One that
/// numbers its events lets them begin after zero.
pub(crate) fn names_an_event(last_event_id: &str) -> bool {
    !last_event_id.is_empty() && last_event_id.parse().map_or(true, |cursor: Cursor| cursor.seq > 0)
}

fn is_too_much(entries: usize, bytes: usize) -> bool {
    entries > limits::ENTRIES || bytes > limits::BYTES
}

impl Log {
    /// An empty log of a stream that begins at a cursor.
    pub(crate) fn new(last_event_id: &str) -> Self {
        let start = Mark::at_cursor(last_event_id);
        Self {
            entries: VecDeque::new(),
            first: 0,
            bytes: 0,
            end_mark: start.clone(),
            unsure: if names_an_event(last_event_id) { 0..0 } else { 0..u64::MAX },
            start,
        }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.push_shared(Rc::new(entry));
    }

    pub(crate) fn push_shared(&mut self, entry: Rc<Entry>) {
        self.end_mark.pass_entry(&entry);
        self.bytes += entry.bytes();
        let is_gap = matches!(entry.what, What::Gap(_));
        self.entries.push_back((entry, self.end_mark.nth));
        while self.entries.len() > 1 && is_too_much(self.entries.len(), self.bytes) {
            let Some((oldest, nth)) = self.entries.pop_front() else { return };
            self.bytes -= oldest.bytes();
            self.first += 1;
            self.start = Mark { last_event_id: oldest.last_event_id.clone(), nth };
        }
        if is_gap {
            // A server may make up for what it has lost by a snapshot.
            self.unsettle();
        }
    }

    /// From here on the connection may bring a snapshot.
    pub(crate) fn unsettle(&mut self) {
        // Two snapshots and what lies between them count as one.
        let start = if self.unsure.end > self.first { self.unsure.start } else { self.end() };
        self.unsure = start..u64::MAX;
    }

    /// From here on the connection brings every event.
    pub(crate) fn settle(&mut self) {
        self.unsure.end = self.unsure.end.min(self.end());
    }

    /// Whether what comes next leaves out nothing.
    pub(crate) fn is_settled(&self) -> bool {
        self.sure_from() <= self.end()
    }

    /// The number from which on nothing is left out; beyond all numbers if it is not known.
    pub(crate) fn sure_from(&self) -> u64 {
        self.unsure.end
    }

    /// The number of the first entry that would be left if this one was pushed.
    pub(crate) fn first_with(&self, entry: &Entry) -> u64 {
        let (mut count, mut bytes) = (self.entries.len() + 1, self.bytes + entry.bytes());
        let is_pushed_out = |(oldest, _): &&(Rc<Entry>, u64)| {
            let is_it = is_too_much(count, bytes);
            count -= 1;
            bytes -= oldest.bytes();
            is_it
        };
        self.first + self.entries.iter().take_while(is_pushed_out).count() as u64
    }

    /// Forgets everything, and goes on from another place of the stream, which is perhaps in a snapshot.
    pub(crate) fn cut(&mut self, at: Mark) {
        // One number is left out, so that nobody takes the old end for the new beginning.
        self.first = self.end() + 1;
        self.entries.clear();
        self.bytes = 0;
        self.unsure = self.first..u64::MAX;
        self.start = at.clone();
        self.end_mark = at;
    }

    /// Where in this log a leader stands that goes on from a place; `None` if it would tell something that was left out
    /// here, or heard in another order.
    pub(crate) fn continue_at(&self, mark: &Mark) -> Option<u64> {
        self.locate(mark).filter(|number| *number == self.end() || !self.unsure.contains(number))
    }

    /// Whether nothing ever came.
    pub(crate) fn is_untouched(&self) -> bool {
        self.end() == 0
    }

    /// The number of the first entry that is kept.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The number of the next entry that comes.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The place behind the last entry.
    pub(crate) fn end_mark(&self) -> &Mark {
        &self.end_mark
    }

    /// The place in front of the entry with this number; `None` if it is not known any more.
    pub(crate) fn mark_before(&self, number: u64) -> Option<Mark> {
        if number == self.first {
            return Some(self.start.clone());
        }
        let (entry, nth) = self.entries.get(usize::try_from(number.checked_sub(self.first + 1)?).ok()?)?;
        Some(Mark { last_event_id: entry.last_event_id.clone(), nth: *nth })
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Rc<Entry>> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get(at).map(|(entry, _)| entry)
    }

    /// The entries from this number on.
    pub(crate) fn from(&self, number: u64) -> impl Iterator<Item = &Rc<Entry>> {
        let skipped = number.saturating_sub(self.first);
        self.entries.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).map(|(entry, _)| entry)
    }

    /// The number of the entry that comes behind a place; `None` if the place is not in the log.
    fn locate(&self, mark: &Mark) -> Option<u64> {
        let behind = self
            .entries
            .iter()
            .rposition(|(entry, nth)| *nth == mark.nth && entry.last_event_id == mark.last_event_id);
        match behind {
            Some(at) => Some(self.first + at as u64 + 1),
            None => (self.start == *mark).then_some(self.first),
        }
    }

    /// Where somebody goes on who stands at a place; `None` if something would be left out or come twice.
    ///
    /// In a stream without ids nobody can say where somebody stands: then what is kept is what there is to know. And once
    /// it has ids, of those who stand in front of them only one is known who has been told nothing.
    pub(crate) fn join(&self, mark: &Mark) -> Option<u64> {
        if mark.is_without_id() {
            let is_at_start = mark.nth == 0 && self.start == *mark;
            return (is_at_start || self.end_mark.is_without_id()).then_some(self.first);
        }
        self.locate(mark).filter(|number| !self.unsure.contains(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(last_event_id: &str, data: &str) -> Entry {
        let what = What::Event { event_type: "message".into(), data: data.into() };
        Entry { what, last_event_id: last_event_id.into() }
    }

    /// Of a server that gives no snapshots.
    fn log(ids: &[&str]) -> Log {
        let mut log = Log::new("");
        log.settle();
        ids.iter().for_each(|id| log.push(event(id, "")));
        log
    }

    #[test]
    fn who_knows_an_id_goes_on_behind_it() {
        let log = log(&["a", "b", "c"]);
        assert_eq!(log.join(&Mark::at_cursor("a")), Some(1));
        assert_eq!(log.join(&Mark::at_cursor("c")), Some(3));
        assert_eq!(log.join(&Mark::at_cursor("d")), None);
    }

    #[test]
    fn who_knows_nothing_gets_all_of_a_log_that_is_complete() {
        assert_eq!(log(&["a", "b"]).join(&Mark::default()), Some(0));
        let mut resumed = Log::new("a");
        resumed.push(event("b", ""));
        assert_eq!(resumed.join(&Mark::default()), None);
        assert_eq!(resumed.join(&Mark::at_cursor("a")), Some(0));
    }

    #[test]
    fn who_knows_an_id_does_not_join_a_snapshot_not_even_while_it_comes() {
        let mut log = Log::new("");
        let join = |log: &Log, id| log.join(&Mark::at_cursor(id));
        log.push(event("12", ""));
        log.push(event("60", ""));
        assert_eq!(join(&log, "60"), None, "95 may come next, and leave out 61");
        assert_eq!(join(&log, ""), Some(0), "who has been told nothing wants the snapshot");
        log.push(event("95", ""));
        log.settle();
        assert_eq!(join(&log, "60"), None);
        assert_eq!(join(&log, "95"), Some(3));
        log.push(event("96", ""));
        assert_eq!((join(&log, "95"), join(&log, "96")), (Some(3), Some(4)));
    }

    #[test]
    fn a_log_that_begins_at_a_cursor_leaves_out_nothing_until_there_is_a_gap() {
        let mut log = Log::new("5.59");
        let join = |log: &Log, id| log.join(&Mark::at_cursor(id));
        log.push(event("5.60", ""));
        log.push(event("5.61", ""));
        assert_eq!(join(&log, "5.60"), Some(1));
        log.push(Entry { what: What::Gap(Gap::Trimmed { up_to: 80 }), last_event_id: "5.61".into() });
        log.push(event("5.95", ""));
        assert!(!log.is_settled());
        assert_eq!(join(&log, "5.60"), Some(1), "it is told of the gap in its place");
        assert_eq!(join(&log, "5.95"), None, "what was made up for it leaves out 5.94");
        log.settle();
        assert_eq!(join(&log, "5.95"), Some(4));
        assert!(log.is_settled());
    }

    #[test]
    fn zero_is_a_cursor_at_which_servers_give_snapshots() {
        let names = ["", "5f.0", "5f.1", "0", "x"].map(names_an_event);
        assert_eq!(names, [false, false, true, true, true]);
        let mut log = Log::new("5f.0");
        log.push(event("5f.60", ""));
        assert_eq!(log.join(&Mark::at_cursor("5f.60")), None);
    }

    #[test]
    fn a_cursor_moves_the_end_and_is_no_event() {
        let cursor = |id: &str| Entry { what: What::Cursor, last_event_id: id.into() };
        let mut log = log(&["a", "a"]);
        log.push(cursor("a"));
        assert_eq!(log.end_mark(), &Mark { last_event_id: "a".into(), nth: 2 });
        log.push(cursor("b"));
        assert_eq!(log.end_mark(), &Mark::at_cursor("b"));
        assert_eq!(log.join(&Mark::at_cursor("b")), Some(4));
    }

    #[test]
    fn events_without_an_id_of_their_own_are_told_apart() {
        let log = log(&["", "", "a", "a", "a", "b"]);
        assert_eq!(log.locate(&Mark { last_event_id: "a".into(), nth: 2 }), Some(4));
        let among_the_first = Mark { last_event_id: String::new(), nth: 2 };
        assert_eq!(log.join(&among_the_first), None, "another connection may have had another second event");
        assert_eq!(log.mark_before(5), Some(Mark { last_event_id: "a".into(), nth: 3 }));
    }

    #[test]
    fn too_many_entries_push_out_the_oldest() {
        let mut log = log(&[]);
        for id in 0..limits::ENTRIES + 2 {
            log.push(event(&id.to_string(), ""));
        }
        assert_eq!((log.first(), log.end()), (2, limits::ENTRIES as u64 + 2));
        assert_eq!(log.join(&Mark::default()), None, "it is not complete any more");
        assert_eq!(log.join(&Mark::at_cursor("0")), None);
        assert_eq!(log.join(&Mark::at_cursor("1")), Some(2));
        assert_eq!(log.mark_before(2), Some(Mark::at_cursor("1")));
        assert!(log.get(1).is_none());
    }

    #[test]
    fn too_many_bytes_push_out_the_oldest_but_never_the_newest() {
        let mut log = Log::new("");
        let half = "x".repeat(limits::BYTES / 2);
        for id in ["a", "b", "c"] {
            log.push(event(id, &half));
        }
        assert_eq!((log.first(), log.end()), (2, 3));
        log.push(event("d", &"x".repeat(limits::BYTES + 1)));
        assert_eq!((log.first(), log.end()), (3, 4));
        log.push(event("e", ""));
        assert_eq!((log.first(), log.end()), (4, 5));
        assert_eq!(log.bytes, "message".len() + "e".len());
    }

    #[test]
    fn what_an_entry_pushes_out_is_known_before() {
        let mut log = Log::new("");
        let sizes = [0, limits::BYTES / 3, limits::BYTES / 2, 9, limits::BYTES / 3, limits::BYTES + 1, 9, 9];
        for size in sizes {
            let entry = event("a", &"x".repeat(size));
            let first = log.first_with(&entry);
            log.push(entry);
            assert_eq!(log.first(), first, "{size}");
        }
        assert_eq!(log.first(), 6, "there was something to push out");
    }

    #[test]
    fn a_place_may_have_any_number() {
        let mut log = Log::new("");
        log.cut(Mark { last_event_id: "a".into(), nth: u64::MAX });
        log.push(event("a", ""));
        assert_eq!(log.end_mark().nth, u64::MAX);
    }

    #[test]
    fn a_stream_without_ids_gives_what_is_left_of_it() {
        let mut log = Log::new("");
        for _ in 0..limits::ENTRIES + 2 {
            log.push(event("", ""));
        }
        assert_eq!(log.join(&Mark::default()), Some(2));
    }

    #[test]
    fn a_log_that_was_cut_is_another() {
        let mut log = log(&["a", "b"]);
        let end = log.end();
        log.cut(Mark::at_cursor("x"));
        assert!(log.first() > end, "who stood at the end does not stand at the beginning");
        assert_eq!(log.join(&Mark::at_cursor("b")), None);
        assert_eq!(log.join(&Mark::at_cursor("x")), None, "it may be in a snapshot");
        log.settle();
        assert_eq!(log.join(&Mark::at_cursor("x")), Some(log.first()));
    }
}
