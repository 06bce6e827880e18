//! Virtual time: what happens next, until nothing does.

use std::collections::BTreeMap;

use sse_proto::client::{Client, CloseReason, Command, PauseReason, State};

use crate::coverage::Coverage;
use crate::line::Conn;
use crate::model::Model;
use crate::rng::Rng;
use crate::schedule::{Kind, Schedule};
use crate::server::Hub;
use crate::{Outcome, ensure};

/// Longer than a watchdog, a timeout, a stall, a `Retry-After` and a backoff together.
const PATIENCE: u64 = 140_000;

/// How long after the network healed there is something new.
const AFTERMATH: u64 = 10_000;

const LOOK_AGAIN: u64 = 5_000;

/// Something that happens at a time. The numbers are places in [`World::conns`].
#[derive(Debug)]
pub(crate) enum What {
    Publish,
    Presence,
    Restart,
    /// The owner does something.
    Owner,
    Command(Command),
    /// A timer of the driver fires although nobody asked for it.
    Spurious,
    Request(usize),
    Head(usize),
    Chunk(usize, Vec<u8>),
    /// The client learns that the connection is gone.
    Gone(usize),
    Beat(usize),
    Pump(usize),
    /// From here on the network and the owner do no harm.
    Heal,
    Converged,
    Done,
}

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) schedule: Schedule,
    pub(crate) now: u64,
    agenda: BTreeMap<(u64, u64), What>,
    order: u64,
    pub(crate) hub: Hub,
    pub(crate) conns: Vec<Conn>,
    pub(crate) client: Client,
    pub(crate) deadline: Option<u64>,
    pub(crate) last_state: State,
    pub(crate) model: Model,
    pub(crate) healed: bool,
    is_done: bool,
    /// Whether the owner is going to open what is closed.
    pub(crate) reopening: bool,
    pub(crate) coverage: Coverage,
    /// What happened, if somebody wants to read it.
    pub(crate) trace: Option<Vec<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, traced: bool) -> Self {
        let mut rng = Rng::new(seed);
        let schedule = Schedule::new(&mut rng);
        let client = Client::new(schedule.options.clone(), rng.next());
        Self {
            rng,
            now: 1_000,
            agenda: BTreeMap::new(),
            order: 0,
            hub: Hub { epoch: 10, ..Hub::default() },
            conns: Vec::new(),
            client,
            deadline: None,
            last_state: State::Idle,
            model: Model::default(),
            healed: false,
            is_done: false,
            reopening: false,
            coverage: Coverage::default(),
            trace: traced.then(Vec::new),
            schedule,
        }
    }

    pub(crate) fn at(&mut self, time: u64, what: What) {
        self.order += 1;
        self.agenda.insert((time.max(self.now), self.order), what);
    }

    pub(crate) fn after(&mut self, longest: u64, what: What) {
        let time = self.now + self.rng.within(0..=longest);
        self.at(time, what);
    }

    pub(crate) fn log(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>8} {}", self.now, line()));
        }
    }

    pub(crate) fn run(&mut self) -> Outcome {
        let schedule = format!("{:?}", self.schedule);
        self.log(|| schedule);
        let heal = self.now + self.schedule.heal;
        self.at(heal, What::Heal);
        self.at(heal + AFTERMATH + LOOK_AGAIN, What::Converged);
        self.at(self.now, What::Command(Command::Open));
        self.after(self.schedule.publish_gap, What::Publish);
        self.after(10_000, What::Presence);
        self.after(60_000, What::Restart);
        self.after(self.schedule.command_gap, What::Owner);
        let mut timeouts = 0;
        while !self.is_done {
            let next = self.agenda.first_key_value().map(|(&(time, _), _)| time);
            let lateness =
                if self.rng.chance(5) { self.rng.within(1..=1_500) } else { self.rng.within(0..=4) };
            let due = self.deadline.map(|deadline| deadline.max(self.now) + lateness);
            if let Some(due) = due.filter(|&due| next.is_none_or(|next| due <= next)) {
                self.now = due;
                timeouts += 1;
                self.timeout()?;
                // Nothing that a client waits for can be due at once again: that would be a busy loop.
                ensure!(self.deadline.is_none_or(|deadline| deadline > self.now), "a busy loop");
                continue;
            }
            let Some(((time, _), what)) = self.agenda.pop_first() else { break };
            self.now = time;
            if !matches!(what, What::Beat(_) | What::Chunk(..) | What::Publish) {
                self.log(|| format!("{what:?}"));
            }
            self.happen(what)?;
        }
        let most = 20 + self.now / 400;
        ensure!(timeouts <= most, "{timeouts} timeouts in {} ms", self.now);
        Ok(())
    }

    fn happen(&mut self, what: What) -> Outcome {
        match what {
            What::Publish => {
                self.publish();
                // Then everybody has the time to catch up.
                if self.now < self.schedule.heal + AFTERMATH {
                    self.after(self.schedule.publish_gap, What::Publish);
                }
            }
            What::Presence => {
                if self.schedule.kind == Kind::Hub {
                    self.announce_presence();
                    self.after(10_000, What::Presence);
                }
            }
            What::Restart => {
                if !self.healed && self.schedule.kind == Kind::Hub && self.schedule.faults > 0 {
                    self.restart();
                    self.after(60_000, What::Restart);
                }
            }
            What::Owner => {
                if !self.healed && self.schedule.command_gap > 0 {
                    self.owner()?;
                    self.after(self.schedule.command_gap, What::Owner);
                }
            }
            What::Command(command) => self.command(command)?,
            What::Spurious => self.timeout()?,
            What::Request(conn) => {
                if !self.conns[conn].is_dropped {
                    self.handle_request(conn);
                }
            }
            What::Head(conn) => self.head(conn)?,
            What::Chunk(conn, bytes) => self.chunk(conn, &bytes)?,
            What::Gone(conn) => self.gone(conn)?,
            What::Beat(conn) => self.handle_beat(conn),
            What::Pump(conn) => self.pump(conn),
            What::Heal => {
                self.healed = true;
                for &reason in PauseReason::ALL {
                    self.command(Command::Resume(reason))?;
                }
                self.command(Command::Open)?;
            }
            What::Converged => self.converged()?,
            What::Done => self.done()?,
        }
        Ok(())
    }

    /// The owner does whatever comes to mind.
    pub(crate) fn owner(&mut self) -> Outcome {
        let reason = self.rng.pick(PauseReason::ALL);
        let command = match self.rng.within(0..=9) {
            0 | 1 => Command::Reconnect,
            2 => Command::Close,
            3 | 4 => Command::RetryNow,
            5 => Command::Resume(reason),
            6 => Command::Open,
            7 => {
                self.after(1_000, What::Spurious);
                return Ok(());
            }
            _ => {
                self.after(15_000, What::Command(Command::Resume(reason)));
                Command::Pause(reason)
            }
        };
        self.command(command)
    }

    /// Whether the client has caught up, some time after the network healed. If so, it can be told the end.
    fn converged(&mut self) -> Outcome {
        let is_hub = self.schedule.kind == Kind::Hub;
        let state = self.client.state();
        if !state.is_open() || (is_hub && !self.model.is_up_to_date(&self.hub)) {
            let settled = self.model.settled;
            ensure!(
                self.is_patient(),
                "{state:?} and not up to date long after the network healed: {settled:?}"
            );
            self.at(self.now + LOOK_AGAIN, What::Converged);
            return Ok(());
        }
        self.coverage.note("converged");
        self.hub.is_complete = is_hub;
        match self.schedule.kind {
            Kind::Hub => self.live().into_iter().for_each(|conn| self.pump(conn)),
            Kind::Foreign => self.publish(),
        }
        self.at(self.now + LOOK_AGAIN, What::Done);
        Ok(())
    }

    /// Whether the last thing that was sent has arrived. A client that had not noticed yet that it hears nothing
    /// gets it from a hub by its next connection, and from a foreign server not at all.
    fn done(&mut self) -> Outcome {
        let state = self.client.state();
        let last = self.hub.published.len() - 1;
        let is_done = match self.schedule.kind {
            Kind::Hub => *state == State::Closed(CloseReason::Ended),
            Kind::Foreign => self.model.delivered.contains(&last),
        };
        if is_done {
            self.is_done = true;
            return Ok(());
        }
        ensure!(self.is_patient(), "{state:?} long after the last event, {last}, was sent");
        self.at(self.now + LOOK_AGAIN, What::Done);
        if self.schedule.kind == Kind::Foreign {
            self.publish();
        }
        Ok(())
    }

    fn is_patient(&self) -> bool {
        self.now < self.schedule.heal + PATIENCE
    }
}
