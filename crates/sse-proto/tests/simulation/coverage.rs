//! What happened over all schedules, so that the simulation cannot silently test nothing.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

#[derive(Debug, Default)]
pub(crate) struct Coverage(BTreeMap<String, u64>);

impl Coverage {
    pub(crate) fn note(&mut self, what: &str) {
        match self.0.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(what.to_owned(), 1)),
        }
    }

    /// Notes the variant of an enum by the first word of how it is printed.
    pub(crate) fn note_variant(&mut self, kind: &str, value: &impl fmt::Debug) {
        let mut what = Word(format!("{kind} "));
        // Stops at the end of the word, which it calls an error.
        let _ = write!(what, "{value:?}");
        self.note(&what.0);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (what, count) in other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    pub(crate) fn count(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, count)| writeln!(f, "{count:9}  {what}"))
    }
}

/// Takes one word, and no more than that is ever printed: it is done for every event.
struct Word(String);

impl Write for Word {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.find(|c: char| !c.is_alphanumeric());
        self.0.push_str(&text[..end.unwrap_or(text.len())]);
        if end.is_some() { Err(fmt::Error) } else { Ok(()) }
    }
}
