//! What one writes today with axum: `Sse` over a `tokio::sync::broadcast`. The data is encoded once, the event for each
//! client, as `Sse` has it.

use std::convert::Infallible;
use std::sync::Arc;

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

#[derive(Clone, Debug)]
struct Message {
    id: u64,
    data: Arc<str>,
}

type Ticks = broadcast::Sender<Message>;

async fn stream(State(ticks): State<Ticks>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = BroadcastStream::new(ticks.subscribe());
    // Who lags is told how much was dropped; like most programs, this one does not tell the client.
    Sse::new(ticks.filter_map(async |message| {
        let Message { id, data } = message.ok()?;
        Some(Ok(Event::default().id(id.to_string()).event(EVENT_TYPE).data(&*data)))
    }))
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
            // It fails while there is no client.
            drop(ticks.send(Message { id: tick.seq, data: tick.json().into() }));
        }
    }
}
