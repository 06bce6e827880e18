//! What is published.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use sse_hub::TopicName;

use super::number;
use crate::publish::is_reserved;

/// What is published.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Feeds")]
pub struct FeedConfig {
    /// Where the market comes from: `simulator`, `published` for what is posted to /api/publish/market, or a file of
    /// ticks to replay (CSV with the columns time,symbol,price[,size], or NDJSON with such fields)
    #[arg(long, env = "SSE_MARKET_FEED", value_name = "FEED", default_value = "simulator")]
    pub market_feed: MarketFeed,

    /// How much faster than it was recorded a file is replayed, from 0.01 to 1000
    #[arg(long, env = "SSE_MARKET_SPEED", value_name = "NUMBER", default_value = "1", value_parser = number(0.01..=1_000.0))]
    pub market_speed: f64,

    /// A topic of a feed that is there from the start; can be repeated. Others are there once something was published
    /// to them, also before a restart if --history keeps it. Until then /api/events answers 404, and an EventSource
    /// gives up
    #[arg(long = "feed-topic", env = "SSE_FEED_TOPIC", value_name = "TOPIC")]
    #[arg(value_delimiter = ',', value_parser = topic)]
    pub topics: Vec<TopicName>,
}

impl Default for FeedConfig {
    fn default() -> Self {
        crate::Config::default().feeds
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

fn topic(text: &str) -> Result<TopicName, String> {
    match TopicName::new(text) {
        Ok(_) if is_reserved(text) => Err("is a name that the server keeps for itself".into()),
        name => name.map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn a_feed_has_topics_of_its_own_and_none_of_the_servers() {
        assert_eq!(topic("orders.eu").map(|name| name.to_string()), Ok("orders.eu".to_owned()));
        for wrong in ["", "a b", "market.ACME", "chat", "sse.x"] {
            topic(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn there_are_no_more_topics_than_feeds_may_have() {
        let check = |number| {
            let topics = (0..number).filter_map(|number| TopicName::new(format!("t{number}")).ok()).collect();
            Config { feeds: FeedConfig { topics, ..FeedConfig::default() }, ..Config::default() }.check()
        };
        check(256).expect("as many as there are places");
        let error = check(257).expect_err("one too many").to_string();
        assert!(error.contains("feed-topic: at most 256"), "{error}");
    }
}
