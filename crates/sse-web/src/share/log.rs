//! The recent past of a stream, kept so that whoever comes late can be given what it has missed.

use std::collections::VecDeque;
use std::rc::Rc;

use sse_proto::client::Gap;

/// How much of the past is kept.
pub(crate) mod limits {
    /// Events and gaps.
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
    Event { event_type: String, data: String },
    Gap(Gap),
}

impl Entry {
    fn bytes(&self) -> usize {
        let texts = match &self.what {
            What::Event { event_type, data } => event_type.len() + data.len(),
            What::Gap(_) => 0,
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

    /// Moves behind an entry.
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
    begins_at_cursor: bool,
    is_untouched: bool,
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
            begins_at_cursor: !start.is_without_id(),
            start,
            is_untouched: true,
        }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.push_shared(Rc::new(entry));
    }

    pub(crate) fn push_shared(&mut self, entry: Rc<Entry>) {
        self.is_untouched = false;
        self.end_mark.pass(&entry.last_event_id);
        self.bytes += entry.bytes();
        self.entries.push_back((entry, self.end_mark.nth));
        while self.entries.len() > 1 && is_too_much(self.entries.len(), self.bytes) {
            let Some((oldest, nth)) = self.entries.pop_front() else { return };
            self.bytes -= oldest.bytes();
            self.first += 1;
            self.start = Mark { last_event_id: oldest.last_event_id.clone(), nth };
        }
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

    /// Forgets everything, and goes on from another place of the stream.
    pub(crate) fn cut(&mut self, at: Mark) {
        // One number is left out, so that nobody takes the old end for the new beginning.
        self.first = self.end() + 1;
        self.entries.clear();
        self.bytes = 0;
        self.begins_at_cursor = !at.is_without_id();
        self.start = at.clone();
        self.end_mark = at;
        self.is_untouched = false;
    }

    /// Whether nothing ever came.
    pub(crate) fn is_untouched(&self) -> bool {
        self.is_untouched
    }

    /// The number of the first entry that is kept.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The number from which on nothing is left out. To a client without a cursor a server may give a snapshot, which
    /// is only the latest event of each key; nobody says where it ends, so that is known of no number.
    pub(crate) fn complete_from(&self) -> u64 {
        if self.begins_at_cursor { self.first } else { u64::MAX }
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
    pub(crate) fn locate(&self, mark: &Mark) -> Option<u64> {
        let behind = self
            .entries
            .iter()
            .rposition(|(entry, nth)| *nth == mark.nth && entry.last_event_id == mark.last_event_id);
        match behind {
            Some(at) => Some(self.first + at as u64 + 1),
            None => (self.start == *mark).then_some(self.first),
        }
    }

    /// Where somebody goes on who stands at a place, if nothing is left out from `complete_from` on. A stream without
    /// ids has no places: then what is kept is what there is to know.
    pub(crate) fn join(&self, mark: &Mark, complete_from: u64) -> Option<u64> {
        let is_complete =
            |number: &u64| mark.is_without_id() || *number >= complete_from || *number == self.end();
        self.locate(mark)
            .filter(is_complete)
            .or_else(|| (mark.is_without_id() && self.end_mark.is_without_id()).then_some(self.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(last_event_id: &str, data: &str) -> Entry {
        let what = What::Event { event_type: "message".into(), data: data.into() };
        Entry { what, last_event_id: last_event_id.into() }
    }

    fn log(ids: &[&str]) -> Log {
        let mut log = Log::new("");
        ids.iter().for_each(|id| log.push(event(id, "")));
        log
    }

    #[test]
    fn who_knows_an_id_goes_on_behind_it() {
        let log = log(&["a", "b", "c"]);
        assert_eq!(log.join(&Mark::at_cursor("a"), 0), Some(1));
        assert_eq!(log.join(&Mark::at_cursor("c"), 0), Some(3));
        assert_eq!(log.join(&Mark::at_cursor("d"), 0), None);
    }

    #[test]
    fn who_knows_nothing_gets_all_of_a_log_that_is_complete() {
        assert_eq!(log(&["a", "b"]).join(&Mark::default(), 0), Some(0));
        let mut resumed = Log::new("a");
        resumed.push(event("b", ""));
        assert_eq!(resumed.join(&Mark::default(), 0), None);
        assert_eq!(resumed.join(&Mark::at_cursor("a"), 0), Some(0));
    }

    #[test]
    fn who_knows_an_id_does_not_join_a_snapshot_but_at_its_end() {
        let snapshot = log(&["60", "95"]);
        let join = |log: &Log, id| log.join(&Mark::at_cursor(id), log.complete_from());
        assert_eq!(join(&snapshot, "60"), None);
        assert_eq!(join(&snapshot, "95"), Some(2));
        assert_eq!(join(&snapshot, ""), Some(0));
        let mut resumed = Log::new("59");
        resumed.push(event("60", ""));
        resumed.push(event("61", ""));
        assert_eq!(join(&resumed, "60"), Some(1));
    }

    #[test]
    fn events_without_an_id_of_their_own_are_told_apart() {
        let log = log(&["", "", "a", "a", "a", "b"]);
        assert_eq!(log.join(&Mark { last_event_id: "a".into(), nth: 2 }, 0), Some(4));
        assert_eq!(log.join(&Mark { last_event_id: String::new(), nth: 2 }, 0), Some(2));
        assert_eq!(log.mark_before(5), Some(Mark { last_event_id: "a".into(), nth: 3 }));
    }

    #[test]
    fn too_many_entries_push_out_the_oldest() {
        let mut log = Log::new("");
        for id in 0..limits::ENTRIES + 2 {
            log.push(event(&id.to_string(), ""));
        }
        assert_eq!((log.first(), log.end()), (2, limits::ENTRIES as u64 + 2));
        assert_eq!(log.join(&Mark::default(), 0), None, "it is not complete any more");
        assert_eq!(log.join(&Mark::at_cursor("0"), 0), None);
        assert_eq!(log.join(&Mark::at_cursor("1"), 0), Some(2));
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
        assert_eq!(log.join(&Mark::default(), 0), Some(2));
    }

    #[test]
    fn a_log_that_was_cut_is_another() {
        let mut log = log(&["a", "b"]);
        let end = log.end();
        log.cut(Mark::at_cursor("x"));
        assert!(log.first() > end, "who stood at the end does not stand at the beginning");
        assert_eq!(log.join(&Mark::at_cursor("b"), 0), None);
        assert_eq!(log.join(&Mark::at_cursor("x"), 0), Some(log.first()));
    }
}
