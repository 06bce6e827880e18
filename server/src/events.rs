//! `GET /api/events?topic=a&topic=b`: any topics on one connection.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use sse_hub::{Limits, Subscribe, SubscribeError, Subscription};

use crate::access::Door;
use crate::app::Shared;
use crate::chat::Rooms;
use crate::market;
use crate::problem::Refusal;
use crate::visitor::Visitor;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/api/events", get(stream))
}

async fn stream(
    State(rooms): State<Arc<Rooms>>,
    door: Door,
    Visitor(member): Visitor,
    parameters: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Subscription, Refusal> {
    let Query(parameters) = parameters?;
    let topics = parameters.into_iter().filter(|(name, _)| name == "topic").map(|(_, topic)| topic);
    let mut topics = market::with_symbols(topics.collect());
    if topics.is_empty() {
        return Err(Refusal::bad_request("name at least one topic: /api/events?topic=market.ACME"));
    }
    // The hub would say so only when the rooms are open.
    topics.sort_unstable();
    topics.dedup();
    let limit = Limits::default().topics_per_subscription;
    if topics.len() > limit {
        return Err(SubscribeError::TooManyTopics { limit }.into());
    }
    // As at its own route a room opens for whoever may read it.
    let admitted = door.admit(Subscribe::to(topics.clone()).member(member))?;
    rooms.open_topics(&topics, || admitted.open())?
}
