//! What is measured of a server, and how.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::load::{Arrival, Load};
use crate::peer::{Peer, Programs, Server};
use crate::usage::Usage;

/// Something that a server is put to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// 1,000 clients, 50 events a second
    #[value(name = "1000x50")]
    Thousand,
    /// 2,000 clients, 20 events a second
    #[value(name = "2000x20")]
    TwoThousand,
    /// 1,000 clients, 250 events a second, collected for 20 ms
    Flush,
    /// 10,000 clients to whom nothing is sent
    Idle,
    /// 4,000 clients that connect at once
    Storm,
}

/// How the scenarios with events are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For how many seconds' worth of events.
    pub seconds: u32,
    /// Events a second instead of a scenario's own.
    pub rate: Option<u32>,
}

/// What is asked of a server in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// How many clients there are.
    pub clients: usize,
    /// How many events are published each second.
    pub rate: u32,
    /// For how many milliseconds they are collected.
    pub window: u32,
}

impl Scenario {
    /// What is asked.
    #[must_use]
    pub fn demand(self) -> Demand {
        let (clients, rate, window) = match self {
            Self::Thousand => (1_000, 50, 0),
            Self::TwoThousand => (2_000, 20, 0),
            Self::Flush => (1_000, 250, 20),
            Self::Idle => (10_000, 0, 0),
            Self::Storm => (4_000, 0, 0),
        };
        Demand { clients, rate, window }
    }

    /// For the heading of a table.
    #[must_use]
    pub fn title(self) -> String {
        self.to_possible_value()
            .and_then(|value| value.get_help().map(ToString::to_string))
            .unwrap_or_default()
    }

    /// As it is given on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Starts a server, puts it to this, and ends it. The server may write into `folder`.
    ///
    /// # Errors
    /// If the server does not start, ends, or serves nobody.
    pub fn run(self, peer: Peer, programs: &Programs, plan: Plan, folder: &Path) -> Result<Outcome> {
        let mut demand = self.demand();
        if let Some(rate) = plan.rate.filter(|_| demand.rate > 0) {
            demand.rate = rate;
        }
        let server = Server::start(peer, programs, demand.rate, demand.window, folder)?;
        match self {
            Self::Thousand | Self::TwoThousand | Self::Flush => {
                steady(&server, demand, plan.seconds).map(Outcome::Steady)
            }
            Self::Idle => idle(&server, demand),
            Self::Storm => storm(&server, demand),
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Events were sent.
    Steady(Steady),
    /// Nothing was sent.
    Idle {
        /// Resident memory for each client, in KiB.
        kib: f64,
        /// How many clients were not served, or were cut off.
        failed: usize,
    },
    /// All came at once.
    Storm {
        /// Until the last had got its first bytes.
        seconds: f64,
        /// How many got none.
        failed: usize,
    },
}

/// What a steady stream of events cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    /// Processor time of the server for each delivery, in microseconds.
    pub cpu_us: f64,
    /// How many events a client read at a time: who collects more is spared writes.
    pub per_read: f64,
    /// Half of the events were read within this time after they were published, in milliseconds.
    pub p50_ms: f64,
    /// The same of 99 in 100.
    pub p99_ms: f64,
    /// Resident memory for each client, in KiB.
    pub kib: f64,
    /// Deliveries each second.
    pub per_second: f64,
    /// Deliveries that were left out, or had not come long after their time.
    pub lost: u64,
    /// Deliveries that came again.
    pub twice: u64,
    /// Clients that were not served, or were cut off.
    pub failed: usize,
}

impl Outcome {
    /// What makes the figures of a server incomparable: it has not served everybody with everything.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Steady(steady) => steady.lost == 0 && steady.twice == 0 && steady.failed == 0,
            Self::Idle { failed, .. } | Self::Storm { failed, .. } => *failed == 0,
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Clients who come one hundred after the other.
fn orderly(clients: usize) -> Arrival {
    Arrival { clients, at_a_time: 100, patience: PATIENCE }
}

/// What the server uses when it has served a few clients: what it makes but once is not for each.
fn base(server: &Server) -> Result<Usage> {
    let (mut few, _) = Load::connect(server.address, orderly(50))?;
    few.read_for(Duration::from_millis(300))?;
    drop(few);
    std::thread::sleep(Duration::from_millis(300));
    Usage::of(server.id())
}

fn kib_each(before: Usage, after: Usage, clients: usize) -> f64 {
    (after.memory as f64 - before.memory as f64) / 1024.0 / clients as f64
}

/// Measures a server that publishes, with clients that are all there, over so many seconds' worth of events.
///
/// # Errors
/// If the server ends, or sends nothing.
pub fn steady(server: &Server, demand: Demand, seconds: u32) -> Result<Steady> {
    let before = base(server)?;
    let (mut load, connected) = Load::connect(server.address, orderly(demand.clients))?;
    if let Some(why) = connected.why {
        eprintln!("  {} clients were not served: {why}", connected.failed);
    }
    load.read_until_ticks(PATIENCE)?;
    // Until all that only connecting needs is over.
    load.read_for(Duration::from_secs(1))?;
    let ticks = u64::from(demand.rate) * u64::from(seconds);
    // Who takes twice the time cannot do it; what is missing then counts as lost.
    let patience = Duration::from_secs(u64::from(seconds) * 2 + 2);
    let (received, [begun, ended]) = load.measure(ticks, patience, || Usage::of(server.id()))?;
    let millis = |share| received.latency(share).map_or(f64::NAN, |micros| f64::from(micros) / 1_000.0);
    Ok(Steady {
        cpu_us: (ended.cpu - begun.cpu).as_secs_f64() * 1e6 / received.deliveries as f64,
        per_read: received.deliveries as f64 / received.reads as f64,
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        kib: kib_each(before, ended, demand.clients),
        per_second: received.deliveries as f64 / received.took.as_secs_f64(),
        lost: received.lost(),
        twice: received.twice,
        failed: load.failed(),
    })
}

fn idle(server: &Server, demand: Demand) -> Result<Outcome> {
    let before = base(server)?;
    let (mut load, _) = Load::connect(server.address, orderly(demand.clients))?;
    // Until buffers that only connecting needs have been given back.
    load.read_for(Duration::from_secs(2))?;
    let after = Usage::of(server.id())?;
    let served = demand.clients - load.failed();
    anyhow::ensure!(served > 0, "nobody was served");
    Ok(Outcome::Idle { kib: kib_each(before, after, served), failed: load.failed() })
}

fn storm(server: &Server, demand: Demand) -> Result<Outcome> {
    base(server)?;
    let at_once = Arrival { at_a_time: usize::MAX, ..orderly(demand.clients) };
    let (_load, connected) = Load::connect(server.address, at_once)?;
    Ok(Outcome::Storm { seconds: connected.took.as_secs_f64(), failed: connected.failed })
}
