//! One company's shares: a price that walks, and the bar that is being drawn.

use demo_contract::market::{BAR_SECONDS, Bar, Tick};
use fastrand::Rng;

/// How a share behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Character {
    pub(super) symbol: &'static str,
    /// Where its price begins, and what it is drawn back to.
    pub(super) price: f64,
    /// The standard deviation of its return over a second.
    pub(super) volatility: f64,
    /// How many shares change hands in a usual trade.
    pub(super) size: f64,
}

/// How fast a price is drawn back, as a share of its distance, a second. Half of it is gone after some 20 minutes:
/// slow enough for trends, and after a week a share of 5 is still a share of about 5.
const REVERSION: f64 = 0.0006;

/// The least time between two drafts of a bar, in milliseconds.
const DRAFT_INTERVAL: u64 = 1_000;

/// The shares of one company.
#[derive(Debug)]
pub(super) struct Stock {
    character: Character,
    /// Not rounded: a cent is a large step for a cheap share.
    price: f64,
    open: f64,
    volume: u64,
    last_trade: u64,
    bar: Bar,
    /// When the bar was last handed out, if it was.
    drafted: Option<u64>,
    /// Whether it has changed since.
    changed: bool,
}

impl Stock {
    pub(super) fn new(character: Character, now: u64) -> Self {
        let open = cents(character.price);
        Self {
            price: character.price,
            open,
            volume: 0,
            last_trade: now,
            bar: Bar {
                symbol: character.symbol.to_owned(),
                time: slot(now),
                open,
                high: open,
                low: open,
                close: open,
                volume: 0,
            },
            drafted: None,
            changed: false,
            character,
        }
    }

    /// One that goes on behind its last trade, in the bar that is being drawn at `now`, if it was begun.
    pub(super) fn resumed(character: Character, now: u64, last: &Tick, bar: Option<&Bar>) -> Self {
        let Tick { time, price, open, volume, .. } = *last;
        let mut stock = Self { price, open, volume, last_trade: time, ..Self::new(character, now) };
        match bar {
            Some(bar) => stock.bar = bar.clone(),
            None => {
                let bar = &mut stock.bar;
                (bar.open, bar.high, bar.low, bar.close) = (price, price, price, price);
            }
        }
        stock
    }

    pub(super) fn symbol(&self) -> &'static str {
        self.character.symbol
    }

    /// A trade, and the bar if it is time for another draft of it.
    pub(super) fn trade(&mut self, now: u64, random: &mut Rng) -> (Tick, Option<Bar>) {
        // After a halt or a pause the price has moved on, but not without bound.
        let seconds = (now.saturating_sub(self.last_trade) as f64 / 1_000.0).min(30.0);
        let is_new_day = day(now) > day(self.last_trade);
        self.last_trade = now;
        let Character { price: home, volatility, size, .. } = self.character;
        let pull = (home / self.price).ln() * REVERSION * seconds;
        self.price *= (pull + volatility * seconds.sqrt() * normal(random)).exp();
        self.price = self.price.max(0.01);

        let price = cents(self.price);
        let size = (size * (0.9 * normal(random)).exp()).round().max(1.0) as u64;
        if is_new_day {
            (self.open, self.volume) = (price, 0);
        }
        self.volume += size;
        self.draw(price, size);
        let tick = Tick {
            symbol: self.symbol().to_owned(),
            time: now,
            price,
            open: self.open,
            size,
            volume: self.volume,
        };
        let due = self.drafted.is_none_or(|drafted| now >= drafted + DRAFT_INTERVAL);
        (tick, due.then(|| self.draft(now)))
    }

    fn draw(&mut self, price: f64, size: u64) {
        let bar = &mut self.bar;
        bar.high = bar.high.max(price);
        bar.low = bar.low.min(price);
        bar.close = price;
        bar.volume += size;
        self.changed = true;
    }

    fn draft(&mut self, now: u64) -> Bar {
        self.drafted = Some(now);
        self.changed = false;
        self.bar.clone()
    }

    /// Ends the bar and begins the one of `now`. `Some` if what was last handed out is not how it ended.
    pub(super) fn close_bar(&mut self, now: u64) -> Option<Bar> {
        let closed = (self.changed || self.drafted.is_none()).then(|| self.draft(now));
        let price = self.bar.close;
        let bar = &mut self.bar;
        (bar.time, bar.volume) = (slot(now), 0);
        (bar.open, bar.high, bar.low) = (price, price, price);
        self.drafted = None;
        closed
    }
}

/// The day of a time in milliseconds since the Unix epoch. It begins at midnight UTC.
pub(super) fn day(time: u64) -> u64 {
    time / 86_400_000
}

/// The time of the bar at `now`, in seconds.
pub(super) fn slot(now: u64) -> u64 {
    now / 1_000 / BAR_SECONDS * BAR_SECONDS
}

fn cents(price: f64) -> f64 {
    (price * 100.0).round().max(1.0) / 100.0
}

/// A normally distributed number (Box and Muller).
fn normal(random: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}
