//! `GET /api/notifications`: what pages show in passing.

use axum::Router;
use axum::routing::get;
use demo_contract::notifications::{ROUTE, TOPIC};
use sse_hub::{Subscribe, Subscription};

use crate::access::Door;
use crate::app::Shared;
use crate::problem::Refusal;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route(ROUTE, get(stream))
}

async fn stream(door: Door) -> Result<Subscription, Refusal> {
    door.open(Subscribe::to([TOPIC]))
}
