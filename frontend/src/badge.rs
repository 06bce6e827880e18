//! What a connection is doing, in words.

use leptos::prelude::*;
use leptos_eventsource::{CloseReason, EventSet, EventSourceHandle, Failure, PauseReason, State};

use crate::i18n::{Locale, Texts, use_locale};

/// The state of a stream, with a button to connect at once when it would take a while or never happen.
#[component]
pub(crate) fn Badge<E: EventSet>(
    /// The stream.
    stream: EventSourceHandle<E>,
) -> impl IntoView {
    let locale = use_locale();
    let (state, retry_in) = (stream.state(), stream.retry_in());
    let name = move || state.with(name);
    let cause = move || state.with(|state| cause(state, locale.texts()));
    let can_reconnect = move || matches!(*state.read(), State::Waiting { .. } | State::Closed(_));

    view! {
        <div class="sse-badge" data-testid="badge" data-state=name title=cause>
            <span class="sse-badge-dot" aria-hidden="true"></span>
            <span class="sse-badge-text" role="status">
                {move || state.with(|state| label(state, locale))} " "
                // The countdown is not read aloud every second.
                <span class="sse-badge-retry" aria-live="off">
                    {move || retry_in.get().map(|seconds| (locale.texts().badge.retry_in)(seconds))}
                </span>
            </span>
            <Show when=can_reconnect>
                <button type="button" class="sse-badge-button" on:click=move |_| stream.reconnect()>
                    {locale.text(|t| t.badge.reconnect)}
                </button>
            </Show>
        </div>
    }
}

/// The value of `data-state`, by which the stylesheet colours it.
fn name(state: &State) -> &'static str {
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

fn label(state: &State, locale: Locale) -> String {
    let texts = &locale.texts().badge;
    match state {
        State::Connecting { attempt: ..=1 } => texts.connecting.to_owned(),
        State::Connecting { attempt } => (texts.connecting_again)(*attempt),
        State::Open => texts.live.to_owned(),
        State::Stale { since } => (texts.stale)(&locale.clock(wall_clock(since.as_millis()))),
        State::Waiting { .. } => texts.waiting.to_owned(),
        State::Paused { why } => match why {
            PauseReason::Offline => texts.offline,
            PauseReason::Background | PauseReason::PageHidden => texts.background,
            _ => texts.paused,
        }
        .to_owned(),
        State::Closed(reason) => match reason {
            CloseReason::Ended => texts.ended.to_owned(),
            CloseReason::Refused(_) => texts.refused.to_owned(),
            CloseReason::GaveUp { failures, .. } => (texts.gave_up)(*failures),
            _ => texts.closed.to_owned(),
        },
        _ => texts.idle.to_owned(),
    }
}

/// Why there is no connection, if something failed.
fn cause(state: &State, texts: &Texts) -> Option<String> {
    let texts = &texts.badge.failure;
    let failure = match state {
        State::Waiting { cause, .. } => cause,
        State::Closed(CloseReason::Refused(failure)) => failure,
        State::Closed(CloseReason::GaveUp { last, .. }) => last,
        _ => return None,
    };
    Some(match failure {
        Failure::Network => texts.network.to_owned(),
        Failure::Ended => texts.ended.to_owned(),
        Failure::ConnectTimeout => texts.timeout.to_owned(),
        Failure::Silence => texts.silence.to_owned(),
        Failure::Status { status, .. } => (texts.status)(*status),
        Failure::Rejected | Failure::ContentType(_) => texts.rejected.to_owned(),
        Failure::Unsupported => texts.unsupported.to_owned(),
        _ => texts.other.to_owned(),
    })
}

/// Milliseconds since the Unix epoch, from milliseconds since the page began.
fn wall_clock(since_start: u64) -> u64 {
    let start = window().performance().map_or(0.0, |performance| performance.time_origin());
    start as u64 + since_start
}

#[cfg(test)]
mod tests {
    use leptos_eventsource::State;

    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_failure_is_explained_and_a_connection_is_not() {
        let texts = Lang::En.texts();
        let refused = State::Closed(CloseReason::Refused(Failure::Status { status: 404, retry_after: None }));
        assert_eq!(cause(&refused, texts).as_deref(), Some("The server answered with status 404."));
        assert_eq!(cause(&State::Open, texts), None);
    }

    #[test]
    fn every_state_that_is_no_connection_has_a_name_of_its_own() {
        let names = [
            name(&State::Idle),
            name(&State::Connecting { attempt: 1 }),
            name(&State::Open),
            name(&State::Closed(CloseReason::Ended)),
            name(&State::Paused { why: PauseReason::Caller }),
        ];
        assert_eq!(names, ["idle", "connecting", "open", "closed", "paused"]);
    }
}
