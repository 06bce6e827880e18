//! The market: made-up companies, traded by a [simulator](simulator::Simulator), from a
//! [recording](recording::Recording), or by whoever publishes.

mod desk;
mod feed;
mod recording;
mod simulator;
mod stock;

use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::routing::get;
use demo_contract::Market;
use demo_contract::market::{COMPANIES, Halt, ROUTE, TOPIC};
use sse_hub::{Hub, Replay, Retention, Subscribe, Subscription, Topic, TopicOptions};

use crate::RunError;
use crate::access::Door;
use crate::app::Shared;
use crate::clock::now_ms;
use crate::config::{Config, FeedConfig, MarketFeed};
use crate::kept;
use crate::problem::Refusal;
use crate::publish::Notices;
use crate::task::Task;
use crate::visitor::Visitor;
pub(crate) use desk::Desk;
use feed::Feed;
use recording::Recording;
use simulator::Simulator;

/// The one producer for all clients; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Exchange {
    _trading: Option<Task>,
    desk: Desk,
    /// Nothing is published on it: it is who has the page open.
    _visitors: Topic<Market>,
}

impl Exchange {
    /// Opens a topic for each symbol and starts trading. The simulator goes on where the history ends, or begins with the
    /// bars of a full chart.
    pub(crate) async fn start(
        hub: &Hub,
        config: &Config,
        seed: u64,
        notices: Notices,
    ) -> Result<Self, RunError> {
        let visitors =
            hub.topic_with(TOPIC, TopicOptions { replay: Replay::LiveOnly, ..Default::default() })?;
        // Five minutes of the busiest second: after that a client needs the bars, not every tick.
        let events = (config.tick_rate + 2.0) * Duration::from_secs(300).as_secs_f64();
        let retention = Retention {
            events: (events as usize).clamp(1_024, 16_384),
            bytes: 4 * 1024 * 1024,
            ..Retention::default()
        };
        let options = TopicOptions { replay: Replay::Latest, retention, ..Default::default() };
        let topics = COMPANIES
            .iter()
            .map(|company| hub.topic_with(&topic(company.symbol), options.clone()))
            .collect::<Result<_, _>>()?;
        let feed = Feed::new(topics);
        let desk = Desk::new(feed.clone(), config.feeds.market_feed == MarketFeed::Published);
        // A history on a disk, and pages that were open before a restart, may still hold that a share is halted.
        let resume = |symbol: &str| {
            let (symbol, time) = (symbol.to_owned(), now_ms());
            feed.publish_own(&Market::Halt(Halt { symbol, halted: false, time }));
        };
        let trading = match &config.feeds.market_feed {
            MarketFeed::Simulator => {
                let (rate, kept) = (config.tick_rate, kept(hub).await);
                let simulator = Simulator::resumed(seed, rate, now_ms(), &kept).unwrap_or_else(|| {
                    let (simulator, bars) = Simulator::with_history(seed, rate, now_ms());
                    bars.iter().for_each(|event| feed.publish_own(event));
                    simulator
                });
                tracing::info!(seed, "the market opens");
                COMPANIES.iter().for_each(|company| resume(company.symbol));
                Some(Task::spawn(feed.trade(simulator, notices)))
            }
            MarketFeed::File(path) => {
                let recording = Recording::read(path).map_err(RunError::Feed)?;
                // What it does not trade would be a row of the page in which nothing is.
                recording.symbols().into_iter().for_each(resume);
                Some(Task::spawn(recording.play(desk.clone(), config.feeds.market_speed)))
            }
            MarketFeed::Published => None,
        };
        Ok(Self { _trading: trading, desk, _visitors: visitors })
    }

    /// Where trades of others come in.
    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }
}

/// What the history holds of the market.
async fn kept(hub: &Hub) -> Vec<Market> {
    let mut events = Vec::new();
    for company in COMPANIES {
        match kept::known_events::<Market>(hub, &topic(company.symbol)).await {
            Ok(kept) => events.extend(kept.into_iter().map(|(_, event)| event)),
            Err(error) => tracing::warn!(%error, symbol = company.symbol, "the market's past cannot be read"),
        }
    }
    events
}

/// Whether what the market is to come from can be read.
pub(crate) fn check_feed(config: &FeedConfig) -> Result<(), String> {
    match &config.market_feed {
        MarketFeed::File(path) => Recording::read(path).map(drop),
        MarketFeed::Simulator | MarketFeed::Published => Ok(()),
    }
}

/// `GET /api/market`
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route(ROUTE, get(stream))
}

async fn stream(
    door: Door,
    Visitor(member): Visitor,
    parameters: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Subscription, Refusal> {
    let Query(parameters) = parameters?;
    let symbols: Vec<_> =
        parameters.into_iter().filter(|(name, _)| name == "symbols").map(|(_, symbols)| symbols).collect();
    let topics = match symbols.is_empty() {
        true => all_topics().collect(),
        false => topics(&symbols.join(","))?,
    };
    door.open(Subscribe::to(topics).member(member))
}

/// The topics of the whole market.
pub(crate) fn all_topics() -> impl Iterator<Item = String> {
    std::iter::once(TOPIC.to_owned()).chain(COMPANIES.iter().map(|company| topic(company.symbol)))
}

/// With the topics of all symbols where that of the market is named. Nothing is published on that: it is who has its page
/// open.
pub(crate) fn with_symbols(mut topics: Vec<String>) -> Vec<String> {
    if topics.iter().any(|topic| topic == TOPIC) {
        topics.extend(all_topics().filter(|topic| topic != TOPIC));
    }
    topics
}

/// The topics of a comma-separated list of symbols.
fn topics(symbols: &str) -> Result<Vec<String>, Refusal> {
    let mut topics = vec![TOPIC.to_owned()];
    for symbol in symbols.split(',').map(str::trim).filter(|symbol| !symbol.is_empty()) {
        let company = COMPANIES.iter().find(|company| company.symbol.eq_ignore_ascii_case(symbol));
        let company = company.ok_or_else(|| Refusal::not_found(format!("there is no symbol {symbol:?}")))?;
        topics.push(topic(company.symbol));
    }
    match topics.len() {
        1 => Err(Refusal::bad_request("symbols: name at least one, or leave it out for all")),
        _ => Ok(topics),
    }
}

fn topic(symbol: &str) -> String {
    format!("{TOPIC}.{symbol}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_of_the_symbols_asked_for_or_of_all() {
        assert_eq!(all_topics().count(), 1 + COMPANIES.len());
        assert_eq!(topics("ACME,juno").expect("two"), ["market", "market.ACME", "market.JUNO"]);
        for (symbols, status) in [("", 400), (" , ", 400), ("NOPE", 404), ("ACME,A\r\nB", 404)] {
            assert_eq!(topics(symbols).expect_err(symbols).status(), status);
        }
    }
}
