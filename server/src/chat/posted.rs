use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use demo_contract::chat::NewMessage;
use sse_hub::EventId;

/// How many ids of clients are remembered: whoever repeats a message does so within seconds.
const MAX_REMEMBERED: usize = 1_024;

/// What was said lately, by the ids that its senders gave it, so that a message which is sent again after a lost
/// answer is not said twice.
#[derive(Debug, Default)]
pub(super) struct PostedMessages {
    by_client_id: HashMap<String, Remembered>,
    oldest_first: VecDeque<String>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Remembered {
    /// Stands for author and text, which may have 8 kB. Keyed by the system's chance, so nobody can aim at a clash.
    content: u64,
    event_id: EventId,
}

/// What is known of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    New,
    /// It was said before, under this event id.
    Said(EventId),
    /// Something else was said with its id.
    Conflict,
}

impl PostedMessages {
    pub(super) fn look_up(&self, message: &NewMessage) -> Known {
        match self.by_client_id.get(&message.client_id) {
            None => Known::New,
            Some(said) if said.content == self.content(message) => Known::Said(said.event_id.clone()),
            Some(_) => Known::Conflict,
        }
    }

    pub(super) fn remember(&mut self, message: &NewMessage, event_id: EventId) {
        if self.oldest_first.len() >= MAX_REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_client_id.remove(&oldest);
        }
        let remembered = Remembered { content: self.content(message), event_id };
        self.oldest_first.push_back(message.client_id.clone());
        self.by_client_id.insert(message.client_id.clone(), remembered);
    }

    fn content(&self, message: &NewMessage) -> u64 {
        self.hasher.hash_one((&message.author, &message.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seq: usize) -> EventId {
        EventId::new(format!("e.{seq}")).expect("valid")
    }

    fn message(client_id: usize, text: &str) -> NewMessage {
        NewMessage { client_id: client_id.to_string(), author: "Ann".into(), text: text.into() }
    }

    #[test]
    fn the_same_id_is_the_same_message_or_a_conflict() {
        let mut posted = PostedMessages::default();
        assert_eq!(posted.look_up(&message(1, "hi")), Known::New);
        posted.remember(&message(1, "hi"), id(1));
        assert_eq!(posted.look_up(&message(1, "hi")), Known::Said(id(1)));
        assert_eq!(posted.look_up(&message(1, "ho")), Known::Conflict);
    }

    #[test]
    fn only_so_many_ids_are_remembered() {
        let mut posted = PostedMessages::default();
        for id in 0..=MAX_REMEMBERED {
            posted.remember(&message(id, "hi"), self::id(id));
        }
        assert_eq!(posted.look_up(&message(0, "hi")), Known::New);
        assert_ne!(posted.look_up(&message(1, "hi")), Known::New);
        assert_eq!((posted.by_client_id.len(), posted.oldest_first.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
    }
}
