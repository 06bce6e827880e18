//! The auction house: the lots and the topic, which change together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leptos_eventsource::Snapshot;
use sse_hub::{Hub, PublishError, Replay, Retention, Topic, TopicError, TopicOptions};

use crate::auction::{Auction, Bid, Lot, Lots};

/// The topic of the bids.
pub const TOPIC: &str = "auction";

/// How many bids a page may have missed and still go on without a new snapshot.
pub const KEPT: usize = 256;

/// The auction house. Cheap to clone.
#[derive(Clone, Debug)]
pub struct House {
    hub: Hub,
    topic: Topic<Auction>,
    lots: Arc<Mutex<Lots>>,
}

/// A bid that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such lot.
    #[error("there is no such lot")]
    NoSuchLot,
    /// Somebody was faster, or it was never enough.
    #[error("the lowest bid is {lowest}")]
    TooLow {
        /// What would be accepted.
        lowest: u32,
    },
    /// It could not be told to the others.
    #[error(transparent)]
    Unpublished(#[from] PublishError),
}

impl House {
    /// Opens the house, with four lots that nobody has bid for.
    ///
    /// # Errors
    /// [`TopicError`] if the hub will not have the topic.
    pub fn open() -> Result<Self, TopicError> {
        let hub = Hub::default();
        // Nobody needs the bids of the past: each page begins with the lots as they are.
        let retention = Retention { events: KEPT, ..Retention::default() };
        let options = TopicOptions { replay: Replay::LiveOnly, retention, ..TopicOptions::default() };
        let topic = hub.topic_with(TOPIC, options)?;
        let lot = |(title, reserve): (&str, u32)| Lot { title: title.to_owned(), highest: reserve, bids: 0 };
        let lots = [
            ("A ship's clock", 120),
            ("A lamp, not signed", 40),
            ("Three chairs", 90),
            ("A map of Oslo", 15),
        ];
        let lots = Arc::new(Mutex::new(Lots(lots.map(lot).into())));
        Ok(Self { hub, topic, lots })
    }

    /// The hub, for the stream.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The lots, and the last bid that is in them.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<Lots> {
        // Bids are published under this lock, so none falls between the lots and the id.
        let lots = self.lots();
        Snapshot::new(lots.clone(), self.hub.last_event_id().into_string())
    }

    /// Accepts a bid and tells everybody.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing has changed.
    pub fn bid(&self, bid: Bid) -> Result<(), Refusal> {
        let mut lots = self.lots();
        let lowest = lots.0.get(bid.lot).ok_or(Refusal::NoSuchLot)?.next_bid();
        if bid.amount < lowest {
            return Err(Refusal::TooLow { lowest });
        }
        let event = Auction::Bid(bid);
        self.topic.publish(&event)?;
        lots.apply(&event);
        Ok(())
    }

    // No code that holds the lock can panic half way through a change.
    fn lots(&self) -> MutexGuard<'_, Lots> {
        self.lots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
