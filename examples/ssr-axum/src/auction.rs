//! The auction, as both halves know it.

use leptos_eventsource::EventSet;
use serde::{Deserialize, Serialize};

/// Where the stream is.
pub const EVENTS: &str = "/events";

/// Something happened at the auction.
#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum Auction {
    /// Somebody bids more than all before.
    Bid(Bid),
}

/// A bid that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid {
    /// The lot, counted from 0.
    pub lot: usize,
    /// How much.
    pub amount: u32,
}

/// What is auctioned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// What it is.
    pub title: String,
    /// The highest bid; the reserve before the first.
    pub highest: u32,
    /// How many bids there were. An event that was lost, or came twice, would be seen here for ever.
    pub bids: u32,
}

impl Lot {
    /// The lowest bid that is accepted.
    #[must_use]
    pub fn next_bid(&self) -> u32 {
        self.highest.saturating_add(5)
    }
}

/// All lots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lots(pub Vec<Lot>);

impl Lots {
    /// Folds an event into the lots: on the server when it happens, in the page when it comes.
    pub fn apply(&mut self, event: &Auction) {
        let Auction::Bid(bid) = event;
        if let Some(lot) = self.0.get_mut(bid.lot) {
            lot.highest = bid.amount;
            lot.bids += 1;
        }
    }
}
