//! Gives an answer: from the model into its topic.

use std::sync::Arc;
use std::time::Duration;

use demo_contract::Assistant;
use demo_contract::assistant::{Failed, FinishReason, Finished, Token};
use sse_hub::{Presence, Topic};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::model::{BrokenOff, Speech, Word};

/// The most pieces of an answer.
pub(super) const MAX_PIECES: usize = 16 * 1024;

/// The most bytes of an answer.
const MAX_BYTES: usize = 512 * 1024;

/// Publishes until the answer is complete, breaks off, is stopped, or was left by its last listener for `linger`. Then
/// its topic ends.
pub(super) async fn give(
    topic: Topic<Assistant>,
    speech: Speech,
    listeners: Option<watch::Receiver<Presence>>,
    stop: Arc<Notify>,
    linger: Duration,
) {
    // Whichever comes first; the others are dropped, and with the speech the request to the model.
    let last = tokio::select! {
        biased;
        () = stop.notified() => finished(FinishReason::Stopped),
        () = abandoned(listeners, linger) => finished(FinishReason::Abandoned),
        last = speak(&topic, speech) => last,
    };
    let said = topic.publish(&last);
    // Also where the last word was refused: whoever listens must not wait for ever.
    let ended = topic.end();
    if let Err(error) = said.map(drop).and(ended) {
        tracing::error!(%error, topic = %topic.name(), "an answer was not ended");
    }
}

/// Publishes piece after piece, and returns what is to be published last.
async fn speak(topic: &Topic<Assistant>, mut speech: Speech) -> Assistant {
    let mut bytes = 0;
    for _ in 0..MAX_PIECES {
        let text = match speech.next().await {
            Ok(Word::Token(text)) => text,
            Ok(Word::Finished(reason)) => return finished(reason),
            Err(BrokenOff(detail)) => return Assistant::Failed(Failed { detail }),
        };
        bytes += text.len();
        if bytes > MAX_BYTES {
            break;
        }
        if let Err(error) = topic.publish(&Assistant::Token(Token { text })) {
            tracing::error!(%error, topic = %topic.name(), "a piece of an answer was not published");
            return Assistant::Failed(Failed { detail: "the server could not publish the answer".into() });
        }
    }
    finished(FinishReason::Length)
}

/// Completes when nobody has listened for `linger`.
async fn abandoned(listeners: Option<watch::Receiver<Presence>>, linger: Duration) {
    let Some(mut listeners) = listeners else { return };
    loop {
        if listeners.wait_for(|presence| presence.count == 0).await.is_err() {
            return;
        }
        tokio::select! {
            () = sleep(linger) => return,
            _ = listeners.wait_for(|presence| presence.count > 0) => {}
        }
    }
}

fn finished(reason: FinishReason) -> Assistant {
    Assistant::Finished(Finished { reason })
}
