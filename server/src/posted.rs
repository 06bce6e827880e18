//! What was taken lately, by the ids that its senders gave it.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};

use sse_hub::EventId;

/// Remembers so much that what is sent again after a lost answer is not taken twice: whoever repeats something does so
/// within seconds.
#[derive(Debug)]
pub(crate) struct Posted {
    by_client_id: HashMap<String, Remembered>,
    oldest_first: VecDeque<String>,
    limit: usize,
    hasher: RandomState,
}

#[derive(Debug)]
struct Remembered {
    /// Stands for the content, which may have many kilobytes. Keyed by the system's chance, so nobody can aim at a
    /// clash.
    content: u64,
    event_id: EventId,
}

/// What is known of something that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    New,
    /// It was taken before, under this event id.
    Taken(EventId),
    /// Something else was taken with its id.
    Conflict,
}

impl Posted {
    /// Remembers the last `limit` ids.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            by_client_id: HashMap::new(),
            oldest_first: VecDeque::new(),
            limit,
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn look_up(&self, client_id: &str, content: impl Hash) -> Known {
        match self.by_client_id.get(client_id) {
            None => Known::New,
            Some(taken) if taken.content == self.hasher.hash_one(content) => {
                Known::Taken(taken.event_id.clone())
            }
            Some(_) => Known::Conflict,
        }
    }

    pub(crate) fn remember(&mut self, client_id: &str, content: impl Hash, event_id: EventId) {
        if self.oldest_first.len() >= self.limit
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_client_id.remove(&oldest);
        }
        let remembered = Remembered { content: self.hasher.hash_one(content), event_id };
        self.oldest_first.push_back(client_id.to_owned());
        self.by_client_id.insert(client_id.to_owned(), remembered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seq: usize) -> EventId {
        EventId::new(format!("e.{seq}")).expect("valid")
    }

    #[test]
    fn the_same_id_is_the_same_message_or_a_conflict() {
        let mut posted = Posted::new(10);
        assert_eq!(posted.look_up("1", "hi"), Known::New);
        posted.remember("1", "hi", id(1));
        assert_eq!(posted.look_up("1", "hi"), Known::Taken(id(1)));
        assert_eq!(posted.look_up("1", "ho"), Known::Conflict);
    }

    #[test]
    fn only_so_many_ids_are_remembered() {
        let mut posted = Posted::new(100);
        for seq in 0..=100 {
            posted.remember(&seq.to_string(), "hi", id(seq));
        }
        assert_eq!(posted.look_up("0", "hi"), Known::New);
        assert_ne!(posted.look_up("1", "hi"), Known::New);
        assert_eq!((posted.by_client_id.len(), posted.oldest_first.len()), (100, 100));
    }
}
