//! Our own hub, used as anybody would: a topic, a route, a publisher.

use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use clap::Parser;
use fanout::pace::{Pace, ServerOptions};
use fanout::tick::Tick;
use sse_hub::axum::LastEventId;
use sse_hub::sse_events::EventSet;
use sse_hub::{Hub, HubOptions, Limits, Replay, Subscribe, Topic, TopicOptions, serve};

/// sse-hub in the fan-out benchmark
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
enum Market {
    Tick(Tick),
}

const TOPIC: &str = "market";

async fn stream(State(hub): State<Hub>, LastEventId(last): LastEventId) -> impl IntoResponse {
    hub.subscribe(Subscribe::to([TOPIC]).after(last))
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse().server;
    let limits = Limits { subscriptions: 20_000, ..Limits::default() };
    let hub = Hub::new(HubOptions { limits, ..HubOptions::default() });
    // The others replay nothing to a client that has just come.
    let replay = Replay::LiveOnly;
    // The others have to hold events back before they publish them. tokio's timer lets a time that begins within a
    // millisecond end with a millisecond, so that a window lasts one more than it is given: with the whole 20 ours
    // would be spared every twentieth write.
    let flush_window = options.window.checked_sub(1).map(|millis| Duration::from_millis(millis.into()));
    let pace = Pace::new(&ServerOptions { window: 0, ..options });
    let market = hub.topic_with(TOPIC, TopicOptions { replay, flush_window, ..TopicOptions::default() })?;
    let publishing = tokio::spawn(publish(market, pace));
    let app = Router::new().route("/", get(stream)).with_state(hub);
    let listener = fanout::listener(options.port)?;
    tokio::select! {
        served = serve::run(listener, app, serve::Options::default(), std::future::pending()) => served?,
        // It ends only with an error; at no rate it never does.
        published = publishing => published??,
    }
    Ok(())
}

async fn publish(market: Topic<Market>, mut pace: Pace) -> Result<()> {
    while let Some(due) = pace.due() {
        tokio::time::sleep_until(due.into()).await;
        for tick in pace.turn() {
            market.publish(&Market::Tick(tick))?;
        }
    }
    std::future::pending().await
}
