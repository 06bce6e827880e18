use std::borrow::Cow;

use sse_proto::client::{CloseReason, Failure, PauseReason, State};

use super::clock::time_of_day;
use super::fill::fill;

/// The words of a [`ConnectionBadge`](super::ConnectionBadge).
///
/// What is in braces is filled in. For a few other words, start from [`ENGLISH`](Self::ENGLISH); for another language
/// name them all, in a `const` if you like, and the compiler tells you when there are more:
///
/// ```
/// use leptos_eventsource::State;
/// use leptos_eventsource::components::BadgeTexts;
///
/// let texts = BadgeTexts { open: "On air".into(), ..BadgeTexts::ENGLISH };
/// assert_eq!(texts.label(&State::Open), "On air");
/// ```
///
/// For markup of your own, the four texts of a badge:
///
/// ```
/// use leptos_eventsource::components::BadgeTexts;
/// use leptos_eventsource::{CloseReason, Failure, State};
///
/// let texts = BadgeTexts::ENGLISH;
/// let refused = State::Closed(CloseReason::Refused(Failure::ContentType("text/html".to_owned())));
/// println!("{}: {}", texts.label(&refused), texts.reason(&refused).unwrap_or_default());
/// assert!(texts.action(&refused).is_some(), "a button that connects anew");
/// assert_eq!(texts.progress(&refused, None), None, "nothing happens by itself");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadgeTexts {
    /// Nothing was asked for yet.
    pub idle: Cow<'static, str>,
    /// The first attempt is under way.
    pub connecting: Cow<'static, str>,
    /// Events can arrive.
    pub open: Cow<'static, str>,
    /// No sign of life since `{time}`.
    pub stale: Cow<'static, str>,
    /// The connection was lost, and is tried again.
    pub lost: Cow<'static, str>,
    /// Beside it: the next attempt comes in `{seconds}`.
    pub retry_in: Cow<'static, str>,
    /// Beside it: attempt number `{attempt}` is under way.
    pub attempt: Cow<'static, str>,
    /// Paused by the page.
    pub paused: Cow<'static, str>,
    /// Paused while there is no network.
    pub offline: Cow<'static, str>,
    /// Paused while nobody sees the page.
    pub background: Cow<'static, str>,
    /// Closed by the page, or because the page cannot go on.
    pub closed: Cow<'static, str>,
    /// The server said that the stream is complete.
    pub ended: Cow<'static, str>,
    /// The server refused.
    pub refused: Cow<'static, str>,
    /// Given up after `{failures}` in a row.
    pub gave_up: Cow<'static, str>,
    /// Lost, and not to be sent again without the person's word.
    pub interrupted: Cow<'static, str>,
    /// The answer to what must not be sent again has ended, and may well be whole.
    pub answered: Cow<'static, str>,
    /// The button that does not wait any longer.
    pub retry_now: Cow<'static, str>,
    /// The button that connects a closed stream anew.
    pub reconnect: Cow<'static, str>,
    /// The button that sends an interrupted request again.
    pub send_again: Cow<'static, str>,
    /// Reason: the server cannot be reached, or does not admit the page.
    pub unreachable: Cow<'static, str>,
    /// Reason: the connection ended; over the browser's own `EventSource`, the network may have broken off as well.
    pub connection_ended: Cow<'static, str>,
    /// Reason: the connection was cut off in the middle of the answer.
    pub connection_cut: Cow<'static, str>,
    /// Reason: no answer in time.
    pub timeout: Cow<'static, str>,
    /// Reason: the connection was silent for too long.
    pub silence: Cow<'static, str>,
    /// Reason: the server answered with `{status}`.
    pub status: Cow<'static, str>,
    /// Reason: the browser gave up, and does not tell what is wrong with the answer.
    pub rejected: Cow<'static, str>,
    /// Reason: the answer is no event stream.
    pub content_type: Cow<'static, str>,
    /// Reason: the browser cannot, or may not, make such a request.
    pub unsupported: Cow<'static, str>,
    /// Reason: there is no token to show to the server.
    pub no_token: Cow<'static, str>,
    /// Reason: anything else.
    pub failed: Cow<'static, str>,
}

impl BadgeTexts {
    /// The default.
    pub const ENGLISH: Self = Self {
        idle: Cow::Borrowed("Not connected"),
        connecting: Cow::Borrowed("Connecting…"),
        open: Cow::Borrowed("Live"),
        stale: Cow::Borrowed("Silent since {time}"),
        lost: Cow::Borrowed("Connection lost"),
        retry_in: Cow::Borrowed("retry in {seconds} s"),
        attempt: Cow::Borrowed("attempt {attempt}…"),
        paused: Cow::Borrowed("Paused"),
        offline: Cow::Borrowed("Paused: no network"),
        background: Cow::Borrowed("Paused in the background"),
        closed: Cow::Borrowed("Closed"),
        ended: Cow::Borrowed("Complete"),
        refused: Cow::Borrowed("Refused by the server"),
        gave_up: Cow::Borrowed("Gave up; failed attempts: {failures}"),
        interrupted: Cow::Borrowed("Interrupted"),
        answered: Cow::Borrowed("The answer has ended"),
        retry_now: Cow::Borrowed("Retry now"),
        reconnect: Cow::Borrowed("Reconnect"),
        send_again: Cow::Borrowed("Send again"),
        unreachable: Cow::Borrowed("The server cannot be reached, or does not admit this page."),
        connection_ended: Cow::Borrowed("The connection was closed."),
        connection_cut: Cow::Borrowed("The connection was cut off."),
        timeout: Cow::Borrowed("The server did not answer in time."),
        silence: Cow::Borrowed("The connection was silent for too long."),
        status: Cow::Borrowed("The server answered with status {status}."),
        rejected: Cow::Borrowed("The browser does not say why."),
        content_type: Cow::Borrowed("The answer was not an event stream."),
        unsupported: Cow::Borrowed("This browser cannot open such a stream, or blocks it."),
        no_token: Cow::Borrowed("There is no valid login."),
        failed: Cow::Borrowed("The connection failed."),
    };

    /// What the connection is doing. The same for a wait and for the attempts after it, so that whoever has the badge
    /// read aloud hears of a loss once.
    #[must_use]
    pub fn label(&self, state: &State) -> String {
        let text = match state {
            State::Connecting { attempt: ..=1 } => &self.connecting,
            State::Connecting { .. } | State::Waiting { .. } => &self.lost,
            State::Open => &self.open,
            State::Stale { since } => return fill(&self.stale, "{time}", time_of_day(*since)),
            State::Paused { why: PauseReason::Offline } => &self.offline,
            State::Paused { why: PauseReason::Background | PauseReason::PageHidden } => &self.background,
            State::Paused { .. } => &self.paused,
            State::Closed(CloseReason::Ended) => &self.ended,
            // The browser could not ask, or the page did not take what came.
            State::Closed(CloseReason::Refused(
                Failure::Unsupported | Failure::Limit(_) | Failure::Token(_),
            )) => &self.closed,
            State::Closed(CloseReason::Refused(_)) => &self.refused,
            State::Closed(CloseReason::GaveUp { failures, .. }) => {
                return fill(&self.gave_up, "{failures}", failures);
            }
            State::Closed(CloseReason::Interrupted { cause: Some(Failure::Ended) }) => &self.answered,
            State::Closed(CloseReason::Interrupted { .. }) => &self.interrupted,
            State::Closed(_) => &self.closed,
            _ => &self.idle,
        };
        text.clone().into_owned()
    }

    /// Why there is no connection, if something failed.
    #[must_use]
    pub fn reason(&self, state: &State) -> Option<String> {
        let text = match failure(state)? {
            Failure::Network => &self.unreachable,
            Failure::Ended => &self.connection_ended,
            Failure::Cut => &self.connection_cut,
            Failure::ConnectTimeout => &self.timeout,
            Failure::Silence => &self.silence,
            Failure::Status { status, .. } => return Some(fill(&self.status, "{status}", status)),
            Failure::Rejected => &self.rejected,
            Failure::ContentType(_) => &self.content_type,
            Failure::Unsupported => &self.unsupported,
            Failure::Token(_) => &self.no_token,
            _ => &self.failed,
        };
        Some(text.clone().into_owned())
    }

    /// What happens next: the seconds until the next attempt, or the number of the attempt under way.
    #[must_use]
    pub fn progress(&self, state: &State, retry_in: Option<u64>) -> Option<String> {
        match (state, retry_in) {
            (State::Waiting { .. }, Some(seconds)) => Some(fill(&self.retry_in, "{seconds}", seconds)),
            (State::Connecting { attempt: attempt @ 2.. }, _) => {
                Some(fill(&self.attempt, "{attempt}", attempt))
            }
            _ => None,
        }
    }

    /// What a person can do about it: the text of a button that connects at once.
    #[must_use]
    pub fn action(&self, state: &State) -> Option<String> {
        let text = match state {
            State::Waiting { .. } => &self.retry_now,
            // There is no more of it. Whoever wants another answer asks the page.
            State::Closed(CloseReason::Ended | CloseReason::Interrupted { cause: Some(Failure::Ended) }) => {
                return None;
            }
            State::Closed(CloseReason::Interrupted { .. }) => &self.send_again,
            State::Closed(_) => &self.reconnect,
            _ => return None,
        };
        Some(text.clone().into_owned())
    }
}

impl Default for BadgeTexts {
    fn default() -> Self {
        Self::ENGLISH
    }
}

/// What failed, if there is no connection for that. An answer that has ended is no failure.
pub(super) fn failure(state: &State) -> Option<&Failure> {
    match state {
        State::Waiting { cause, .. } => Some(cause),
        State::Closed(CloseReason::Refused(failure)) => Some(failure),
        State::Closed(CloseReason::GaveUp { last, .. }) => Some(last),
        State::Closed(CloseReason::Interrupted { cause }) => {
            cause.as_ref().filter(|cause| **cause != Failure::Ended)
        }
        _ => None,
    }
}

/// The value of `data-state`, by which a stylesheet tells states apart.
pub(super) fn state_name(state: &State) -> &'static str {
    match state {
        State::Connecting { .. } => "connecting",
        State::Open => "open",
        State::Stale { .. } => "stale",
        State::Waiting { .. } => "waiting",
        State::Paused { .. } => "paused",
        State::Closed(_) => "closed",
        _ => "idle",
    }
}

#[cfg(test)]
mod tests {
    use sse_proto::Instant;

    use super::*;

    const TEXTS: BadgeTexts = BadgeTexts::ENGLISH;

    fn waiting(cause: Failure) -> State {
        State::Waiting { attempt: 2, until: Instant::from_millis(0), cause }
    }

    #[test]
    fn a_wait_says_what_failed_when_it_goes_on_and_that_it_need_not_be_waited_for() {
        let state = waiting(Failure::Status { status: 503, retry_after: None });
        assert_eq!(TEXTS.label(&state), "Connection lost");
        assert_eq!(TEXTS.reason(&state).as_deref(), Some("The server answered with status 503."));
        assert_eq!(TEXTS.progress(&state, Some(3)).as_deref(), Some("retry in 3 s"));
        assert_eq!(TEXTS.action(&state).as_deref(), Some("Retry now"));
    }

    #[test]
    fn a_loss_has_one_label_until_it_is_over() {
        let again = State::Connecting { attempt: 2 };
        assert_eq!(TEXTS.label(&again), TEXTS.label(&waiting(Failure::Network)));
        assert_eq!(TEXTS.progress(&again, None).as_deref(), Some("attempt 2…"));
        assert_ne!(TEXTS.label(&State::Connecting { attempt: 1 }), TEXTS.label(&again));
    }

    #[test]
    fn every_pause_and_every_end_says_why() {
        let mut labels: Vec<_> = PauseReason::ALL
            .iter()
            .filter(|why| **why != PauseReason::PageHidden)
            .map(|why| TEXTS.label(&State::Paused { why: *why }))
            .collect();
        let ends = [
            CloseReason::Caller,
            CloseReason::Ended,
            CloseReason::Refused(Failure::Rejected),
            CloseReason::GaveUp { failures: 7, last: Failure::Network },
            CloseReason::Interrupted { cause: None },
            CloseReason::Interrupted { cause: Some(Failure::Ended) },
        ];
        labels.extend(ends.into_iter().map(|reason| TEXTS.label(&State::Closed(reason))));
        assert!(labels.contains(&"Gave up; failed attempts: 7".to_owned()));
        let all = labels.len();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), all, "each has words of its own: {labels:?}");
    }

    #[test]
    fn only_what_the_server_refused_says_so() {
        let label = |failure| TEXTS.label(&State::Closed(CloseReason::Refused(failure)));
        assert_eq!(label(Failure::Status { status: 403, retry_after: None }), "Refused by the server");
        assert_eq!(label(Failure::Unsupported), "Closed", "the server has not been asked");
        assert_eq!(
            label(Failure::Token("log in again".to_owned())),
            "Closed",
            "nor here, for want of a token"
        );
        let mut decoder = sse_proto::Decoder::new(sse_proto::Limits::default().with_line(4));
        let error = decoder.decode(b"data: too long\n").next().expect_err("the line is too long");
        assert_eq!(label(Failure::Limit(error)), "Closed", "the page did not take it");
    }

    #[test]
    fn c12_what_looks_unreachable_may_not_admit_the_page() {
        let reason = TEXTS.reason(&waiting(Failure::Network));
        assert_eq!(reason.as_deref(), Some("The server cannot be reached, or does not admit this page."));
    }

    #[test]
    fn what_the_browser_does_not_tell_is_not_guessed() {
        let reason = |failure| TEXTS.reason(&State::Closed(CloseReason::Refused(failure)));
        assert_eq!(reason(Failure::Rejected).as_deref(), Some("The browser does not say why."));
        let page = Failure::ContentType("text/html".to_owned());
        assert_eq!(reason(page).as_deref(), Some("The answer was not an event stream."));
    }

    #[test]
    fn an_answer_that_ended_is_no_failure_and_one_that_was_cut_is() {
        let closed = |cause| State::Closed(CloseReason::Interrupted { cause: Some(cause) });
        let texts = |state| (TEXTS.label(&state), TEXTS.reason(&state), TEXTS.action(&state));
        assert_eq!(texts(closed(Failure::Ended)), ("The answer has ended".to_owned(), None, None));
        let (reason, action) = ("The connection was cut off.".to_owned(), "Send again".to_owned());
        assert_eq!(texts(closed(Failure::Cut)), ("Interrupted".to_owned(), Some(reason), Some(action)));
    }

    #[test]
    fn a_button_is_offered_where_a_person_can_change_something() {
        let closed = |reason| TEXTS.action(&State::Closed(reason));
        assert_eq!(closed(CloseReason::Interrupted { cause: None }).as_deref(), Some("Send again"));
        assert_eq!(closed(CloseReason::Caller).as_deref(), Some("Reconnect"));
        assert_eq!(closed(CloseReason::Ended), None, "there is no more");
        assert_eq!(TEXTS.action(&State::Open), None);
        assert_eq!(TEXTS.action(&State::Connecting { attempt: 3 }), None);
    }
}
