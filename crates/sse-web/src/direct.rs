//! A connection that is not shared: the client, with a transport, a timer and the browser's news.

use std::cell::{Cell, RefCell, RefMut};
use std::mem;
use std::rc::{Rc, Weak};
use std::time::Duration;

use sse_proto::client::{
    Client, Command, ConnectionId, Failure, Output, PauseReason, Signal, State, Verdict,
};
use sse_proto::{Control, EventRef, Instant};

use crate::clock;
use crate::connection::Link;
use crate::life_cycle::{self, Interest, Observer};
use crate::listen::Listener;
use crate::options::{Options, Wake};
use crate::sink::Sink;
use crate::timer::Timer;
use crate::transport::{ActiveRequest, Receiver, Request};

/// How often a connection that is to be replaced after a sleep checks the clock. In a background tab, browsers make
/// that once a minute.
const CHECK_CLOCK_EVERY: Duration = Duration::from_secs(10);

/// A timer that is late by this was kept waiting by a page that was busy. What came meanwhile waits, too, and has as long
/// to be told before the server is judged: not every browser hands it out in front of the timer.
const LATE: Duration = Duration::from_secs(1);

/// A connection that is not shared.
pub(crate) struct Direct {
    inner: Rc<Inner>,
    /// Removed with the connection.
    _listeners: Vec<Listener>,
}

/// What a connection's listeners, timers and transports reach, by weak references only: the one strong
/// reference is the [`Direct`]'s, so that dropping it drops everything.
pub(crate) struct Inner {
    url: String,
    /// Without those of the client, which has them.
    options: Options,
    /// Whether it may be asked for again without the owner's word (c18).
    is_repeatable: bool,
    /// The event types of the options, and the reserved ones.
    event_types: Vec<&'static str>,
    sink: Box<dyn Sink>,
    client: RefCell<Client>,
    active: Cell<Option<(ConnectionId, Box<dyn ActiveRequest>)>>,
    /// Knows the last event id at the last event, where that has not been looked at.
    unread: Cell<Option<(ConnectionId, Rc<dyn UnreadId>)>>,
    alarm: Cell<Option<Alarm>>,
    /// When the clock was last checked for a sleep; at the earliest when its connection was made.
    clock_checked_at: Cell<Instant>,
    this: Weak<Self>,
}

/// Has [`Inner::handle_alarm`] called.
struct Alarm {
    at: Instant,
    /// For how long the device had been asleep when it was set. It stands still meanwhile.
    asleep: u64,
    /// Whether it was set because another was [`LATE`].
    is_second: bool,
    _timer: Timer,
}

/// Knows the last event that was told without the last event id.
pub(crate) trait UnreadId {
    /// The last event id at that event.
    fn read(&self) -> String;
}

impl Direct {
    /// A connection to `url`, which is resolved. It waits for [`Command::Open`]: its holder can keep it first, and so end
    /// it when the first attempt is told.
    pub(crate) fn new(url: String, mut options: Options, interest: Interest, sink: Box<dyn Sink>) -> Self {
        options.client.resend &= options.transport.is_repeatable();
        let is_repeatable = options.client.resend;
        let client_options = mem::take(&mut options.client);
        let client = Client::new(client_options, clock::seed()).with_last_event_id(&options.last_event_id);
        clock::notice_sleep();
        let event_types = event_types(&options);
        let inner = Rc::new_cyclic(|this| Inner {
            url,
            options,
            is_repeatable,
            event_types,
            sink,
            client: RefCell::new(client),
            active: Cell::new(None),
            unread: Cell::new(None),
            alarm: Cell::new(None),
            clock_checked_at: Cell::new(clock::now()),
            this: this.clone(),
        });
        let listeners = life_cycle::observe(inner.clone(), interest);
        Self { inner, _listeners: listeners }
    }

    /// What the server wants to be left alone for after a failure, by the last that it said.
    pub(crate) fn reconnection_time(&self) -> Duration {
        self.inner.client.borrow().reconnection_time()
    }

    /// Whether the server has said that from here on the connection leaves out nothing.
    pub(crate) fn is_past_snapshot(&self) -> bool {
        self.inner.client.borrow().is_past_snapshot()
    }

    /// Takes over what the server said on another connection.
    pub(crate) fn set_reconnection_time(&self, reconnection_time: Duration) {
        self.inner.client.borrow_mut().set_reconnection_time(reconnection_time);
    }

    /// Closes it for good, and tells nobody. Dropping the last reference does the same; but whoever is in the middle
    /// of a call to it holds one, and would let it go on.
    pub(crate) fn end(&self) {
        let mut client = self.inner.client.borrow_mut();
        client.handle_command(clock::now(), Command::Close);
        while !matches!(client.poll_output(), Output::Wait(_)) {}
        drop(client);
        self.inner.unread.take();
        self.inner.active.take();
        self.inner.alarm.take();
    }
}

/// The event types of the options and the reserved ones, each once: a type with two listeners would be delivered
/// twice.
pub(crate) fn event_types(options: &Options) -> Vec<&'static str> {
    let mut event_types = Vec::new();
    for event_type in options.event_types.iter().chain(Control::EVENT_TYPES) {
        if !event_types.contains(event_type) {
            event_types.push(*event_type);
        }
    }
    event_types
}

impl Link for Direct {
    fn url(&self) -> &str {
        &self.inner.url
    }

    fn state(&self) -> State {
        self.inner.client.borrow().state().clone()
    }

    fn last_event_id(&self) -> String {
        self.inner.client().last_event_id().to_owned()
    }

    fn command(&self, command: Command) {
        self.inner.command(command);
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        // The sink is not told: who drops the connection has stopped listening. A handler that drops it keeps
        // `Inner` alive until it returns, so what is open is closed here and not left to the last reference.
        self.end();
    }
}

impl Observer for Inner {
    fn options(&self) -> &Options {
        &self.options
    }

    fn command(&self, command: Command) {
        self.client().handle_command(clock::now(), command);
        self.drain();
    }

    fn catch_up_with_clock(&self) {
        self.notice_sleep();
        self.handle_timeout();
    }
}

impl Inner {
    /// Counts the time for which the device may have been asleep, and replaces a connection that is not to outlive it.
    fn notice_sleep(&self) {
        clock::notice_sleep();
        let now = clock::now();
        let absent = now.saturating_duration_since(self.clock_checked_at.replace(now));
        if let Wake::ReconnectAfter(limit) = self.options.wake
            && absent >= limit
        {
            self.replace(now);
        }
    }

    fn handle_timeout(&self) {
        self.alarm.take();
        self.client().handle_timeout(clock::now());
        self.drain();
    }

    /// Called at the deadline.
    fn handle_alarm(&self) {
        self.notice_sleep();
        let now = clock::now();
        match self.alarm.take() {
            Some(alarm) if self.has_kept_waiting(&alarm, now) => self.set_alarm(now + LATE, true),
            _ => self.handle_timeout(),
        }
    }

    /// Replaces a connection that is open, without calling it a failure (c17). Nobody is told in between.
    fn replace(&self, now: Instant) {
        // One that must not be asked for again is better than none.
        let mut client = self.client();
        if self.is_repeatable && client.state().is_open() {
            client.handle_command(now, Command::Pause(PauseReason::Background));
            client.handle_command(now, Command::Resume(PauseReason::Background));
        }
    }

    /// Whether the page was busy, so that the server's word may lie behind this timer. Only once: in a hidden page every
    /// timer is late.
    fn has_kept_waiting(&self, alarm: &Alarm, now: Instant) -> bool {
        let client = self.client.borrow();
        let is_late = now >= alarm.at + LATE && alarm.asleep == clock::asleep();
        is_late && !alarm.is_second && client.is_drained() && !matches!(client.state(), State::Waiting { .. })
    }

    /// Inlined for the reason given at [`Client::handle_signal`]: what judges a response is then only linked where one
    /// is reported.
    #[inline(always)]
    pub(crate) fn handle_signal(&self, connection: ConnectionId, signal: Signal) {
        self.client().handle_signal(clock::now(), connection, signal);
        self.drain();
    }

    pub(crate) fn handle_event(&self, now: Instant, connection: ConnectionId, event: EventRef<'_>) {
        let EventRef { event_type, data, last_event_id } = event;
        let mut client = self.client();
        let verdict = client.handle_event(now, connection, event_type, data, last_event_id);
        let is_drained = client.is_drained();
        drop(client);
        self.deliver(event, verdict, is_drained);
    }

    /// An id without data (p12).
    pub(crate) fn handle_id(&self, connection: ConnectionId, last_event_id: &str) {
        let mut client = self.client();
        let verdict = client.handle_id(connection, last_event_id);
        let is_drained = client.is_drained();
        drop(client);
        self.deliver(EventRef { event_type: "", data: "", last_event_id }, verdict, is_drained);
    }

    /// Whether somebody has to know the last event id at an event of this type.
    pub(crate) fn reads_last_event_id(&self, event_type: &str) -> bool {
        self.sink.reads_last_event_id() || self.client.borrow().reads_last_event_id(event_type)
    }

    /// [`Self::handle_event`] where nobody has.
    pub(crate) fn handle_unread_event(
        &self,
        now: Instant,
        connection: ConnectionId,
        event_type: &str,
        data: &str,
        unread: Rc<dyn UnreadId>,
    ) {
        let mut client = self.client.borrow_mut();
        let verdict = client.handle_unread_event(now, connection);
        let is_drained = client.is_drained();
        drop(client);
        if verdict == Verdict::Deliver {
            self.unread.set(Some((connection, unread)));
        }
        self.deliver(EventRef { event_type, data, last_event_id: "" }, verdict, is_drained);
    }

    /// The client, which has been told the last event id by then: whatever is done with it may depend on that.
    fn client(&self) -> RefMut<'_, Client> {
        let mut client = self.client.borrow_mut();
        if let Some((connection, unread)) = self.unread.take() {
            client.handle_last_event_id(connection, &unread.read());
        }
        client
    }

    /// Out of line, once for all that call it.
    #[inline(never)]
    fn deliver(&self, event: EventRef<'_>, verdict: Verdict, is_drained: bool) {
        if !is_drained {
            // Who hears of what comes in front of the event, a gap or a new state, may close the connection. Then nothing is
            // delivered any more.
            self.drain();
            let mut client = self.client.borrow_mut();
            if !client.handle_drained() || matches!(client.state(), State::Closed(_)) {
                return;
            }
        }
        match verdict {
            Verdict::Deliver => self.sink.event(event),
            Verdict::Control => self.sink.cursor(),
            Verdict::Duplicate | Verdict::Late => {}
        }
    }

    /// Does what the client asks for. The sink may call back into the connection, so nothing stays borrowed
    /// while it is told.
    fn drain(&self) {
        loop {
            let output = self.client.borrow_mut().poll_output();
            match output {
                Output::Connect { connection, url, last_event_id } => {
                    self.connect(connection, url.as_deref(), &last_event_id);
                }
                Output::Disconnect(connection) => self.disconnect(connection),
                Output::StateChanged => {
                    let state = self.client.borrow().state().clone();
                    self.sink.state(&state);
                }
                Output::Failed(failure) => self.sink.failure(&failure),
                Output::Gap(gap) => self.sink.gap(gap),
                Output::Wait(deadline) => return self.wait_until(deadline),
                _ => {}
            }
        }
    }

    fn connect(&self, connection: ConnectionId, redirected: Option<&str>, last_event_id: &str) {
        let request = Request {
            url: redirected.unwrap_or(&self.url),
            event_types: &self.event_types,
            last_event_id,
            cursor_parameter: self.options.cursor_parameter.as_deref(),
            with_credentials: self.options.with_credentials,
        };
        let receiver = Receiver { connection, inner: self.this.clone() };
        self.clock_checked_at.set(clock::now());
        match self.options.transport.connect(request, receiver) {
            Ok(active) => self.active.set(Some((connection, active))),
            Err(failure) => self.fail(connection, failure),
        }
    }

    fn fail(&self, connection: ConnectionId, failure: Failure) {
        self.client.borrow_mut().handle_signal(clock::now(), connection, Signal::Failed(failure));
    }

    fn disconnect(&self, connection: ConnectionId) {
        match self.active.take() {
            Some((active, _)) if active == connection => {}
            other => self.active.set(other),
        }
    }

    /// Has `handle_alarm` called at `deadline`. A timer that is early does no harm, so one that runs already and is not late
    /// is left alone: the deadline moves far more often than it is reached. After a sleep it is late.
    fn wait_until(&self, mut deadline: Option<Instant>) {
        if let Wake::ReconnectAfter(_) = self.options.wake
            && !matches!(self.client.borrow().state(), State::Closed(_))
        {
            let check = clock::now() + CHECK_CLOCK_EVERY;
            deadline = Some(deadline.map_or(check, |deadline| deadline.min(check)));
        }
        let running = self.alarm.take();
        let Some(deadline) = deadline else { return };
        if let Some(alarm) = &running
            && (alarm.at <= deadline || alarm.is_second && deadline <= clock::now())
            && alarm.asleep == clock::asleep()
        {
            self.alarm.set(running);
            return;
        }
        self.set_alarm(deadline, false);
    }

    fn set_alarm(&self, deadline: Instant, is_second: bool) {
        let this = self.this.clone();
        let timer = Timer::until(deadline, move || {
            if let Some(inner) = this.upgrade() {
                inner.handle_alarm();
            }
        });
        self.alarm.set(Some(Alarm { at: deadline, asleep: clock::asleep(), is_second, _timer: timer }));
    }
}
