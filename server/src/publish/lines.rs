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

/// How much of the rest of a body is read when a line was refused, so that its sender comes to read why: a connection
/// that is closed with bytes unread is reset.
const MAX_DISCARDED: usize = 1024 * 1024;

/// Publishes line after line, as long as `may_go_on` says so. What a refusal names is the first line that was not taken; all before it were.
pub(super) async fn publish(
    publisher: &Publisher,
    topic: &PublishTopic,
    body: Body,
    may_go_on: impl Fn() -> Result<(), Refusal>,
) -> Result<PublishedLines, Refusal> {
    let mut chunks = body.into_data_stream();
    let mut done = PublishedLines::default();
    let mut last = None;
    let mut number = 0;
    let result = async {
        let mut rest = Vec::new();
        let check = || publisher.check_open().and_then(|()| may_go_on());
        while let Some(chunk) = next(check, &mut chunks).await? {
            let mut chunk = &chunk[..];
            while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
                number += 1;
                let (line, tail) = (&chunk[..end], &chunk[end + 1..]);
                if rest.is_empty() {
                    take(publisher, topic, line, &mut done, &mut last).await?;
                } else {
                    rest.extend_from_slice(line);
                    take(publisher, topic, &rest, &mut done, &mut last).await?;
                    rest.clear();
                }
                chunk = tail;
            }
            rest.extend_from_slice(chunk);
            if rest.len() > MAX_EVENT {
                number += 1;
                return Err(too_long());
            }
        }
        number += 1;
        take(publisher, topic, &rest, &mut done, &mut last).await
    }
    .await;
    // All at once: one that is kept has all before it kept.
    let kept = match &last {
        Some(last) => publisher.committed(last).await,
        None => Ok(()),
    };
    let refusal = match (result, kept) {
        (Ok(()), Ok(())) => {
            done.last_id = last.map(|last| last.as_str().to_owned());
            return Ok(done);
        }
        (Err(refusal), Ok(())) => {
            let taken = done.published + done.duplicates;
            refusal.at(format_args!("line {number} ({taken} events before it were taken)"))
        }
        (_, Err(refusal)) => refusal.at(format_args!("lines 1 to {number}, not all of which are kept")),
    };
    discard(&mut chunks).await;
    Err(refusal)
}

/// The next piece of the body. Ends early when the feed may not go on, as at a shutdown: what was sent and not answered is
/// sent again.
async fn next(
    may_go_on: impl Fn() -> Result<(), Refusal>,
    chunks: &mut BodyDataStream,
) -> Result<Option<bytes::Bytes>, Refusal> {
    let silent_since = Instant::now();
    loop {
        may_go_on()?;
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

async fn take(
    publisher: &Publisher,
    topic: &PublishTopic,
    line: &[u8],
    done: &mut PublishedLines,
    last: &mut Option<EventId>,
) -> Result<(), Refusal> {
    if line.len() > MAX_EVENT {
        return Err(too_long());
    }
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let event = NewEvent::from_line(line)?;
    while let Err(wait) = publisher.take_turn(topic) {
        publisher.check_open()?;
        sleep(wait.min(LOOK_UP)).await;
    }
    let taken = publisher.publish(topic, event)?;
    match taken.duplicate {
        true => done.duplicates += 1,
        false => done.published += 1,
    }
    if (done.published + done.duplicates).is_multiple_of(COMMIT_EVERY) {
        publisher.committed(&taken.id).await?;
    }
    *last = Some(taken.id);
    Ok(())
}

fn too_long() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the line is longer than {MAX_EVENT} bytes"))
}

async fn discard(chunks: &mut BodyDataStream) {
    let rest = async {
        let mut seen = 0;
        while let Some(Ok(chunk)) = chunks.next().await {
            seen += chunk.len();
            if seen > MAX_DISCARDED {
                break;
            }
        }
    };
    // A feed that goes on for ever is cut off.
    let _ = timeout(Duration::from_secs(1), rest).await;
}
