//! One attempt to say something in a room.

use std::time::Duration;

use demo_contract::chat::{NewMessage, route};
use gloo_net::http::Request;
use web_sys::AbortSignal;

use super::outbox::Refusal;
use super::room::Room;
use crate::stream::detail;

/// A server that went away without a word would keep the message for minutes; sending it again is safe.
const TIMEOUT_MILLIS: u32 = 15_000;

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PostError {
    /// The server could not be reached, or has no time now: the same again may work.
    Unreachable {
        /// How long the server asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The server refused: the same again is refused again.
    Refused(Refusal),
}

/// Says `message` in `room`.
///
/// # Errors
/// [`PostError`] if the server did not take it, or if nobody knows whether it did.
pub(super) async fn post(room: &Room, message: &NewMessage) -> Result<(), PostError> {
    let unreachable = |_| PostError::Unreachable { retry_after: None };
    let request = Request::post(&route(room.as_str()))
        .abort_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MILLIS)))
        .json(message)
        .map_err(unreachable)?;
    let response = request.send().await.map_err(unreachable)?;
    if response.ok() {
        return Ok(());
    }
    let retry_after = response.headers().get("retry-after");
    let detail = detail(&response.text().await.unwrap_or_default());
    Err(judge(response.status(), retry_after.as_deref(), detail))
}

/// A slip of a server's is no wait for a day, and a browser's timer takes no more than 24 of them.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

fn judge(status: u16, retry_after: Option<&str>, detail: String) -> PostError {
    match status {
        408 | 429 | 502..=504 => {
            // Also allowed is a date, which nobody sends.
            let seconds = retry_after.and_then(|seconds| seconds.trim().parse().ok());
            let retry_after = seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER));
            PostError::Unreachable { retry_after }
        }
        _ => PostError::Refused(Refusal { status, detail }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_server_is_asked_again_when_it_says() {
        let asked_again = |retry_after| PostError::Unreachable { retry_after };
        assert_eq!(judge(503, None, String::new()), asked_again(None));
        assert_eq!(judge(429, Some("7"), String::new()), asked_again(Some(Duration::from_secs(7))));
        assert_eq!(judge(503, Some("9999999999"), String::new()), asked_again(Some(LONGEST_RETRY_AFTER)));
        assert_eq!(judge(429, Some("Wed, 21 Oct 2026 07:28:00 GMT"), String::new()), asked_again(None));
    }

    #[test]
    fn a_refusal_is_final_and_says_why() {
        for status in [400, 403, 404, 409, 413, 415, 422, 500] {
            let refusal = Refusal { status, detail: "why".into() };
            assert_eq!(judge(status, None, "why".into()), PostError::Refused(refusal));
        }
    }
}
