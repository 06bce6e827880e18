//! Where feeds publish to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use demo_contract::notifications::{
    MAX_BODY_CHARS, MAX_TITLE_CHARS, Notification, Severity, TOPIC as NOTIFICATIONS,
};
use demo_contract::{Notifications, market};
use sse_hub::{
    Abandoned, EventId, Hub, PublishError, RawEvent, RawTopic, Retention, SnapshotError, Topic, TopicError,
    TopicName, TopicOptions,
};
use sse_proto::Cursor;
use tokio::time::Instant;

use super::event::NewEvent;
use crate::clock::now_ms;
use crate::dedup::{self, Dedup, Known};
use crate::health::{cannot_keep, check_open, check_takes};
use crate::json;
use crate::market::Desk;
use crate::problem::Refusal;
use crate::rate::Rate;
use crate::task::lock;

/// The most topics of feeds at a time. When there are too many, the one that has been idle the longest makes place for
/// another, if it has been so for long enough and nobody reads it: feeds may name their topics by time.
pub(crate) const MAX_TOPICS: usize = 256;

/// How long a topic is kept after its last event, although nobody reads it and another wants its place: its readers may
/// be on the way back, and its feed was told that the event was taken.
const KEPT_FOR: Duration = Duration::from_secs(3_600);

/// How long one is kept that an earlier life of the server left: nobody knows how long it was idle, and its readers and
/// its feed come back at once.
const RESTORED_FOR: Duration = Duration::from_secs(60);

/// How many ids of a feed's own are remembered for each topic; over a restart too, if the history is in a file.
pub(crate) const MAX_REMEMBERED: usize = 4_096;

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
    /// Those that make place for no other, whether or not anybody uses them.
    named: Vec<TopicName>,
    rate: Rate<TopicName>,
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
    dedup: Dedup,
    /// Whether that holds what an earlier life of the server took.
    is_recalled: bool,
    /// When the last event was published, or before that, when it was opened.
    used: Instant,
    /// For how long it is kept after that.
    kept_for: Duration,
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
        let (topics, named, rate) = (Mutex::default(), Vec::new(), Rate::new(rate, 1.0));
        Self { hub: hub.clone(), desk, notices, topics, named, rate }
    }

    /// Finds a topic, or opens it.
    pub(super) fn topic(&self, name: &str) -> Result<PublishTopic, Refusal> {
        let name = TopicName::new(name).map_err(|error| Refusal::bad_request(error.to_string()))?;
        let mut topics = self.topics();
        if let Some(topic) = topics.get(&name) {
            return Ok(topic.clone());
        }
        let is_full = topics.len() >= MAX_TOPICS;
        if is_full && !is_reserved(name.as_str()) && self.removable(&topics).is_empty() {
            let detail = format!("there are {MAX_TOPICS} topics, and all of them are in use");
            return Err(Refusal::unavailable(detail, Duration::from_secs(60)));
        }
        let topic = self.open(&name, KEPT_FOR)?;
        // Only now that the new one is open.
        if is_full {
            self.make_place(&mut topics);
        }
        topics.insert(name, topic.clone());
        Ok(topic)
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<TopicName, PublishTopic>> {
        lock(&self.topics)
    }

    fn open(&self, name: &TopicName, kept_for: Duration) -> Result<PublishTopic, Refusal> {
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
            // Opened again with the server; only its feed, or who reads it, keeps one.
            other => Sink::Raw(self.hub.raw_topic(
                other,
                TopicOptions { abandoned: Abandoned::Unused, ..TopicOptions::default() },
            )?),
        };
        let dedup = Dedup::new(MAX_REMEMBERED);
        let feed = Feed { sink, dedup, is_recalled: false, used: Instant::now(), kept_for };
        Ok(PublishTopic { name: name.clone(), feed: Arc::new(Mutex::new(feed)) })
    }

    /// The topics that may go. The one that has been idle the longest comes first.
    fn removable(&self, topics: &HashMap<TopicName, PublishTopic>) -> Vec<TopicName> {
        let idle = topics.values().filter_map(|topic| Some((topic.idle_since()?, &topic.name)));
        let mut removable: Vec<_> = idle
            .filter(|(_, name)| {
                !self.named.contains(name)
                    && self.hub.presence(name.as_str()).is_none_or(|presence| presence.count == 0)
            })
            .collect();
        removable.sort_unstable();
        removable.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// Clears away as many as must go for another, of those that may.
    fn make_place(&self, topics: &mut HashMap<TopicName, PublishTopic>) {
        for name in self.removable(topics) {
            if topics.len() >= MAX_TOPICS && self.hub.remove_idle(name.as_str()) {
                topics.remove(&name);
            }
        }
    }

    /// Opens the topics of `named`, which stay, and what feeds have published to in an earlier life of the server, and
    /// remembers under which ids: who listens must find it before the feed comes back, and a feed that does may send
    /// again what it has sent before. So what was kept is opened although there may be too many with those of `named`,
    /// in the order of its last events, so that what was used the longest ago goes first.
    pub(crate) async fn restore(&mut self, named: &[TopicName]) {
        self.named = named.to_vec();
        let mut names = self.hub.kept_topics();
        names.retain(|name| !is_reserved(name.as_str()));
        let own = [NOTIFICATIONS, market::TOPIC].map(TopicName::new).into_iter().flatten();
        for name in named.iter().cloned().chain(names).chain(own) {
            // The market may have another feed, and what is named be kept too.
            if name.as_str() == market::TOPIC && self.desk.check_published().is_err()
                || self.topics().contains_key(&name)
            {
                continue;
            }
            let topic = match self.open(&name, RESTORED_FOR) {
                Ok(topic) => topic,
                Err(refusal) => {
                    tracing::warn!(?refusal, topic = %name, "not restored");
                    continue;
                }
            };
            if let Err(error) = self.try_recall(&topic).await {
                tracing::warn!(%error, topic = %name, "not recalled yet");
            }
            self.topics().insert(name, topic);
        }
    }

    /// Has a topic remember under which ids an earlier life of the server took its events. A disk that was full at the
    /// start may have kept it from that. Nothing may be published on it before: it might be taken twice.
    pub(super) async fn recall(&self, topic: &PublishTopic) -> Result<(), Refusal> {
        self.try_recall(topic).await.map_err(|error| {
            cannot_keep("events").because(format_args!("topic {} was not recalled: {error}", topic.name))
        })
    }

    async fn try_recall(&self, topic: &PublishTopic) -> Result<(), SnapshotError> {
        let kept_in: Vec<_> = {
            let feed = topic.feed();
            match &feed.sink {
                _ if feed.is_recalled => return Ok(()),
                Sink::Market(desk) => desk.topics().cloned().collect(),
                Sink::Notices(_) | Sink::Raw(_) => vec![topic.name.clone()],
            }
        };
        let mut notes = Vec::new();
        for name in kept_in {
            notes.extend(self.hub.kept_notes(name.as_str()).await?);
        }
        // One feed's events may be on several topics.
        notes.sort_by_key(|(id, _)| id.as_str().parse::<Cursor>().map_or(0, |cursor| cursor.seq));
        let mut feed = topic.feed();
        // Another request may have done so meanwhile, and published since.
        if !std::mem::replace(&mut feed.is_recalled, true) {
            notes.into_iter().for_each(|(id, note)| feed.dedup.recall(&note, id));
        }
        Ok(())
    }

    /// Refuses while the server shuts down.
    pub(super) fn check_open(&self) -> Result<(), Refusal> {
        check_open(&self.hub)
    }

    /// Takes a turn of the topic's rate, or says how long to wait for one.
    pub(super) fn take_turn(&self, topic: &PublishTopic) -> Result<(), Duration> {
        self.rate.take(topic.name.clone())
    }

    /// Nothing is acknowledged before [`Self::committed`].
    pub(super) fn publish(&self, topic: &PublishTopic, event: NewEvent) -> Result<Taken, Refusal> {
        event.check()?;
        // Before anybody sees it: what is refused is sent again.
        check_takes(&self.hub, "events")?;
        // Held until the id is remembered, so that two requests with the same one do not both find it new.
        let mut feed = topic.feed();
        let Some(own) = &event.id else {
            return Ok(Taken { id: feed.publish(&event, None)?, duplicate: false });
        };
        // It may have been taken before.
        if !feed.is_recalled {
            return Err(cannot_keep("events"));
        }
        let content = event.content();
        match feed.dedup.look_up(own, content) {
            Known::New => {}
            Known::Taken(id) if dedup::is_lost(&self.hub, &id) => {}
            Known::Taken(id) => return Ok(Taken { id, duplicate: true }),
            Known::Conflict => {
                return Err(Refusal::conflict(format!("id: another event was published with {own:?}")));
            }
        }
        let id = feed.publish(&event, Some(&dedup::note(own, content)))?;
        feed.dedup.remember(own, content, id.clone());
        Ok(Taken { id, duplicate: false })
    }

    /// Waits until what was published is kept: only then may the feed be told so.
    pub(super) async fn committed(&self, id: &EventId) -> Result<(), Refusal> {
        Ok(self.hub.committed(id).await?)
    }
}

impl PublishTopic {
    fn feed(&self) -> MutexGuard<'_, Feed> {
        lock(&self.feed)
    }

    /// Since when nothing is published on it, if it is a feed's own and that is long enough. To be called under the
    /// lock of the topics: whoever publishes to it got it there.
    fn idle_since(&self) -> Option<Instant> {
        let is_held = Arc::strong_count(&self.feed) > 1;
        let feed = (!is_held).then(|| self.feed())?;
        (matches!(feed.sink, Sink::Raw(_)) && feed.used.elapsed() >= feed.kept_for).then_some(feed.used)
    }
}

impl Feed {
    /// A note is kept with the event.
    fn publish(&mut self, event: &NewEvent, note: Option<&str>) -> Result<EventId, Refusal> {
        let id = self.sink.publish(event, note)?;
        (self.used, self.kept_for) = (Instant::now(), KEPT_FOR);
        Ok(id)
    }
}

impl Sink {
    /// A note is kept with the event.
    fn publish(&self, event: &NewEvent, note: Option<&str>) -> Result<EventId, Refusal> {
        let (event_type, key, data) = event.parts();
        match self {
            Self::Raw(topic) => Ok(topic.publish_with_note(RawEvent { event_type, key, data }, note)?),
            Self::Market(desk) => desk.publish(event_type, data, note),
            Self::Notices(notices) => {
                if !matches!(event.event.as_deref(), None | Some("notification")) {
                    return Err(Refusal::invalid("event: must be \"notification\", or left out"));
                }
                notices.publish(json::object_at("data", data)?, note)
            }
        }
    }
}

impl Notices {
    pub(crate) fn open(hub: &Hub) -> Result<Self, TopicError> {
        // A page that opens shows what has just happened, or what happened last, not all that happened last week.
        let retention =
            Retention { events: 50, age: Some(Duration::from_secs(24 * 3_600)), ..Retention::default() };
        hub.topic_with(NOTIFICATIONS, TopicOptions { retention, ..TopicOptions::default() }).map(Self)
    }

    fn publish(&self, notification: Notification, note: Option<&str>) -> Result<EventId, Refusal> {
        check(&notification).map_err(Refusal::invalid)?;
        Ok(self.tell(notification, note)?)
    }

    /// Says something on the server's own behalf.
    pub(crate) fn say(&self, title: &str, severity: Severity) {
        let notification = Notification { title: title.to_owned(), body: String::new(), severity, time: 0 };
        if let Err(error) = self.tell(notification, None) {
            tracing::warn!(%error, "a notification was not published");
        }
    }

    fn tell(&self, notification: Notification, note: Option<&str>) -> Result<EventId, PublishError> {
        let time = if notification.time == 0 { now_ms() } else { notification.time };
        let notification = Notification { time, ..notification };
        self.0.publish_with_note(None, &Notifications::Notification(notification), note)
    }
}

fn check(notification: &Notification) -> Result<(), String> {
    // What is read of a newer server's cannot be said.
    if notification.severity == Severity::Other {
        return Err("data: severity: must be info, success, warning or error".into());
    }
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

/// Whether the server publishes to topics of such a name itself.
pub(crate) fn is_reserved(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    RESERVED.iter().any(|reserved| first.eq_ignore_ascii_case(reserved))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use demo_contract::Market;
    use sse_hub::history::redb::{RedbHistory, RedbOptions};
    use sse_hub::{HubOptions, Subscribe};

    use super::*;
    use crate::config::{Config, FeedConfig, MarketFeed};
    use crate::faulty::{Faults, FaultyHistory};
    use crate::market::Exchange;

    #[tokio::test]
    async fn a_trade_that_is_refused_half_way_counts_once_however_often_it_is_sent() {
        let faults = Faults::default();
        let hub = Hub::with_history(HubOptions::default(), FaultyHistory::new(&faults));
        let feeds = FeedConfig { market_feed: MarketFeed::Published, ..FeedConfig::default() };
        let notices = Notices::open(&hub).expect("opened");
        let exchange =
            Exchange::start(&hub, &Config { feeds, ..Config::default() }, 1, notices.clone()).await;
        let publisher = Publisher::new(&hub, exchange.expect("opened").desk().clone(), notices, 0.0);
        let market = publisher.topic("market").expect("it has no other feed");
        publisher.recall(&market).await.expect("there is nothing");
        let send = |id: &str, size: u64| {
            let data = format!(r#"{{"symbol":"ACME","price":10,"size":{size},"time":20000}}"#);
            let event = format!(r#"{{"id":"{id}","event":"tick","data":{data}}}"#);
            publisher.publish(&market, NewEvent::from_line(event.as_bytes()).expect("an event"))
        };

        faults.refuse([true]);
        assert_eq!(send("one", 3).expect_err("refused").status(), StatusCode::SERVICE_UNAVAILABLE);
        // The trade is taken and its bar is not: whoever sent it must not be told to send it again, but may.
        faults.refuse([false, true]);
        let first = send("one", 3).expect("taken");
        let again = send("one", 3).expect("known");
        assert_eq!((first.duplicate, again.duplicate, &first.id), (false, true, &again.id));
        // The next trade draws the bar that is missing.
        assert!(!send("two", 4).expect("taken").duplicate);

        let events = hub.snapshot::<Market>(["market.ACME"]).await.expect("a snapshot").value;
        let volumes = events.iter().map(|event| match event {
            Market::Tick(tick) => ("tick", tick.volume),
            Market::Bar(bar) => ("bar", bar.volume),
            Market::Halt(_) => ("halt", 0),
        });
        assert_eq!(volumes.collect::<Vec<_>>(), [("tick", 7), ("bar", 7)]);
    }

    async fn publisher() -> (Hub, Publisher) {
        publisher_of(Hub::default()).await
    }

    async fn publisher_of(hub: Hub) -> (Hub, Publisher) {
        let notices = Notices::open(&hub).expect("opened");
        let feeds = FeedConfig { market_feed: MarketFeed::Published, ..FeedConfig::default() };
        let exchange =
            Exchange::start(&hub, &Config { feeds, ..Config::default() }, 1, notices.clone()).await;
        let publisher = Publisher::new(&hub, exchange.expect("opened").desk().clone(), notices, 0.0);
        (hub, publisher)
    }

    fn send(publisher: &Publisher, topic: &str) -> Result<(), Refusal> {
        let event = NewEvent::from_line(br#"{"data":1}"#).expect("an event");
        publisher.publish(&publisher.topic(topic)?, event).map(drop)
    }

    #[tokio::test(start_paused = true)]
    async fn the_topic_that_was_idle_the_longest_makes_place_for_another() {
        let (hub, mut publisher) = publisher().await;
        publisher.restore(&[TopicName::new("named").expect("a name")]).await;
        send(&publisher, "read").expect("taken");
        let _reader = hub.subscribe(Subscribe::to(["read"])).expect("subscribed");
        // Its connection stays, whatever it has to say.
        let _feed = publisher.topic("feed").expect("opened");
        for hour in 0..2 * MAX_TOPICS {
            send(&publisher, &format!("orders-{hour}")).expect("a feed that names its topics by time");
            tokio::time::advance(KEPT_FOR).await;
            send(&publisher, "used").expect("taken");
            assert!(publisher.topics.lock().expect("not poisoned").len() <= MAX_TOPICS);
        }
        let last = 2 * MAX_TOPICS - 1;
        for there in
            ["named", "read", "feed", "used", &format!("orders-{last}"), &format!("orders-{}", last - 200)]
        {
            assert!(hub.presence(there).is_some(), "{there}");
        }
        assert!(hub.presence("orders-0").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_published_lately_makes_no_place_for_another() {
        let (hub, publisher) = publisher().await;
        for number in 0..MAX_TOPICS {
            send(&publisher, &number.to_string()).expect("taken");
        }
        let full = send(&publisher, "another").expect_err("full");
        assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(hub.presence("0").is_some() && hub.presence("another").is_none());
        tokio::time::advance(KEPT_FOR).await;
        send(&publisher, "another").expect("there is place again");
    }

    /// A life of the server, with what the ones before have left in `folder`.
    async fn life(folder: &tempfile::TempDir) -> (Hub, Publisher) {
        let options = RedbOptions { notes: MAX_REMEMBERED, ..RedbOptions::default() };
        let history = RedbHistory::open(folder, options).expect("opened");
        publisher_of(Hub::with_history(HubOptions::default(), history)).await
    }

    /// As many topics as there may be, in the order of their last events, which is not that of their names.
    fn crowd() -> impl Iterator<Item = String> {
        (0..MAX_TOPICS).rev().map(|number| format!("t{number:03}"))
    }

    fn once() -> NewEvent {
        NewEvent::from_line(br#"{"id":"once","data":1}"#).expect("an event")
    }

    async fn send_once(publisher: &Publisher, topic: &str) -> Result<bool, Refusal> {
        let topic = publisher.topic(topic)?;
        publisher.recall(&topic).await?;
        Ok(publisher.publish(&topic, once())?.duplicate)
    }

    #[tokio::test]
    async fn what_an_earlier_life_left_makes_place_soon_the_one_that_was_used_the_longest_ago_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let (hub, mut publisher) = life(&folder).await;
        publisher.restore(&[]).await;
        // The server's own two count, and stay.
        for topic in crowd().take(MAX_TOPICS - 2) {
            send(&publisher, &topic).expect("taken");
        }
        hub.close().await.expect("closed");
        drop((hub, publisher));

        let (hub, mut publisher) = life(&folder).await;
        publisher.restore(&[]).await;
        tokio::time::pause();
        let full = send(&publisher, "another").expect_err("their readers may be on the way back");
        assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
        send(&publisher, "t255").expect("one of them is used again");
        tokio::time::advance(RESTORED_FOR).await;
        for (another, gone) in [("another", "t254"), ("one-more", "t253")] {
            assert!(hub.presence(gone).is_some(), "{gone} goes only when it has to");
            send(&publisher, another).expect("there is place");
            assert!(hub.presence(gone).is_none(), "{gone} was idle the longest");
        }
        assert!(hub.presence("t255").is_some());
    }

    #[tokio::test]
    async fn what_could_not_be_recalled_at_the_start_is_taken_only_when_it_was_made_up_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let (hub, publisher) = life(&folder).await;
        assert!(!send_once(&publisher, "orders").await.expect("taken"));
        hub.close().await.expect("closed");
        drop((hub, publisher));

        let faults = Faults::default();
        let history = RedbHistory::open(&folder, RedbOptions::default()).expect("opened");
        let history = FaultyHistory::over(history, &faults);
        let (_hub, mut publisher) = publisher_of(Hub::with_history(HubOptions::default(), history)).await;
        faults.hide_notes(true);
        publisher.restore(&[]).await;
        let topic = publisher.topic("orders").expect("restored");
        let unknown = publisher.recall(&topic).await.expect_err("nobody knows what was taken");
        let refused = publisher.publish(&topic, once()).expect_err("it may have been taken");
        assert_eq!([unknown, refused].map(|refusal| refusal.status()), [StatusCode::SERVICE_UNAVAILABLE; 2]);

        faults.hide_notes(false);
        assert!(send_once(&publisher, "orders").await.expect("known"));
    }

    #[tokio::test]
    async fn whatever_was_named_what_an_earlier_life_took_is_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let (hub, publisher) = life(&folder).await;
        for topic in crowd() {
            assert!(!send_once(&publisher, &topic).await.expect("taken"), "{topic}");
        }
        hub.close().await.expect("closed");
        drop((hub, publisher));

        let (hub, mut publisher) = life(&folder).await;
        let named: Vec<_> =
            (0..3).filter_map(|number| TopicName::new(format!("named-{number}")).ok()).collect();
        publisher.restore(&named).await;
        for topic in crowd() {
            assert!(send_once(&publisher, &topic).await.expect("known"), "{topic}");
        }
        // It shrinks again with the next one.
        tokio::time::pause();
        tokio::time::advance(KEPT_FOR).await;
        send(&publisher, "another").expect("taken");
        assert_eq!(publisher.topics.lock().expect("not poisoned").len(), MAX_TOPICS);
        for named in &named {
            assert!(hub.presence(named.as_str()).is_some(), "{named}");
        }
    }

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
