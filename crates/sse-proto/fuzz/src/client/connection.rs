//! When there may be a connection, and when there must be one.

use std::time::Duration;

use sse_proto::client::{ClientOptions, CloseReason, Command, ConnectionId, Failure, PauseReason, Signal};
use sse_proto::client::{Silence, State};
use sse_proto::{Control, Instant, MEDIA_TYPE};

/// What a transport and an owner remember of what was said.
#[derive(Debug)]
pub(super) struct Rules {
    options: ClientOptions,
    /// The connection that was handed out and not taken back.
    live: Option<ConnectionId>,
    /// The one before.
    late: Option<ConnectionId>,
    pauses: Vec<PauseReason>,
    /// Whether the owner has asked for a connection since the last one was handed out.
    owner_asked: bool,
    /// Until when the server asked to be left alone.
    held: Option<Instant>,
    /// Where the last response came from.
    redirected: Option<String>,
    reconnection_time: Duration,
    /// What the server said about itself last.
    heartbeat: Option<Duration>,
    /// Whether the live connection has brought an event.
    has_events: bool,
}

impl Rules {
    pub(super) fn new(options: ClientOptions) -> Self {
        Self {
            options,
            live: None,
            late: None,
            pauses: Vec::new(),
            owner_asked: false,
            held: None,
            redirected: None,
            reconnection_time: Duration::ZERO,
            heartbeat: None,
            has_events: false,
        }
    }

    pub(super) fn live(&self) -> Option<ConnectionId> {
        self.live
    }

    pub(super) fn late(&self) -> Option<ConnectionId> {
        self.late
    }

    pub(super) fn handle_command(&mut self, command: Command, before: &State) {
        let begins = match command {
            Command::Open => matches!(before, State::Idle | State::Closed(_)),
            Command::Reconnect => true,
            _ => false,
        };
        if begins {
            self.owner_asked = true;
            self.held = None;
            self.redirected = None;
        }
        match command {
            Command::Pause(reason) => self.pauses.push(reason),
            Command::Resume(reason) => self.pauses.retain(|pause| *pause != reason),
            Command::Reconnect | Command::Close | Command::Finish => {
                self.pauses.retain(|pause| *pause != PauseReason::Caller);
            }
            _ => {}
        }
    }

    /// What a command leads to, whether or not the outputs are drained.
    pub(super) fn check_command(&self, now: Instant, command: Command, before: &State, after: &State) {
        let is_paused = !self.pauses.is_empty();
        let is_held = self.held.is_some_and(|held| now < held);
        match command {
            Command::Close | Command::Finish => match (before, after) {
                (State::Closed(before), State::Closed(after)) => assert_eq!(before, after),
                (_, State::Closed(CloseReason::Caller)) => assert_eq!(command, Command::Close),
                (_, State::Closed(CloseReason::Ended)) => assert_eq!(command, Command::Finish),
                _ => panic!("{command:?} leads to {after:?}"),
            },
            Command::Reconnect if !is_paused => {
                assert_eq!(*after, State::Connecting { attempt: 1 }, "with a clean record");
            }
            Command::Open if !is_paused && matches!(before, State::Idle | State::Closed(_)) => {
                assert_eq!(*after, State::Connecting { attempt: 1 }, "with a clean record");
            }
            Command::Open if !matches!(before, State::Idle | State::Closed(_)) => assert_eq!(after, before),
            Command::RetryNow if matches!(before, State::Waiting { .. }) && !is_held => {
                assert!(matches!(after, State::Connecting { .. }), "a wait is cut short");
            }
            Command::RetryNow if !matches!(before, State::Waiting { .. }) => {
                assert_eq!(after, before, "there is no wait to cut short");
            }
            Command::Resume(_) if matches!(before, State::Paused { .. }) && !is_paused && !is_held => {
                assert!(matches!(after, State::Connecting { .. }), "the last reason is gone");
            }
            _ => {}
        }
    }

    /// A signal of the live connection.
    pub(super) fn handle_signal(&mut self, signal: &Signal, was_connecting: bool, after: &State) {
        match signal {
            Signal::Retry(time) => self.reconnection_time = *time,
            Signal::Responded(response) if was_connecting => {
                if *after == State::Open && response.url.is_some() {
                    self.redirected.clone_from(&response.url);
                }
                let content_type = response.content_type.as_deref().unwrap_or_default();
                let may_open =
                    response.status == 200 && content_type.to_ascii_lowercase().contains(MEDIA_TYPE);
                assert!(may_open || *after != State::Open, "{response:?} opens (c03, c04)");
                assert!(content_type != MEDIA_TYPE || response.status != 200 || *after == State::Open);
            }
            Signal::Opened => assert!(after.is_open(), "{after:?}"),
            _ => {}
        }
    }

    /// An event of the live connection.
    pub(super) fn handle_event(&mut self, control: Option<Control>, after: &State) {
        if !std::mem::replace(&mut self.has_events, true) {
            // Another server may answer now; if it is the same, it says so first.
            self.heartbeat = None;
        }
        match control {
            Some(Control::End) => {
                assert_eq!(*after, State::Closed(CloseReason::Ended), "the stream is complete");
                return;
            }
            Some(Control::Open { heartbeat, .. }) => self.heartbeat = heartbeat,
            Some(Control::Retry(time)) => self.reconnection_time = time,
            _ => {}
        }
        assert_eq!(*after, State::Open, "events prove that it is open and alive (c16)");
    }

    pub(super) fn handle_connect(&mut self, now: Instant, connection: ConnectionId, url: Option<&str>) {
        assert_eq!(self.live, None, "there is never a second connection");
        assert!(self.late.is_none_or(|late| late < connection), "each connection has a name of its own");
        assert_eq!(self.pauses, [], "there is a reason to be paused");
        assert!(self.held.is_none_or(|held| held <= now), "the server asked to be left alone (c03)");
        assert!(self.options.resend || self.owner_asked, "the request must not be sent again (c18)");
        assert_eq!(url, self.redirected.as_deref(), "it goes to where the last response came from (c05)");
        self.live = Some(connection);
        self.has_events = false;
        self.held = None;
        self.owner_asked = false;
    }

    pub(super) fn handle_disconnect(&mut self, connection: ConnectionId) {
        assert_eq!(self.live, Some(connection), "only what was handed out is taken back, once");
        self.late = self.live.take();
    }

    /// What follows from a failure that was told.
    pub(super) fn check_failure(&mut self, now: Instant, failure: &Failure, before: &State, after: &State) {
        // It may have been the redirect that failed, and what that refuses the owner's URL may grant.
        let was_redirected = !before.is_open() && self.redirected.take().is_some();
        let is_refusal = match failure {
            Failure::Status { status, .. } => *status != 204,
            failure => matches!(failure, Failure::ContentType(_)),
        };
        let is_worth_another_try =
            self.is_worth_another_try(failure) || was_redirected && is_refusal && self.options.resend;
        match after {
            State::Closed(CloseReason::Refused(why)) => {
                assert_eq!(why, failure);
                assert!(!is_worth_another_try, "{failure:?} is no refusal (c03)");
            }
            _ if !is_worth_another_try => panic!("{failure:?} leads to {after:?} (c03)"),
            State::Closed(CloseReason::Interrupted { cause }) => {
                assert_eq!(cause.as_ref(), Some(failure));
                assert!(!self.options.resend, "the request may be sent again (c18)");
            }
            State::Closed(CloseReason::GaveUp { failures, last }) => {
                assert_eq!(last, failure);
                assert_eq!(self.options.max_retries.map(|max| max + 1), Some(*failures));
            }
            State::Waiting { until, cause, .. } => {
                assert_eq!(cause, failure);
                let retry_after = failure.retry_after();
                let floor = self.options.backoff.floor.max(self.reconnection_time);
                let floor = floor.max(retry_after.unwrap_or_default()).max(Duration::from_millis(1));
                assert!(*until >= now + floor, "{until:?} comes before {floor:?} are over");
                self.held = retry_after.map(|retry_after| now + retry_after);
            }
            other => panic!("{failure:?} leads to {other:?}"),
        }
    }

    fn is_worth_another_try(&self, failure: &Failure) -> bool {
        match failure {
            Failure::Network | Failure::Ended | Failure::Cut | Failure::ConnectTimeout | Failure::Silence => {
                true
            }
            Failure::Token(_) => self.options.resend,
            Failure::Rejected => self.options.retry_rejected,
            Failure::Status { status, .. } => {
                self.options.resend && self.options.retry_statuses.contains(status)
            }
            _ => false,
        }
    }

    /// What holds in a state, however it was reached.
    pub(super) fn check_state(&self, state: &State, deadline: Option<Instant>) {
        let is_connected = matches!(state, State::Connecting { .. }) || state.is_open();
        assert_eq!(self.live.is_some(), is_connected, "{state:?} with connection {:?}", self.live);
        match state {
            State::Idle | State::Closed(_) => assert_eq!(deadline, None, "nothing is waited for"),
            State::Paused { why } => {
                assert_eq!(deadline, None, "nothing is waited for");
                assert!(self.pauses.contains(why), "{why:?} is no reason any more");
            }
            State::Connecting { attempt } => {
                self.check_attempt(*attempt);
                assert_eq!(deadline.is_some(), self.options.connect_timeout.is_some(), "a response is due");
            }
            State::Waiting { attempt, until, .. } => {
                self.check_attempt(*attempt);
                assert_eq!(deadline, Some(*until), "a wait ends");
            }
            State::Open | State::Stale { .. } => {
                let limit = match self.options.silence {
                    Silence::Announced => self.heartbeat,
                    Silence::After(limit) => Some(limit),
                    _ => None,
                };
                let is_limited = limit.is_some_and(|limit| !limit.is_zero());
                assert!(!is_limited || deadline.is_some(), "silence would never be noticed (c16)");
                assert!(is_limited || *state == State::Open, "nobody said how long silence may last (c16)");
            }
            other => panic!("a state that this target does not know: {other:?}"),
        }
        if is_connected || matches!(state, State::Waiting { .. }) {
            assert_eq!(self.pauses, [], "there is a reason to be paused, but it is {state:?}");
        }
    }

    fn check_attempt(&self, attempt: u32) {
        assert!(attempt >= 1);
        assert!(self.options.max_retries.is_none_or(|max| attempt - 1 <= max), "attempt {attempt}");
    }
}
