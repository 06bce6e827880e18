//! The rules of the client, under anything that an owner, a network, a server and a clock can do.
//!
//! An input is text: three characters of options, a line feed (any fourth byte will do), and what happens, a character
//! for each thing and one for each of its arguments. A character that means nothing is left out.
//!
//! 1. connect timeout, silence, time until a connection is healthy: two bits each;
//! 2. retries, backoff: two bits each; whether a request may be sent again, whether a rejection is tried again;
//! 3. the last event id that the owner hands in (three bits), and the kind of server (two).
//!
//! | | what happens |
//! |---|---|
//! | `O` `C` `R` `N` | the owner: open, close, reconnect, retry now |
//! | `P`*r* `U`*r* | pause and resume, for reason *r* |
//! | `.` | the outputs are not drained after the next command |
//! | `t`*n* | time passes, and the client is called at each deadline |
//! | `T`*n* | time passes while nobody could call the client, as when a laptop sleeps |
//! | `f` | the client is called without need |
//! | `~` | the next signal or event comes from the connection before |
//! | `o` `h`*r* | the connection opened; a response with the head *r* came |
//! | `c`*text* `d`*text* | a response came, up to the end of the line: its content type; how long to wait |
//! | `a` `r`*n* | a sign of life; a reconnection time |
//! | `x`*f* | the connection failed, in way *f* |
//! | `p` `k`*n* `z` | a server that numbers its events: publishes one, keeps *n*, restarts |
//! | `s` `i` `b` `E` | from such a server arrives: the next thing, something without an id, a heartbeat, the end |
//! | `y` `q` | the next request: a proxy removes its cursor; the server goes on from before its cursor |
//! | `e`*type* *data* *id* | an event of a server that sends anything |

mod connection;
mod delivery;
mod input;
mod server;

use sse_proto::client::{
    Client, Command, ConnectionId, Failure, Gap, Output, Signal, State, Verdict, last_event_id_header,
};
use sse_proto::{Control, Instant};
use std::time::Duration;

use connection::Rules;
use delivery::{Complete, Lenient};
pub use input::{Action, Input, ServerAction, ServerKind};
use server::{Arrival, Server};

/// Where time ends: a clock that counts milliseconds from when the page was loaded never gets near.
const END_OF_TIME: u64 = 1 << 60;

/// How often the client may be called in one instant because a deadline is reached: the wait is over, and a response
/// that is due at once did not come.
const TIMEOUTS_IN_AN_INSTANT: u32 = 2;

/// How many deadlines of a long time are met one by one.
const DEADLINES: u32 = 64;

/// The most that a client has to say at once, and that is generous.
const OUTPUTS: usize = 100;

/// Lets everything happen, and checks the rules each time.
///
/// # Panics
/// If a rule is broken.
pub fn run(input: &Input) {
    let mut bench = Bench::new(input);
    for action in &input.actions {
        bench.act(action);
    }
}

/// A client with all that is around it.
#[derive(Debug)]
struct Bench {
    client: Client,
    now: Instant,
    deadline: Option<Instant>,
    server: Server,
    kind: ServerKind,
    rules: Rules,
    complete: Complete,
    lenient: Lenient,
    hold: bool,
    late: bool,
    timeouts_in_this_instant: u32,
    batch: Option<Batch>,
}

/// The inputs after which the outputs are drained: one, or a few commands and what came after them.
#[derive(Debug)]
struct Batch {
    state_before: State,
    reconnect: bool,
    /// Whether something was to happen to what is closed or was never opened.
    moves: bool,
}

/// What was said in one go.
#[derive(Debug, Default)]
struct Said {
    outputs: usize,
    connects: usize,
    state_changed: bool,
    failures: Vec<Failure>,
}

impl Bench {
    fn new(input: &Input) -> Self {
        let Input { options, seed, last_event_id, server, .. } = input;
        Self {
            client: Client::new(options.clone(), *seed).with_last_event_id(last_event_id),
            now: Instant::from_millis(1000),
            deadline: None,
            server: Server::new(*server == ServerKind::LiveOnly),
            kind: *server,
            rules: Rules::new(options.clone()),
            complete: Complete::new(last_event_id),
            lenient: Lenient::new(last_event_id),
            hold: false,
            late: false,
            timeouts_in_this_instant: 0,
            batch: None,
        }
    }

    fn act(&mut self, action: &Action) {
        if !matches!(action, Action::Pass(_) | Action::Leap(_) | Action::Timeout) {
            self.timeouts_in_this_instant = 0;
        }
        match action {
            Action::Command(command) => self.command(*command),
            Action::Hold => self.hold = true,
            Action::Late => self.late = true,
            Action::Signal(signal) => self.signal(signal),
            Action::Pass(time) => self.pass(*time),
            Action::Leap(time) => self.leap(*time),
            Action::Timeout => self.timeout(),
            Action::Server(action) if self.kind != ServerKind::Odd => self.serve(*action),
            Action::Odd { event_type, data, last_event_id } if self.kind == ServerKind::Odd => {
                self.odd_event(event_type, data, last_event_id);
            }
            Action::Server(_) | Action::Odd { .. } => {}
        }
    }

    fn command(&mut self, command: Command) {
        let state_before = self.client.state().clone();
        let batch = self.begin();
        batch.reconnect |= command == Command::Reconnect;
        batch.moves |= match command {
            Command::Open | Command::Reconnect => true,
            Command::Close | Command::Finish => state_before == State::Idle,
            _ => false,
        };
        self.rules.handle_command(command, &state_before);
        self.client.handle_command(self.now, command);
        self.rules.check_command(self.now, command, &state_before, self.client.state());
        if !std::mem::take(&mut self.hold) {
            self.settle(0..=0);
        }
    }

    fn signal(&mut self, signal: &Signal) {
        // What was held is drained now: nothing can come from a connection that was not handed out.
        self.flush();
        let Some((connection, counts)) = self.sender() else { return };
        self.begin();
        let is_connecting = matches!(self.client.state(), State::Connecting { .. });
        self.client.handle_signal(self.now, connection, signal.clone());
        if counts {
            self.rules.handle_signal(signal, is_connecting, self.client.state());
        }
        let said = match signal {
            Signal::Failed(_) if counts => self.settle(1..=1),
            Signal::Responded(_) if counts && is_connecting => self.settle(0..=1),
            _ => self.settle(0..=0),
        };
        if !counts {
            assert_eq!(said.outputs, 0, "of an old connection nothing counts (c09)");
        }
    }

    /// An event arrives; `None` if it comes from the connection before, or if there is none.
    fn event(&mut self, event_type: &str, data: &str, last_event_id: &str) -> Option<Verdict> {
        self.flush();
        let (connection, counts) = self.sender()?;
        self.begin();
        let verdict = self.client.handle_event(self.now, connection, event_type, data, last_event_id);
        let control = Control::parse(event_type, data);
        if counts {
            self.rules.handle_event(control, self.client.state());
        }
        let said = self.settle(0..=0);
        assert!(self.client.handle_drained(), "nobody closed it meanwhile");
        assert_eq!(verdict == Verdict::Late, !counts, "an event of an old connection is late (c09)");
        let is_control = verdict == Verdict::Control;
        assert!(is_control || !counts || control.is_none(), "{event_type} is the client's");
        assert!(!is_control || event_type.starts_with("sse."), "{event_type} is the application's");
        assert!(counts || said.outputs == 0, "of an old connection nothing counts (c09)");
        counts.then_some(verdict)
    }

    fn odd_event(&mut self, event_type: &str, data: &str, last_event_id: &str) {
        if let Some(verdict) = self.event(event_type, data, last_event_id) {
            let control = Control::parse(event_type, data);
            self.lenient.handle_event(control, last_event_id, verdict, self.client.last_event_id());
        }
    }

    fn serve(&mut self, action: ServerAction) {
        // What was held is drained now: a request that was not handed out does not reach a server.
        self.flush();
        let arrives = match action {
            ServerAction::Publish => return self.server.publish(),
            ServerAction::Trim { keep } => return self.server.trim(keep),
            ServerAction::Restart => return self.server.restart(),
            ServerAction::EatCursor => return self.server.eat_next_cursor(),
            ServerAction::Rewind => return self.server.rewind_next(),
            _ if self.late => {
                assert_eq!(self.event("message", "late", "a.1"), None, "it is stale");
                return;
            }
            _ if self.rules.live().is_none() => return,
            ServerAction::Step => self.server.step(),
            ServerAction::WithoutId => self.server.interject(Arrival::Event { own: false }),
            ServerAction::Heartbeat => self.server.interject(Arrival::Control(Control::Heartbeat)),
            ServerAction::End => self.server.interject(Arrival::Control(Control::End)),
        };
        let Some((arrival, last_event_id)) = arrives else { return };
        let cursor = last_event_id.parse().expect("the server numbers its events");
        match arrival {
            Arrival::Control(control) => {
                let verdict = self.event(control.event_type(), &control.data(), &last_event_id);
                assert_eq!(verdict, Some(Verdict::Control));
                if matches!(control, Control::Open { .. } | Control::Reset) {
                    self.complete.handle_beginning(cursor);
                }
            }
            Arrival::Event { own } => {
                let verdict = self.event("message", "x", &last_event_id).expect("it comes from the live one");
                if !own {
                    return self.complete.handle_companion(verdict);
                }
                self.complete.handle_event(cursor, verdict);
                if verdict == Verdict::Deliver {
                    assert_eq!(self.client.last_event_id(), last_event_id);
                }
            }
        }
    }

    /// From where the next signal or event comes, and whether that is the connection that counts.
    fn sender(&mut self) -> Option<(ConnectionId, bool)> {
        if std::mem::take(&mut self.late) {
            self.rules.late().map(|connection| (connection, false))
        } else {
            self.rules.live().map(|connection| (connection, true))
        }
    }

    /// The time passes, and the client is called at each deadline.
    fn pass(&mut self, time: Duration) {
        self.flush();
        let end = self.later(time);
        for _ in 0..DEADLINES {
            let Some(deadline) = self.deadline.filter(|&deadline| deadline <= end) else { break };
            self.set_clock(deadline.max(self.now));
            self.timeout();
        }
        self.leap(end.saturating_duration_since(self.now));
    }

    /// The time passes, and the client is called when it is over.
    fn leap(&mut self, time: Duration) {
        self.flush();
        self.set_clock(self.later(time));
        while self.deadline.is_some_and(|deadline| deadline <= self.now) {
            self.timeout();
        }
    }

    fn later(&self, time: Duration) -> Instant {
        Instant::from_millis((self.now + time).as_millis().min(END_OF_TIME))
    }

    fn set_clock(&mut self, now: Instant) {
        if now > self.now {
            self.timeouts_in_this_instant = 0;
        }
        self.now = now;
    }

    fn timeout(&mut self) {
        self.flush();
        let before = self.deadline;
        let is_due = before.is_some_and(|deadline| deadline <= self.now);
        self.begin();
        self.client.handle_timeout(self.now);
        let said = self.settle(0..=1);
        if is_due {
            self.timeouts_in_this_instant += 1;
            assert!(self.timeouts_in_this_instant <= TIMEOUTS_IN_AN_INSTANT, "a busy loop");
            let is_ahead = self.deadline.is_none_or(|deadline| deadline > self.now);
            assert!(is_ahead || said.outputs > 0, "the deadline is left where it is");
        } else {
            assert_eq!((said.outputs, self.deadline), (0, before), "harmless at any other time");
        }
    }

    fn begin(&mut self) -> &mut Batch {
        let state_before = self.client.state().clone();
        let new = Batch { state_before, reconnect: false, moves: false };
        self.batch.get_or_insert(new)
    }

    /// Drains what was held.
    fn flush(&mut self) {
        if self.batch.is_some() {
            self.settle(0..=0);
        }
    }

    /// Drains the outputs and checks what they say; `failures` is how many are to be told.
    fn settle(&mut self, failures: std::ops::RangeInclusive<usize>) -> Said {
        let batch = self.batch.take().expect("there was an input");
        let said = self.drain(&batch);
        let state = self.client.state();
        assert!(failures.contains(&said.failures.len()), "told {:?}", said.failures);
        if *state != batch.state_before {
            assert!(said.state_changed, "{:?} became {state:?} in silence", batch.state_before);
        }
        if matches!(batch.state_before, State::Closed(_) | State::Idle) && !batch.moves {
            assert_eq!(said.outputs, 0, "nothing happens before it is opened, or after it is closed");
        }
        if let Some(failure) = said.failures.first() {
            self.rules.check_failure(self.now, failure, &batch.state_before, state);
        }
        self.rules.check_state(state, self.deadline);
        said
    }

    fn drain(&mut self, batch: &Batch) -> Said {
        let mut said = Said::default();
        loop {
            match self.client.poll_output() {
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    break;
                }
                Output::Connect { connection, url, last_event_id } => {
                    assert!(!batch.reconnect || url.is_none(), "the owner asked for the owner's URL (c05)");
                    assert_eq!(last_event_id, self.client.last_event_id(), "the cursor is sent (c10)");
                    check_header(&last_event_id);
                    said.connects += 1;
                    self.rules.handle_connect(self.now, connection, url.as_deref());
                    self.complete.handle_request(self.server.handle_request(&last_event_id));
                    self.lenient.handle_request(&last_event_id);
                }
                Output::Disconnect(connection) => self.rules.handle_disconnect(connection),
                Output::StateChanged => said.state_changed = true,
                Output::Failed(failure) => said.failures.push(failure),
                Output::Gap(gap) => self.handle_gap(gap),
                other => panic!("an output that this target does not know: {other:?}"),
            }
            said.outputs += 1;
            assert!(said.outputs < OUTPUTS, "there is no end to the outputs");
        }
        assert_eq!(self.client.poll_output(), Output::Wait(self.deadline), "asking again changes nothing");
        assert!(said.connects <= 1, "one connection for one input");
        said
    }

    fn handle_gap(&mut self, gap: Gap) {
        self.complete.handle_gap(gap);
        self.lenient.handle_gap(gap);
    }
}

/// Whether the cursor can be sent as it is: each of its bytes is a character of the header (c10).
fn check_header(last_event_id: &str) {
    match last_event_id_header(last_event_id) {
        Some(header) => {
            let bytes: Option<Vec<u8>> = header.chars().map(|c| u8::try_from(c).ok()).collect();
            assert_eq!(bytes.as_deref(), Some(last_event_id.as_bytes()));
        }
        None => assert!(last_event_id.is_empty() || last_event_id.contains(['\r', '\n', '\0'])),
    }
}
