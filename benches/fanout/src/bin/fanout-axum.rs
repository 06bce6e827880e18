//! What one writes today with axum: `Sse` over a `tokio::sync::broadcast`. An event is encoded once, and copied for
//! each client.

use std::convert::Infallible;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use axum::serve::ListenerExt;
use clap::Parser;
use fanout::pace::{Pace, ServerOptions};
use fanout::tick::EVENT_TYPE;
use futures_util::{Stream, StreamExt};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// axum's `Sse` and a broadcast channel in the fan-out benchmark
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    server: ServerOptions,
}

type Ticks = broadcast::Sender<Event>;

async fn stream(State(ticks): State<Ticks>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = BroadcastStream::new(ticks.subscribe());
    // Who lags is told how much was dropped; like most programs, this one does not tell the client.
    Sse::new(ticks.filter_map(async |tick| tick.ok().map(Ok)))
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse().server;
    let ticks = Ticks::new(1_024);
    tokio::spawn(publish(ticks.clone(), Pace::new(&options)));
    let listener = fanout::listener(options.port)?.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, Router::new().route("/", get(stream)).with_state(ticks)).await?;
    Ok(())
}

async fn publish(ticks: Ticks, mut pace: Pace) {
    while let Some(due) = pace.due() {
        tokio::time::sleep_until(due.into()).await;
        for tick in pace.turn() {
            let event = Event::default().id(tick.seq.to_string()).event(EVENT_TYPE).data(tick.json());
            // It fails while there is no client.
            drop(ticks.send(event));
        }
    }
}
