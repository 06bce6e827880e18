use std::time::Duration;

use demo_contract::Chat;
use demo_contract::chat::{Message, NewMessage, topic};
use sse_hub::history::HistoryError;
use sse_hub::{
    Abandoned, EventId, Hub, Presence, PublishError, Replay, Retention, SnapshotError, Superseded, Topic,
    TopicError, TopicOptions,
};
use tokio::sync::watch;
use tokio::time::Instant;

use super::validate::RoomName;
use crate::clock::now_ms;
use crate::dedup::{self, Content, Dedup, Known};
use crate::health::cannot_keep;
use crate::kept;
use crate::presence::to_contract;
use crate::problem::Refusal;
use crate::task::Task;

/// How many messages a room keeps for those who come.
const KEPT: usize = 200;

/// How many ids of messages a room remembers; over a restart too, if the history is in a file.
const MAX_REMEMBERED: usize = 1_024;

/// How often changes of presence are told at most.
const PRESENCE_INTERVAL: Duration = Duration::from_millis(200);

/// One chat room.
#[derive(Debug)]
pub(crate) struct Room {
    topic: Topic<Chat>,
    dedup: Dedup,
    last_message: Option<Instant>,
    /// Whether it remembers what was said in an earlier life of the server.
    is_recalled: bool,
    _presence: Task,
}

/// What was said in a room in an earlier life of the server.
#[derive(Debug)]
pub(super) struct Past {
    events: Vec<(EventId, Chat)>,
    notes: Vec<(EventId, String)>,
}

impl Past {
    /// Reads it from the history, in which the room must be open.
    pub(super) async fn read(hub: &Hub, name: &RoomName) -> Result<Self, SnapshotError> {
        let topic = topic(name.as_str());
        let events = kept::known_events(hub, &topic).await?;
        // After the events: without its file the history gives those that are in memory, and no notes.
        let notes = hub.kept_notes(&topic).await?;
        Ok(Self { events, notes })
    }
}

impl Room {
    pub(super) fn open(hub: &Hub, name: &RoomName) -> Result<Self, TopicError> {
        let options = TopicOptions {
            replay: Replay::All,
            // Who was there a minute ago is of no interest, and must not push messages out.
            superseded: Superseded::Drop,
            retention: Retention { events: KEPT, bytes: 2 * 1024 * 1024, age: None, keys: 1 },
            // Rooms are opened again with the server; only people keep one.
            abandoned: Abandoned::Unused,
            ..TopicOptions::default()
        };
        let topic = hub.topic_with(&topic(name.as_str()), options)?;
        // Followed from here on, before anybody is let in, so that the first to come is told of.
        let changes = hub.presence_changes(topic.name().as_str());
        let presence = Task::spawn(tell_presence(changes, topic.clone()));
        let dedup = Dedup::new(MAX_REMEMBERED);
        Ok(Self { topic, dedup, last_message: None, is_recalled: true, _presence: presence })
    }

    /// Opens one that an earlier life of the server has left. Nothing may be said in it before [`Self::recall`].
    pub(super) fn reopen(hub: &Hub, name: &RoomName) -> Result<Self, TopicError> {
        Ok(Self { is_recalled: false, ..Self::open(hub, name)? })
    }

    pub(super) fn is_recalled(&self) -> bool {
        self.is_recalled
    }

    /// Remembers what was said in an earlier life of the server, unless it does so already.
    pub(super) fn recall(&mut self, past: Past) {
        if std::mem::replace(&mut self.is_recalled, true) {
            return;
        }
        for (id, note) in past.notes {
            self.dedup.recall(&note, id);
        }
        for (id, event) in past.events {
            if let Chat::Message(Message { client_id, author, text, time }) = event {
                let ago = Duration::from_millis(now_ms().saturating_sub(time));
                let said = Instant::now().checked_sub(ago).unwrap_or_else(Instant::now);
                self.last_message = self.last_message.max(Some(said));
                // Known already, unless an earlier version of the server took it.
                self.dedup.remember(&client_id, content(&author, &text), id);
            }
        }
    }

    /// When somebody last said something, if anybody ever did.
    pub(super) fn last_message(&self) -> Option<Instant> {
        self.last_message
    }

    pub(super) fn say(&mut self, hub: &Hub, message: NewMessage) -> Result<Said, Refusal> {
        // It may have been said before.
        if !self.is_recalled {
            return Err(cannot_keep("messages"));
        }
        let content = content(&message.author, &message.text);
        match self.dedup.look_up(&message.client_id, content) {
            Known::Taken(id) if !dedup::is_lost(hub, &id) => {
                return Ok(Said { hub: hub.clone(), id });
            }
            Known::Conflict => {
                return Err(Refusal::conflict("client_id: another message was sent with this id"));
            }
            Known::New | Known::Taken(_) => {}
        }
        let NewMessage { client_id, author, text } = message;
        let note = dedup::note(&client_id, content);
        let said = Chat::Message(Message { client_id: client_id.clone(), author, text, time: now_ms() });
        let id = self.topic.publish_with_note(None, &said, Some(&note)).map_err(refuse)?;
        self.dedup.remember(&client_id, content, id.clone());
        self.last_message = Some(Instant::now());
        Ok(Said { hub: hub.clone(), id })
    }
}

/// What two messages with the same id must share.
fn content(author: &str, text: &str) -> Content {
    Content::of([Some(author), Some(text)])
}

/// A message that was said, and may not be kept yet.
#[derive(Debug)]
pub(super) struct Said {
    hub: Hub,
    id: EventId,
}

impl Said {
    /// Waits until it is kept: only then may its sender be told so. For a message that is sent again, too.
    pub(super) async fn kept(self) -> Result<EventId, Refusal> {
        self.hub.committed(&self.id).await.map_err(refuse)?;
        Ok(self.id)
    }
}

fn refuse(error: PublishError) -> Refusal {
    let wait = match &error {
        PublishError::History(HistoryError::Busy { .. } | HistoryError::Closed | HistoryError::Lost) => {
            Duration::from_secs(1)
        }
        PublishError::History(HistoryError::LiveOnly(_) | HistoryError::ReadOnly(_)) => {
            Duration::from_secs(30)
        }
        _ => {
            let reason = format_args!("a message was not published: {error}");
            return Refusal::internal("the message could not be published", reason);
        }
    };
    Refusal::unavailable("messages cannot be kept at the moment", wait)
        .because(format_args!("a message was not kept: {error}"))
}

/// Publishes who is there whenever that changes.
async fn tell_presence(changes: Option<watch::Receiver<Presence>>, topic: Topic<Chat>) {
    let Some(mut changes) = changes else { return };
    while changes.changed().await.is_ok() {
        let presence = to_contract(changes.borrow_and_update().clone());
        if let Err(error) = topic.publish_keyed("presence", &Chat::Presence(presence)) {
            tracing::debug!(%error, topic = %topic.name(), "presence was not told");
        }
        // A crowd that comes together is told of once, not one by one.
        tokio::time::sleep(PRESENCE_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use sse_hub::history::redb::{RedbHistory, RedbOptions};
    use sse_hub::{HubOptions, RawEvent};

    use super::*;

    #[tokio::test]
    async fn a_room_is_recalled_although_another_version_has_left_something_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let hub = || {
            let history = RedbHistory::open(folder.path(), RedbOptions::default()).expect("opened");
            Hub::with_history(HubOptions::default(), history)
        };
        let earlier = hub();
        let topic = earlier.raw_topic("chat.lobby", TopicOptions::default()).expect("opened");
        let message = format!(r#"{{"client_id":"a","author":"Ann","text":"Hello","time":{}}}"#, now_ms());
        for (event_type, data) in [("reaction", "{}"), ("message", "{}"), ("message", &message)] {
            topic.publish(RawEvent { event_type, key: None, data }).expect("published");
        }
        earlier.close().await.expect("closed");
        drop((topic, earlier));

        let hub = hub();
        let name = RoomName::new("lobby").expect("a name");
        let mut room = Room::reopen(&hub, &name).expect("opened");
        room.recall(Past::read(&hub, &name).await.expect("read"));
        assert!(room.last_message().is_some(), "what was said lately keeps the room");
    }
}
