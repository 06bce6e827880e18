//! The streams of the classic `EventSource` examples, so that their old pages work unchanged against us.
//!
//! The originals run a thread per client, lose events over a reconnect, or are repeated for ever. Here one producer
//! serves every client, ids make a reconnect continue, and a finite stream says that it is over.

use std::time::Duration;

use axum::Router;
use axum::routing::{MethodRouter, get};
use sse_events::Text;
use sse_hub::history::HistoryError;
use sse_hub::{
    Hub, PublishError, Replay, Retention, Subscribe, Subscription, Topic, TopicError, TopicOptions,
};
use tokio::time::{MissedTickBehavior, interval};

use crate::access::Door;
use crate::app::Shared;
use crate::clock::now_ms;
use crate::problem::Refusal;
use crate::task::Task;

const STOCK_PRICE: &str = "classic.stock-price";
const EVENTS: &str = "classic.events";
const STREAM: &str = "classic.stream";

/// How many events a client may miss and still get: five minutes of them.
const KEPT: usize = 300;

/// The producers; dropping them stops them.
#[derive(Debug)]
pub(crate) struct Classics {
    _producers: [Task; 2],
}

impl Classics {
    pub(crate) fn start(hub: &Hub, seed: u64) -> Result<Self, TopicError> {
        let keep = |replay| TopicOptions {
            replay,
            retention: Retention { events: KEPT, ..Retention::default() },
            ..TopicOptions::default()
        };
        let price = hub.topic_with(STOCK_PRICE, keep(Replay::Latest))?;
        let events = hub.topic_with(EVENTS, keep(Replay::LiveOnly))?;
        let stream = hub.topic::<Text>(STREAM)?;
        say_hello(&stream);
        Ok(Self { _producers: [Task::spawn(stock_price(price, seed)), Task::spawn(messages(events))] })
    }
}

fn say_hello(topic: &Topic<Text>) {
    let said = topic.publish(&Text("Hello, SSE!".into())).and_then(|_| topic.end());
    match said {
        // It was said in an earlier life of the server, and kept.
        Ok(()) | Err(PublishError::History(HistoryError::Ended)) => {}
        Err(error) => tracing::error!(%error, topic = STREAM, "not published"),
    }
}

/// `GET /stock-price`, `/events` and `/stream`
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/stock-price", stream_of(STOCK_PRICE))
        .route("/events", stream_of(EVENTS))
        .route("/stream", stream_of(STREAM))
}

fn stream_of(topic: &'static str) -> MethodRouter<Shared> {
    get(async move |door: Door| -> Result<Subscription, Refusal> { door.open(Subscribe::to([topic])) })
}

/// A random walk between 100 and 110, once a second.
async fn stock_price(topic: Topic<Text>, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut price = 105.0_f64;
    let mut seconds = each_second();
    loop {
        seconds.tick().await;
        price = (price + random.f64() - 0.5).clamp(100.0, 110.0);
        publish(&topic, Some("price"), format!("{price:.2}"));
    }
}

/// The time of day, once a second.
async fn messages(topic: Topic<Text>) {
    let mut seconds = each_second();
    loop {
        seconds.tick().await;
        let now = now_ms() / 1_000;
        let (hour, minute, second) = (now / 3_600 % 24, now / 60 % 60, now % 60);
        publish(&topic, None, format!("Message at {hour:02}:{minute:02}:{second:02} UTC"));
    }
}

fn each_second() -> tokio::time::Interval {
    let mut interval = interval(Duration::from_secs(1));
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

fn publish(topic: &Topic<Text>, key: Option<&str>, text: String) {
    let event = Text(text);
    let published = match key {
        Some(key) => topic.publish_keyed(key, &event),
        None => topic.publish(&event),
    };
    if let Err(error) = published {
        tracing::error!(%error, topic = %topic.name(), "not published");
    }
}
