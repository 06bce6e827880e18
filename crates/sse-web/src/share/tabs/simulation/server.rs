//! What servers give to a client, as far as it matters who shares it.

use std::collections::{BTreeMap, VecDeque};

use sse_proto::Instant;

use super::Chance;
use crate::share::log::{Entry, What, names_an_event};
use crate::share::snapshot::{Progress, SnapshotGuess};

/// How often a server sends an id that sends one only now and then.
pub(super) const ID_EVERY: u64 = 3;

/// Of how many keys the events of a server are that gives snapshots.
const KEYS: u64 = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// Gives the whole stream to whoever is new.
    Replays,
    /// So does this one, and sends an id now and then.
    Sparse,
    /// Gives only what is published from then on.
    Live,
    /// So does this one, and says in `sse.open` from where.
    LiveFromCursor,
    /// Gives the latest event of each key, in order, and says that it numbers its events.
    Snapshot,
    /// So does this one, and says where that ends.
    SnapshotThrough,
    /// Gives the latest event of each key, sorted by key. Who loses the connection in the middle of that has lost the
    /// rest: the ids in it are no cursors.
    SnapshotByKey,
}

impl Server {
    pub(super) fn gives_snapshots(self) -> bool {
        matches!(self, Self::Snapshot | Self::SnapshotThrough | Self::SnapshotByKey)
    }

    /// Whether a new client is told from where the server goes on.
    pub(super) fn says_cursor(self) -> bool {
        matches!(self, Self::LiveFromCursor | Self::Snapshot | Self::SnapshotThrough)
    }

    pub(super) fn id(self, event: u64) -> String {
        match self {
            Self::Sparse => (event - event % ID_EVERY).to_string(),
            _ if self.says_cursor() => format!("1.{}", event + 1),
            _ => event.to_string(),
        }
    }

    pub(super) fn entry(self, event: u64) -> Entry {
        let what = What::Event { event_type: "message".into(), data: event.to_string() };
        Entry { what, last_event_id: self.id(event) }
    }

    /// The number of the event after this cursor, which names one.
    pub(super) fn after(self, last_event_id: &str) -> u64 {
        let number = last_event_id.strip_prefix("1.").unwrap_or(last_event_id);
        number.parse::<u64>().expect("one of ours") + u64::from(!self.says_cursor())
    }

    /// Opens a connection when so many events were published, and so much has come elsewhere. The second is the cursor of
    /// `sse.open`.
    pub(super) fn connect(
        self,
        last_event_id: &str,
        events: u64,
        (now, more): (Instant, u64),
    ) -> (Stream, Option<String>) {
        if names_an_event(last_event_id) {
            let stream = Stream {
                snapshot: VecDeque::new(),
                next: self.after(last_event_id),
                brought: 0,
                guess: None,
                is_over: true,
                checked_at: now,
                says_end: false,
            };
            return (stream, None);
        }
        let latest: BTreeMap<u64, u64> = (0..events).map(|event| (key_of(event), event)).collect();
        let mut snapshot: Vec<u64> = latest.into_values().collect();
        let next = match self {
            Self::Replays | Self::Sparse => 0,
            // Zero comes from before the first event only.
            Self::LiveFromCursor if last_event_id == "1.0" => 0,
            _ => events,
        };
        match self {
            Self::Replays | Self::Sparse | Self::Live | Self::LiveFromCursor => snapshot.clear(),
            Self::Snapshot | Self::SnapshotThrough => snapshot.sort_unstable(),
            Self::SnapshotByKey => {}
        }
        let cursor = match self {
            Self::LiveFromCursor => Some(format!("1.{next}")),
            Self::Snapshot | Self::SnapshotThrough => Some("1.0".to_owned()),
            _ => None,
        };
        let stream = Stream {
            snapshot: snapshot.into(),
            next,
            brought: 0,
            guess: Some(SnapshotGuess::new(now, more)),
            is_over: false,
            checked_at: now,
            says_end: self == Self::SnapshotThrough,
        };
        (stream, cursor)
    }
}

/// In no order that is also that of the events.
pub(super) fn key_of(event: u64) -> u64 {
    Chance(event).below(KEYS)
}

/// An open connection.
pub(super) struct Stream {
    /// What is still to come of it.
    snapshot: VecDeque<u64>,
    /// The event that comes then.
    next: u64,
    brought: u64,
    /// Until the client takes its beginning for over.
    guess: Option<SnapshotGuess>,
    pub(super) is_over: bool,
    checked_at: Instant,
    /// Whether it has said where the snapshot ends.
    says_end: bool,
}

impl Stream {
    /// What comes next, of so many that were published.
    pub(super) fn next(&mut self, events: u64) -> Option<u64> {
        let next = self.snapshot.pop_front().or_else(|| (self.next < events).then_some(self.next))?;
        if next == self.next {
            self.next += 1;
        }
        self.brought += 1;
        Some(next)
    }

    /// Whether it has just come to where the snapshot ends, by its own word.
    pub(super) fn is_at_said_end(&mut self) -> bool {
        self.says_end && self.is_beginning() && self.snapshot.is_empty()
    }

    pub(super) fn is_in_snapshot(&self) -> bool {
        !self.snapshot.is_empty()
    }

    pub(super) fn is_beginning(&self) -> bool {
        self.guess.is_some()
    }

    pub(super) fn end_beginning(&mut self) {
        self.guess = None;
    }

    /// Checks, if it is time. `more` is what has come elsewhere meanwhile.
    pub(super) fn check(&mut self, now: Instant, more: u64) -> Progress {
        let is_time = now.saturating_duration_since(self.checked_at) >= SnapshotGuess::CHECK_EVERY;
        let Some(guess) = self.guess.as_mut().filter(|_| is_time) else { return Progress::Early };
        self.checked_at = now;
        let progress = guess.check(now, self.brought + more);
        self.is_over |= progress != Progress::Early;
        progress
    }
}
