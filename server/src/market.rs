//! The market: made-up companies, traded by a [simulator](simulator::Simulator).

mod feed;
mod simulator;
mod stock;

use std::time::Duration;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use demo_contract::Market;
use demo_contract::market::{COMPANIES, ROUTE, TOPIC};
use serde::Deserialize;
use sse_hub::axum::LastEventId;
use sse_hub::{Hub, Replay, Retention, Subscribe, Subscription, Topic, TopicError, TopicOptions};

use crate::clock::now_ms;
use crate::config::Config;
use crate::problem::Refusal;
use crate::task::Task;
use crate::visitor::Visitor;
use feed::Feed;
use simulator::Simulator;

/// The one producer for all clients; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Exchange {
    _trading: Task,
    /// Nothing is published on it: it is who has the page open.
    _visitors: Topic<Market>,
}

impl Exchange {
    /// Opens a topic for each symbol, publishes the bars that a chart begins with, and starts trading.
    pub(crate) fn open(hub: &Hub, config: &Config, seed: u64) -> Result<Self, TopicError> {
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

        let (simulator, bars) = Simulator::with_history(seed, config.tick_rate, now_ms());
        bars.iter().for_each(|event| feed.publish(event));
        Ok(Self { _trading: Task::spawn(feed.trade(simulator)), _visitors: visitors })
    }
}

/// `GET /api/market`
pub(crate) fn routes() -> Router<Hub> {
    Router::new().route(ROUTE, get(stream))
}

#[derive(Deserialize)]
struct Parameters {
    symbols: Option<String>,
}

async fn stream(
    State(hub): State<Hub>,
    LastEventId(last): LastEventId,
    Visitor(member): Visitor,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Subscription, Refusal> {
    let topics = topics(parameters?.0.symbols.as_deref())?;
    Ok(hub.subscribe(Subscribe::to(topics).after(last).member(member))?)
}

/// The topics of a comma-separated list of symbols, or of the whole market.
fn topics(symbols: Option<&str>) -> Result<Vec<String>, Refusal> {
    let mut topics = vec![TOPIC.to_owned()];
    let Some(symbols) = symbols else {
        topics.extend(COMPANIES.iter().map(|company| topic(company.symbol)));
        return Ok(topics);
    };
    for symbol in symbols.split(',').map(str::trim).filter(|symbol| !symbol.is_empty()) {
        let company = COMPANIES.iter().find(|company| company.symbol.eq_ignore_ascii_case(symbol));
        let company = company.ok_or_else(|| Refusal::not_found(format!("there is no symbol {symbol:?}")))?;
        topics.push(topic(company.symbol));
    }
    match topics.len() {
        1 => {
            Err(Refusal::new(StatusCode::BAD_REQUEST, "symbols: name at least one, or leave it out for all"))
        }
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
        assert_eq!(topics(None).expect("all").len(), 1 + COMPANIES.len());
        assert_eq!(topics(Some("ACME,juno")).expect("two"), ["market", "market.ACME", "market.JUNO"]);
        for (symbols, status) in [("", 400), (" , ", 400), ("NOPE", 404), ("ACME,A\r\nB", 404)] {
            assert_eq!(topics(Some(symbols)).expect_err(symbols).status(), status);
        }
    }
}
