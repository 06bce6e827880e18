//! `GET /api/events?topic=a&topic=b`: any topics on one connection.

use axum::Router;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::routing::get;
use demo_contract::market::TOPIC as MARKET;
use sse_hub::{Subscribe, Subscription};

use crate::access::Door;
use crate::app::Shared;
use crate::market;
use crate::problem::Refusal;
use crate::visitor::Visitor;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/api/events", get(stream))
}

async fn stream(
    door: Door,
    Visitor(member): Visitor,
    parameters: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Subscription, Refusal> {
    let Query(parameters) = parameters?;
    let mut topics: Vec<_> =
        parameters.into_iter().filter(|(name, _)| name == "topic").map(|(_, topic)| topic).collect();
    // Nothing is published on the market's own topic: it is who has its page open.
    if topics.iter().any(|topic| topic == MARKET) {
        topics.extend(market::all_topics().filter(|topic| topic != MARKET));
    }
    if topics.is_empty() {
        return Err(Refusal::bad_request("name at least one topic: /api/events?topic=market.ACME"));
    }
    door.open(Subscribe::to(topics).member(member))
}
