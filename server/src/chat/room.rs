use std::time::Duration;

use axum::http::StatusCode;
use demo_contract::Chat;
use demo_contract::chat::{Message, NewMessage, Posted, topic};
use sse_hub::{Hub, Presence, PublishError, Replay, Retention, Superseded, Topic, TopicError, TopicOptions};
use tokio::sync::watch;
use tokio::time::Instant;

use super::posted::{Known, PostedMessages};
use super::validate::RoomName;
use crate::clock::now_ms;
use crate::presence::to_contract;
use crate::problem::Refusal;
use crate::task::Task;

/// How many messages a room keeps for those who come.
const KEPT: usize = 200;

/// How often changes of presence are told at most.
const PRESENCE_INTERVAL: Duration = Duration::from_millis(200);

/// One chat room.
#[derive(Debug)]
pub(crate) struct Room {
    topic: Topic<Chat>,
    posted: PostedMessages,
    last_message: Option<Instant>,
    _presence: Task,
}

impl Room {
    pub(super) fn open(hub: &Hub, name: &RoomName) -> Result<Self, TopicError> {
        let options = TopicOptions {
            replay: Replay::All,
            // Who was there a minute ago is of no interest, and must not push messages out.
            superseded: Superseded::Drop,
            retention: Retention { events: KEPT, bytes: 2 * 1024 * 1024, age: None, keys: 1 },
        };
        let topic = hub.topic_with(&topic(name.as_str()), options)?;
        // Followed from here on, before anybody is let in, so that the first to come is told of.
        let changes = hub.presence_changes(topic.name().as_str());
        let presence = Task::spawn(tell_presence(changes, topic.clone()));
        Ok(Self { topic, posted: PostedMessages::default(), last_message: None, _presence: presence })
    }

    /// When somebody last said something, if anybody ever did.
    pub(super) fn last_message(&self) -> Option<Instant> {
        self.last_message
    }

    pub(super) fn say(&mut self, message: NewMessage) -> Result<Posted, Refusal> {
        match self.posted.look_up(&message) {
            Known::Said(id) => return Ok(Posted { id }),
            Known::Conflict => {
                let detail = "client_id: another message was sent with this id";
                return Err(Refusal::new(StatusCode::CONFLICT, detail));
            }
            Known::New => {}
        }
        let NewMessage { client_id, author, text } = message.clone();
        let said = Chat::Message(Message { client_id, author, text, time: now_ms() });
        let id = self.topic.publish(&said).map_err(refuse)?.into_string();
        self.posted.remember(&message, id.clone());
        self.last_message = Some(Instant::now());
        Ok(Posted { id })
    }
}

fn refuse(error: PublishError) -> Refusal {
    tracing::error!(%error, "a message was not published");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the message could not be published")
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
