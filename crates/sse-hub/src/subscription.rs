use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use sse_proto::Cursor;
use tokio::runtime::Handle;

use crate::error::SubscribeError;
use crate::heartbeat::Heartbeat;
use crate::history::{Entry, HistoryError, Page, Reply};
use crate::hub::Shared;
use crate::presence::{Attendee, Member};
use crate::reader::{Reader, Start, Step};
use crate::signal::Signal;
use crate::topic::TopicState;
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
}

/// A stream of encoded events. Dropping it unsubscribes.
///
/// Begins with a comment, `retry:` and `sse.open`, and ends when its topics have ended, when the hub shuts down, or
/// when the history fails; the client then comes back with its last event id, and loses nothing.
///
/// Each item is one chunk: what was pending when it was polled, up to
/// [`Limits::page_bytes`](crate::Limits::page_bytes).
#[derive(Debug)]
pub struct Subscription {
    place: Place,
    /// Held for its `Drop`, after `place`: whoever sees the member leave finds the subscription gone.
    _attendee: Attendee,
    reader: Reader,
    /// A read whose answer has not come yet.
    reading: Option<Reading>,
    /// Whether the signal was raised since the history was last found drained.
    readable: bool,
    phase: Phase,
    heartbeat: Heartbeat,
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

struct Reading(Pin<Box<dyn Future<Output = Result<Page, HistoryError>> + Send>>);

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

impl Subscription {
    pub(crate) fn new(hub: &Arc<Shared>, subscribe: Subscribe) -> Result<Self, SubscribeError> {
        let runtime = Handle::try_current().map_err(|_| SubscribeError::NoRuntime)?;
        let Subscribe { topics, last_event_id, member } = subscribe;
        let options = &hub.options;
        let place = Place::take(hub, topics)?;
        let history = Arc::clone(&hub.history);

        let start = Start::of(last_event_id.as_deref(), &*history);
        let topics: Vec<_> = place.topics.iter().map(|topic| (topic.id, topic.options.replay)).collect();
        let page = (options.limits.page_events, options.limits.page_bytes);
        let reader = Reader::new(history, &topics, start, page)?;

        let complete = match start {
            Start::Resume(seq) => reader.is_complete(seq)?,
            Start::New | Start::Reset => false,
        };
        let phase = match complete {
            true => Phase::Closed { complete },
            false => {
                let cursor = Cursor { epoch: hub.history.epoch(), seq: reader.position() };
                let reset = start == Start::Reset;
                Phase::Opening(wire::opening(cursor, options.heartbeat, options.retry, reset))
            }
        };
        let attendances = place.topics.iter().map(|topic| Arc::clone(&topic.attendance)).collect();
        Ok(Self {
            _attendee: Attendee::join(attendances, member, options.presence_grace, runtime),
            place,
            reader,
            reading: None,
            readable: true,
            phase,
            heartbeat: Heartbeat::new(options.heartbeat),
        })
    }

    /// Whether the client had everything already, of topics that have all ended. The stream is then empty, and a
    /// `204 No Content` keeps a native `EventSource` from coming back.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.phase, Phase::Closed { complete: true })
    }

    /// The next chunk; `None` when the stream is over.
    pub async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Phase::Closed { .. } = self.phase {
            return Poll::Ready(None);
        }
        if let Phase::Opening(opening) = &mut self.phase {
            let opening = std::mem::take(opening);
            self.phase = Phase::Streaming;
            return Poll::Ready(Some(opening));
        }
        loop {
            if !self.readable {
                // Only now that all is read: what was published before the end was acknowledged.
                if self.place.hub.is_closing() {
                    self.phase = Phase::Closed { complete: false };
                    return Poll::Ready(Some(wire::farewell(self.place.hub.options.retry)));
                }
                ready!(self.place.signal.poll_lower(cx));
                self.readable = true;
            }
            let step = ready!(self.poll_page(cx)).and_then(|page| self.reader.handle_page(page));
            let entries = match step {
                Ok(Step::More(entries)) => entries,
                Ok(Step::All(entries)) => {
                    self.readable = false;
                    entries
                }
                Ok(Step::Gap { trimmed }) => return Poll::Ready(Some(wire::gap(trimmed))),
                Ok(Step::End) => {
                    self.phase = Phase::Closed { complete: false };
                    return Poll::Ready(Some(wire::end()));
                }
                // There is nobody to tell here. The client comes back, and is answered by `subscribe`.
                Err(_) => {
                    self.phase = Phase::Closed { complete: false };
                    return Poll::Ready(None);
                }
            };
            if let Some(chunk) = join(entries) {
                return Poll::Ready(Some(chunk));
            }
        }
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Result<Page, HistoryError>> {
        if self.reading.is_none() {
            match self.reader.read() {
                Reply::Now(page) => return Poll::Ready(page),
                Reply::Later(answer) => self.reading = Some(Reading(answer)),
            }
        }
        let Some(reading) = &mut self.reading else {
            return Poll::Pending;
        };
        let page = ready!(reading.0.as_mut().poll(cx));
        self.reading = None;
        Poll::Ready(page)
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

/// A subscription's place in the hub: counted, and woken by its topics until it is dropped.
#[derive(Debug)]
struct Place {
    hub: Arc<Shared>,
    number: u64,
    topics: Vec<Arc<TopicState>>,
    signal: Arc<Signal>,
}

impl Place {
    fn take(hub: &Arc<Shared>, mut names: Vec<String>) -> Result<Self, SubscribeError> {
        names.sort_unstable();
        names.dedup();
        let limit = hub.options.limits.topics_per_subscription;
        if names.is_empty() {
            return Err(SubscribeError::NoTopics);
        }
        if names.len() > limit {
            return Err(SubscribeError::TooManyTopics { limit });
        }
        // Held to the end: a topic cannot be removed between being found and being joined.
        let known = hub.topics();
        let topics = names
            .into_iter()
            .map(|name| known.get(name.as_str()).cloned().ok_or(SubscribeError::UnknownTopic(name)))
            .collect::<Result<Vec<_>, _>>()?;
        let place =
            Self { number: hub.admit()?, hub: Arc::clone(hub), topics, signal: Arc::new(Signal::raised()) };
        for topic in &place.topics {
            topic.add(place.number, Arc::clone(&place.signal));
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for topic in &self.topics {
            topic.remove(self.number);
        }
        self.hub.dismiss();
    }
}
