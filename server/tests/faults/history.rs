//! What was acknowledged, what a client heard, and whether the two agree.

use std::collections::{BTreeMap, HashSet};

/// The messages that the server has acknowledged: the sender's id of each, by its number.
#[derive(Debug, Default)]
pub(crate) struct History(BTreeMap<u64, String>);

impl History {
    pub(crate) fn acknowledge(&mut self, seq: u64, client_id: String) {
        let before = self.0.insert(seq, client_id);
        assert_eq!(before, None, "two messages have the number {seq}");
    }

    pub(crate) fn extend(&mut self, other: Self) {
        for (seq, client_id) in other.0 {
            self.acknowledge(seq, client_id);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many messages come after this number.
    pub(crate) fn after(&self, seq: u64) -> usize {
        self.0.range(seq.saturating_add(1)..).count()
    }

    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last_key_value().map(|(seq, _)| *seq)
    }
}

/// What a client heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A connection began.
    Connected,
    /// The server said that events up to this number may be missing.
    Gap { trimmed: u64 },
    /// A message.
    Message { seq: u64, client_id: String },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record(pub(crate) Vec<Heard>);

impl Record {
    pub(crate) fn connections(&self) -> usize {
        self.0.iter().filter(|heard| **heard == Heard::Connected).count()
    }

    /// Up to which number each gap reaches.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = u64> {
        self.0.iter().filter_map(|heard| match heard {
            Heard::Gap { trimmed } => Some(*trimmed),
            Heard::Connected | Heard::Message { .. } => None,
        })
    }
}

/// A promise that the server has broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A number that is not above the one before it.
    OutOfOrder { before: u64, seq: u64 },
    /// The same message under two numbers.
    Twice { client_id: String },
    /// An acknowledged message is missing, and no gap says so.
    Lost { seq: u64 },
    /// Another message than the one that was acknowledged under the number.
    Other { seq: u64 },
}

/// Whether a client that was there from the start heard what it has a claim to.
pub(crate) fn check(record: &Record, acknowledged: &History) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut messages = HashSet::new();
    let (mut last, mut forgiven) = (0, 0);
    let missing = |from: u64, to: u64, forgiven: u64| {
        let between =
            acknowledged.0.range(from.max(forgiven).saturating_add(1)..to.max(from + 1).max(forgiven + 1));
        between.map(|(seq, _)| Violation::Lost { seq: *seq }).collect::<Vec<_>>()
    };
    for heard in &record.0 {
        match heard {
            Heard::Connected => {}
            Heard::Gap { trimmed } => forgiven = forgiven.max(*trimmed),
            Heard::Message { seq, client_id } => {
                if *seq <= last {
                    violations.push(Violation::OutOfOrder { before: last, seq: *seq });
                }
                if !messages.insert(client_id) {
                    violations.push(Violation::Twice { client_id: client_id.clone() });
                }
                if acknowledged.0.get(seq).is_some_and(|acknowledged| acknowledged != client_id) {
                    violations.push(Violation::Other { seq: *seq });
                }
                violations.extend(missing(last, *seq, forgiven));
                last = last.max(*seq);
            }
        }
    }
    let end = acknowledged.last().map_or(0, |seq| seq + 1);
    violations.extend(missing(last, end, forgiven));
    violations
}

fn history(messages: &[(u64, &str)]) -> History {
    let mut history = History::default();
    for (seq, client_id) in messages {
        history.acknowledge(*seq, (*client_id).to_owned());
    }
    history
}

fn message(seq: u64, client_id: &str) -> Heard {
    Heard::Message { seq, client_id: client_id.to_owned() }
}

#[test]
fn the_checker_finds_what_is_lost_doubled_moved_or_changed() {
    let acknowledged = history(&[(2, "a"), (3, "b"), (7, "c")]);
    let [a, b, c] = [message(2, "a"), message(3, "b"), message(7, "c")];
    let checked = |heard: &[&Heard]| check(&Record(heard.iter().copied().cloned().collect()), &acknowledged);

    assert_eq!(checked(&[&a, &b, &Heard::Connected, &c]), []);
    assert_eq!(checked(&[&a, &c]), [Violation::Lost { seq: 3 }]);
    assert_eq!(checked(&[&a, &b]), [Violation::Lost { seq: 7 }]);
    assert_eq!(checked(&[]).len(), 3);
    let twice = [Violation::OutOfOrder { before: 3, seq: 3 }, Violation::Twice { client_id: "b".into() }];
    assert_eq!(checked(&[&a, &b, &b, &c]), twice);
    assert_eq!(checked(&[&a, &b, &message(5, "b"), &c]), [Violation::Twice { client_id: "b".into() }]);
    assert_eq!(checked(&[&a, &message(3, "x"), &c]), [Violation::Other { seq: 3 }]);
    assert!(checked(&[&b, &a, &c]).contains(&Violation::OutOfOrder { before: 3, seq: 2 }));
}

#[test]
fn the_checker_forgives_what_a_gap_announces_and_nothing_more() {
    let acknowledged = history(&[(1, "a"), (2, "b"), (3, "c")]);
    let gap = |trimmed| Heard::Gap { trimmed };
    assert_eq!(check(&Record(vec![gap(2), message(3, "c")]), &acknowledged), []);
    assert_eq!(check(&Record(vec![gap(1), message(3, "c")]), &acknowledged), [Violation::Lost { seq: 2 }]);
    assert_eq!(check(&Record(vec![gap(3)]), &acknowledged), []);
}
