//! The lines of the log that this page keeps: not without bound, and counted where some are left out.

use std::collections::VecDeque;
use std::sync::Arc;

use demo_contract::Logs;
use demo_contract::logs::{Level, Line};

/// How many rows are kept.
const CAPACITY: usize = 1_000;

/// The rows of the log, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    rows: VecDeque<Arc<Row>>,
    capacity: usize,
    /// How many rows there ever were.
    appended: u64,
    /// How many had to go to make room.
    dropped: u64,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Counts the rows: a key for a list.
    pub(super) serial: u64,
    /// What it says.
    pub(super) entry: Entry,
    /// Where the text filter looks, in small letters.
    sought: String,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A line.
    Line(Line),
    /// So many lines were left out by the server.
    Skipped(u64),
    /// Lines may have been lost here.
    Gap,
}

/// What of the log is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    /// The least bad level that is shown.
    pub(super) level: Level,
    /// A text that a line must hold, in any case of letters.
    pub(super) text: String,
}

impl Default for Journal {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Journal {
    fn with_capacity(capacity: usize) -> Self {
        Self { rows: VecDeque::new(), capacity, appended: 0, dropped: 0 }
    }

    /// Takes in an event.
    pub(super) fn handle_event(&mut self, event: &Logs) {
        self.push(match event {
            Logs::Line(line) => Entry::Line(line.clone()),
            Logs::Skipped(skipped) => Entry::Skipped(skipped.lines),
        });
    }

    /// Events were lost here.
    pub(super) fn mark_gap(&mut self) {
        // Nobody misses what came before the first line.
        if self.rows.back().is_some_and(|last| last.entry != Entry::Gap) {
            self.push(Entry::Gap);
        }
    }

    fn push(&mut self, entry: Entry) {
        if self.rows.len() >= self.capacity {
            self.rows.pop_front();
            self.dropped += 1;
        }
        let sought = match &entry {
            Entry::Line(line) => {
                let request = line.request.as_deref().unwrap_or_default();
                lowercase(&format!("{} {} {request}", line.target, line.message))
            }
            Entry::Skipped(_) | Entry::Gap => String::new(),
        };
        self.rows.push_back(Arc::new(Row { serial: self.appended, entry, sought }));
        self.appended += 1;
    }

    /// Empties it.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.dropped = 0;
    }

    /// The rows that pass a filter. Where something is missing is always told.
    pub(super) fn filtered(&self, filter: &Filter) -> Vec<Arc<Row>> {
        let text = lowercase(filter.text.trim());
        let passes = |row: &&Arc<Row>| match &row.entry {
            Entry::Line(line) => line.level <= filter.level && row.sought.contains(&text),
            Entry::Skipped(_) | Entry::Gap => true,
        };
        self.rows.iter().filter(passes).cloned().collect()
    }

    /// How many rows are kept.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many rows there ever were.
    #[must_use]
    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    /// How many rows are no longer kept.
    #[must_use]
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// `text` in lower case. It is the browser who does it: `str::to_lowercase` brings its tables for every script along,
/// which the browser has already.
fn lowercase(text: &str) -> String {
    if cfg!(target_arch = "wasm32") {
        js_sys::JsString::from(text).to_lower_case().into()
    } else {
        text.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::logs::Skipped;

    use super::*;

    fn line(level: Level, message: &str) -> Logs {
        let request = Some("r-17".into());
        Logs::Line(Line { time: 0, level, target: "server::app".into(), message: message.into(), request })
    }

    fn shown(journal: &Journal, level: Level, text: &str) -> Vec<String> {
        let rows = journal.filtered(&Filter { level, text: text.into() });
        let says = |row: &Arc<Row>| match &row.entry {
            Entry::Line(line) => line.message.clone(),
            Entry::Skipped(lines) => format!("skipped {lines}"),
            Entry::Gap => "gap".into(),
        };
        rows.iter().map(says).collect()
    }

    #[test]
    fn the_oldest_go_and_are_counted() {
        let mut journal = Journal::with_capacity(2);
        for message in ["1", "2", "3"] {
            journal.handle_event(&line(Level::Info, message));
        }
        assert_eq!(shown(&journal, Level::Info, ""), ["2", "3"]);
        assert_eq!((journal.dropped(), journal.appended(), journal.len()), (1, 3, 2));
        journal.clear();
        assert_eq!((journal.dropped(), journal.appended(), journal.len()), (0, 3, 0));
    }

    #[test]
    fn a_filter_takes_what_is_as_bad_and_holds_the_text() {
        let mut journal = Journal::default();
        journal.handle_event(&line(Level::Info, "The Market opens"));
        journal.handle_event(&line(Level::Warn, "not published"));
        journal.handle_event(&line(Level::Error, "broken"));
        assert_eq!(shown(&journal, Level::Warn, ""), ["not published", "broken"]);
        assert_eq!(shown(&journal, Level::Info, " market "), ["The Market opens"]);
        assert_eq!(shown(&journal, Level::Info, "R-17").len(), 3);
        assert_eq!(shown(&journal, Level::Info, "SERVER::APP").len(), 3);
        assert_eq!(shown(&journal, Level::Error, "market"), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_is_told_whatever_the_filter() {
        let mut journal = Journal::default();
        journal.mark_gap();
        journal.handle_event(&line(Level::Info, "a"));
        journal.mark_gap();
        journal.mark_gap();
        journal.handle_event(&Logs::Skipped(Skipped { lines: 7 }));
        assert_eq!(shown(&journal, Level::Error, "x"), ["gap", "skipped 7"]);
    }
}
