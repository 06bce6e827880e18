//! When to connect, how long to wait, where to go on from, and when to give up.
//!
//! [`Client`] decides; a transport acts. After every call, drain [`Client::poll_output`] until it returns
//! [`Output::Wait`], and call [`Client::handle_timeout`] when that deadline is reached:
//!
//! ```
//! use sse_proto::client::{Client, ClientOptions, Command, Output, Signal, State, Verdict};
//! use sse_proto::Instant;
//!
//! let now = Instant::from_millis(0);
//! let mut client = Client::new(ClientOptions::default(), /* seed */ 1);
//! client.handle_command(now, Command::Open);
//! let connection = loop {
//!     match client.poll_output() {
//!         Output::Connect { connection, .. } => break connection, // start the request
//!         Output::StateChanged => println!("{:?}", client.state()),
//!         other => unreachable!("{other:?}"),
//!     }
//! };
//! client.handle_signal(now, connection, Signal::Opened);
//! assert_eq!(client.handle_event(now, connection, "message", "hello", ""), Verdict::Deliver);
//! assert_eq!(*client.state(), State::Open);
//! ```
//!
//! What belongs to an old connection is told by its [`ConnectionId`] and ignored, so a transport may be as
//! late as it likes (conformance c09).

mod backoff;
mod options;
mod state;
mod timer;

#[cfg(test)]
mod tests;

use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use core::time::Duration;

pub use options::{Backoff, ClientOptions, Silence};
pub use state::{CloseReason, Failure, Gap, PauseReason, State};

use crate::{Control, Cursor, Instant};
use backoff::Entropy;
use timer::{Timer, Timers};

/// Names one attempt to connect, so that what an old connection says is not taken for the new one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(u64);

/// What the owner of the client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Connect, unless that is under way.
    Open,
    /// Close for good; only `Open` and `Reconnect` bring it back.
    Close,
    /// Drop the connection or the wait, and connect now with a clean record, also if the caller had paused it.
    Reconnect,
    /// Cut a wait short, for instance because the device is online again. Does nothing in any other state.
    RetryNow,
    /// Drop the connection and keep the cursor until the reason is gone.
    Pause(PauseReason),
    /// This reason is gone. Connects at once when it was the last.
    Resume(PauseReason),
}

/// What the transport saw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The response came and is an event stream.
    Opened,
    /// A sign of life that is no event: a comment, or bytes.
    Activity,
    /// The server set the reconnection time (conformance p11).
    Retry(Duration),
    /// The connection failed or ended.
    Failed(Failure),
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the application's. Drain the outputs first: a gap that comes before it is told there.
    Deliver,
    /// It was meant for the client itself.
    Control,
    /// It was seen before the connection was resumed: a server that has sent `sse.open` numbers every event, and
    /// this number is not above the cursor.
    Duplicate,
    /// It comes from a connection that is no longer the client's.
    Stale,
}

/// What is to be done. Returned by [`Client::poll_output`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Start a request.
    Connect {
        /// What to call it.
        connection: ConnectionId,
        /// The `Last-Event-ID` to send; empty: send none (conformance c10).
        last_event_id: String,
    },
    /// Abort this connection and free it.
    Disconnect(ConnectionId),
    /// [`Client::state`] is another one now.
    StateChanged,
    /// A connection failed; told once for each failure, whether or not it is tried again.
    Failed(Failure),
    /// Events were lost, here in the stream.
    Gap(Gap),
    /// Nothing more to do until this time, or until the next call if there is none.
    Wait(Option<Instant>),
}

/// The connection state machine of one event source.
#[derive(Debug)]
pub struct Client {
    options: ClientOptions,
    entropy: Entropy,
    state: State,
    /// The connection that is being made or is open.
    connection: Option<ConnectionId>,
    last_connection: u64,
    /// The reasons for which it is paused; empty if it is not.
    pauses: PauseSet,
    /// Whether the owner wants a connection: after `Open`, until `Close` or a final failure.
    wanted: bool,
    /// Failures since the last healthy connection.
    failures: u32,
    opened_at: Instant,
    last_activity: Instant,
    /// The server's own reconnection time, a floor for ours.
    reconnection_time: Duration,
    /// The heartbeat interval that this connection's server announced.
    heartbeat: Option<Duration>,
    last_event_id: String,
    /// The numbering that the server uses; known once it has sent `sse.open`. Foreign ids are opaque.
    cursor: Option<Cursor>,
    /// The cursor from which this connection's server goes on.
    opening: Option<Cursor>,
    /// Whether this connection's reset has been told.
    reset_told: bool,
    timers: Timers,
    outputs: VecDeque<Output>,
}

impl Client {
    /// A client that does nothing yet. `seed` drives the jitter: give each client another one.
    #[must_use]
    pub fn new(options: ClientOptions, seed: u64) -> Self {
        Self {
            options,
            entropy: Entropy::new(seed),
            state: State::Idle,
            connection: None,
            last_connection: 0,
            pauses: PauseSet::default(),
            wanted: false,
            failures: 0,
            opened_at: Instant::default(),
            last_activity: Instant::default(),
            reconnection_time: Duration::ZERO,
            heartbeat: None,
            last_event_id: String::new(),
            cursor: None,
            opening: None,
            reset_told: false,
            timers: Timers::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Starts from a cursor, for instance that of a page rendered on the server.
    #[must_use]
    pub fn with_last_event_id(mut self, last_event_id: &str) -> Self {
        last_event_id.clone_into(&mut self.last_event_id);
        self
    }

    /// What can be shown to a person.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The id of the last event that counted; empty if there is none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Does what the owner wants.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Open => {
                if !self.wanted {
                    self.wanted = true;
                    self.failures = 0;
                    self.connect_or_pause(now);
                }
            }
            Command::Reconnect => {
                self.wanted = true;
                self.pauses.remove(PauseReason::Caller);
                self.disconnect(now);
                self.failures = 0;
                self.connect_or_pause(now);
            }
            Command::RetryNow => {
                if matches!(self.state, State::Waiting { .. }) {
                    self.connect(now);
                }
            }
            Command::Close => {
                self.pauses.remove(PauseReason::Caller);
                self.close(now, CloseReason::Caller);
            }
            Command::Pause(reason) => {
                self.pauses.insert(reason);
                if self.wanted {
                    self.disconnect(now);
                    self.connect_or_pause(now);
                }
            }
            Command::Resume(reason) => {
                let paused = !self.pauses.is_empty();
                self.pauses.remove(reason);
                if self.wanted && paused {
                    self.connect_or_pause(now);
                }
            }
        }
    }

    /// Takes note of what the transport saw on `connection`.
    pub fn handle_signal(&mut self, now: Instant, connection: ConnectionId, signal: Signal) {
        if self.connection != Some(connection) {
            return;
        }
        match signal {
            Signal::Opened => {
                if matches!(self.state, State::Connecting { .. }) {
                    self.opened_at = now;
                    self.timers.stop(Timer::Connect);
                    self.enter(State::Open);
                    self.note_activity(now);
                }
            }
            Signal::Activity => self.note_activity(now),
            Signal::Retry(reconnection_time) => {
                self.reconnection_time = reconnection_time;
                self.note_activity(now);
            }
            Signal::Failed(failure) => self.fail(now, failure),
        }
    }

    /// Judges an event that came on `connection`. Call it for each event, in order.
    ///
    /// `last_event_id` is that of the stream after the event: an event without an id repeats the one before.
    pub fn handle_event(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        event_type: &str,
        data: &str,
        last_event_id: &str,
    ) -> Verdict {
        if self.connection != Some(connection) {
            return Verdict::Stale;
        }
        self.note_activity(now);
        if let Some(control) = Control::parse(event_type, data) {
            self.handle_control(now, control, last_event_id);
            return Verdict::Control;
        }
        self.advance(last_event_id)
    }

    /// Does what the deadline of the last [`Output::Wait`] was for. Harmless at any other time.
    pub fn handle_timeout(&mut self, now: Instant) {
        // Taken all before any is acted on: one that is started meanwhile waits for the next call, so that no
        // choice of options makes a busy loop of this.
        for timer in self.timers.take_expired(now).into_iter().flatten() {
            match timer {
                Timer::Connect => self.fail(now, Failure::ConnectTimeout),
                Timer::Retry => self.connect(now),
                Timer::Silence => self.check_silence(now),
            }
        }
    }

    /// The next thing to do; [`Output::Wait`] when there is nothing more.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Wait(self.timers.next()))
    }

    fn enter(&mut self, state: State) {
        if self.state != state {
            self.state = state;
            // Who asks for the state gets the newest, so one call to do so is enough.
            if !self.outputs.contains(&Output::StateChanged) {
                self.outputs.push_back(Output::StateChanged);
            }
        }
    }

    fn connect_or_pause(&mut self, now: Instant) {
        match self.pauses.first() {
            Some(why) => self.enter(State::Paused { why }),
            None => self.connect(now),
        }
    }

    fn connect(&mut self, now: Instant) {
        self.disconnect(now);
        self.last_connection += 1;
        let connection = ConnectionId(self.last_connection);
        self.connection = Some(connection);
        self.heartbeat = None;
        self.opening = None;
        self.reset_told = false;
        self.enter(State::Connecting { attempt: self.failures.saturating_add(1) });
        if let Some(timeout) = self.options.connect_timeout {
            self.timers.start(Timer::Connect, now + timeout);
        }
        self.outputs.push_back(Output::Connect { connection, last_event_id: self.last_event_id.clone() });
    }

    /// Drops the connection and whatever was to come of it. One that was healthy clears the record.
    fn disconnect(&mut self, now: Instant) {
        self.timers.stop_all();
        let was_healthy = now.saturating_duration_since(self.opened_at) >= self.options.healthy_after;
        if self.connection.is_some() && self.state.is_open() && was_healthy {
            self.failures = 0;
        }
        if let Some(connection) = self.connection.take() {
            // A request that was never handed out need not be aborted.
            let unsent = |output: &Output| matches!(output, Output::Connect { connection: it, .. } if *it == connection);
            match self.outputs.iter().position(unsent) {
                Some(at) => drop(self.outputs.remove(at)),
                None => self.outputs.push_back(Output::Disconnect(connection)),
            }
        }
    }

    fn close(&mut self, now: Instant, reason: CloseReason) {
        self.wanted = false;
        self.disconnect(now);
        self.enter(State::Closed(reason));
    }

    fn fail(&mut self, now: Instant, failure: Failure) {
        self.disconnect(now);
        self.outputs.push_back(Output::Failed(failure.clone()));
        if !self.options.retries(&failure) {
            return self.close(now, CloseReason::Refused(failure));
        }
        self.failures = self.failures.saturating_add(1);
        if self.options.max_retries.is_some_and(|max| self.failures > max) {
            return self.close(now, CloseReason::GaveUp { failures: self.failures, last: failure });
        }
        let floor = self.reconnection_time.max(failure.retry_after().unwrap_or_default());
        let until = now + self.options.backoff.delay(self.failures, floor, &mut self.entropy);
        self.timers.start(Timer::Retry, until);
        self.enter(State::Waiting { attempt: self.failures.saturating_add(1), until, cause: failure });
    }

    fn handle_control(&mut self, now: Instant, control: Control, last_event_id: &str) {
        match control {
            Control::Open { heartbeat } => {
                self.heartbeat = heartbeat;
                self.watch_silence(now);
                let cursor = last_event_id.parse::<Cursor>().ok();
                let before = self.last_event_id.parse::<Cursor>().ok().filter(|before| before.seq > 0);
                self.opening = cursor;
                match (before, cursor) {
                    // It goes on from before the cursor: what it repeats is known, and the cursor stays.
                    (Some(before), Some(after)) if before.epoch == after.epoch && before.seq > after.seq => {
                        self.cursor = Some(before);
                    }
                    (Some(before), Some(after)) if before.epoch != after.epoch => self.begin_anew(),
                    _ => {
                        self.cursor = cursor;
                        self.set_last_event_id(last_event_id);
                    }
                }
            }
            Control::Heartbeat => {}
            Control::Gap { trimmed } => self.outputs.push_back(Output::Gap(Gap::Trimmed { up_to: trimmed })),
            Control::Reset => self.begin_anew(),
            Control::End => self.close(now, CloseReason::Ended),
        }
    }

    /// Moves the cursor, or finds that the event was seen before.
    fn advance(&mut self, last_event_id: &str) -> Verdict {
        if let Some(before) = self.cursor
            && let Ok(cursor) = last_event_id.parse::<Cursor>()
        {
            if cursor.epoch == before.epoch && cursor.seq <= before.seq {
                return Verdict::Duplicate;
            }
            if cursor.epoch != before.epoch {
                self.tell_reset();
            }
            self.cursor = Some(cursor);
        }
        self.set_last_event_id(last_event_id);
        Verdict::Deliver
    }

    /// Takes the cursor that this connection was opened with, whatever it was before.
    fn begin_anew(&mut self) {
        self.cursor = self.opening;
        self.last_event_id = self.opening.map(|cursor| cursor.to_string()).unwrap_or_default();
        self.tell_reset();
    }

    /// A new epoch shows in `sse.open` and is said by `sse.reset`; it is one reset all the same.
    fn tell_reset(&mut self) {
        if !self.reset_told {
            self.reset_told = true;
            self.outputs.push_back(Output::Gap(Gap::Reset));
        }
    }

    fn set_last_event_id(&mut self, last_event_id: &str) {
        if self.last_event_id != last_event_id {
            last_event_id.clone_into(&mut self.last_event_id);
        }
    }

    /// Called for every event, so it only stores the time; the timer finds out later (`check_silence`).
    fn note_activity(&mut self, now: Instant) {
        self.last_activity = now;
        if let State::Stale { .. } = self.state {
            self.enter(State::Open);
        }
        if !self.timers.is_running(Timer::Silence) {
            self.watch_silence(now);
        }
    }

    fn watch_silence(&mut self, now: Instant) {
        if let Some(limits) = self.options.silence.limits(self.heartbeat)
            && matches!(self.state, State::Open | State::Stale { .. })
        {
            self.timers.start(Timer::Silence, now + limits.stale);
        }
    }

    fn check_silence(&mut self, now: Instant) {
        let Some(limits) = self.options.silence.limits(self.heartbeat).filter(|_| self.state.is_open())
        else {
            return;
        };
        if now >= self.last_activity + limits.dead {
            return self.fail(now, Failure::Silence);
        }
        if now >= self.last_activity + limits.stale {
            self.enter(State::Stale { since: self.last_activity });
            self.timers.start(Timer::Silence, self.last_activity + limits.dead);
        } else {
            self.timers.start(Timer::Silence, self.last_activity + limits.stale);
        }
    }
}

/// The reasons that hold at the moment, in the order in which they are shown.
#[derive(Clone, Copy, Debug, Default)]
struct PauseSet(u8);

impl PauseSet {
    fn insert(&mut self, reason: PauseReason) {
        self.0 |= 1 << reason as u8;
    }

    fn remove(&mut self, reason: PauseReason) {
        self.0 &= !(1 << reason as u8);
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn first(self) -> Option<PauseReason> {
        PauseReason::ALL.into_iter().find(|&reason| self.0 & (1 << reason as u8) != 0)
    }
}

impl core::fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}
