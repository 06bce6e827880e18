//! The client, driven as a browser drives it, and what may be expected of it at every step.

use std::time::Duration;

use sse_proto::client::{
    CloseReason, Command, Failure, Gap, Output, PauseReason, Response, Signal, Silence, State, Verdict,
};
use sse_proto::{Frame, Instant, MEDIA_TYPE};

use crate::line::{Answer, Conn, Fault};
use crate::model::Arrival;
use crate::schedule::{Carrier, Kind};
use crate::world::{What, World};
use crate::{Outcome, ensure};

/// What the client was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Command,
    Timeout,
    Signal,
    Event,
}

/// What it told.
#[derive(Debug, Default)]
struct Told {
    failures: Vec<Failure>,
    gaps: Vec<Gap>,
    state: bool,
    outputs: usize,
}

/// What a chunk held.
enum Heard {
    Event(Arrival),
    Retry(Duration),
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

impl World {
    fn clock(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    pub(crate) fn command(&mut self, command: Command) -> Outcome {
        self.coverage.note_variant("command", &command);
        self.log(|| format!("{command:?}"));
        let before = self.client.state().clone();
        let was_active = self.model.active.is_some();
        match command {
            Command::Open if matches!(before, State::Idle | State::Closed(_)) => self.model.begin(),
            Command::Reconnect => {
                self.model.resume(PauseReason::Caller);
                self.model.begin();
            }
            Command::Close => self.model.resume(PauseReason::Caller),
            Command::Pause(reason) => self.model.pause(reason),
            Command::Resume(reason) => self.model.resume(reason),
            _ => {}
        }
        if matches!(command, Command::Open | Command::Reconnect) {
            self.reopening = false;
        }
        self.client.handle_command(self.clock(), command);
        let told = self.drain(Call::Command)?;
        // c17, c09: the owner's own doing is no failure.
        ensure!(told.failures.is_empty() && told.gaps.is_empty(), "{command:?} told {told:?}");
        let after = self.client.state().clone();
        let is_free = self.model.pauses.is_empty();
        match (command, &before, &after) {
            (Command::Close, State::Closed(before), State::Closed(after)) => {
                ensure!(before == after, "closing what is closed made {before:?} {after:?}");
            }
            (Command::Close, _, State::Closed(CloseReason::Caller)) => {}
            (Command::Pause(_), State::Idle | State::Closed(_), _) => ensure!(before == after, "{after:?}"),
            (Command::Pause(_), _, State::Closed(CloseReason::Interrupted { cause: None })) => {
                ensure!(!self.schedule.options.resend && was_active, "interrupted for nothing");
            }
            (Command::Pause(_), _, State::Paused { .. }) => {}
            (Command::Resume(_), State::Paused { .. }, State::Connecting { .. }) => {
                ensure!(is_free && self.model.held_until <= self.now, "goes on too soon");
            }
            (Command::RetryNow, State::Waiting { .. }, State::Connecting { .. }) => {
                ensure!(self.model.held_until <= self.now, "goes on too soon");
            }
            (Command::Resume(_) | Command::RetryNow, _, State::Waiting { until, .. })
                if before != after || command == Command::RetryNow =>
            {
                ensure!(until.as_millis() == self.model.held_until, "waits for no reason");
            }
            (Command::Resume(_), State::Paused { .. }, State::Paused { .. }) => {
                ensure!(!is_free, "is not paused");
            }
            (Command::Reconnect, _, State::Connecting { attempt: 1 }) => ensure!(is_free, "is paused"),
            (Command::Reconnect, _, State::Paused { .. }) => ensure!(!is_free, "is not paused"),
            _ => ensure!(
                before == after || matches!(command, Command::Open),
                "{command:?} made {after:?} of {before:?}"
            ),
        }
        Ok(())
    }

    pub(crate) fn timeout(&mut self) -> Outcome {
        let before = self.client.state().clone();
        self.client.handle_timeout(self.clock());
        let told = self.drain(Call::Timeout)?;
        ensure!(told.gaps.is_empty(), "time told {told:?}");
        ensure!(told.failures.len() <= 1, "time told {told:?}");
        for failure in told.failures {
            let fits = match failure {
                Failure::ConnectTimeout => matches!(before, State::Connecting { .. }),
                Failure::Silence => before.is_open(),
                _ => false,
            };
            ensure!(fits, "{failure:?} while {before:?}");
            self.failed(&before, &failure)?;
        }
        Ok(())
    }

    /// The head of a response, or the news that there is none.
    pub(crate) fn head(&mut self, conn: usize) -> Outcome {
        if self.conns[conn].is_dropped && !self.schedule.late {
            return Ok(());
        }
        let fetch = self.schedule.carrier == Carrier::Fetch;
        let (signal, failure) = match self.conns[conn].answer.clone() {
            Answer::Hang => return Ok(()),
            Answer::Unreachable => (Signal::Failed(Failure::Network), Some(Failure::Network)),
            Answer::Open { .. } if !fetch => (Signal::Opened, None),
            Answer::Open { url } => {
                let content_type = self.rng.pick(&[MEDIA_TYPE, "Text/Event-Stream; charset=utf-8"]);
                if self.model.active == Some(self.conns[conn].id) && url.is_some() {
                    self.model.url.clone_from(&url);
                }
                let response = Response::new(200).with_content_type(content_type.to_owned()).with_url(url);
                (Signal::Responded(response), None)
            }
            Answer::Status { .. } | Answer::WrongType if !fetch => {
                (Signal::Failed(Failure::Rejected), Some(Failure::Rejected))
            }
            Answer::Status { status, retry_after } => {
                let response = Response::new(status).with_retry_after(retry_after.map(|it| it.to_string()));
                let retry_after = retry_after.map(Duration::from_secs);
                (Signal::Responded(response), Some(Failure::Status { status, retry_after }))
            }
            Answer::WrongType => {
                let response = Response::new(200).with_content_type("text/html".to_owned());
                (Signal::Responded(response), Some(Failure::ContentType("text/html".to_owned())))
            }
        };
        self.signal(conn, signal, failure)
    }

    /// The body is over.
    pub(crate) fn gone(&mut self, conn: usize) -> Outcome {
        let it = &mut self.conns[conn];
        it.is_over = true;
        if it.is_dropped && !self.schedule.late {
            return Ok(());
        }
        let cut = it.fault == Fault::Drop && self.schedule.carrier == Carrier::Fetch;
        let failure = if cut { Failure::Cut } else { Failure::Ended };
        self.signal(conn, Signal::Failed(failure.clone()), Some(failure))
    }

    /// Says `signal`, by which the connection fails with `failure`.
    fn signal(&mut self, conn: usize, signal: Signal, failure: Option<Failure>) -> Outcome {
        let id = self.conns[conn].id;
        let is_active = self.model.active == Some(id);
        let before = self.client.state().clone();
        self.client.handle_signal(self.clock(), id, signal.clone());
        let told = self.drain(Call::Signal)?;
        if !is_active {
            self.coverage.note("a dropped connection signals");
            ensure!(told.outputs == 0, "a dropped connection that says {signal:?} leads to {told:?}");
            return Ok(());
        }
        let opens = matches!(before, State::Connecting { .. }) && self.client.state().is_open();
        if opens {
            self.model.opened_at = self.now;
        }
        if opens || matches!(signal, Signal::Activity | Signal::Retry(_)) {
            self.model.last_activity = self.now;
        }
        ensure!(told.gaps.is_empty(), "{signal:?} told {told:?}");
        ensure!(told.failures == Vec::from_iter(failure.clone()), "{signal:?} told {told:?}");
        if let Some(failure) = failure {
            return self.failed(&before, &failure);
        }
        if matches!(before, State::Connecting { .. })
            && matches!(signal, Signal::Opened | Signal::Responded(_))
        {
            ensure!(*self.client.state() == State::Open && told.state, "{signal:?} did not open");
        }
        Ok(())
    }

    /// What must come of a failure.
    fn failed(&mut self, before: &State, failure: &Failure) -> Outcome {
        self.coverage.note_variant("failure", failure);
        let options = &self.schedule.options;
        let was_redirected = matches!(before, State::Connecting { .. }) && self.model.url.take().is_some();
        let repeats = match failure {
            Failure::Status { status, .. } => {
                let elsewhere = was_redirected && *status != 204;
                options.resend && (elsewhere || options.retry_statuses.contains(status))
            }
            Failure::Rejected => options.retry_rejected,
            Failure::ContentType(_) => options.resend && was_redirected,
            _ => true,
        };
        self.model.failures += u32::from(repeats);
        match self.client.state() {
            State::Waiting { until, cause, attempt } => {
                ensure!(repeats && options.resend && cause == failure, "waits after {failure:?}");
                ensure!(*attempt == self.model.failures + 1, "attempt {attempt} comes next");
                let retry_after = failure.retry_after().map(millis);
                self.model.held_until = retry_after.map_or(0, |retry_after| self.now + retry_after);
                let floor = millis(options.backoff.floor).max(self.model.retry).max(retry_after.unwrap_or(0));
                let wait = until.as_millis() - self.now;
                let most = floor + millis(options.backoff.max);
                ensure!(
                    (floor.max(1)..=most.max(1)).contains(&wait),
                    "a wait of {wait} ms, floor {floor} ms"
                );
            }
            State::Closed(CloseReason::Refused(it)) => {
                ensure!(!repeats && it == failure, "refused: {failure:?}");
            }
            State::Closed(CloseReason::GaveUp { failures, last }) => {
                let is_right = options.max_retries == Some(*failures - 1) && *failures == self.model.failures;
                ensure!(is_right && repeats && last == failure, "gave up after {failures}");
            }
            State::Closed(CloseReason::Interrupted { cause }) => {
                ensure!(
                    !options.resend && repeats && cause.as_ref() == Some(failure),
                    "interrupted: {failure:?}"
                );
            }
            other => return Err(format!("{failure:?} leads to {other:?}")),
        }
        Ok(())
    }

    /// Bytes of a body.
    pub(crate) fn chunk(&mut self, conn: usize, bytes: &[u8]) -> Outcome {
        if self.conns[conn].is_dropped && !self.schedule.late {
            return Ok(());
        }
        let fetch = self.schedule.carrier == Carrier::Fetch;
        if fetch {
            self.signal(conn, Signal::Activity, None)?;
        }
        let id = self.conns[conn].id;
        let mut heard = Vec::new();
        let mut frames = self.conns[conn].decoder.decode(bytes);
        while let Some(frame) = frames.next().map_err(|error| error.to_string())? {
            match frame {
                Frame::Event(event) => heard.push(Heard::Event(Arrival {
                    event_type: event.event_type.to_owned(),
                    data: event.data.to_owned(),
                    last_event_id: event.last_event_id.to_owned(),
                })),
                Frame::Retry(time) => heard.push(Heard::Retry(time)),
                _ => {}
            }
        }
        drop(frames);
        for heard in heard {
            match heard {
                Heard::Event(arrival) => self.event(conn, arrival)?,
                Heard::Retry(time) if fetch => {
                    if self.model.active == Some(id) {
                        self.model.retry = millis(time);
                    }
                    self.signal(conn, Signal::Retry(time), None)?;
                }
                Heard::Retry(_) => {}
            }
        }
        Ok(())
    }

    fn event(&mut self, conn: usize, mut event: Arrival) -> Outcome {
        let it = &mut self.conns[conn];
        if self.schedule.carrier == Carrier::Native {
            // As sse-web does it: a new object knows no id until one comes.
            it.id_came |= !event.last_event_id.is_empty();
            if !it.id_came {
                event.last_event_id.clone_from(&it.cursor);
            }
        }
        let id = it.id;
        let is_active = self.model.active == Some(id);
        if is_active {
            self.model.last_activity = self.now;
        }
        let Arrival { event_type, data, last_event_id } = &event;
        // The first promise of heartbeats holds from then on, also for connections that hang before they renew it.
        self.model.is_watched |= is_active && event_type == "sse.open";
        let now = self.clock();
        let was_stale = matches!(self.client.state(), State::Stale { .. });
        let verdict = self.client.handle_event(now, id, event_type, data, last_event_id);
        self.coverage.note_variant("verdict", &verdict);
        if was_stale && verdict == Verdict::Deliver && self.rng.chance(50) {
            return self.close_in_front(&event);
        }
        let told = self.drain(Call::Event)?;
        ensure!(self.client.handle_drained(), "{event:?} is taken back for nothing");
        if !is_active {
            ensure!(
                verdict == Verdict::Late && told.outputs == 0,
                "{event:?} is stale, not {verdict:?}: {told:?}"
            );
            return Ok(());
        }
        self.log(|| format!("{verdict:?} {event_type} {last_event_id} {data:.12?} {:?}", told.gaps));
        let expected = self.model.judge(self.schedule.kind, &self.hub, &mut self.conns[conn], &event)?;
        ensure!(
            (verdict, &told.gaps) == (expected.0, &expected.1),
            "{event:?} is {expected:?}, not {verdict:?} {told:?}"
        );
        ensure!(told.failures.is_empty(), "{event:?} told {told:?}");
        ensure!(
            self.client.last_event_id() == self.model.cursor,
            "the cursor is {:?}",
            self.client.last_event_id()
        );
        if verdict == Verdict::Deliver && !self.healed && self.rng.chance(self.schedule.handler) {
            self.coverage.note("a handler commands in the middle of a chunk");
            self.owner()?;
        }
        Ok(())
    }

    /// The owner hears that the stream is open again, and closes it in front of the event that made it so.
    fn close_in_front(&mut self, event: &Arrival) -> Outcome {
        self.coverage.note("a handler closes in front of an event");
        self.command(Command::Close)?;
        ensure!(!self.client.handle_drained(), "{event:?} is told after the close");
        let cursor = self.client.last_event_id();
        ensure!(cursor == self.model.cursor, "{event:?} was not told, and the cursor is {cursor:?}");
        Ok(())
    }

    /// Does what the client asks for, as after every call.
    fn drain(&mut self, call: Call) -> Outcome<Told> {
        let mut told = Told::default();
        self.deadline = loop {
            let output = self.client.poll_output();
            if let Output::Wait(deadline) = output {
                break deadline.map(Instant::as_millis);
            }
            self.log(|| format!("  {output:?}"));
            self.coverage.note_variant("output", &output);
            told.outputs += 1;
            match output {
                Output::Connect { connection, url, last_event_id } => {
                    ensure!(self.model.active.is_none(), "two connections at once");
                    ensure!(matches!(call, Call::Command | Call::Timeout), "{call:?} leads to a request");
                    ensure!(self.now >= self.model.held_until, "Retry-After is not over");
                    ensure!(last_event_id == self.model.cursor, "the cursor sent is {last_event_id:?}");
                    ensure!(url == self.model.url, "goes to {url:?}");
                    self.model.held_until = 0;
                    self.model.active = Some(connection);
                    let mut conn = Conn::new(connection, url, last_event_id, &mut self.rng);
                    if self.schedule.carrier == Carrier::Fetch {
                        conn.decoder = conn.decoder.with_last_event_id(&conn.cursor);
                    }
                    self.conns.push(conn);
                    self.after(30, What::Request(self.conns.len() - 1));
                }
                Output::Disconnect(connection) => {
                    ensure!(self.model.active == Some(connection), "drops {connection}, which is not there");
                    self.model.active = None;
                    if self.last_state.is_open() {
                        let healthy_after = millis(self.schedule.options.healthy_after);
                        self.model.lose(self.now, self.deadly_silence(), healthy_after);
                    }
                    let it = self.conns.iter_mut().rfind(|conn| conn.id == connection);
                    let it = it.ok_or_else(|| format!("drops {connection}, which was never asked for"))?;
                    it.is_dropped = true;
                    it.session = None;
                    // What is under way arrives late; nothing more is sent.
                    it.is_over = true;
                }
                Output::StateChanged => told.state = true,
                Output::Failed(failure) => told.failures.push(failure),
                Output::Gap(gap) => {
                    self.coverage.note_variant("gap", &gap);
                    told.gaps.push(gap);
                }
                other => return Err(format!("an output that nobody knows: {other:?}")),
            }
        };
        ensure!(told.outputs <= 6, "{call:?} leads to {told:?}");
        self.check_state(told.state)?;
        Ok(told)
    }

    /// How long silence may last, if anybody can tell.
    fn deadly_silence(&self) -> Option<u64> {
        match (self.schedule.kind, self.schedule.options.silence) {
            (Kind::Hub, _) => self.model.is_watched.then_some(self.schedule.heartbeat * 3),
            (Kind::Foreign, Silence::After(stale)) => Some(millis(stale) * 2),
            (Kind::Foreign, _) => None,
        }
    }

    /// What must hold after every call, whatever it was.
    fn check_state(&mut self, told: bool) -> Outcome {
        let state = self.client.state().clone();
        if state != self.last_state {
            ensure!(told, "{state:?} was not told");
            self.coverage.note_variant("state", &state);
            if let State::Closed(reason) = &state {
                self.coverage.note_variant("closed", reason);
            }
            self.log(|| format!("  {state:?}"));
        }
        let is_connected = matches!(state, State::Connecting { .. } | State::Open | State::Stale { .. });
        ensure!(is_connected == self.model.active.is_some(), "{state:?}, connection {:?}", self.model.active);
        // Every state that is to end by itself has a timer for it.
        let options = &self.schedule.options;
        let latest = match &state {
            State::Idle | State::Paused { .. } | State::Closed(_) => None,
            State::Connecting { .. } => options.connect_timeout.map(|time| self.now + millis(time)),
            State::Waiting { until, .. } => Some(until.as_millis()),
            State::Open | State::Stale { .. } => self.deadly_silence().map(|silence| self.now + silence),
            other => return Err(format!("a state that nobody knows: {other:?}")),
        };
        if let State::Connecting { attempt } | State::Waiting { attempt, .. } = &state {
            // A failure is counted when all that came of it is known.
            let counted = self.model.failures + 1..=self.model.failures + 2;
            ensure!(counted.contains(attempt), "attempt {attempt} after {} failures", self.model.failures);
        }
        let is_right = match (self.deadline, latest) {
            (Some(deadline), Some(latest)) => deadline <= latest,
            (deadline, latest) => deadline.is_none() && latest.is_none(),
        };
        ensure!(is_right, "{state:?} waits until {:?}, not {latest:?}", self.deadline);
        if let State::Closed(reason) = &state
            && !self.reopening
            && *reason != CloseReason::Ended
        {
            self.reopening = true;
            let command = self.rng.pick(&[Command::Open, Command::Reconnect]);
            self.after(6_000, What::Command(command));
        }
        if state == State::Closed(CloseReason::Ended) {
            ensure!(self.hub.is_complete, "ended, but the stream is not complete");
        }
        self.last_state = state;
        Ok(())
    }
}
