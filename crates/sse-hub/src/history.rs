//! Where published events are kept: in memory, or in a file with the feature `redb`.
//!
//! A history numbers the events, keeps what [retention](crate::Retention) allows, and hands it out in pages. It is
//! the only thing that subscriptions read, replayed or live, so nothing can fall between the two.
//!
//! Nothing above this trait assumes that history is in memory or in this process: a read may answer later, an event
//! may become visible later than it was appended, the numbers that a reader sees may have holes, and what is lost is
//! said by the history itself.

mod counts;
mod log;
mod logs;
mod memory;
#[cfg(feature = "redb")]
pub mod redb;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use sse_proto::{Cursor, Epoch};

pub use counts::{HistoryCounts, Times};
pub use memory::MemoryHistory;

use crate::options::TopicOptions;
use crate::topic_name::TopicName;

/// Numbers events, keeps them, and hands them out in order.
pub trait History: fmt::Debug + Send + Sync + 'static {
    /// Names the numbering. It is another one whenever events that had a number were lost without a trace.
    fn epoch(&self) -> Epoch;

    /// The highest number that a reader may have seen, over all topics; zero before the first. An event with a higher
    /// one is not visible yet.
    fn last_seq(&self) -> u64;

    /// Begins to keep a topic, or finds it again. `notifier` is to be called whenever there is something new to read on
    /// it: when events become visible, and when it ends.
    ///
    /// # Errors
    /// Those of the engine.
    fn open(
        &self,
        topic: &TopicName,
        options: &TopicOptions,
        notifier: Notifier,
    ) -> Result<TopicId, HistoryError>;

    /// Somebody has subscribed to an open topic that is [abandoned while unused](crate::Abandoned::Unused), or published
    /// on it, for the first time since it was opened. A history that ends with its process has nothing to do.
    fn touch(&self, _topic: TopicId) {}

    /// The topics that it keeps, open or not: what an earlier process left, and what this one opened. The one whose
    /// last event is the oldest comes first.
    fn topics(&self) -> Vec<TopicName> {
        Vec::new()
    }

    /// Forgets a topic and what it kept. The events it had count as dropped for every topic opened from now on,
    /// because that may be the same one again.
    fn remove(&self, topic: TopicId);

    /// Does so with a topic that is kept and not open. Returns whether there was one. A history that ends with its process
    /// has none.
    fn forget(&self, _topic: &TopicName) -> bool {
        false
    }

    /// Numbers an event and keeps it. Must not wait for a disk or a network: the caller may be in async code. Readers
    /// may see it later, but in the order of the numbers.
    ///
    /// # Errors
    /// [`HistoryError`]; then nothing was kept and no number was used.
    fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError>;

    /// Answers when the event with this number, and every event before it, is kept as safely as this history keeps
    /// anything.
    ///
    /// # Errors
    /// [`HistoryError`] if it never will be.
    fn committed(&self, _seq: u64) -> Reply<Result<(), HistoryError>> {
        Reply::Now(Ok(()))
    }

    /// Marks a topic as complete: nothing can be appended any more.
    ///
    /// # Errors
    /// [`HistoryError`]
    fn end(&self, topic: TopicId) -> Result<(), HistoryError>;

    /// Where a topic stands. Never behind what [`Self::read`] has said: what is a gap there is trimmed here, unless it
    /// can be read again meanwhile.
    ///
    /// # Errors
    /// [`HistoryError`]
    fn status(&self, topic: TopicId) -> Result<Status, HistoryError>;

    /// The next events of some topics, merged in the order of their numbers.
    fn read(&self, read: Read<'_>) -> Reply<Result<Page, HistoryError>>;

    /// Whether it keeps what it promises.
    fn health(&self) -> Health {
        Health::Whole
    }

    /// The notes of a topic that are kept, with the numbers of their events, in ascending order. A history that ends with
    /// its process has none to tell: whoever wrote them still knows them.
    ///
    /// # Errors
    /// [`HistoryError`]
    fn notes(&self, _topic: TopicId) -> Reply<Result<Vec<(u64, String)>, HistoryError>> {
        Reply::Now(Ok(Vec::new()))
    }

    /// What it has done with its disk so far; `None` if it has none.
    fn counts(&self) -> Option<HistoryCounts> {
        None
    }

    /// Takes nothing more, no event, no end and no topic that is not open ([`HistoryError::Closed`]), and answers when
    /// all that was appended is kept and whatever it holds is released. If this is left out, it does nothing.
    ///
    /// # Errors
    /// [`HistoryError`] if something is not kept.
    fn close(&self) -> Reply<Result<(), HistoryError>> {
        Reply::Now(Ok(()))
    }
}

/// Wakes those who read a topic. Cheap to clone.
#[derive(Clone)]
pub struct Notifier(Arc<dyn Fn() + Send + Sync>);

impl Notifier {
    /// Calls `wake` for every notification. It is called from any thread, and must neither wait nor use the history.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// There is something new to read. To be called while nothing is locked.
    pub fn notify(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifier")
    }
}

/// Whether a history keeps what it promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It does.
    #[default]
    Whole,
    /// It cannot keep anything now, for this reason, as when its disk is full. Events still go to those who listen. It
    /// keeps them again by itself when it can, as far as they are still in memory then; until then they are gone with
    /// the process.
    LiveOnly(String),
    /// It takes nothing more, for this reason, as when its disk has failed. Events that were kept can be read as far
    /// as they are in memory.
    ReadOnly(String),
}

/// Names an open topic to its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u64);

/// An event to be kept.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The event replaces the one before with the same key in what [replay](crate::Replay) hands out.
    pub key: Option<&'a str>,
    /// The encoded event without its `id` line, which the history adds when it has a number.
    pub body: &'a [u8],
    /// Kept with the event, or neither is, and sent to nobody: such as the id that its publisher gave it, by which it is
    /// known again. See [`History::notes`].
    pub note: Option<&'a str>,
}

impl Record<'_> {
    /// The encoded event with its `id` line: what goes to every client, encoded this once.
    #[must_use]
    pub fn frame(&self, cursor: Cursor) -> Bytes {
        use std::io::Write;

        let mut frame = Vec::with_capacity(self.body.len() + 48);
        // Writing to a `Vec` cannot fail.
        let _ = writeln!(frame, "id: {cursor}");
        frame.extend_from_slice(self.body);
        frame.into()
    }
}

/// An event that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// Its bytes on the wire, shared by everyone who reads it.
    pub frame: Bytes,
}

/// Where a topic stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The number of its last event; zero if it never had one.
    pub last: u64,
    /// The highest number among the events that it has dropped from its log; zero if it has dropped none.
    pub trimmed: u64,
    /// Whether it is complete.
    pub ended: bool,
}

/// What a reader wants next.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// The topics, and what of each.
    pub lanes: &'a [Lane],
    /// Only events with a higher number.
    pub after: u64,
    /// The most events.
    pub max_events: usize,
    /// The most bytes; the first event always comes.
    pub max_bytes: usize,
}

/// One topic of a [`Read`].
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// The topic.
    pub topic: TopicId,
    /// Up to this number, what the topic's [`Replay`](crate::Replay) hands to a new client; above it, every event.
    pub snapshot_through: u64,
    /// The reader knows that events up to this number are gone, or never had a claim to them.
    pub known_lost_through: u64,
}

/// The answer to a [`Read`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The events, in ascending order of their numbers.
    pub entries: Vec<Entry>,
    /// Everything up to this number is covered: it is in `entries`, or it is not what was asked for.
    pub covered: u64,
    /// Whether nothing more was there when the page was read.
    pub drained: bool,
    /// Whether every topic is complete.
    pub ended: bool,
    /// Events that the reader had a claim to are gone. What is in `entries` then has a hole before it.
    pub gap: bool,
}

/// An answer that is there at once, as from memory, or that comes later, as from a disk or another machine.
pub enum Reply<T> {
    /// It is there.
    Now(T),
    /// It comes.
    Later(Pin<Box<dyn Future<Output = T> + Send>>),
}

impl<T> Reply<T> {
    /// Waits for it, if it comes later.
    pub async fn answer(self) -> T {
        match self {
            Self::Now(answer) => answer,
            Self::Later(answer) => answer.await,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(value) => f.debug_tuple("Now").field(value).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// The history refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The topic was removed.
    #[error("the topic was removed")]
    Removed,
    /// The topic is complete.
    #[error("the topic has ended")]
    Ended,
    /// One more key than [`Retention::keys`](crate::Retention::keys) allows.
    #[error("the topic has reached its limit of {limit} keys")]
    TooManyKeys {
        /// The limit.
        limit: usize,
    },
    /// As much as [the engine allows](crate::history) waits for its disk. Try again in a moment.
    #[error("the history is busy: {limit} events or their bytes wait for its disk")]
    Busy {
        /// The most events that may wait.
        limit: usize,
    },
    /// [`Health::LiveOnly`]: the event is not kept, though it goes, or went, to those who listen. If the history can keep
    /// it after all, the same question is answered otherwise later.
    #[error("the history keeps nothing at the moment: {0}")]
    LiveOnly(String),
    /// The event went to those who listened during a [`Health::LiveOnly`], and was gone when the history could keep events
    /// again. Publish it once more if others are to get it.
    #[error(
        "the event was lost: its disk was full, and there was room again only after memory had dropped it"
    )]
    Lost,
    /// [`Health::ReadOnly`]: the event was not taken, or it is not known whether it was kept.
    #[error("the history takes nothing more: {0}")]
    ReadOnly(String),
    /// The history was closed.
    #[error("the history is closed")]
    Closed,
    /// The engine failed, and said this.
    #[error("the history failed: {0}")]
    Engine(String),
}
