//! Where feeds publish to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use demo_contract::notifications::{
    MAX_BODY_CHARS, MAX_TITLE_CHARS, Notification, Severity, TOPIC as NOTIFICATIONS,
};
use demo_contract::{Notifications, market};
use sse_hub::history::Health;
use sse_hub::{
    EventId, Hub, PublishError, RawEvent, RawTopic, Retention, Topic, TopicError, TopicName, TopicOptions,
};

use super::event::{NewEvent, invalid};
use crate::clock::now_ms;
use crate::market::Desk;
use crate::posted::{Known, Posted};
use crate::problem::Refusal;
use crate::rate::Rate;

/// The most topics that feeds may open.
const MAX_TOPICS: usize = 256;

/// How many ids of a feed's own are remembered for each topic.
const MAX_REMEMBERED: usize = 4_096;

/// What the server publishes to itself begins with one of these.
const RESERVED: [&str; 8] =
    ["assistant", "chat", "classic", "logs", market::TOPIC, NOTIFICATIONS, "server", "sse"];

/// Publishes for feeds. Topics open with their first request.
#[derive(Debug)]
pub(crate) struct Publisher {
    hub: Hub,
    desk: Desk,
    notices: Notices,
    topics: Mutex<HashMap<TopicName, PublishTopic>>,
    rate: Option<Rate<TopicName>>,
}

/// A topic that feeds publish to. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct PublishTopic {
    name: TopicName,
    feed: Arc<Mutex<Feed>>,
}

#[derive(Debug)]
struct Feed {
    sink: Sink,
    posted: Posted,
}

#[derive(Debug)]
enum Sink {
    Market(Desk),
    Notices(Notices),
    Raw(RawTopic),
}

/// An event that was published, and may not be kept yet.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) id: EventId,
    pub(super) duplicate: bool,
}

/// The notifications, for whoever has something to say.
#[derive(Clone, Debug)]
pub(crate) struct Notices(Topic<Notifications>);

impl Publisher {
    pub(crate) fn new(hub: &Hub, desk: Desk, notices: Notices, rate: f64) -> Self {
        Self { hub: hub.clone(), desk, notices, topics: Mutex::default(), rate: Rate::new(rate, 1.0) }
    }

    /// Finds a topic, or opens it.
    pub(super) fn topic(&self, name: &str) -> Result<PublishTopic, Refusal> {
        let name = TopicName::new(name).map_err(|error| Refusal::bad_request(error.to_string()))?;
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = topics.get(&name) {
            return Ok(topic.clone());
        }
        let sink = match name.as_str() {
            NOTIFICATIONS => Sink::Notices(self.notices.clone()),
            market::TOPIC => {
                self.desk.check_published()?;
                Sink::Market(self.desk.clone())
            }
            other if is_reserved(other) => {
                return Err(Refusal::forbidden(format!(
                    "{other:?} is a name that the server keeps for itself"
                )));
            }
            _ if topics.len() >= MAX_TOPICS => {
                let detail = format!("there are {MAX_TOPICS} topics, and no more may be opened");
                return Err(Refusal::unavailable(detail, Duration::from_secs(60)));
            }
            other => Sink::Raw(self.hub.raw_topic(other, TopicOptions::default())?),
        };
        let feed = Feed { sink, posted: Posted::new(MAX_REMEMBERED) };
        let topic = PublishTopic { name: name.clone(), feed: Arc::new(Mutex::new(feed)) };
        topics.insert(name, topic.clone());
        Ok(topic)
    }

    /// Opens what feeds have published to in an earlier life of the server: who listens must find it before the feed
    /// comes back.
    pub(crate) fn restore(&self) {
        for name in self.hub.kept_topics().iter().filter(|name| !is_reserved(name.as_str())) {
            if let Err(error) = self.topic(name.as_str()) {
                tracing::warn!(?error, topic = %name, "not restored");
            }
        }
    }

    /// Refuses while the server shuts down: nobody would be told any more.
    pub(super) fn check_open(&self) -> Result<(), Refusal> {
        match self.hub.is_shutting_down() {
            true => Err(Refusal::unavailable("the server is shutting down", Duration::from_secs(1))),
            false => Ok(()),
        }
    }

    /// Takes a turn of the topic's rate, or says how long to wait for one.
    pub(super) fn take_turn(&self, topic: &PublishTopic) -> Result<(), Duration> {
        self.rate.as_ref().map_or(Ok(()), |rate| rate.take(topic.name.clone()))
    }

    /// Nothing is acknowledged before [`Self::committed`].
    pub(super) fn publish(&self, topic: &PublishTopic, event: NewEvent) -> Result<Taken, Refusal> {
        event.check()?;
        self.check_open()?;
        // Before anybody sees it: what is refused is sent again.
        if let Health::LiveOnly(_) = self.hub.health() {
            return Err(Refusal::unavailable("events cannot be kept at the moment", Duration::from_secs(30)));
        }
        // Held until the id is remembered, so that two requests with the same one do not both find it new.
        let mut feed = topic.feed();
        if let Some(id) = &event.id {
            match feed.posted.look_up(id, event.content()) {
                Known::New => {}
                Known::Taken(id) => return Ok(Taken { id, duplicate: true }),
                Known::Conflict => {
                    let detail = format!("id: another event was published with {id:?}");
                    return Err(Refusal::new(StatusCode::CONFLICT, detail));
                }
            }
        }
        let id = feed.sink.publish(&event)?;
        if let Some(own) = &event.id {
            feed.posted.remember(own, event.content(), id.clone());
        }
        Ok(Taken { id, duplicate: false })
    }

    /// Waits until what was published is kept: only then may the feed be told so.
    pub(super) async fn committed(&self, id: &EventId) -> Result<(), Refusal> {
        Ok(self.hub.committed(id).await?)
    }
}

impl PublishTopic {
    fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    fn publish(&self, event: &NewEvent) -> Result<EventId, Refusal> {
        let (event_type, key, data) = event.content();
        match self {
            Self::Raw(topic) => Ok(topic.publish(RawEvent { event_type, key, data })?),
            Self::Market(desk) => desk.publish(event_type, data),
            Self::Notices(notices) => {
                if !matches!(event.event.as_deref(), None | Some("notification")) {
                    return Err(invalid("event: must be \"notification\", or left out"));
                }
                let notification =
                    serde_json::from_str(data).map_err(|error| invalid(format!("data: {error}")))?;
                notices.publish(notification)
            }
        }
    }
}

impl Notices {
    pub(crate) fn open(hub: &Hub) -> Result<Self, TopicError> {
        // A page that opens shows what has just happened, not what happened last week.
        let retention =
            Retention { events: 50, age: Some(Duration::from_secs(24 * 3_600)), ..Retention::default() };
        hub.topic_with(NOTIFICATIONS, TopicOptions { retention, ..TopicOptions::default() }).map(Self)
    }

    fn publish(&self, notification: Notification) -> Result<EventId, Refusal> {
        check(&notification).map_err(invalid)?;
        Ok(self.tell(notification)?)
    }

    /// Says something on the server's own behalf.
    pub(crate) fn say(&self, title: &str, severity: Severity) {
        let notification = Notification { title: title.to_owned(), body: String::new(), severity, time: 0 };
        if let Err(error) = self.tell(notification) {
            tracing::warn!(%error, "a notification was not published");
        }
    }

    fn tell(&self, notification: Notification) -> Result<EventId, PublishError> {
        let time = if notification.time == 0 { now_ms() } else { notification.time };
        let notification = Notification { time, ..notification };
        self.0.publish(&Notifications::Notification(notification))
    }
}

fn check(notification: &Notification) -> Result<(), String> {
    let is_text = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if notification.title.trim().is_empty() || notification.title.chars().count() > MAX_TITLE_CHARS {
        return Err(format!("data.title: must have 1 to {MAX_TITLE_CHARS} characters"));
    }
    if notification.title.chars().any(char::is_control) {
        return Err("data.title: must not contain line breaks or other control characters".into());
    }
    if notification.body.chars().count() > MAX_BODY_CHARS || !is_text(&notification.body) {
        return Err(format!(
            "data.body: must have at most {MAX_BODY_CHARS} characters, and no control characters"
        ));
    }
    Ok(())
}

fn is_reserved(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    RESERVED.iter().any(|reserved| first.eq_ignore_ascii_case(reserved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_publishes_to_is_reserved_and_nothing_else() {
        for name in ["sse", "sse.x", "SSE.open", "market.ACME", "chat.lobby", "logs", "notifications.x"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["orders", "my.market", "ssehub", "chatter"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
