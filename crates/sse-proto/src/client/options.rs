use alloc::vec::Vec;
use core::time::Duration;

use super::backoff::Entropy;
use super::state::Failure;
use crate::time::millis;

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
    /// attempt, or a token that cannot be had, as [`Refused`](super::CloseReason::Refused). The owner can send it again by `Open` or `Reconnect`.
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

/// The wait before an attempt to reconnect: the floor, plus a random part of a ceiling that doubles with each
/// consecutive failure ("full jitter"), so that a thousand pages do not come back in one instant.
///
/// ```
/// use std::time::Duration;
///
/// use sse_proto::client::{Backoff, ClientOptions};
///
/// // After the first failure 250 to 750 ms, after the second up to 1,250 ms, and in the end never more than 5,250 ms.
/// let mut backoff = Backoff::default();
/// backoff.floor = Duration::from_millis(250);
/// backoff.initial = Duration::from_millis(500);
/// backoff.max = Duration::from_secs(5);
///
/// let mut options = ClientOptions::default();
/// options.backoff = backoff;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The ceiling of the random part after the first failure. Default: 1 s.
    pub initial: Duration,
    /// The largest ceiling. Default: 30 s.
    pub max: Duration,
    /// The shortest wait, also when the server says `retry: 0`. Default: 250 ms.
    pub floor: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(30),
            floor: Duration::from_millis(250),
        }
    }
}

impl Backoff {
    /// The wait after `failures` consecutive failures (at least 1), in milliseconds. The server's `floor` always counts,
    /// and time always passes: with every duration at zero, failing and trying again would be a busy loop.
    pub(super) fn delay(&self, failures: u32, floor: Duration, entropy: &mut Entropy) -> u64 {
        let doubled = 1 << failures.saturating_sub(1).min(31);
        let ceiling = millis(self.initial).saturating_mul(doubled).min(millis(self.max));
        let floor = millis(self.floor.max(floor));
        floor.saturating_add(entropy.up_to(ceiling)).max(1)
    }
}

/// When to take silence for a dead connection: a laptop that slept or a router that forgot leaves a connection
/// that looks open for ever.
///
/// ```
/// use std::time::Duration;
///
/// use sse_proto::client::{ClientOptions, Silence};
///
/// // Of a server that sends an event at least every 15 seconds, whether it has news or not.
/// let mut options = ClientOptions::default();
/// options.silence = Silence::After(Duration::from_secs(20));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Silence {
    /// As the server announces it in `sse.open`: stale after 1.5 heartbeats, dead after 3. A server that
    /// announces nothing is left alone.
    #[default]
    Announced,
    /// Stale after this time and dead after twice it, for a foreign server that is known to send that often. Zero is no
    /// limit.
    ///
    /// What counts is what the transport sees. A browser's own `EventSource` shows no comments and no events that nobody
    /// listens for: over it, a server whose heartbeat is a comment (`: ping`) is silent, and this drops connections that
    /// are sound (conformance c16). Over `fetch` any byte counts.
    After(Duration),
    /// Never.
    Off,
}

/// How long silence may last, in milliseconds.
pub(super) struct SilenceLimits {
    pub(super) stale: u64,
    pub(super) dead: u64,
}

impl Silence {
    pub(super) fn limits(self, heartbeat: Option<Duration>) -> Option<SilenceLimits> {
        let (stale, dead) = match self {
            Self::Announced => {
                let heartbeat = millis(heartbeat?);
                (heartbeat.saturating_add(heartbeat.div_ceil(2)), heartbeat.saturating_mul(3))
            }
            Self::After(stale) => (millis(stale), millis(stale).saturating_mul(2)),
            Self::Off => return None,
        };
        // Nobody can be that quick: zero says that there is no limit.
        (stale > 0).then_some(SilenceLimits { stale, dead })
    }
}
