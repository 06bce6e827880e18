//! What was taken lately, by the ids that its senders gave it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use sse_hub::history::HistoryError;
use sse_hub::{EventId, Hub, PublishError};

use crate::recent::Recent;

/// Remembers so much that what is sent again after a lost answer is not taken twice: whoever repeats something does so
/// within seconds, or when the server is back.
#[derive(Debug)]
pub(crate) struct Dedup(Recent<Remembered>);

#[derive(Debug)]
struct Remembered {
    content: Content,
    event_id: EventId,
}

/// Stands for the content, which may have many kilobytes. The same in every life of the server, and nobody can aim at a
/// clash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content([u8; 16]);

impl Content {
    /// What two messages with the same id must share.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, so that no part can pass for two.
            hash.update(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            hash.update(part.unwrap_or_default());
        }
        let mut content = [0; 16];
        content.copy_from_slice(&hash.finalize()[..16]);
        Self(content)
    }
}

/// Whether what was taken is lost after all: it was shown while the disk was full, and then memory had no place for it.
/// Only if its sender sends it once more will it be kept.
pub(crate) fn is_lost(hub: &Hub, event_id: &EventId) -> bool {
    let answered = hub.committed(event_id).now_or_never();
    matches!(answered, Some(Err(PublishError::History(HistoryError::Lost))))
}

/// A sender's id and what it was sent with, as it is kept beside the event.
pub(crate) fn note(client_id: &str, Content(content): Content) -> String {
    format!("{client_id} {}", URL_SAFE_NO_PAD.encode(content))
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

impl Dedup {
    /// Remembers the last `limit` ids.
    pub(crate) fn new(limit: usize) -> Self {
        Self(Recent::new(limit))
    }

    pub(crate) fn look_up(&self, client_id: &str, content: Content) -> Known {
        match self.0.get(client_id) {
            None => Known::New,
            Some(taken) if taken.content == content => Known::Taken(taken.event_id.clone()),
            Some(_) => Known::Conflict,
        }
    }

    pub(crate) fn remember(&mut self, client_id: &str, content: Content, event_id: EventId) {
        self.0.insert(client_id, Remembered { content, event_id });
    }

    /// Remembers what an earlier life of the server has noted, the oldest first. Whatever is no such note it leaves out.
    pub(crate) fn recall(&mut self, note: &str, event_id: EventId) {
        let Some((client_id, content)) = note.split_once(' ') else { return };
        let content = URL_SAFE_NO_PAD.decode(content).ok().and_then(|content| content.try_into().ok());
        if let Some(content) = content {
            self.remember(client_id, Content(content), event_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use sse_hub::HubOptions;

    use super::*;
    use crate::faulty::{Faults, FaultyHistory};

    fn id(seq: usize) -> EventId {
        EventId::new(format!("e.{seq}")).expect("valid")
    }

    fn text(text: &str) -> Content {
        Content::of([Some(text)])
    }

    #[test]
    fn the_same_id_is_the_same_message_or_a_conflict() {
        let mut dedup = Dedup::new(10);
        assert_eq!(dedup.look_up("1", text("hi")), Known::New);
        dedup.remember("1", text("hi"), id(1));
        assert_eq!(dedup.look_up("1", text("hi")), Known::Taken(id(1)));
        assert_eq!(dedup.look_up("1", text("ho")), Known::Conflict);
    }

    #[test]
    fn content_is_told_apart_part_by_part() {
        let parts = [
            [Some("a"), Some("b"), Some("c")],
            [Some("ab"), Some(""), Some("c")],
            [Some("a"), None, Some("bc")],
            [Some("a"), Some(""), Some("bc")],
        ];
        for (number, one) in parts.iter().enumerate() {
            for (other_number, other) in parts.iter().enumerate() {
                assert_eq!(Content::of(*one) == Content::of(*other), number == other_number);
            }
        }
    }

    #[test]
    fn what_was_noted_is_known_again() {
        let mut dedup = Dedup::new(10);
        dedup.recall(&note("a-1_Z", text("hi")), id(1));
        assert_eq!(dedup.look_up("a-1_Z", text("hi")), Known::Taken(id(1)));
        assert_eq!(dedup.look_up("a-1_Z", text("ho")), Known::Conflict);
        for other in ["", "a", "a b", "a AAAA"] {
            dedup.recall(other, id(2));
            assert_eq!(dedup.look_up("a", text("hi")), Known::New, "{other:?}");
        }
    }

    #[test]
    fn only_so_many_ids_are_remembered() {
        let mut dedup = Dedup::new(100);
        for seq in 0..=100 {
            dedup.remember(&seq.to_string(), text("hi"), id(seq));
        }
        assert_eq!(dedup.look_up("0", text("hi")), Known::New);
        assert_ne!(dedup.look_up("1", text("hi")), Known::New);
    }

    #[test]
    fn what_is_lost_is_not_taken_for_a_repetition() {
        let faults = Faults::default();
        let hub = Hub::with_history(HubOptions::default(), FaultyHistory::new(&faults));
        faults.lose(2);
        assert_eq!([1, 2, 3].map(|seq| is_lost(&hub, &id(seq))), [false, true, false]);
    }
}
