//! Where a subscription stands in the history, and what it reads next. No clock, no waiting.

use std::sync::Arc;

use sse_proto::Cursor;

use crate::history::{Entry, History, HistoryError, Lane, Page, Read, Reply, Status, TopicId};
use crate::options::{Lagging, Replay};

/// Reads some topics in order: first what a new client needs, then everything as it comes.
///
/// It holds a position, not a queue. However far it falls behind, it costs no more than that, and what it has
/// missed by then is found by the same comparison that finds it for a client that comes back.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    history: Arc<dyn History>,
    replays: Vec<Replay>,
    /// One for each topic, in the order of `replays`.
    lanes: Vec<Lane>,
    /// Everything up to here has been handed out, or was not to be.
    position: u64,
    /// The last event that a snapshot may bring of all that were begun; `None` if a client goes on where it stood.
    snapshot_through: Option<u64>,
    max_events: usize,
    max_bytes: usize,
}

/// What a page means to the subscription.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send these; there may be more.
    More(Vec<Entry>),
    /// Send these; there was no more.
    All(Vec<Entry>),
    /// Say that events up to this number are gone.
    Gap { trimmed: u64 },
    /// Every topic is complete, and all of it was handed out.
    End,
}

/// How a client's last event id relates to the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// It has seen nothing.
    New,
    /// It has seen everything up to this number; at zero it was there, or its page was rendered, before the first event.
    /// Or it is a new client that was cut before it was given one. Nobody can tell the two apart, so that one, too, is
    /// told of a gap if events are gone: better once too often than never.
    Resume(u64),
    /// Its id means nothing here.
    Reset,
}

impl Start {
    pub(crate) fn of(last_event_id: Option<&str>, history: &dyn History) -> Self {
        let Some(id) = last_event_id.filter(|id| !id.is_empty()) else {
            return Self::New;
        };
        match id.parse::<Cursor>() {
            Ok(cursor) if cursor.epoch != history.epoch() || cursor.seq > history.last_seq() => Self::Reset,
            Ok(Cursor { seq, .. }) => Self::Resume(seq),
            Err(_) => Self::Reset,
        }
    }
}

impl Reader {
    pub(crate) fn new(
        history: Arc<dyn History>,
        topics: &[(TopicId, Replay)],
        start: Start,
        (max_events, max_bytes): (usize, usize),
    ) -> Result<Self, HistoryError> {
        let lane = |&(topic, _): &_| Lane { topic, snapshot_through: 0, known_lost_through: 0 };
        let mut reader = Self {
            replays: topics.iter().map(|&(_, replay)| replay).collect(),
            lanes: topics.iter().map(lane).collect(),
            position: 0,
            snapshot_through: None,
            max_events: max_events.max(1),
            max_bytes,
            history,
        };
        match start {
            Start::Resume(seq) => reader.position = seq,
            Start::New | Start::Reset => reader.begin()?,
        }
        Ok(reader)
    }

    /// Sets out on a new client's way: a snapshot up to now, in which nothing that was dropped before is missed.
    fn begin(&mut self) -> Result<(), HistoryError> {
        let last_seq = self.history.last_seq();
        let mut last = 0;
        for (lane, replay) in self.lanes.iter_mut().zip(&self.replays) {
            let status = self.history.status(lane.topic)?;
            begin_snapshot(lane, last_seq, status);
            // Not the last number of the hub: where that is another topic's, nobody could tell that the snapshot is over.
            if *replay != Replay::LiveOnly {
                last = last.max(status.last);
            }
        }
        // Nothing is replayed. From zero, who comes back would be given what was there before it came.
        if last == 0 {
            self.position = last_seq;
        }
        self.note_snapshot(last);
        Ok(())
    }

    /// Takes note of the last event that a snapshot may bring. The one of another topic may not be over yet.
    fn note_snapshot(&mut self, last: u64) {
        self.snapshot_through = self.snapshot_through.max(Some(last));
    }

    /// The last event that a snapshot may bring of all that were begun; `None` if a client goes on where it stood.
    pub(crate) fn snapshot_through(&self) -> Option<u64> {
        self.snapshot_through
    }

    /// Whether a client that has seen everything up to `seq` has seen all there will ever be.
    pub(crate) fn is_complete(&self, seq: u64) -> Result<bool, HistoryError> {
        let mut complete = true;
        // Each of them is asked, whatever the others say: it is then that a history drops what has become too old since
        // something was published.
        for lane in &self.lanes {
            let status = self.history.status(lane.topic)?;
            complete &= status.ended && status.last <= seq;
        }
        Ok(complete)
    }

    /// The number after which the next event comes.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Takes it that everything up to `position` was handed out.
    #[cfg(feature = "serve")]
    pub(crate) fn skip_to(&mut self, position: u64) {
        self.position = self.position.max(position);
    }

    pub(crate) fn read(&self) -> Reply<Result<Page, HistoryError>> {
        let (max_events, max_bytes) = (self.max_events, self.max_bytes);
        self.history.read(Read { lanes: &self.lanes, after: self.position, max_events, max_bytes })
    }

    /// Takes the answer to [`Self::read`].
    pub(crate) fn handle_page(&mut self, page: Page) -> Result<Step, HistoryError> {
        if page.gap {
            return self.skip_gap();
        }
        self.position = page.covered;
        Ok(match (page.drained, page.ended) {
            (true, true) if page.entries.is_empty() => Step::End,
            (true, false) => Step::All(page.entries),
            (true, true) | (false, _) => Step::More(page.entries),
        })
    }

    /// Leaves out what those topics that say so do not want a client to get that lags. Returns up to where something is
    /// left out that has to be announced.
    pub(crate) fn handle_lag(
        &mut self,
        lagging: impl Iterator<Item = Lagging>,
    ) -> Result<Option<u64>, HistoryError> {
        let last_seq = self.history.last_seq();
        let mut skipped = None;
        for ((lane, replay), lagging) in self.lanes.iter_mut().zip(&self.replays).zip(lagging) {
            let status = self.history.status(lane.topic)?;
            let has_missed = status.last > self.position;
            match (lagging, replay) {
                (Lagging::Replay, _) => {}
                // A snapshot leaves out no event without a key.
                (Lagging::Latest, Replay::All) => lane.snapshot_through = last_seq,
                (Lagging::Latest | Lagging::Skip, _) if has_missed => {
                    begin_snapshot(lane, last_seq, status);
                    skipped = skipped.max(Some(status.last));
                }
                (Lagging::Latest | Lagging::Skip, _) => {}
            }
        }
        if let Some(last) = skipped {
            self.note_snapshot(last);
        }
        Ok(skipped)
    }

    /// Gives up on what is gone. A topic that has lost something goes on from a snapshot, which brings a client up
    /// to date sooner than what is left of the log; the others lose nothing. If nothing is gone any more, because a disk
    /// has come back since the page was read, it reads on.
    fn skip_gap(&mut self) -> Result<Step, HistoryError> {
        let last_seq = self.history.last_seq();
        let (mut trimmed, mut last) = (0, 0);
        for (lane, replay) in self.lanes.iter_mut().zip(&self.replays) {
            let status = self.history.status(lane.topic)?;
            if status.trimmed <= self.position.max(lane.known_lost_through) {
                continue;
            }
            trimmed = trimmed.max(status.trimmed);
            match replay {
                Replay::All | Replay::Latest => {
                    begin_snapshot(lane, last_seq, status);
                    last = last.max(status.last);
                }
                // Its snapshot is empty, but what is left of its log is not.
                Replay::LiveOnly => lane.known_lost_through = status.trimmed,
            }
        }
        if trimmed == 0 {
            return Ok(Step::More(Vec::new()));
        }
        self.note_snapshot(last);
        Ok(Step::Gap { trimmed })
    }
}

/// Has a lane bring what its topic hands to a new client, of all that there was up to `last_seq`. `status` was read after
/// that.
fn begin_snapshot(lane: &mut Lane, last_seq: u64, status: Status) {
    // What was published in between may be trimmed already. It is no gap then, and of all that is not in the log only a
    // snapshot brings the latest of each key. So the snapshot goes as far as the log is trimmed.
    lane.snapshot_through = last_seq.max(status.trimmed);
    lane.known_lost_through = status.trimmed;
}
