//! What is published.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

/// What is published.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Feeds")]
pub struct FeedConfig {
    /// Where the market comes from: `simulator`, `published` for what is posted to /api/publish/market, or a file of
    /// ticks to replay (CSV with the columns time,symbol,price[,size], or NDJSON with such fields)
    #[arg(long, env = "SSE_MARKET_FEED", value_name = "FEED", default_value = "simulator")]
    pub market_feed: MarketFeed,

    /// How much faster than it was recorded a file is replayed, from 0.01 to 1000
    #[arg(long, env = "SSE_MARKET_SPEED", value_name = "NUMBER", default_value = "1", value_parser = speed)]
    pub market_speed: f64,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self { market_feed: MarketFeed::Simulator, market_speed: 1.0 }
    }
}

/// Where the market comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketFeed {
    /// It is made up.
    Simulator,
    /// Others publish it.
    Published,
    /// It is replayed from a file, again and again.
    File(PathBuf),
}

impl FromStr for MarketFeed {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "simulator" => Self::Simulator,
            "published" => Self::Published,
            file => Self::File(file.into()),
        })
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.01..=1_000.0).contains(&speed) => Ok(speed),
        _ => Err("expected a number from 0.01 to 1000".into()),
    }
}
