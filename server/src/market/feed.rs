//! Publishes what the simulator makes up, when its time comes.

use std::sync::Arc;
use std::time::Duration;

use demo_contract::Market;
use demo_contract::market::{BAR_SECONDS, BARS_KEPT, COMPANIES, Halt};
use demo_contract::notifications::Severity;
use sse_hub::{EventId, PublishError, Topic, TopicName};
use tokio::time::{Instant, sleep_until};

use super::simulator::Simulator;
use crate::clock::now_ms;
use crate::publish::Notices;

/// How far the wall clock may run ahead before the time in between is left out: a laptop that slept must not
/// replay the night.
const MAX_LAG: u64 = 10_000;

/// Something was not published.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    #[error("symbol: {0:?} is not traded here")]
    UnknownSymbol(String),
    #[error("price: must be a number above zero, not {0}")]
    Price(f64),
    #[error("time: {time} is more than a day ahead; it must be in {unit} since 1970")]
    Time { time: u64, unit: &'static str },
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// The topics of the symbols. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    /// In the order of [`COMPANIES`].
    topics: Arc<[Topic<Market>]>,
}

impl Feed {
    pub(super) fn new(topics: Vec<Topic<Market>>) -> Self {
        Self { topics: topics.into() }
    }

    /// Publishes under a key that keeps what a new page needs: the last price, the last halt, and one bar for each
    /// place on the chart. Says under which event id. A note is kept with it.
    pub(super) fn publish(&self, event: &Market, note: Option<&str>) -> Result<EventId, FeedError> {
        let place = COMPANIES.iter().position(|company| company.symbol == event.symbol());
        let Some(topic) = place.and_then(|place| self.topics.get(place)) else {
            return Err(FeedError::UnknownSymbol(event.symbol().to_owned()));
        };
        let key = match event {
            Market::Tick(_) => "tick".to_owned(),
            Market::Halt(_) => "halt".to_owned(),
            Market::Bar(bar) => format!("bar-{}", bar.time / BAR_SECONDS % BARS_KEPT as u64),
        };
        Ok(topic.publish_with_note(Some(&key), event, note)?)
    }

    /// The names of the topics.
    pub(super) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        self.topics.iter().map(Topic::name)
    }

    /// Publishes what was made up here, in which nothing can be wrong.
    pub(super) fn publish_own(&self, event: &Market) {
        if let Err(error) = self.publish(event, None) {
            tracing::error!(%error, symbol = event.symbol(), "not published");
        }
    }

    /// Trades for ever, and tells of halts.
    pub(super) async fn trade(self, mut simulator: Simulator, notices: Notices) {
        // Paced by the clock that never jumps, so that nothing bursts or stalls when the time of day is corrected.
        let (mut started, mut opened) = (Instant::now(), now_ms());
        loop {
            let at = simulator.next_at();
            sleep_until(started + Duration::from_millis(at.saturating_sub(opened))).await;
            let now = now_ms();
            let events = if now.saturating_sub(at) > MAX_LAG {
                (started, opened) = (Instant::now(), now);
                simulator.skip_to(now)
            } else {
                simulator.advance()
            };
            for event in &events {
                self.publish_own(event);
                if let Market::Halt(Halt { symbol, halted, .. }) = event {
                    match halted {
                        true => notices.say(&format!("Trading in {symbol} is halted"), Severity::Warning),
                        false => notices.say(&format!("{symbol} is traded again"), Severity::Success),
                    }
                }
            }
        }
    }
}
