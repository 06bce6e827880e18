use std::any::TypeId;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard};

use sse_events::{DecodeError, EventSet, Snapshot};
use sse_proto::{Cursor, Epoch, EventId};
use tokio::sync::watch;

use crate::counters::{Counters, HubCounts};
use crate::error::{PublishError, SnapshotError, SubscribeError, TopicError};
use crate::history::{Health, History, HistoryCounts, HistoryError, MemoryHistory};
use crate::lock;
use crate::options::{HubOptions, TopicOptions};
use crate::presence::Presence;
use crate::snapshot;
use crate::subscription::{Subscribe, Subscription};
use crate::topic::{Listeners, Topic, TopicState};
use crate::topic_name::TopicName;
use crate::watch::Watches;

/// Topics, their history, and those who listen. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    shared: Arc<Shared>,
}

/// What a hub shares with its topics and subscriptions.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: HubOptions,
    pub(crate) history: Arc<dyn History>,
    topics: RwLock<HashMap<TopicName, Arc<TopicState>>>,
    subscriptions: AtomicUsize,
    next_subscription: AtomicU64,
    /// Nobody is admitted any more.
    draining: AtomicBool,
    /// Every stream ends.
    closing: AtomicBool,
    pub(crate) watches: Watches,
    pub(crate) counters: Counters,
}

impl Hub {
    /// A hub whose history is in memory.
    #[must_use]
    pub fn new(options: HubOptions) -> Self {
        Self::with_history(options, MemoryHistory::new())
    }

    /// A hub with a history of your choice.
    #[must_use]
    pub fn with_history(options: HubOptions, history: impl History) -> Self {
        Self {
            shared: Arc::new(Shared {
                options,
                history: Arc::new(history),
                topics: RwLock::default(),
                subscriptions: AtomicUsize::new(0),
                next_subscription: AtomicU64::new(0),
                draining: AtomicBool::new(false),
                closing: AtomicBool::new(false),
                watches: Watches::default(),
                counters: Counters::default(),
            }),
        }
    }

    /// Opens a topic with the default options, or finds it as it was opened before.
    ///
    /// # Errors
    /// [`TopicError`] if the name is not valid, the topic carries other events, or there are too many topics.
    pub fn topic<E: EventSet>(&self, name: &str) -> Result<Topic<E>, TopicError> {
        self.open(name, None)
    }

    /// Opens a topic with `options`, or finds it if it was opened with the same.
    ///
    /// # Errors
    /// Those of [`Self::topic`], and [`TopicError::OtherOptions`].
    pub fn topic_with<E: EventSet>(&self, name: &str, options: TopicOptions) -> Result<Topic<E>, TopicError> {
        self.open(name, Some(options))
    }

    fn open<E: EventSet>(&self, name: &str, options: Option<TopicOptions>) -> Result<Topic<E>, TopicError> {
        let name = TopicName::new(name)?;
        let events = TypeId::of::<E>();
        let limits = &self.shared.options.limits;
        let mut topics = lock::write(&self.shared.topics);
        let full = topics.len() >= limits.topics;
        let state = match topics.entry(name) {
            Entry::Occupied(topic) => {
                let topic = topic.get();
                if topic.events != events {
                    return Err(TopicError::OtherEvents);
                }
                if options.is_some_and(|options| options != topic.options) {
                    return Err(TopicError::OtherOptions);
                }
                Arc::clone(topic)
            }
            Entry::Vacant(_) if full => return Err(TopicError::TooMany { limit: limits.topics }),
            Entry::Vacant(vacant) => {
                let (name, options) = (vacant.key().clone(), options.unwrap_or_default());
                let listeners = Arc::new(Listeners::default());
                let id = self.shared.history.open(&name, &options, listeners.notifier())?;
                let topic = TopicState::new(name, id, events, options, limits.presence_names, listeners);
                Arc::clone(vacant.insert(Arc::new(topic)))
            }
        };
        Ok(Topic::new(Arc::clone(&self.shared), state))
    }

    /// The names of the open topics, in no order. [`Self::remove_idle`] removes those that nobody uses.
    #[must_use]
    pub fn topics(&self) -> Vec<TopicName> {
        self.shared.topics().keys().cloned().collect()
    }

    /// The topics that an earlier process left in the history, and that were not opened yet. Nobody can subscribe to
    /// one before it is opened. [`Self::remove_idle`] removes those that nobody will open any more, and a history on a
    /// disk can do so by their age (`RedbOptions::forget_after`). The one whose last event is the oldest comes first.
    #[must_use]
    pub fn kept_topics(&self) -> Vec<TopicName> {
        let kept = self.shared.history.topics();
        let open = self.shared.topics();
        kept.into_iter().filter(|name| !open.contains_key(name)).collect()
    }

    /// Removes a topic and what was kept of it, if nobody is subscribed or present; one of the
    /// [kept topics](Self::kept_topics), too. Returns whether it did.
    ///
    /// Topics that are still held elsewhere refuse to publish from then on, and whoever follows its
    /// [presence](Self::presence_changes) is told that it is over. A client that comes back for a topic which was
    /// opened again under the name is told of a gap.
    ///
    /// While a history on a disk keeps nothing ([`Health::LiveOnly`]), a kept topic stays, and the answer is `false`. An
    /// open one is removed all the same, and from the file when there is room again: if the process ends before that, the
    /// next one finds it among the kept topics.
    #[must_use]
    pub fn remove_idle(&self, name: &str) -> bool {
        let mut topics = lock::write(&self.shared.topics);
        // Subscribing needs the lock that is held here, so an idle topic stays idle.
        match topics.get(name) {
            Some(topic) if topic.is_idle() => {
                self.shared.history.remove(topic.id);
                let removed = topics.remove(name);
                drop(topics);
                if let Some(removed) = removed {
                    removed.attendance.close();
                }
                true
            }
            Some(_) => false,
            None => TopicName::new(name).is_ok_and(|name| self.shared.history.forget(&name)),
        }
    }

    /// Begins a stream of some topics: what the client has not seen yet, then what comes, with nothing lost or
    /// doubled in between.
    ///
    /// # Errors
    /// [`SubscribeError`] if a topic does not exist or may not be read, a limit is reached, or the hub is shutting down.
    pub fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, SubscribeError> {
        Subscription::new(&self.shared, subscribe).inspect_err(|_| self.shared.counters.refused.add(1))
    }

    /// Asks the [guard](crate::Guard) of every open stream again, and ends those whose reader may no longer read one of
    /// their topics. Returns how many end by it. To be called when somebody's rights have changed: a session was closed,
    /// a token revoked, a role taken away.
    ///
    /// When it returns, the streams that end have been told, and no event that is published from then on is read for
    /// them. What was on its way, such as the rest of a chunk that a socket did not take, may still arrive. Its cost is
    /// that of asking every guard, on the thread that calls it.
    pub fn review_access(&self) -> usize {
        Watches::review(&self.shared)
    }

    /// The id of the last event on any topic: a client that begins behind it gets every later one.
    ///
    /// For a page that is rendered here from a state of your own. Read it while nothing can be published, as under the
    /// lock under which the state changes, or before you read the state; [`Snapshot`] says why. Let its topic replay
    /// [nothing](crate::Replay::LiveOnly): the page has the past, and its cursor brings it every event since.
    #[must_use]
    pub fn last_event_id(&self) -> EventId {
        Cursor { epoch: self.epoch(), seq: self.shared.history.last_seq() }.into()
    }

    /// What `topics` keep, as a page that is rendered here needs it: the events that a new client would get up to now,
    /// and the id behind which the page goes on. Nothing is lost in between, and nothing comes twice.
    ///
    /// Its cost is that of decoding what the topics [replay](crate::Replay), for each page.
    ///
    /// ```
    /// use sse_events::Json;
    /// use sse_hub::{Hub, Subscribe};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = Hub::default();
    /// let counts = hub.topic::<Json<u64>>("counts")?;
    /// counts.publish(&Json(2))?;
    /// counts.publish(&Json(3))?;
    ///
    /// // The server renders the sum.
    /// let events = hub.snapshot::<Json<u64>>(["counts"]).await?;
    /// let sum = events.map(|events| events.iter().map(|Json(count)| count).sum::<u64>());
    /// assert_eq!(sum.value, 5);
    ///
    /// // The page adds what comes after it.
    /// let third = counts.publish(&Json(4))?;
    /// let mut stream = hub.subscribe(Subscribe::to(["counts"]).after(sum.last_event_id))?;
    /// stream.next().await.expect("the opening");
    /// assert_eq!(stream.next().await.expect("the next event"), format!("id: {third}\ndata: 4\n\n"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SnapshotError`] if a topic does not exist, or cannot be read.
    pub async fn snapshot<E: EventSet>(
        &self,
        topics: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Snapshot<Vec<E>>, SnapshotError> {
        snapshot::take(&self.shared, topics).await
    }

    /// What a topic keeps, with the id of each event: the events that a new client would get up to now. For a server
    /// that puts its own state together again from what an earlier process left.
    ///
    /// What another version of the program has published may be no event of `E`. Clients are told of that as an error
    /// and go on, and so can the server.
    ///
    /// # Errors
    /// Those of [`Self::snapshot`].
    pub async fn kept_events<E: EventSet>(
        &self,
        topic: &str,
    ) -> Result<Vec<(EventId, Result<E, DecodeError>)>, SnapshotError> {
        snapshot::take_with_ids(&self.shared, topic).await
    }

    /// The notes that were published with events of a topic, each with the id of its event, oldest first: as many of the
    /// newest as the history keeps beyond the life of a process.
    ///
    /// # Errors
    /// [`SnapshotError`] if the topic does not exist, or cannot be read.
    pub async fn kept_notes(&self, topic: &str) -> Result<Vec<(EventId, String)>, SnapshotError> {
        snapshot::notes(&self.shared, topic).await
    }

    /// What the history has done with its disk so far, for metrics; `None` if it has none.
    #[must_use]
    pub fn history_counts(&self) -> Option<HistoryCounts> {
        self.shared.history.counts()
    }

    /// What happened so far, for metrics. Looks at every subscription: once every few seconds is often enough.
    #[must_use]
    pub fn counts(&self) -> HubCounts {
        let counters = &self.shared.counters;
        let (topics, lagging) = {
            let topics = self.shared.topics();
            let lagging: HashSet<u64> = topics.values().flat_map(|topic| topic.lagging()).collect();
            (topics.len() as u64, lagging.len() as u64)
        };
        HubCounts {
            topics,
            kept_topics: self.kept_topics().len() as u64,
            subscriptions: self.subscriptions() as u64,
            lagging,
            published: counters.published.value(),
            published_bytes: counters.published_bytes.value(),
            deliveries: counters.deliveries.value(),
            delivered_bytes: counters.delivered_bytes.value(),
            replayed: counters.replayed.value(),
            started: counters.started.value(),
            resumed: counters.resumed.value(),
            reset: counters.reset.value(),
            refused: counters.refused.value(),
            denied: counters.denied.value(),
            gaps: counters.gaps.value(),
        }
    }

    /// How many subscriptions there are.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.shared.subscriptions.load(Ordering::Relaxed)
    }

    /// Who is subscribed to a topic; `None` if there is no such topic.
    #[must_use]
    pub fn presence(&self, topic: &str) -> Option<Presence> {
        self.shared.topics().get(topic).map(|topic| topic.attendance.presence())
    }

    /// Follows who is subscribed to a topic; `None` if there is no such topic. The hub tells no client of it: publish it as an
    /// event of your own if they are to know.
    ///
    /// When the topic is [removed](Self::remove_idle), `changed` fails, also for somebody who still holds the
    /// [`Topic`]: a loop that ends by that leaves no task behind.
    #[must_use]
    pub fn presence_changes(&self, topic: &str) -> Option<watch::Receiver<Presence>> {
        self.shared.topics().get(topic).and_then(|topic| topic.attendance.changes())
    }

    /// The epoch of the event ids.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.shared.history.epoch()
    }

    /// Whether the history keeps what it promises. Anything but [`Health::Whole`] is for somebody to look at.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.history.health()
    }

    /// Completes when the event with this id, on whatever topic, and every event before it are kept as safely as the
    /// history keeps anything.
    ///
    /// # Errors
    /// [`PublishError::History`] if they never will be; at once if the id is of another epoch.
    pub async fn committed(&self, id: &EventId) -> Result<(), PublishError> {
        self.shared.committed(id).await
    }

    /// Closes the history: nothing can be published and no topic opened any more ([`HistoryError::Closed`]), and what
    /// was published is kept as long as the history keeps anything. For the end of a program, after [`Self::shutdown`]
    /// and the end of the streams; what a history on a disk has not written by then is lost with the process.
    ///
    /// # Errors
    /// [`HistoryError`] if something is not kept. By [`HistoryError::LiveOnly`], everything that was published since there
    /// was no room: clients are told so by `sse.reset` when they come back.
    pub async fn close(&self) -> Result<(), HistoryError> {
        self.shared.history.close().answer().await
    }

    /// Refuses new streams from now on. Those that are open go on until [`Self::shutdown`], or until whoever serves
    /// them ends them one after the other.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::SeqCst);
    }

    /// Ends every stream, each with its own time to come back, and refuses new ones. What was published and not yet
    /// sent is there for those who come back, if the history outlives the process.
    ///
    /// Under `axum::serve`, call it inside `with_graceful_shutdown`, which waits for every stream: by itself none ends.
    pub fn shutdown(&self) {
        self.drain();
        self.shared.closing.store(true, Ordering::SeqCst);
        self.shared.topics().values().for_each(|topic| topic.wake());
    }

    /// Whether [`Self::drain`] or [`Self::shutdown`] was called.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.shared.is_draining()
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new(HubOptions::default())
    }
}

impl Shared {
    pub(crate) fn topics(&self) -> RwLockReadGuard<'_, HashMap<TopicName, Arc<TopicState>>> {
        lock::read(&self.topics)
    }

    pub(crate) async fn committed(&self, id: &EventId) -> Result<(), PublishError> {
        let seq = match id.as_str().parse::<Cursor>() {
            Ok(cursor) if cursor.epoch == self.history.epoch() => cursor.seq,
            _ => return Err(HistoryError::Engine(format!("{id} is not an id of this epoch")).into()),
        };
        Ok(self.history.committed(seq).answer().await?)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Takes one of the places that [`Limits::subscriptions`](crate::Limits::subscriptions) allows, and a number
    /// for the subscription.
    pub(crate) fn admit(&self) -> Result<u64, SubscribeError> {
        if self.is_draining() {
            return Err(SubscribeError::ShuttingDown);
        }
        let limit = self.options.limits.subscriptions;
        let admitted = |count: usize| (count < limit).then_some(count + 1);
        self.subscriptions
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, admitted)
            .map_err(|_| SubscribeError::TooMany { limit })?;
        Ok(self.number())
    }

    /// A number for whoever is woken by topics.
    pub(crate) fn number(&self) -> u64 {
        self.next_subscription.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn dismiss(&self) {
        self.subscriptions.fetch_sub(1, Ordering::Relaxed);
    }
}
