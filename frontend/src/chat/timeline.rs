//! What was said in a room, as this page knows it: each message once, in the server's order, and not without
//! bound.
//!
//! A stream that comes back after a break replays messages that are here already, and a server that lost its
//! history numbers anew, so event ids cannot tell old from new. The sender's own id of a message can.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use demo_contract::chat::Message;

/// How many messages are kept.
pub(super) const CAPACITY: usize = 500;

/// Messages of one person that are closer than this stand under one name.
const GROUP_MILLIS: u64 = 5 * 60 * 1000;

/// The messages of a room.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    entries: VecDeque<Arc<Entry>>,
    /// The client ids of those that were dropped last, as many as are kept: a replay may reach back to them, and what was
    /// dropped must not come back as the newest.
    dropped_ids: VecDeque<String>,
    /// The client ids of both.
    known: HashSet<String>,
    capacity: usize,
    appended: u64,
    /// The next message comes after a break in which others may have been lost.
    gap: bool,
}

/// One message, and how it stands among the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Counts the messages of the timeline: a key for a list.
    pub(super) serial: u64,
    /// The message.
    pub(super) message: Message,
    /// Whether it begins a group, and so shows who wrote it and when.
    pub(super) is_head: bool,
    /// Whether messages may have been lost before it.
    pub(super) after_gap: bool,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Timeline {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            dropped_ids: VecDeque::new(),
            known: HashSet::new(),
            capacity,
            appended: 0,
            gap: false,
        }
    }

    /// Takes in a message. Returns whether it is new.
    pub(super) fn push(&mut self, message: &Message) -> bool {
        if self.contains(&message.client_id) {
            return false;
        }
        if self.entries.len() >= self.capacity {
            self.drop_oldest();
        }
        let after_gap = std::mem::take(&mut self.gap);
        let is_head = after_gap || !self.continues(&message.client_id, &message.author, message.time);
        self.known.insert(message.client_id.clone());
        self.entries.push_back(Arc::new(Entry {
            serial: self.appended,
            message: message.clone(),
            is_head,
            after_gap,
        }));
        self.appended += 1;
        true
    }

    /// Events were lost here.
    pub(super) fn mark_gap(&mut self) {
        // Nobody misses what came before the first message.
        self.gap = !self.entries.is_empty();
    }

    /// The messages, oldest first.
    #[must_use]
    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        self.entries.iter().cloned().collect()
    }

    /// Whether a message is here, or was not long ago.
    #[must_use]
    pub(super) fn contains(&self, client_id: &str) -> bool {
        self.known.contains(client_id)
    }

    /// Whether a message by `author` at `time` would stand in the group of the last one.
    #[must_use]
    pub(super) fn continues(&self, client_id: &str, author: &str, time: u64) -> bool {
        self.entries.back().is_some_and(|last| {
            last.author == author
                && sender(&last.client_id) == sender(client_id)
                && time.abs_diff(last.time) < GROUP_MILLIS
        })
    }

    /// How many messages were ever added. The difference of two counts is what came in between.
    #[must_use]
    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    /// How many messages are no longer kept.
    #[must_use]
    pub(super) fn dropped(&self) -> u64 {
        self.appended - self.entries.len() as u64
    }

    fn drop_oldest(&mut self) {
        if let Some(dropped) = self.entries.pop_front() {
            self.dropped_ids.push_back(dropped.message.client_id.clone());
        }
        if self.dropped_ids.len() > self.capacity
            && let Some(forgotten) = self.dropped_ids.pop_front()
        {
            self.known.remove(&forgotten);
        }
        // The first one shown must say who wrote it.
        if let Some(oldest) = self.entries.front_mut().filter(|oldest| !oldest.is_head) {
            Arc::make_mut(oldest).is_head = true;
        }
    }
}

impl std::ops::Deref for Entry {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// Who sent a message, as far as its id says: two people may go by one name.
fn sender(client_id: &str) -> &str {
    client_id.rsplit_once('-').map_or("", |(sender, _)| sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(client_id: &str, author: &str, time: u64) -> Message {
        Message { client_id: client_id.into(), author: author.into(), text: client_id.into(), time }
    }

    fn timeline(capacity: usize, messages: &[Message]) -> Timeline {
        let mut timeline = Timeline::with_capacity(capacity);
        for message in messages {
            timeline.push(message);
        }
        timeline
    }

    fn ids(timeline: &Timeline) -> Vec<String> {
        timeline.entries().iter().map(|entry| entry.client_id.clone()).collect()
    }

    #[test]
    fn a_replay_brings_nothing_twice() {
        let said = [message("a-1", "Ann", 1), message("b-1", "Bob", 2)];
        let mut timeline = timeline(10, &said);
        assert!(!timeline.push(&said[0]));
        assert!(timeline.push(&message("a-2", "Ann", 3)));
        assert_eq!(ids(&timeline), ["a-1", "b-1", "a-2"]);
    }

    #[test]
    fn the_oldest_are_dropped_and_counted_and_do_not_come_back() {
        let said: Vec<_> = (0..5).map(|n| message(&format!("a-{n}"), "Ann", n)).collect();
        let mut timeline = timeline(3, &said);
        assert_eq!((ids(&timeline), timeline.dropped()), (vec!["a-2".into(), "a-3".into(), "a-4".into()], 2));
        assert!(!timeline.push(&said[0]));
        assert_eq!(timeline.dropped(), 2);
    }

    #[test]
    fn a_message_is_new_whatever_the_servers_clock_says() {
        let mut timeline = timeline(2, &[message("a-1", "Ann", 10), message("a-2", "Ann", 11)]);
        assert!(timeline.push(&message("a-3", "Ann", 5)));
        assert_eq!(ids(&timeline), ["a-2", "a-3"]);
    }

    #[test]
    fn what_is_known_of_dropped_messages_has_a_bound() {
        let said: Vec<_> = (0..100).map(|n| message(&format!("a-{n}"), "Ann", n)).collect();
        assert_eq!(timeline(3, &said).known.len(), 6);
    }

    #[test]
    fn messages_of_one_person_in_a_row_are_one_group() {
        let heads = |said: &[Message]| -> Vec<bool> {
            timeline(10, said).entries().iter().map(|entry| entry.is_head).collect()
        };
        assert_eq!(heads(&[message("a-1", "Ann", 0), message("a-2", "Ann", 1)]), [true, false]);
        assert_eq!(heads(&[message("a-1", "Ann", 0), message("b-1", "Bob", 1)]), [true, true]);
        assert_eq!(heads(&[message("a-1", "Ann", 0), message("a-2", "Ann", GROUP_MILLIS)]), [true, true]);
        // Two people who go by one name.
        assert_eq!(heads(&[message("a-1", "Ann", 0), message("b-1", "Ann", 1)]), [true, true]);
    }

    #[test]
    fn the_first_one_shown_says_who_wrote_it() {
        let said: Vec<_> = (0..4).map(|n| message(&format!("a-{n}"), "Ann", n)).collect();
        assert!(timeline(2, &said).entries()[0].is_head);
    }

    #[test]
    fn a_gap_is_shown_before_the_next_message_once() {
        let mut timeline = timeline(10, &[message("a-1", "Ann", 1)]);
        timeline.mark_gap();
        timeline.push(&message("a-1", "Ann", 1));
        timeline.push(&message("a-2", "Ann", 2));
        timeline.push(&message("a-3", "Ann", 3));
        let gaps: Vec<_> = timeline.entries().iter().map(|entry| entry.after_gap).collect();
        assert_eq!(gaps, [false, true, false]);
    }

    #[test]
    fn an_empty_room_has_no_gap() {
        let mut timeline = Timeline::default();
        timeline.mark_gap();
        timeline.push(&message("a-1", "Ann", 1));
        assert!(!timeline.entries()[0].after_gap);
    }
}
