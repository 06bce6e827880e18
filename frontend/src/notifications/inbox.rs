//! Which notifications are there, and which of them are new, as far as this browser knows.
//!
//! The stream brings the recent ones again to every page that opens, so it is the ids that tell what was read and what
//! was dismissed. They are kept for all tabs.

use serde::{Deserialize, Serialize};

/// How many notifications are kept.
pub(super) const CAPACITY: usize = 50;

/// What somebody has done with the notifications. Every text is an event id; an empty one is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
// Another version of the page may have kept them.
#[serde(default)]
pub(super) struct Marks {
    /// The last one that was read, and with it all before it.
    read: String,
    /// The last one that was cleared away, and with it all before it.
    cleared: String,
    /// Others that were dismissed.
    dismissed: Vec<String>,
}

/// How one notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has looked at it.
    New,
    /// It was read.
    Read,
    /// It is not shown any more.
    Dismissed,
}

impl Marks {
    /// How the notifications with these ids stand, which came in this order.
    pub(super) fn standings(&self, ids: &[&str]) -> Vec<Standing> {
        let read = behind(ids, &self.read);
        let cleared = behind(ids, &self.cleared);
        let standing = |(at, id): (usize, &&str)| match () {
            () if at < cleared || self.dismissed.iter().any(|dismissed| dismissed == id) => {
                Standing::Dismissed
            }
            () if at < read => Standing::Read,
            () => Standing::New,
        };
        ids.iter().enumerate().map(standing).collect()
    }

    /// All up to the last of these were read.
    pub(super) fn read(&mut self, ids: &[&str]) {
        if let Some(last) = ids.last() {
            (*last).clone_into(&mut self.read);
        }
    }

    /// All up to the last of these are cleared away.
    pub(super) fn clear(&mut self, ids: &[&str]) {
        self.read(ids);
        self.cleared.clone_from(&self.read);
        self.dismissed.clear();
    }

    /// One of `ids` is dismissed.
    pub(super) fn dismiss(&mut self, id: &str, ids: &[&str]) {
        // What is not there any more need not be remembered.
        self.dismissed.retain(|dismissed| ids.contains(&dismissed.as_str()));
        self.dismissed.push(id.to_owned());
    }
}

/// Where what came after `mark` begins.
fn behind(ids: &[&str], mark: &str) -> usize {
    match ids.iter().rposition(|id| *id == mark) {
        Some(at) => at + 1,
        None => ids.iter().position(|id| !is_before(id, mark)).unwrap_or(ids.len()),
    }
}

/// Whether an id is known to be older than another. Ids of two epochs cannot be compared: then it is taken for newer, so
/// that nothing goes unread.
fn is_before(id: &str, other: &str) -> bool {
    let parts = |id: &str| {
        let (epoch, sequence) = id.rsplit_once('.')?;
        Some((epoch.to_owned(), sequence.parse::<u64>().ok()?))
    };
    match (parts(id), parts(other)) {
        (Some((one, id)), Some((two, other))) => one == two && id <= other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Standing::{Dismissed, New, Read};
    use super::*;

    #[test]
    fn what_came_after_the_last_that_was_read_is_new() {
        let mut marks = Marks::default();
        assert_eq!(marks.standings(&["a.1", "a.2"]), [New, New]);
        marks.read(&["a.1", "a.2"]);
        assert_eq!(marks.standings(&["a.1", "a.2", "a.5"]), [Read, Read, New]);
        assert_eq!(marks.standings(&["a.5"]), [New], "the one that was read is gone");
        assert_eq!(marks.standings(&["a.1"]), [Read]);
    }

    #[test]
    fn marks_of_another_version_are_kept_as_far_as_they_go() {
        let marks: Marks = serde_json::from_str(r#"{"read":"a.2","seen":7}"#).expect("read");
        assert_eq!(marks.standings(&["a.1", "a.2", "a.3"]), [Read, Read, New]);
    }

    #[test]
    fn a_server_that_begins_anew_has_new_ones() {
        let mut marks = Marks::default();
        marks.read(&["a.7"]);
        assert_eq!(marks.standings(&["a.7", "b.1"]), [Read, New]);
        assert_eq!(marks.standings(&["b.1"]), [New]);
        marks.read(&["a.7", "b.1"]);
        assert_eq!(marks.standings(&["a.7", "b.1", "b.2"]), [Read, Read, New]);
    }

    #[test]
    fn what_was_dismissed_stays_away_and_its_ids_do_not_pile_up() {
        let mut marks = Marks::default();
        let ids = ["a.1", "a.2", "a.3"];
        marks.dismiss("a.2", &ids);
        assert_eq!(marks.standings(&ids), [New, Dismissed, New]);
        marks.clear(&ids);
        assert_eq!(marks.standings(&["a.1", "a.2", "a.3", "a.4"]), [Dismissed, Dismissed, Dismissed, New]);
        marks.dismiss("a.4", &["a.4"]);
        marks.dismiss("a.9", &["a.9"]);
        assert_eq!(marks.dismissed, ["a.9"]);
    }
}
