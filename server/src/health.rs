//! Whether the server is alive, and whether it takes new clients, and what they send.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use sse_hub::Hub;
use sse_hub::history::Health;
use sse_hub::serve::Stats;

use crate::app::Shared;
use crate::problem::Refusal;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/healthz/live", get(live)).route("/healthz/ready", get(ready))
}

/// `GET /healthz/live`: it answers, so it is.
async fn live() -> &'static str {
    "live\n"
}

/// `GET /healthz/ready`: `503` from the moment it is told to stop, so that load balancers look elsewhere, and while
/// nothing can be published. A history that keeps nothing more is said in words: streams go on, and elsewhere would
/// be no better.
async fn ready(State(hub): State<Hub>, State(connections): State<Stats>) -> Result<String, Refusal> {
    match connections.is_shutting_down() {
        true => Err(Refusal::shutting_down(Duration::from_secs(5))),
        false => readiness(&hub.health()),
    }
}

fn readiness(health: &Health) -> Result<String, Refusal> {
    match health {
        Health::LiveOnly(reason) => Ok(format!("ready, but the history keeps nothing: {reason}\n")),
        Health::ReadOnly(reason) => {
            let detail = format!("the history takes nothing more: {reason}");
            Err(Refusal::unavailable(detail, Duration::from_secs(30)))
        }
        _ => Ok("ready\n".into()),
    }
}

/// Refuses while the server shuts down: nobody would be told any more.
pub(crate) fn check_open(hub: &Hub) -> Result<(), Refusal> {
    match hub.is_shutting_down() {
        true => Err(Refusal::shutting_down(Duration::from_secs(1))),
        false => Ok(()),
    }
}

/// [`check_open`], and refuses what cannot be kept: whoever is told that it was taken relies on that it is there
/// tomorrow.
pub(crate) fn check_takes(hub: &Hub, what: &str) -> Result<(), Refusal> {
    check_open(hub)?;
    match hub.health() {
        Health::LiveOnly(_) => Err(cannot_keep(what)),
        _ => Ok(()),
    }
}

/// A `503` to whoever sends something that the history could not keep, or not tell from what it has.
pub(crate) fn cannot_keep(what: &str) -> Refusal {
    Refusal::unavailable(format!("{what} cannot be kept at the moment"), Duration::from_secs(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_that_takes_nothing_is_not_ready_and_one_that_keeps_nothing_says_so() {
        assert_eq!(readiness(&Health::Whole), Ok("ready\n".into()));
        let full = readiness(&Health::LiveOnly("the disk is full".into())).expect("streams go on");
        assert_eq!(full, "ready, but the history keeps nothing: the disk is full\n");
        let failed = readiness(&Health::ReadOnly("the disk has failed".into())).expect_err("not ready");
        assert_eq!(failed.status().as_u16(), 503);
        assert!(failed.detail().contains("the disk has failed"));
    }
}
