//! Publishes what the simulator makes up, when its time comes.

use std::time::Duration;

use demo_contract::Market;
use demo_contract::market::{BAR_SECONDS, BARS_KEPT, COMPANIES};
use sse_hub::Topic;
use tokio::time::{Instant, sleep_until};

use super::simulator::Simulator;
use crate::clock::now_ms;

/// How far the wall clock may run ahead before the time in between is left out: a laptop that slept must not
/// replay the night.
const MAX_LAG: u64 = 10_000;

/// The topics of the symbols.
#[derive(Debug)]
pub(super) struct Feed {
    /// In the order of [`COMPANIES`].
    topics: Vec<Topic<Market>>,
}

impl Feed {
    pub(super) fn new(topics: Vec<Topic<Market>>) -> Self {
        Self { topics }
    }

    /// Publishes under a key that keeps what a new page needs: the last price, the last halt, and one bar for each
    /// place on the chart.
    pub(super) fn publish(&self, event: &Market) {
        let place = COMPANIES.iter().position(|company| company.symbol == event.symbol());
        let Some(topic) = place.and_then(|place| self.topics.get(place)) else {
            return;
        };
        let published = match event {
            Market::Tick(_) => topic.publish_keyed("tick", event),
            Market::Halt(_) => topic.publish_keyed("halt", event),
            Market::Bar(bar) => {
                let place = bar.time / BAR_SECONDS % BARS_KEPT as u64;
                topic.publish_keyed(&format!("bar-{place}"), event)
            }
        };
        if let Err(error) = published {
            tracing::error!(%error, topic = %topic.name(), "not published");
        }
    }

    /// Trades for ever.
    pub(super) async fn trade(self, mut simulator: Simulator) {
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
            events.iter().for_each(|event| self.publish(event));
        }
    }
}
