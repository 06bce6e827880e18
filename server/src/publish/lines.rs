//! Many events in one body, each on a line (NDJSON).

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::StatusCode;
use demo_contract::publish::PublishedLines;
use futures_util::StreamExt;
use sse_hub::EventId;
use tokio::time::{Instant, sleep, timeout};

use super::event::{MAX_EVENT, NewEvent};
use super::topics::{PublishTopic, Publisher};
use crate::json;
use crate::problem::Refusal;

pub(super) const MEDIA_TYPES: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"];

/// How long a feed may be silent. An empty line says that it is still there.
const MAX_SILENCE: Duration = Duration::from_secs(60);

/// How many lines are taken before the disk is waited for: a feed that is faster is held up by it, and leaves room for
/// what others publish.
const COMMIT_EVERY: u64 = 1_024;

/// How often a feed that waits looks whether it may go on.
const LOOK_UP: Duration = Duration::from_millis(250);

/// Publishes line after line, as long as `may_publish` says so. What a refusal names is the first line that was not
/// taken; all before it were.
pub(super) async fn publish(
    publisher: &Publisher,
    topic: &PublishTopic,
    body: Body,
    may_publish: impl Fn() -> Result<(), Refusal>,
) -> Result<PublishedLines, Refusal> {
    let mut chunks = body.into_data_stream();
    let mut feed = Feed { publisher, topic, may_publish, done: PublishedLines::default(), last: None };
    // Of the line that comes next, or is looked at.
    let mut number = 1;
    let result = async {
        let mut rest = Vec::new();
        while let Some(chunk) = feed.next(&mut chunks).await? {
            let mut chunk = &chunk[..];
            while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
                let (line, tail) = (&chunk[..end], &chunk[end + 1..]);
                if rest.is_empty() {
                    feed.take(line).await?;
                } else {
                    rest.extend_from_slice(line);
                    feed.take(&rest).await?;
                    rest.clear();
                }
                number += 1;
                chunk = tail;
            }
            rest.extend_from_slice(chunk);
            if rest.len() > MAX_EVENT {
                return Err(too_long());
            }
        }
        feed.take(&rest).await
    }
    .await;
    let kept = feed.commit().await;
    let refusal = match (result, kept) {
        (Ok(()), Ok(())) => {
            feed.done.last_id = feed.last.map(EventId::into_string);
            return Ok(feed.done);
        }
        (Err(refusal), Ok(())) => {
            let taken = feed.taken();
            refusal.at(format_args!("line {number} ({taken} events before it were taken)"))
        }
        (_, Err(refusal)) => refusal.at(format_args!("lines 1 to {number}, not all of which are kept")),
    };
    // A feed that goes on for ever is cut off.
    let _ = timeout(Duration::from_secs(1), json::discard(&mut chunks)).await;
    Err(refusal)
}

/// A feed, and what was taken of it.
struct Feed<'a, F> {
    publisher: &'a Publisher,
    topic: &'a PublishTopic,
    may_publish: F,
    done: PublishedLines,
    last: Option<EventId>,
}

impl<F: Fn() -> Result<(), Refusal>> Feed<'_, F> {
    /// Asked wherever the feed has waited: it may wait for hours, and what it may has changed meanwhile.
    fn check(&self) -> Result<(), Refusal> {
        self.publisher.check_open()?;
        (self.may_publish)()
    }

    /// The next piece of the body. Ends early when the feed may not go on, as at a shutdown: what was sent and not
    /// answered is sent again.
    async fn next(&self, chunks: &mut BodyDataStream) -> Result<Option<bytes::Bytes>, Refusal> {
        let silent_since = Instant::now();
        loop {
            self.check()?;
            match timeout(LOOK_UP, chunks.next()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(chunk))) => return Ok(Some(chunk)),
                Ok(Some(Err(_))) => return Err(Refusal::bad_request("the body broke off")),
                Err(_) if silent_since.elapsed() >= MAX_SILENCE => {
                    return Err(Refusal::new(
                        StatusCode::REQUEST_TIMEOUT,
                        "the feed was silent for a minute; send an empty line now and then",
                    ));
                }
                Err(_) => {}
            }
        }
    }

    async fn take(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if line.len() > MAX_EVENT {
            return Err(too_long());
        }
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let event = NewEvent::from_line(line)?;
        if self.taken() > 0 && self.taken().is_multiple_of(COMMIT_EVERY) {
            self.commit().await?;
            self.check()?;
        }
        while let Err(wait) = self.publisher.take_turn(self.topic) {
            sleep(wait.min(LOOK_UP)).await;
            self.check()?;
        }
        let taken = self.publisher.publish(self.topic, event)?;
        match taken.duplicate {
            true => self.done.duplicates += 1,
            false => self.done.published += 1,
        }
        self.last = Some(taken.id);
        Ok(())
    }

    fn taken(&self) -> u64 {
        self.done.published + self.done.duplicates
    }

    /// Waits until all that was taken is kept: where the last one is, all before it are.
    async fn commit(&self) -> Result<(), Refusal> {
        match &self.last {
            Some(last) => self.publisher.committed(last).await,
            None => Ok(()),
        }
    }
}

fn too_long() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the line is longer than {MAX_EVENT} bytes"))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use sse_hub::{Hub, HubOptions};

    use super::*;
    use crate::config::Config;
    use crate::market::Exchange;
    use crate::publish::Notices;

    #[tokio::test]
    async fn a_feed_is_asked_again_whenever_the_disk_was_waited_for() {
        let hub = Hub::new(HubOptions::default());
        let notices = Notices::open(&hub).expect("opened");
        let exchange = Exchange::start(&hub, &Config::default(), 1, notices.clone()).await.expect("opened");
        let publisher = Publisher::new(&hub, exchange.desk().clone(), notices, 0.0);
        let topic = publisher.topic("orders").expect("opened");
        // Many lines at once, after which nobody would be asked for a piece of the body.
        let lines = "{\"data\":1}\n".repeat(3 * usize::try_from(COMMIT_EVERY).expect("small"));
        let asked = Cell::new(0);
        let until_it_has_waited = || {
            asked.set(asked.get() + 1);
            if asked.get() == 1 { Ok(()) } else { Err(Refusal::unauthorized("the token is gone")) }
        };
        let refused = publish(&publisher, &topic, lines.into(), until_it_has_waited).await;
        let detail = refused.expect_err("refused").detail().to_owned();
        assert!(detail.starts_with("line 1025 (1024 events before it were taken)"), "{detail}");
    }
}
