//! The scripted servers: a hub that numbers, keeps and replays, and a foreign one.

use std::time::Duration;

use sse_proto::{Control, Cursor, Epoch, Event, EventId, EventType, encode};

use crate::line::{Answer, Carried, Fault, Session};
use crate::schedule::{Carrier, Ids, Kind};
use crate::world::{What, World};

/// The history of a hub.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    pub(crate) epoch: u64,
    pub(crate) last: u64,
    /// Everything up to here is gone.
    pub(crate) trimmed: u64,
    /// All that was ever published: the place in this list is in the data, and here is its number.
    pub(crate) published: Vec<Cursor>,
    /// The place of the first event of this epoch.
    pub(crate) base: usize,
    /// Events without an id that were sent.
    pub(crate) unnumbered: usize,
    pub(crate) is_complete: bool,
}

pub(crate) fn cursor(epoch: u64, seq: u64) -> Cursor {
    Cursor { epoch: Epoch::new(epoch), seq }
}

/// The data of an event. Lines and letters of several bytes, so that every cut is met.
fn data(number: usize) -> String {
    format!("{number} 漢字 é\n{}", "z".repeat(number % 40))
}

fn event(event_type: &str, id: Option<EventId>, data: String) -> Vec<u8> {
    let mut event = Event::new(data).with_type(EventType::new(event_type).expect("a valid type"));
    event.id = id;
    let mut out = Vec::new();
    encode::event(&mut out, &event);
    out
}

fn control(control: Control, id: Option<EventId>) -> Vec<u8> {
    event(control.event_type(), id, control.data())
}

impl World {
    /// The request reaches whoever answers it.
    pub(crate) fn handle_request(&mut self, conn: usize) {
        let answer = self.answer(conn);
        self.coverage.note_variant("answer", &answer);
        self.log(|| format!("answer to {conn}: {answer:?}"));
        let is_open = matches!(answer, Answer::Open { .. });
        let hangs = matches!(answer, Answer::Hang);
        self.conns[conn].answer = answer;
        if hangs {
            return;
        }
        let at = self.conns[conn].arrival(self.now, &mut self.rng);
        self.at(at, What::Head(conn));
        if is_open {
            self.open(conn);
        }
    }

    fn answer(&mut self, conn: usize) -> Answer {
        let (rng, healed) = (&mut self.rng, self.healed);
        let is_faulty = !healed && rng.chance(self.schedule.faults);
        if self.conns[conn].url.as_deref().is_some_and(|url| url.starts_with("node")) && is_faulty {
            self.coverage.note("fault redirected to a dead node");
            let status = |status| Answer::Status { status, retry_after: None };
            return rng.pick(&[Answer::Hang, Answer::Unreachable, status(502), status(403)]);
        }
        if is_faulty && rng.chance(60) {
            let retry_after = Some(rng.within(1..=15));
            let status = |status| Answer::Status { status, retry_after: None };
            return rng.pick(&[
                Answer::Hang,
                Answer::Unreachable,
                Answer::Unreachable,
                status(204),
                status(401),
                status(503),
                Answer::Status { status: 503, retry_after },
                Answer::WrongType,
            ]);
        }
        let node = rng.within(1..=9);
        match rng.within(0..=4) {
            0 => Answer::Open { url: Some(format!("node-{node}")) },
            1 => Answer::Open { url: Some("origin".to_owned()) },
            _ => Answer::Open { url: None },
        }
    }

    fn open(&mut self, conn: usize) {
        let opening = match self.schedule.kind {
            Kind::Hub => self.open_session(conn),
            Kind::Foreign => Vec::new(),
        };
        let fault = self.fault();
        self.coverage.note_variant("fault", &fault);
        let it = &mut self.conns[conn];
        it.fault = fault;
        it.sound = self.rng.within(0..=1_200) as usize;
        if !self.model.is_watched {
            // Before the first promise of heartbeats nobody can tell a dead stream from a quiet one.
            it.sound += opening.len();
        }
        self.write(conn, &opening);
        if let (Fault::Stall(time), Some(session)) = (fault, &mut self.conns[conn].session)
            && self.rng.chance(50)
        {
            session.blocked_until = self.now + time;
            self.at(self.now + time, What::Pump(conn));
        }
        self.pump(conn);
        self.at(self.now + self.schedule.heartbeat, What::Beat(conn));
    }

    fn fault(&mut self) -> Fault {
        if self.healed || !self.rng.chance(self.schedule.faults) {
            return Fault::None;
        }
        let stall = Fault::Stall(self.rng.within(1_000..=50_000));
        // A stream that nobody watches would hang for ever, as it should.
        let can_be_watched = self.schedule.kind == Kind::Hub || self.schedule.carrier == Carrier::Fetch;
        let silent = if can_be_watched { Fault::HalfOpen } else { Fault::Drop };
        self.rng.pick(&[Fault::Drop, Fault::Drop, Fault::End, stall, silent])
    }

    fn open_session(&mut self, conn: usize) -> Vec<u8> {
        let mut last_event_id = self.conns[conn].cursor.clone();
        if !self.healed && !last_event_id.is_empty() && self.rng.chance(5) {
            self.coverage.note("fault the cursor is lost on the way");
            last_event_id.clear();
        }
        let hub = &self.hub;
        let (begin, reset) = match last_event_id.parse::<Cursor>() {
            Err(_) if self.rng.chance(30) => (hub.last, false),
            Err(_) => (hub.trimmed, false),
            Ok(it) if it.epoch.value() != hub.epoch || it.seq > hub.last => {
                self.coverage.note("fault the epoch is another");
                (hub.trimmed, self.schedule.says_reset)
            }
            Ok(it) if !self.healed && self.rng.chance(20) => {
                self.coverage.note("fault goes on from before the cursor");
                (it.seq.saturating_sub(self.rng.within(1..=5)), false)
            }
            Ok(it) => (it.seq, false),
        };
        let epoch = hub.epoch;
        self.conns[conn].session = Some(Session { epoch, position: begin, blocked_until: 0 });
        let mut out = Vec::new();
        encode::comment(&mut out, "hub");
        encode::retry(&mut out, Duration::from_millis(self.rng.within(0..=2_000)));
        let heartbeat = Some(Duration::from_millis(self.schedule.heartbeat));
        out.extend(control(
            Control::Open { heartbeat, snapshot_through: None },
            Some(cursor(epoch, begin).into()),
        ));
        if reset {
            out.extend(control(Control::Reset, None));
        }
        out
    }

    /// Sends what the session has not sent yet.
    pub(crate) fn pump(&mut self, conn: usize) {
        let Some(mut session) = self.conns[conn].session else { return };
        if session.blocked_until > self.now || session.epoch != self.hub.epoch {
            return;
        }
        let mut out = Vec::new();
        if session.position < self.hub.trimmed {
            out.extend(control(Control::Gap { trimmed: self.hub.trimmed, snapshot_through: None }, None));
            session.position = self.hub.trimmed;
        }
        for seq in session.position + 1..=self.hub.last {
            let number = self.hub.base + seq as usize - 1;
            out.extend(event("tick", Some(cursor(session.epoch, seq).into()), data(number)));
        }
        session.position = self.hub.last;
        if self.hub.is_complete {
            out.extend(control(Control::End, None));
        }
        self.conns[conn].session = Some(session);
        self.write(conn, &out);
    }

    pub(crate) fn handle_beat(&mut self, conn: usize) {
        if self.conns[conn].is_over {
            return;
        }
        self.at(self.now + self.schedule.heartbeat, What::Beat(conn));
        match self.schedule.kind {
            Kind::Hub => self.write(conn, &control(Control::Heartbeat, None)),
            Kind::Foreign => self.write(conn, b": still here\n"),
        }
    }

    pub(crate) fn publish(&mut self) {
        let number = self.hub.published.len();
        self.hub.last += 1;
        self.hub.published.push(cursor(self.hub.epoch, self.hub.last));
        self.hub.trimmed = self.hub.trimmed.max(self.hub.last.saturating_sub(self.schedule.retention));
        self.log(|| format!("publish {number}"));
        match self.schedule.kind {
            Kind::Hub => {
                for conn in self.live() {
                    // What is sent while it is published is sent from memory, not from the history.
                    let session = self.conns[conn].session.as_mut();
                    let caught_up = session.is_some_and(|it| it.position + 1 == self.hub.last);
                    let trimmed = self.hub.trimmed;
                    if caught_up {
                        self.hub.trimmed = trimmed.min(self.hub.last - 1);
                    }
                    self.pump(conn);
                    self.hub.trimmed = trimmed;
                }
            }
            Kind::Foreign => {
                let id = self.foreign_id(number);
                let bytes = match id.as_deref() {
                    // The encoder does not send an empty id, others do.
                    Some("") => format!("id\ndata: {number}\n\n").into_bytes(),
                    id => {
                        let id = id.map(|id| EventId::new(id).expect("a valid id"));
                        event("message", id, data(number))
                    }
                };
                self.live().into_iter().for_each(|conn| self.write(conn, &bytes));
            }
        }
    }

    fn foreign_id(&mut self, number: usize) -> Option<String> {
        match self.schedule.ids {
            Ids::None => None,
            Ids::Opaque => Some(format!("ü {number}")),
            Ids::LikeCursors => Some(format!("a.{}", self.rng.within(0..=9))),
            Ids::Mixed => self.rng.pick(&[None, Some(String::new()), Some(format!("{number}"))]),
        }
    }

    /// An event that is told to whoever is there, and has no number.
    pub(crate) fn announce_presence(&mut self) {
        let number = self.hub.unnumbered;
        self.hub.unnumbered += 1;
        let bytes = event("presence", None, number.to_string());
        self.live().into_iter().for_each(|conn| self.write(conn, &bytes));
    }

    /// The server loses its history, and all who listen.
    pub(crate) fn restart(&mut self) {
        self.coverage.note("fault restart");
        self.log(|| "restart".to_owned());
        self.hub.epoch += 1;
        self.hub.last = 0;
        self.hub.trimmed = 0;
        self.hub.base = self.hub.published.len();
        for conn in self.live() {
            let it = &mut self.conns[conn];
            it.is_over = true;
            if it.fault != Fault::HalfOpen {
                let at = it.arrival(self.now, &mut self.rng);
                self.at(at, What::Gone(conn));
            }
        }
    }

    /// The streams that the server believes to be open.
    pub(crate) fn live(&self) -> Vec<usize> {
        let is_live = |conn: &usize| {
            let conn = &self.conns[*conn];
            !conn.is_over && matches!(conn.answer, Answer::Open { .. })
        };
        (0..self.conns.len()).filter(is_live).collect()
    }

    pub(crate) fn write(&mut self, conn: usize, bytes: &[u8]) {
        for carried in self.conns[conn].write(self.now, bytes, &mut self.rng) {
            match carried {
                Carried::Bytes(at, bytes) => self.at(at, What::Chunk(conn, bytes)),
                Carried::Gone(at) => self.at(at, What::Gone(conn)),
            }
        }
    }
}
