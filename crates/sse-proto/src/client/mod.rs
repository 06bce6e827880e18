//! When to connect, how long to wait, where to go on from, and when to give up.
//!
//! [`Client`] decides; a transport acts. After every call, drain [`Client::poll_output`] until it returns
//! [`Output::Wait`], and call [`Client::handle_timeout`] when that deadline is reached. What an event brings out comes in
//! front of it: if there is anything, say [`Client::handle_drained`] before the event is delivered. Until then it counts
//! as not delivered, and is asked for again:
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
//! if !client.is_drained() {
//!     while !matches!(client.poll_output(), Output::Wait(_)) {} // tell the owner, who may close the stream
//!     assert!(client.handle_drained(), "it has not");
//! }
//! assert_eq!(*client.state(), State::Open); // deliver "hello"
//! ```
//!
//! What belongs to an old connection is told by its [`ConnectionId`] and ignored, so a transport may be as
//! late as it likes (conformance c09). Rules by number are those of `CONFORMANCE.md` in the repository.
//!
//! # Layout
//!
//! | file | rules |
//! |---|---|
//! | `mod.rs` | when to connect and when not: c03, c05 to c09, c15, c17 to c19 |
//! | `messages.rs` | [`Command`] and [`Signal`] go in, [`Output`] and [`Verdict`] come out |
//! | `state.rs` | [`State`], and why it is so: [`Failure`], [`CloseReason`], [`PauseReason`], [`Gap`] |
//! | `request.rs` | [`last_event_id_header`]: c10 |
//! | `response.rs` | [`Response`]: c03, c04 |
//! | `resume.rs` | cursor, duplicates and gaps: c10 |
//! | `in_front.rs` | what comes in front of an event, where the owner may close the stream: c09 |
//! | `control.rs` | what the server says of the stream itself: `sse.open`, `sse.gap`, `sse.end` and so on |
//! | `silence.rs` | the watchdog: c16 |
//! | `options.rs`, `backoff.rs`, `timer.rs`, `pause.rs` | what their names say |

mod backoff;
mod control;
mod in_front;
mod messages;
mod options;
mod pause;
mod request;
mod response;
mod resume;
mod silence;
mod state;
mod timer;

#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

pub use backoff::Backoff;
pub use messages::{Command, ConnectionId, Output, Signal, Verdict};
pub use options::ClientOptions;
pub use pause::PauseSet;
pub use request::last_event_id_header;
pub use response::Response;
pub use silence::Silence;
pub use state::{CloseReason, Failure, Gap, PauseReason, State};

use crate::control::RESERVED_PREFIX;
use crate::{Control, Instant};
use backoff::Entropy;
use resume::{Before, Resume};
use timer::{Timer, Timers};

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
    /// Failures since the last healthy connection.
    failures: u32,
    opened_at: Instant,
    last_activity: Instant,
    /// The server's own reconnection time, a floor for ours.
    reconnection_time: Duration,
    /// The failure by which the server asked to be left alone (c03).
    held: Option<Held>,
    /// The heartbeat interval that the server announced last. It outlives the connection: the next one may hang
    /// before it comes to announce anything (c16).
    heartbeat: Option<Duration>,
    /// Whether this connection has brought an event.
    has_events: bool,
    /// Where the last connection that opened was redirected to (c05).
    redirected: Option<String>,
    resume: Resume,
    /// Where that stood before the last event, while the owner hears what comes in front of it.
    before: Option<Before>,
    /// Whether the owner has closed the stream in front of the last event, which then counts for nothing.
    is_taken_back: bool,
    /// Up to which number this connection may leave out events, by the word of the server.
    snapshot_through: Option<u64>,
    timers: Timers,
    /// Never more than a handful.
    outputs: Vec<Output>,
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
            failures: 0,
            opened_at: Instant::default(),
            last_activity: Instant::default(),
            reconnection_time: Duration::ZERO,
            held: None,
            heartbeat: None,
            has_events: false,
            redirected: None,
            resume: Resume::default(),
            snapshot_through: None,
            before: None,
            is_taken_back: false,
            timers: Timers::default(),
            outputs: Vec::new(),
        }
    }

    /// Starts from a cursor, for instance that of a page rendered on the server.
    #[must_use]
    pub fn with_last_event_id(mut self, last_event_id: &str) -> Self {
        self.resume.set_last_event_id(last_event_id);
        self
    }

    /// What can be shown to a person.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The id of the last event that counted; empty if there is none. It does not yet count the event that waits for the
    /// outputs in front of it to be [drained](Self::handle_drained).
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        match &self.before {
            Some(Before::Event(before)) => before.last_event_id(),
            Some(Before::Control(_)) | None => self.resume.last_event_id(),
        }
    }

    /// Whether the server has said that from here on this connection leaves out no event. It begins with those that a new
    /// client needs, perhaps only the latest of each key. False where the server does not say where that ends.
    #[must_use]
    pub fn is_past_snapshot(&self) -> bool {
        matches!((self.snapshot_through, self.resume.seq()), (Some(through), Some(seq)) if seq >= through)
    }

    /// The server's own reconnection time (conformance p11), a floor for the wait after a failure; zero if it has said
    /// none.
    #[must_use]
    pub fn reconnection_time(&self) -> Duration {
        self.reconnection_time
    }

    /// Takes over the reconnection time that the server said on a connection of another client, which this one follows.
    pub fn set_reconnection_time(&mut self, reconnection_time: Duration) {
        self.reconnection_time = reconnection_time;
    }

    /// Does what the owner wants.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Open => {
                if !self.is_wanted() {
                    self.begin(now);
                }
            }
            Command::Reconnect => {
                self.pauses.remove(PauseReason::Caller);
                self.disconnect(now);
                self.begin(now);
            }
            // c08
            Command::RetryNow => {
                if matches!(self.state, State::Waiting { .. }) {
                    self.go_on(now);
                }
            }
            Command::Close | Command::Finish => {
                self.pauses.remove(PauseReason::Caller);
                if !matches!(self.state, State::Closed(_)) {
                    // c09: what was to be told before is not told any more. A gap is found again from where it was found.
                    if self.outputs.iter().any(|output| matches!(output, Output::Gap(_))) {
                        self.take_back();
                    }
                    self.withdraw(|output| matches!(output, Output::Failed(_) | Output::Gap(_)));
                    let is_complete = command == Command::Finish;
                    self.close(now, if is_complete { CloseReason::Ended } else { CloseReason::Caller });
                }
            }
            // c17: neither pausing nor resuming is a failure.
            Command::Pause(reason) => {
                self.pauses.insert(reason);
                if self.is_wanted() {
                    match self.disconnect(now) {
                        // c18: there is nothing to go on with later.
                        Dropped::Sent if !self.options.resend => {
                            self.close(now, CloseReason::Interrupted { cause: None });
                        }
                        Dropped::Sent | Dropped::Nothing => self.go_on(now),
                    }
                }
            }
            Command::Resume(reason) => {
                let paused = !self.pauses.is_empty();
                self.pauses.remove(reason);
                if self.is_wanted() && paused {
                    self.go_on(now);
                }
            }
        }
    }

    /// Takes note of what the transport saw on `connection`.
    // Inlined to where the signal is made: a page whose transport never says `Responded` then carries nothing of what
    // judges a response.
    #[inline(always)]
    pub fn handle_signal(&mut self, now: Instant, connection: ConnectionId, signal: Signal) {
        if self.connection != Some(connection) {
            return;
        }
        match signal {
            Signal::Responded(response) => self.handle_response(now, response),
            Signal::Opened => self.handle_opened(now),
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
            return Verdict::Late;
        }
        if event_type.starts_with(RESERVED_PREFIX)
            && let Some(verdict) = self.handle_reserved(now, event_type, data, last_event_id)
        {
            return verdict;
        }
        let is_open = matches!(self.state, State::Open);
        self.note_event(now, None);
        self.before = (!is_open).then(|| Before::Event(self.resume.note()));
        let (verdict, gap) = self.resume.handle_event(last_event_id);
        if let Some((gap, before)) = gap {
            self.before = Some(Before::Event(before));
            self.outputs.push(Output::Gap(gap));
        }
        verdict
    }

    /// Whether [`Self::handle_event`] has to know the last event id at an event of this type. Where it need not, a
    /// transport for which that is dear may leave it unread: see [`Self::handle_unread_event`].
    #[must_use]
    pub fn reads_last_event_id(&self, event_type: &str) -> bool {
        // What is told in front of an event may make the owner close the stream there.
        !matches!(self.state, State::Open)
            || self.resume.is_numbered()
            || event_type.starts_with(RESERVED_PREFIX)
    }

    /// [`Self::handle_event`] for an event whose last event id has not been read. Only where that [need not be
    /// known](Self::reads_last_event_id), and the one of the last such event is still to be [said](Self::handle_last_event_id).
    pub fn handle_unread_event(&mut self, now: Instant, connection: ConnectionId) -> Verdict {
        if self.connection != Some(connection) {
            return Verdict::Late;
        }
        self.note_event(now, None);
        self.resume.handle_unread_event();
        Verdict::Deliver
    }

    /// The last event id at the last [unread event](Self::handle_unread_event) of `connection`: to be said before the
    /// next command, signal, timeout or event that is read, and before anybody asks for the cursor.
    pub fn handle_last_event_id(&mut self, connection: ConnectionId, last_event_id: &str) {
        if self.connection == Some(connection) {
            self.resume.set_last_event_id(last_event_id);
        }
    }

    /// An id that came on `connection` without data, as a decoder tells it ([`Frame::LastEventId`](crate::Frame)): no
    /// event, but the cursor moves as it does with one (p12).
    pub fn handle_id(&mut self, connection: ConnectionId, last_event_id: &str) -> Verdict {
        if self.connection != Some(connection) {
            return Verdict::Late;
        }
        self.before = Some(Before::Control(self.resume.note()));
        let gap = self.resume.follow(last_event_id).1.map(|(gap, _)| gap);
        self.push_gap(gap);
        Verdict::Control
    }

    /// Does what the deadline of the last [`Output::Wait`] was for. Harmless at any other time.
    pub fn handle_timeout(&mut self, now: Instant) {
        // Taken all before any is acted on: one that is started meanwhile waits for the next call, so that no
        // choice of options makes a busy loop of this.
        let expired = self.timers.take_expired(now);
        for timer in Timer::ALL {
            if !expired[timer as usize] {
                continue;
            }
            match timer {
                Timer::Connect => self.fail(now, Failure::ConnectTimeout),
                Timer::Retry => self.connect(now),
                Timer::Silence => self.check_silence(now),
            }
        }
    }

    /// The next thing to do; [`Output::Wait`] when there is nothing more.
    pub fn poll_output(&mut self) -> Output {
        if self.outputs.is_empty() {
            return Output::Wait(self.timers.next());
        }
        self.outputs.remove(0)
    }

    /// Whether [`Self::poll_output`] would say what it said last, which was [`Output::Wait`]: true after most events, and
    /// quicker than to ask.
    #[must_use]
    #[inline]
    pub fn is_drained(&self) -> bool {
        self.outputs.is_empty() && !self.timers.have_changed()
    }

    /// Whether the owner wants a connection: after `Open`, until `Close` or a final failure.
    fn is_wanted(&self) -> bool {
        !matches!(self.state, State::Idle | State::Closed(_))
    }

    fn enter(&mut self, state: State) {
        if !self.state.is_as(&state) {
            self.state = state;
            // Who asks for the state gets the newest, so one call to do so is enough.
            if !self.outputs.iter().any(|output| matches!(output, Output::StateChanged)) {
                self.outputs.push(Output::StateChanged);
            }
        }
    }

    /// The owner wants a connection, and gets one that starts from nothing but the cursor.
    fn begin(&mut self, now: Instant) {
        self.failures = 0;
        self.held = None;
        self.redirected = None;
        self.go_on(now);
    }

    /// Connects, unless something forbids it for the time being. Only called when nothing is connected.
    fn go_on(&mut self, now: Instant) {
        if let Some(why) = self.pauses.first() {
            return self.enter(State::Paused { why });
        }
        match self.held {
            Some(Held { until, status, retry_after }) if now < until => {
                self.wait(until, Failure::Status { status, retry_after: Some(retry_after) });
            }
            _ => self.connect(now),
        }
    }

    fn connect(&mut self, now: Instant) {
        self.disconnect(now);
        self.last_connection += 1;
        let connection = ConnectionId(self.last_connection);
        self.connection = Some(connection);
        self.has_events = false;
        self.snapshot_through = None;
        self.resume.handle_connect();
        self.enter(State::Connecting { attempt: self.failures.saturating_add(1) });
        if let Some(timeout) = self.options.connect_timeout {
            self.timers.start(Timer::Connect, now + timeout);
        }
        self.outputs.push(Output::Connect {
            connection,
            url: self.redirected.clone(),
            last_event_id: self.resume.last_event_id().into(),
        });
    }

    /// Drops the connection and whatever was to come of it. One that was healthy clears the record.
    fn disconnect(&mut self, now: Instant) -> Dropped {
        self.timers.stop_all();
        let Some(connection) = self.connection.take() else { return Dropped::Nothing };
        if self.state.is_open() {
            // Silence that is taken for death is no sign of health, however long it lasted.
            let is_dead =
                self.silence_limits().is_some_and(|limits| now >= self.last_activity.after(limits.dead));
            let lived_until = if is_dead { self.last_activity } else { now };
            if lived_until.saturating_duration_since(self.opened_at) >= self.options.healthy_after {
                self.failures = 0;
            }
        }
        // A request that was never handed out need not be aborted.
        if self.withdraw(|output| matches!(output, Output::Connect { .. })) {
            return Dropped::Nothing;
        }
        self.outputs.push(Output::Disconnect(connection));
        Dropped::Sent
    }

    /// Takes back what has not been handed out yet and is no longer true. Returns whether there was any.
    #[inline(never)]
    fn withdraw(&mut self, is_void: fn(&Output) -> bool) -> bool {
        let due = self.outputs.len();
        self.outputs.retain(|output| !is_void(output));
        self.outputs.len() < due
    }

    #[inline(never)]
    fn close(&mut self, now: Instant, reason: CloseReason) {
        if let Some(Before::Event(_)) = self.before {
            self.take_back();
        }
        self.disconnect(now);
        self.enter(State::Closed(reason));
    }

    fn handle_response(&mut self, now: Instant, response: Response) {
        if !matches!(self.state, State::Connecting { .. }) {
            return;
        }
        // c03, c04
        if let Some(failure) = response.refusal() {
            return self.fail(now, failure);
        }
        // c05
        if response.url.is_some() {
            self.redirected = response.url;
        }
        self.handle_opened(now);
    }

    /// c06: the state is open before anybody is told, and what is closed has no connection that could open.
    fn handle_opened(&mut self, now: Instant) {
        if matches!(self.state, State::Connecting { .. }) {
            self.opened_at = now;
            self.timers.stop(Timer::Connect);
            self.enter(State::Open);
            self.note_activity(now);
        }
    }

    /// c07, c15: a failure closes only if trying again cannot help or is not allowed; else it waits.
    fn fail(&mut self, now: Instant, failure: Failure) {
        // c05: a redirect may have led to a node that is gone, so the next attempt asks where to go.
        let was_redirected = !self.state.is_open() && self.redirected.take().is_some();
        let may_retry =
            self.options.retries(&failure) || was_redirected && self.options.retries_from_start(&failure);
        let dropped = self.disconnect(now);
        self.outputs.push(Output::Failed(failure.clone()));
        if !may_retry {
            return self.close(now, CloseReason::Refused(failure));
        }
        // c18
        if dropped == Dropped::Sent && !self.options.resend {
            return self.close(now, CloseReason::Interrupted { cause: Some(failure) });
        }
        self.failures = self.failures.saturating_add(1);
        if self.options.max_retries.is_some_and(|max| self.failures > max) {
            return self.close(now, CloseReason::GaveUp { failures: self.failures, last: failure });
        }
        self.held = match failure {
            Failure::Status { status, retry_after: Some(retry_after) } => {
                Some(Held { until: now + retry_after, status, retry_after })
            }
            _ => None,
        };
        let floor = self.reconnection_time.max(failure.retry_after().unwrap_or_default());
        let delay = self.options.backoff.delay(self.failures, floor, &mut self.entropy);
        self.wait(now.after(delay), failure);
    }

    fn wait(&mut self, until: Instant, cause: Failure) {
        self.timers.start(Timer::Retry, until);
        self.enter(State::Waiting { attempt: self.failures.saturating_add(1), until, cause });
    }

    /// What every event says, whatever it is.
    #[inline(never)]
    fn note_event(&mut self, now: Instant, control: Option<Control>) {
        // A transport that forgot to say so: events prove that the stream is open.
        self.handle_opened(now);
        if !core::mem::replace(&mut self.has_events, true) && !matches!(control, Some(Control::Open { .. })) {
            // Another server answers now, and it begins without promising anything.
            self.heartbeat = None;
        }
        self.note_activity(now);
    }
}

/// A status with a time for which the server asked to be left alone.
#[derive(Clone, Copy, Debug)]
struct Held {
    until: Instant,
    status: u16,
    retry_after: Duration,
}

/// What there was to drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dropped {
    /// A request that may have reached the server.
    Sent,
    /// No request, or none that the transport had been told of.
    Nothing,
}
