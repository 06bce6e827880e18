use alloc::vec::Vec;
use core::time::Duration;

use super::backoff::Backoff;
use super::silence::Silence;
use super::state::Failure;

/// How a [`Client`](super::Client) behaves. Start from the default and change what you need.
///
/// ```
/// use std::time::Duration;
///
/// use sse_proto::client::ClientOptions;
///
/// let mut options = ClientOptions::default();
/// options.max_retries = Some(10);
/// options.connect_timeout = Some(Duration::from_secs(10));
/// options.retry_statuses.push(500);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The wait before each attempt to reconnect.
    pub backoff: Backoff,
    /// How many consecutive attempts to reconnect may fail before it is closed; `None` (the default) for no
    /// limit. With `Some(0)` the first failure is final.
    pub max_retries: Option<u32>,
    /// How long a connection must have been open for its end to start the count anew. Default: 5 s.
    ///
    /// Zero for a server that answers with what there is and ends, like a script that is run for each request: by default it
    /// is taken for one that breaks again and again, and asked ever more seldom.
    pub healthy_after: Duration,
    /// How long to wait for a response. Default: 60 s.
    ///
    /// Some servers (a Flask generator, a Go handler that does not flush, Spring's `SseEmitter`) send not even
    /// the head of the response before the first event. For those it must be longer than their longest silence,
    /// or `None`.
    ///
    /// The time that a transport takes before it sends the request counts too: to get a token, or a ticket.
    pub connect_timeout: Option<Duration>,
    /// When to take silence for a dead connection. Default: as the server announces it.
    pub silence: Silence,
    /// The statuses that are worth another attempt, not before their `Retry-After` is over (conformance c03).
    /// Default: 429, 502, 503 and 504.
    ///
    /// Where an earlier response was redirected to, any other status but 204 is worth one, too: at the owner's URL.
    pub retry_statuses: Vec<u16>,
    /// Whether to try again when the native `EventSource` gave up without saying why. Default: no, as the
    /// standard has it. Turn it on behind a proxy that answers 502 while the server restarts.
    ///
    /// Then a 401, a 404 and the 204 of a finished stream are tried again as well, for ever: the browser tells none of
    /// these apart. Set [`max_retries`](Self::max_retries) with it.
    pub retry_rejected: bool,
    /// Whether the same request may be sent again without the owner's word (conformance c18). Default: yes.
    ///
    /// Turn it off for one that does something, like a POST that starts an answer and costs money: then a
    /// connection that drops, times out or is paused after the request was sent closes as
    /// [`CloseReason::Interrupted`](super::CloseReason::Interrupted), and a status that would be worth another
    /// attempt, or a token that cannot be had, as [`Refused`](super::CloseReason::Refused). The owner can send it again
    /// by `Open` or `Reconnect`.
    pub resend: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            max_retries: None,
            healthy_after: Duration::from_secs(5),
            connect_timeout: Some(Duration::from_secs(60)),
            silence: Silence::default(),
            retry_statuses: alloc::vec![429, 502, 503, 504],
            retry_rejected: false,
            resend: true,
        }
    }
}

impl ClientOptions {
    /// Whether another attempt can help after `failure`.
    pub(super) fn retries(&self, failure: &Failure) -> bool {
        match failure {
            Failure::Network | Failure::Ended | Failure::Cut | Failure::ConnectTimeout | Failure::Silence => {
                true
            }
            // Nothing is in doubt, as after an interruption; but to send it, perhaps much later, is for the owner to say.
            Failure::Token(_) => self.resend,
            Failure::Status { status, .. } => self.resend && self.retry_statuses.contains(status),
            Failure::Rejected => self.retry_rejected,
            Failure::ContentType(_) | Failure::Unsupported | Failure::Limit(_) => false,
        }
    }

    /// Whether another attempt, at the owner's own URL, can help after `failure` at the one where it was redirected to:
    /// what that refuses, another may answer. But 204 is the end of the stream, wherever it is said.
    pub(super) fn retries_from_start(&self, failure: &Failure) -> bool {
        let is_refusal = match failure {
            Failure::Status { status, .. } => *status != 204,
            Failure::ContentType(_) => true,
            _ => false,
        };
        self.resend && is_refusal
    }
}
