//! Where trades of others come in: over the publish API, or from a file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use demo_contract::Market;
use demo_contract::market::{Bar, COMPANIES, Halt, Tick};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sse_hub::{EventId, TopicName};

use super::feed::{Feed, FeedError};
use super::stock::{day, slot};
use crate::clock::now_ms;
use crate::json;
use crate::problem::Refusal;
use crate::task::lock;

/// In seconds.
const DAY: u64 = 86_400;

/// Takes trades, and makes of them what the page draws. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    feed: Feed,
    /// Whether trades are published by others, or somebody else trades already.
    published: bool,
    ledgers: Arc<Mutex<HashMap<String, Ledger>>>,
}

/// A trade as others tell it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Trade {
    /// Milliseconds since the Unix epoch; now, if it is left out.
    pub(super) time: Option<u64>,
    pub(super) symbol: String,
    pub(super) price: f64,
    #[serde(default = "one")]
    pub(super) size: u64,
}

fn one() -> u64 {
    1
}

/// A symbol's day.
#[derive(Clone, Debug)]
struct Ledger {
    /// `None` if the next trade begins one, whatever its time.
    day: Option<u64>,
    open: f64,
    volume: u64,
    bar: Bar,
}

impl Desk {
    pub(super) fn new(feed: Feed, published: bool) -> Self {
        Self { feed, published, ledgers: Arc::default() }
    }

    /// Refuses if the market comes from elsewhere: two feeds would make two prices.
    pub(crate) fn check_published(&self) -> Result<(), Refusal> {
        match self.published {
            true => Ok(()),
            false => Err(Refusal::conflict(
                "the market has another feed: start the server with --market-feed published",
            )),
        }
    }

    /// The names of the topics that it publishes to.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        self.feed.topics()
    }

    /// Publishes a `tick`, `bar` or `halt`, and says under which event id. Of a tick only symbol and price are needed; its
    /// bar is drawn here. A note is kept with it.
    pub(crate) fn publish(
        &self,
        event_type: &str,
        data: &str,
        note: Option<&str>,
    ) -> Result<EventId, Refusal> {
        match event_type {
            "tick" | "message" => self.trade(read(data)?, note).map_err(refuse),
            "bar" => {
                let bar: Bar = read(data)?;
                check_time(bar.time, 1, "seconds").map_err(refuse)?;
                self.feed.publish(&Market::Bar(bar), note).map_err(refuse)
            }
            "halt" => {
                let halt: Halt = read(data)?;
                check_time(halt.time, 1_000, "milliseconds").map_err(refuse)?;
                self.feed.publish(&Market::Halt(halt), note).map_err(refuse)
            }
            _ => Err(Refusal::invalid("event: must be \"tick\", \"bar\" or \"halt\"")),
        }
    }

    pub(super) fn trade(&self, trade: Trade, note: Option<&str>) -> Result<EventId, FeedError> {
        if !COMPANIES.iter().any(|company| company.symbol == trade.symbol) {
            return Err(FeedError::UnknownSymbol(trade.symbol));
        }
        if !(trade.price.is_finite() && trade.price > 0.0) {
            return Err(FeedError::Price(trade.price));
        }
        if let Some(time) = trade.time {
            check_time(time, 1_000, "milliseconds")?;
        }
        // Held while both are published, so that no other trade's bar comes between.
        let mut ledgers = lock(&self.ledgers);
        let symbol = trade.symbol.clone();
        let mut ledger = ledgers.get(&symbol).cloned().unwrap_or_else(|| Ledger::new(&trade));
        let (tick, bar) = ledger.enter(trade);
        let id = self.feed.publish(&Market::Tick(tick), note)?;
        // Only now: a trade that is refused is sent again, and would count twice.
        ledgers.insert(symbol, ledger);
        // The trade is published, whatever becomes of its bar, which the next trade draws again.
        if let Err(error) = self.feed.publish(&Market::Bar(bar), None) {
            tracing::warn!(%error, "a bar was not published");
        }
        Ok(id)
    }

    /// Ends the day of every symbol: the next trade of each begins another one, whatever its time. Bars go on.
    pub(super) fn end_day(&self) {
        let mut ledgers = lock(&self.ledgers);
        ledgers.values_mut().for_each(|ledger| ledger.day = None);
    }
}

impl Ledger {
    fn new(first: &Trade) -> Self {
        let Trade { symbol, price, .. } = first;
        let bar = Bar {
            symbol: symbol.clone(),
            time: 0,
            open: *price,
            high: *price,
            low: *price,
            close: *price,
            volume: 0,
        };
        Self { day: None, open: *price, volume: 0, bar }
    }

    fn enter(&mut self, trade: Trade) -> (Tick, Bar) {
        let Trade { time, symbol, price, size } = trade;
        let time = time.unwrap_or_else(now_ms);
        // Not by a trade that comes late, after the first one of another day.
        if self.day.is_none_or(|today| day(time) > today) {
            (self.day, self.open, self.volume) = (Some(day(time)), price, 0);
        }
        self.volume = self.volume.saturating_add(size);
        let bar = &mut self.bar;
        if slot(time) > bar.time {
            (bar.time, bar.open, bar.high, bar.low, bar.volume) = (slot(time), price, price, price, 0);
        }
        bar.high = bar.high.max(price);
        bar.low = bar.low.min(price);
        bar.close = price;
        bar.volume = bar.volume.saturating_add(size);
        (Tick { symbol, time, price, open: self.open, size, volume: self.volume }, bar.clone())
    }
}

/// Refuses what is more than a day ahead, whatever the clocks: somebody counts in another unit. The bar of such a trade
/// would be the last one, and take in every trade that comes.
fn check_time(time: u64, per_second: u64, unit: &'static str) -> Result<(), FeedError> {
    match time / per_second <= now_ms() / 1_000 + DAY {
        true => Ok(()),
        false => Err(FeedError::Time { time, unit }),
    }
}

fn read<T: DeserializeOwned>(data: &str) -> Result<T, Refusal> {
    json::object_at("data", data)
}

fn refuse(error: FeedError) -> Refusal {
    match error {
        FeedError::Publish(error) => error.into(),
        error => Refusal::invalid(format!("data: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(time: u64, price: f64, size: u64) -> Trade {
        Trade { time: Some(time), symbol: "ACME".into(), price, size }
    }

    #[test]
    fn trades_draw_bars() {
        let mut ledger = Ledger::new(&trade(0, 10.0, 1));
        ledger.enter(trade(10_000, 10.0, 1));
        ledger.enter(trade(11_000, 12.0, 2));
        let (tick, bar) = ledger.enter(trade(14_999, 9.0, 3));
        assert_eq!((tick.open, tick.volume, tick.price), (10.0, 6, 9.0));
        assert_eq!(
            (bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume),
            (10, 10.0, 12.0, 9.0, 9.0, 6)
        );
        let (tick, bar) = ledger.enter(trade(15_000, 11.0, u64::MAX));
        assert_eq!((tick.volume, bar.time, bar.open, bar.low), (u64::MAX, 15, 11.0, 11.0));
    }

    #[test]
    fn a_day_ends_at_midnight_utc_and_bars_go_on() {
        let midnight = 20_000 * 86_400_000;
        let mut ledger = Ledger::new(&trade(0, 10.0, 1));
        let mut enter = |time, price, size| {
            let (tick, bar) = ledger.enter(trade(time, price, size));
            ((tick.open, tick.volume), (bar.time, bar.volume))
        };
        assert_eq!(enter(midnight - 86_400_000, 10.0, 1), ((10.0, 1), (midnight / 1_000 - 86_400, 1)));
        assert_eq!(enter(midnight - 1, 11.0, 5), ((10.0, 6), (midnight / 1_000 - 5, 5)));
        assert_eq!(enter(midnight, 12.0, 2), ((12.0, 2), (midnight / 1_000, 2)));
        // One that comes late does not bring yesterday back.
        assert_eq!(enter(midnight - 1, 11.0, 3), ((12.0, 5), (midnight / 1_000, 5)));
        assert_eq!(enter(midnight + 1, 13.0, 1), ((12.0, 6), (midnight / 1_000, 6)));
    }
}
