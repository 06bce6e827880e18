use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use sse_proto::Cursor;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::access::{Denied, Guard};
use crate::entropy;
use crate::error::SubscribeError;
use crate::flush::{self, Flush};
use crate::heartbeat::Heartbeat;
use crate::history::Entry;
use crate::hub::Shared;
use crate::options::{Lagging, Unguarded};
use crate::pages::Pages;
use crate::parting::Parting;
use crate::presence::{Attendee, Member};
use crate::reader::{Reader, Start, Step};
use crate::signal::Signal;
use crate::topic::TopicState;
use crate::watch::Watch;
use crate::wire;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribe {
    /// The topics of the stream; naming one twice is naming it once.
    pub topics: Vec<String>,
    /// The client's last event id, as it came. One that means nothing here is answered with `sse.reset`.
    pub last_event_id: Option<String>,
    /// Who it is, for [presence](crate::Presence). `None`: counted without a name.
    pub member: Option<Member>,
    /// Says whether it may read the topics, now and later. `None`: it may, unless such readers are
    /// [refused](crate::Unguarded).
    pub guard: Option<Guard>,
}

impl Subscribe {
    /// A new client of `topics`.
    #[must_use]
    pub fn to<T: Into<String>>(topics: impl IntoIterator<Item = T>) -> Self {
        Self { topics: topics.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Goes on after the client's last event id, if it has one.
    #[must_use]
    pub fn after(mut self, last_event_id: impl Into<Option<String>>) -> Self {
        self.last_event_id = last_event_id.into();
        self
    }

    /// Says who it is.
    #[must_use]
    pub fn member(mut self, member: impl Into<Option<Member>>) -> Self {
        self.member = member.into();
        self
    }

    /// Has `guard` say whether it may read each topic, now and as long as the stream is open.
    #[must_use]
    pub fn guard(mut self, guard: impl Into<Option<Guard>>) -> Self {
        self.guard = guard.into();
        self
    }
}

/// A stream of encoded events. Dropping it unsubscribes.
///
/// Begins with a comment, `retry:`, `sse.open` and `sse.retry`, and ends when its topics have ended, when its reader
/// [may no longer read](Guard), when the hub shuts down, or when the history fails; the client then comes back with its
/// last event id, and loses nothing.
///
/// Each item is one chunk: what was pending when it was polled, up to
/// [`Limits::page_bytes`](crate::Limits::page_bytes).
#[derive(Debug)]
pub struct Subscription {
    place: Place,
    /// Held for its `Drop`, after `place`: whoever sees the member leave finds the subscription gone.
    _attendee: Attendee,
    /// Held for its `Drop`.
    _watch: Option<Watch>,
    pages: Pages,
    /// Whether the signal was raised since the history was last found drained.
    readable: bool,
    phase: Phase,
    heartbeat: Heartbeat,
    /// The last event that was there when it began.
    replay_through: u64,
    flush: Flush,
    /// Since when the client has not asked for more; only kept where a topic has a word on clients that lag.
    handed_out_at: Option<Instant>,
    /// How many events were handed out since somebody asked.
    #[cfg(feature = "serve")]
    handed_out: usize,
}

#[derive(Debug)]
enum Phase {
    /// Nothing was sent yet; this comes first.
    Opening(Bytes),
    Streaming,
    /// Nothing more comes. `complete` if the client had everything before it asked.
    Closed {
        complete: bool,
    },
}

impl Subscription {
    pub(crate) fn new(hub: &Arc<Shared>, subscribe: Subscribe) -> Result<Self, SubscribeError> {
        let runtime = Handle::try_current().map_err(|_| SubscribeError::NoRuntime)?;
        let Subscribe { topics, last_event_id, member, guard } = subscribe;
        let options = &hub.options;
        let names = names(hub, topics)?;
        let signal = Arc::new(Signal::raised());
        // Before anything else is told of a topic, even that there is none.
        let watch = guard.map(|guard| Watch::begin(hub, guard, &names, &signal, &runtime)).transpose()?;
        let place = Place::take(hub, names, signal, watch.as_ref())?;
        let history = Arc::clone(&hub.history);

        let start = Start::of(last_event_id.as_deref(), &*history);
        let topics: Vec<_> = place.topics.iter().map(|topic| (topic.id, topic.options.replay)).collect();
        let page = (options.limits.page_events, options.limits.page_bytes);
        let replay_through = history.last_seq();
        let reader = Reader::new(history, &topics, start, page)?;

        let complete = match start {
            Start::Resume(seq) => reader.is_complete(seq)?,
            Start::New | Start::Reset => false,
        };
        let phase = match complete {
            true => Phase::Closed { complete },
            false => {
                let cursor = Cursor { epoch: hub.history.epoch(), seq: reader.position() };
                Phase::Opening(wire::opening(wire::Opening {
                    cursor,
                    snapshot_through: reader.snapshot_through(),
                    heartbeat: options.heartbeat,
                    retry: options.retry,
                    is_reset: start == Start::Reset,
                }))
            }
        };
        match start {
            Start::New => hub.counters.started.add(1),
            Start::Resume(_) => hub.counters.resumed.add(1),
            Start::Reset => hub.counters.reset.add(1),
        }
        let flush = flush::window(place.topics.iter().map(|topic| &**topic));
        let attendances = place.topics.iter().map(|topic| Arc::clone(&topic.attendance)).collect();
        Ok(Self {
            _watch: watch,
            _attendee: Attendee::join(attendances, member, options.presence_grace, runtime),
            place,
            pages: Pages::new(reader),
            readable: true,
            phase,
            heartbeat: Heartbeat::new(options.heartbeat),
            replay_through,
            flush: Flush::new(flush),
            handed_out_at: None,
            #[cfg(feature = "serve")]
            handed_out: 0,
        })
    }

    /// Whether the client had everything already, of topics that have all ended. The stream is then empty, and a
    /// `204 No Content` keeps a native `EventSource` from coming back.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.phase, Phase::Closed { complete: true })
    }

    /// Why its reader may no longer read, if that is what ends it.
    #[must_use]
    pub fn denied(&self) -> Option<&Denied> {
        self.place.signal.denied()
    }

    /// The next chunk; `None` when the stream is over.
    pub async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The next chunk, whatever the heartbeat says.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Phase::Closed { .. } = self.phase {
            return Poll::Ready(None);
        }
        if let Phase::Opening(opening) = &mut self.phase {
            let opening = std::mem::take(opening);
            self.phase = Phase::Streaming;
            return Poll::Ready(Some(opening));
        }
        if self.has_lagged() {
            let lagging = self.place.topics.iter().map(|topic| topic.options.lagging);
            match self.pages.reader_mut().handle_lag(lagging) {
                Ok(Some(trimmed)) => {
                    self.readable = true;
                    return Poll::Ready(Some(self.gap(trimmed)));
                }
                Ok(None) => {}
                Err(_) => return Poll::Ready(self.close(None)),
            }
        }
        loop {
            if let Some(denied) = self.place.signal.denied() {
                let last_words = wire::denied(denied);
                return Poll::Ready(self.close(Some(last_words)));
            }
            let parting = self.place.signal.parting();
            if parting == Some(Parting::Now) {
                return Poll::Ready(self.close(None));
            }
            if !self.readable {
                if self.place.signal.poll_lower(cx).is_ready() {
                    self.readable = true;
                    continue;
                }
                // Only now that all is read: what was published before the end was acknowledged.
                return match self.last_words(parting) {
                    Some(last_words) => Poll::Ready(self.close(Some(last_words))),
                    None => Poll::Pending,
                };
            }
            if self.flush.poll_open(cx).is_pending() {
                self.place.signal.listen(cx);
                // Who is told to end is not kept until the window is over.
                if !self.is_told_to_end() {
                    return Poll::Pending;
                }
            }
            let entries = match ready!(self.pages.poll_step(cx)) {
                Ok(Step::More(entries)) => entries,
                Ok(Step::All(entries)) => {
                    self.readable = false;
                    if !entries.is_empty() {
                        self.flush.handle_sent();
                    }
                    entries
                }
                Ok(Step::Gap { trimmed }) => return Poll::Ready(Some(self.gap(trimmed))),
                Ok(Step::End) => return Poll::Ready(self.close(Some(wire::end()))),
                // There is nobody to tell here. The client comes back, and is answered by `subscribe`.
                Err(_) => return Poll::Ready(self.close(None)),
            };
            // Looked at once more: what was published after the right had ended may be among them.
            if self.place.signal.denied().is_some() {
                continue;
            }
            let counters = &self.place.hub.counters;
            counters.deliveries.add(entries.len());
            counters.replayed.add(entries.partition_point(|entry| entry.seq <= self.replay_through));
            #[cfg(feature = "serve")]
            {
                self.handed_out += entries.len();
            }
            if let Some(chunk) = join(entries) {
                self.note_handed_out();
                return Poll::Ready(Some(chunk));
            }
        }
    }

    fn gap(&mut self, trimmed: u64) -> Bytes {
        self.place.hub.counters.gaps.add(1);
        wire::gap(trimmed, self.pages.reader_mut().snapshot_through())
    }

    fn note_handed_out(&mut self) {
        if self.place.topics.iter().any(|topic| topic.options.lagging != Lagging::Replay) {
            self.handed_out_at = Some(Instant::now());
        }
    }

    /// Whether the client took long to take the last chunk.
    fn has_lagged(&mut self) -> bool {
        let after = self.place.hub.options.lagging_after;
        self.handed_out_at.take().is_some_and(|at| at.elapsed() >= after)
    }

    fn last_words(&self, parting: Option<Parting>) -> Option<Bytes> {
        let hub = &self.place.hub;
        match parting {
            Some(Parting::Spread(fraction)) => Some(wire::farewell(hub.options.retry, fraction)),
            _ if hub.is_closing() => Some(wire::farewell(hub.options.retry, entropy::fraction())),
            _ => None,
        }
    }

    fn is_told_to_end(&self) -> bool {
        let Place { signal, hub, topics, .. } = &self.place;
        signal.parting().is_some()
            || signal.denied().is_some()
            || hub.is_closing()
            || topics.iter().all(|topic| topic.has_ended())
    }

    fn close(&mut self, last_words: Option<Bytes>) -> Option<Bytes> {
        self.phase = Phase::Closed { complete: false };
        last_words
    }
}

/// What `serve` needs to let many subscriptions read as one.
#[cfg(feature = "serve")]
impl Subscription {
    pub(crate) fn hub(&self) -> &Arc<Shared> {
        &self.place.hub
    }

    pub(crate) fn topics(&self) -> &[Arc<TopicState>] {
        &self.place.topics
    }

    pub(crate) fn signal(&self) -> &Arc<Signal> {
        &self.place.signal
    }

    pub(crate) fn reader(&self) -> &Reader {
        self.pages.reader()
    }

    /// Whether it is at the tip of its topics: nothing more was there when it last looked, and nobody has told it to
    /// end. It may then rest while another reader reads for it.
    pub(crate) fn is_at_tip(&self) -> bool {
        !self.readable && matches!(self.phase, Phase::Streaming) && !self.is_told_to_end()
    }

    /// Ready when its reader may no longer read. For one that rests, and does not look for anything else.
    pub(crate) fn poll_denied(&self, cx: &Context<'_>) -> Poll<()> {
        loop {
            if self.denied().is_some() {
                return Poll::Ready(());
            }
            // What its topics told it while it went to rest is not for it any more.
            ready!(self.place.signal.poll_lower(cx));
        }
    }

    /// Its topics no longer wake it.
    pub(crate) fn rest(&mut self) {
        self.handed_out_at = None;
        self.place.leave_topics();
    }

    /// Goes on by itself, behind what was read for it meanwhile.
    pub(crate) fn resume(&mut self, position: u64) {
        self.pages.reader_mut().skip_to(position);
        self.place.join_topics();
        self.look_again();
        // It is on its own because something was not taken, or because it ends.
        self.note_handed_out();
    }

    /// How many events were handed out since this was last asked.
    pub(crate) fn take_handed_out(&mut self) -> usize {
        std::mem::take(&mut self.handed_out)
    }

    /// Reads before it waits.
    pub(crate) fn look_again(&mut self) {
        self.readable = true;
    }
}

impl Stream for Subscription {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.get_mut();
        let chunk = match this.poll_chunk(cx) {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => {
                ready!(this.heartbeat.poll_due(cx));
                Some(wire::heartbeat())
            }
        };
        this.heartbeat.handle_sent();
        this.place.hub.counters.delivered_bytes.add(chunk.as_ref().map_or(0, Bytes::len));
        Poll::Ready(chunk)
    }
}

/// The frames as one chunk. A single one, the common case, is shared and not copied.
fn join(mut entries: Vec<Entry>) -> Option<Bytes> {
    if entries.len() <= 1 {
        return entries.pop().map(|entry| entry.frame);
    }
    let mut chunk = Vec::with_capacity(entries.iter().map(|entry| entry.frame.len()).sum());
    entries.iter().for_each(|entry| chunk.extend_from_slice(&entry.frame));
    Some(chunk.into())
}

/// The topics that are asked for, each once.
fn names(hub: &Shared, mut names: Vec<String>) -> Result<Vec<String>, SubscribeError> {
    names.sort_unstable();
    names.dedup();
    let limit = hub.options.limits.topics_per_subscription;
    if names.is_empty() {
        return Err(SubscribeError::NoTopics);
    }
    if names.len() > limit {
        return Err(SubscribeError::TooManyTopics { limit });
    }
    Ok(names)
}

/// A subscription's place in the hub: counted, and woken by its topics until it is dropped.
#[derive(Debug)]
struct Place {
    hub: Arc<Shared>,
    number: u64,
    topics: Vec<Arc<TopicState>>,
    signal: Arc<Signal>,
}

impl Place {
    fn take(
        hub: &Arc<Shared>,
        names: Vec<String>,
        signal: Arc<Signal>,
        watch: Option<&Watch>,
    ) -> Result<Self, SubscribeError> {
        // Held to the end: a topic cannot be removed between being found and being joined.
        let known = hub.topics();
        let find = |name: String| {
            let topic = known.get(name.as_str());
            let of_topic = topic.and_then(|topic| topic.options.unguarded);
            match (watch, of_topic.unwrap_or(hub.options.unguarded)) {
                // Also where there is no such topic: a stranger is not to learn even that.
                (None, Unguarded::Refused) => Err(SubscribeError::Unguarded(name)),
                _ => topic.cloned().ok_or(SubscribeError::UnknownTopic(name)),
            }
        };
        let topics = names.into_iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let place = Self { number: hub.admit()?, hub: Arc::clone(hub), topics, signal };
        place.join_topics();
        place.topics.iter().for_each(|topic| topic.touch(&*hub.history));
        Ok(place)
    }

    fn join_topics(&self) {
        for topic in &self.topics {
            topic.add(self.number, Arc::clone(&self.signal));
        }
    }

    fn leave_topics(&self) {
        for topic in &self.topics {
            topic.remove(self.number);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave_topics();
        self.hub.dismiss();
    }
}
