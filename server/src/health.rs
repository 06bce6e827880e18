//! Whether the server is alive, and whether it takes new clients.

use std::time::Duration;

use axum::extract::State;
use sse_hub::Hub;

use crate::problem::Refusal;

/// `GET /healthz/live`: it answers, so it is.
pub(crate) async fn live() -> &'static str {
    "live\n"
}

/// `GET /healthz/ready`: `503` from the moment it shuts down, so that load balancers look elsewhere.
pub(crate) async fn ready(State(hub): State<Hub>) -> Result<&'static str, Refusal> {
    match hub.is_shutting_down() {
        true => Err(Refusal::unavailable("the server is shutting down", Duration::from_secs(5))),
        false => Ok("ready\n"),
    }
}
