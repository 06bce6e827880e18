//! The market stream.

use serde::{Deserialize, Serialize};
use sse_events::EventSet;

/// The route of the stream. `?symbols=A,B` narrows it.
pub const ROUTE: &str = "/api/market";

/// How long a bar lasts, in seconds.
pub const BAR_SECONDS: u64 = 5;

/// How many bars the server keeps for each symbol, the running one included.
pub const BARS_KEPT: usize = 120;

/// A company that is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its ticker symbol.
    pub symbol: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// Every company that is traded. None of them exists.
pub const COMPANIES: [Company; 12] = [
    Company { symbol: "ACME", name: "Acme Rockets" },
    Company { symbol: "BORE", name: "Boreal Wind" },
    Company { symbol: "CIRR", name: "Cirrus Cloudworks" },
    Company { symbol: "DELV", name: "Delve Mining" },
    Company { symbol: "ELMS", name: "Elm Street Bank" },
    Company { symbol: "FJRD", name: "Fjord Shipping" },
    Company { symbol: "GRVL", name: "Gravel & Sons" },
    Company { symbol: "HZEL", name: "Hazel Foods" },
    Company { symbol: "IGLU", name: "Igloo Cooling" },
    Company { symbol: "JUNO", name: "Juno Pharma" },
    Company { symbol: "KELP", name: "Kelp Batteries" },
    Company { symbol: "LIME", name: "Limelight Theatres" },
];

/// The hub topic of the whole market: who has the page open.
pub const TOPIC: &str = "market";

/// Something happened on the market.
#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum Market {
    /// A trade.
    Tick(Tick),
    /// A bar was opened, or has changed.
    Bar(Bar),
    /// Trading in a symbol was halted or resumed.
    Halt(Halt),
}

impl Market {
    /// The symbol it is about.
    #[must_use]
    pub fn symbol(&self) -> &str {
        match self {
            Self::Tick(tick) => &tick.symbol,
            Self::Bar(bar) => &bar.symbol,
            Self::Halt(halt) => &halt.symbol,
        }
    }
}

/// A trade, with what a row of a watchlist shows of its symbol's day. Days are those of UTC; a recording that begins
/// anew begins another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The ticker symbol.
    pub symbol: String,
    /// When it was traded: milliseconds since the Unix epoch.
    pub time: u64,
    /// The price of the trade.
    pub price: f64,
    /// The price at which the day began, that of its first trade; the change is counted from here.
    pub open: f64,
    /// How many shares changed hands in this trade.
    pub size: u64,
    /// How many shares changed hands today, this trade included.
    pub volume: u64,
}

/// Open, high, low and close over [`BAR_SECONDS`]. The same `time` again replaces the bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The ticker symbol.
    pub symbol: String,
    /// When the bar begins: seconds since the Unix epoch, a multiple of [`BAR_SECONDS`].
    pub time: u64,
    /// The first price.
    pub open: f64,
    /// The highest price.
    pub high: f64,
    /// The lowest price.
    pub low: f64,
    /// The last price so far.
    pub close: f64,
    /// How many shares changed hands.
    pub volume: u64,
}

/// Trading in a symbol was halted or resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// The ticker symbol.
    pub symbol: String,
    /// Whether trading is halted now.
    pub halted: bool,
    /// When: milliseconds since the Unix epoch.
    pub time: u64,
}
