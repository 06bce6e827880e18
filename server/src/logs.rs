//! The server's own log: on standard error, and as a stream for whoever may see it.
//!
//! Lines pass from a layer of `tracing` over a bounded channel to a topic. Nothing here and nothing that a delivery
//! passes through logs at the level of the stream, so the log never makes the log grow; and the stream has a rate, so
//! that not even a mistake in that could.

mod layer;
mod redact;
mod stderr;

use std::env::{self, VarError};
use std::io::{self, IsTerminal};
use std::sync::LazyLock;

use axum::Router;
use axum::routing::get;
use demo_contract::Logs;
use demo_contract::logs::{Line, ROUTE, Skipped, TOPIC};
use sse_hub::{Hub, Retention, Subscribe, Subscription, Topic, TopicError, TopicOptions};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::access::Door;
use crate::app::Shared;
use crate::problem::Refusal;
use crate::rate::Rate;
use crate::task::Task;
pub(crate) use redact::keep_out;
pub use redact::redact;

/// How many lines may wait for the stream.
const WAITING: usize = 1_024;

/// How many lines the stream keeps.
const KEPT: usize = 500;

/// How many lines a second the stream takes.
const LINES_PER_SECOND: f64 = 100.0;

/// What was logged in this process. There is one log, however many servers run in it.
static LINES: LazyLock<broadcast::Sender<Line>> = LazyLock::new(|| broadcast::Sender::new(WAITING));

/// What is logged, as the variable `SSE_LOG` says.
///
/// # Errors
/// What is wrong with it, beginning with its name.
pub fn filter() -> Result<EnvFilter, String> {
    match env::var("SSE_LOG") {
        Ok(filter) => EnvFilter::try_new(filter).map_err(|error| format!("SSE_LOG: {error}")),
        Err(VarError::NotPresent) => Ok(EnvFilter::new("info")),
        Err(error @ VarError::NotUnicode(_)) => Err(format!("SSE_LOG: {error}")),
    }
}

/// Begins to log, to standard error and to the stream. For the program; who has a subscriber already needs no other.
pub fn init(filter: EnvFilter) {
    let to_stderr = tracing_subscriber::fmt::layer()
        .with_writer(|| redact::Redacting::new(stderr::Stderr))
        .with_ansi(io::stderr().is_terminal());
    tracing_subscriber::registry().with(filter).with(to_stderr).with(layer::LogLayer).init();
}

/// Brings the log to its topic; dropping it stops that.
#[derive(Debug)]
pub(crate) struct LogStream {
    _telling: Task,
}

impl LogStream {
    pub(crate) fn start(hub: &Hub) -> Result<Self, TopicError> {
        let retention = Retention { events: KEPT, bytes: 512 * 1024, ..Retention::default() };
        let topic = hub.topic_with(TOPIC, TopicOptions { retention, ..TopicOptions::default() })?;
        Ok(Self { _telling: Task::spawn(tell(topic, LINES.subscribe())) })
    }
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route(ROUTE, get(stream))
}

async fn stream(door: Door) -> Result<Subscription, Refusal> {
    door.open(Subscribe::to([TOPIC]))
}

async fn tell(topic: Topic<Logs>, mut lines: broadcast::Receiver<Line>) {
    let rate = Rate::new(LINES_PER_SECOND, 5.0);
    let mut skipped = 0;
    loop {
        let line = match lines.recv().await {
            Ok(line) => line,
            Err(RecvError::Lagged(lines)) => {
                skipped += lines;
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        if rate.take(()).is_err() {
            skipped += 1;
            continue;
        }
        // Whether it was published is said nowhere: it would be said in the log.
        if skipped > 0 {
            let _ = topic.publish(&Logs::Skipped(Skipped { lines: skipped }));
            skipped = 0;
        }
        let _ = topic.publish(&Logs::Line(line));
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::logs::Level;

    use super::*;

    fn line(number: usize) -> Line {
        let message = number.to_string();
        Line { time: 0, level: Level::Info, target: "test".into(), message, request: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_cut_and_counted() {
        let hub = Hub::default();
        let topic = hub.topic::<Logs>("logs").expect("opened");
        let (sender, lines) = broadcast::channel(WAITING);
        let _telling = Task::spawn(tell(topic, lines));
        for number in 0..WAITING + 500 {
            let _ = sender.send(line(number));
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let _ = sender.send(line(9_999));
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let told = hub.snapshot::<Logs>(["logs"]).await.expect("a snapshot").value;
        let lines = told.iter().filter(|told| matches!(told, Logs::Line(_))).count();
        let skipped: u64 = told
            .iter()
            .map(|told| match told {
                Logs::Skipped(skipped) => skipped.lines,
                Logs::Line(_) => 0,
            })
            .sum();
        assert_eq!(told.last(), Some(&Logs::Line(line(9_999))));
        assert_eq!(lines + skipped as usize, WAITING + 501, "each was told or counted");
        assert!(lines <= 510, "{lines}");
    }
}
