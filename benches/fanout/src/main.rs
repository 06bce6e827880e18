//! `cargo xtask bench fanout`: what an event costs that goes to many clients.
//!
//! The servers take turns, scenario by scenario and round by round, each in fresh processes. What is shown is the
//! median of the rounds; the ratios are those of servers in the same round, and of them the median.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use fanout::peer::{self, Nchan, Peer, Programs};
use fanout::report::{Broken, Measured, Report};
use fanout::scenario::{Outcome, Plan, Scenario};
use fanout::versions::versions;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Measure what an event costs that goes to many clients, for our server and for others
#[derive(Debug, Parser)]
#[command(disable_version_flag = true, override_usage = "cargo xtask bench fanout [OPTIONS]")]
struct Options {
    /// Print nothing but the line of JSON
    #[arg(long)]
    json: bool,

    /// Only these scenarios (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    scenario: Vec<Scenario>,

    /// Only these servers (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    peer: Vec<Peer>,

    /// For how many seconds' worth of events a server is measured
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,

    /// Events a second instead of a scenario's own: few, for a machine so busy that servers come late
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: Option<u32>,

    /// How often each server has its turn
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// A folder to write into
    #[arg(long, hide = true)]
    folder: PathBuf,

    /// The Go hub
    #[arg(long, hide = true)]
    go: Option<PathBuf>,

    /// The script on better-sse
    #[arg(long, hide = true)]
    better_sse: Option<PathBuf>,

    /// nginx
    #[arg(long, hide = true, requires = "nchan")]
    nginx: Option<PathBuf>,

    /// Its module
    #[arg(long, hide = true, requires = "nginx")]
    nchan: Option<PathBuf>,
}

/// More descriptors than the clients of a scenario: for the programs' own files.
const SPARE: u64 = 200;

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let own = std::env::current_exe().context("no path of this program")?;
    let programs = Programs {
        rust: own.parent().context("no folder of this program")?.to_path_buf(),
        go: options.go.clone(),
        better_sse: options.better_sse.clone(),
        nchan: options
            .nginx
            .clone()
            .zip(options.nchan.clone())
            .map(|(nginx, module)| Nchan { nginx, module }),
    };
    let scenarios = if options.scenario.is_empty() { Scenario::value_variants() } else { &options.scenario };
    let wanted = if options.peer.is_empty() { Peer::value_variants() } else { &options.peer };
    let (peers, missing): (Vec<Peer>, Vec<Peer>) = wanted.iter().partition(|peer| programs.have(**peer));
    allow_descriptors(scenarios)?;
    peer::end_on_interrupt()?;

    let plan = Plan { seconds: options.seconds, rate: options.rate };
    let versions = versions(&programs);
    let mut report = Report { missing, rate: options.rate, versions, ..Report::default() };
    let mut ours_failed = false;
    for round in 0..options.rounds {
        for &scenario in scenarios {
            for turn in 0..peers.len() {
                // Another one goes first in each round.
                let peer = peers[(turn + round as usize) % peers.len()];
                let outcome = scenario.run(peer, &programs, plan, &options.folder);
                eprintln!(
                    "round {} of {}, {}, {peer}: {}",
                    round + 1,
                    options.rounds,
                    scenario.name(),
                    told(&outcome)
                );
                match outcome {
                    Ok(outcome) => report.measured.push(Measured { scenario, peer, round, outcome }),
                    Err(error) => {
                        ours_failed |= !peer.is_rival();
                        report.broken.push(Broken { scenario, peer, why: format!("{error:#}") });
                    }
                }
            }
        }
    }
    if !options.json {
        println!("{}", report.tables());
    }
    println!("{}", report.json());
    Ok(if ours_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn told(outcome: &Result<Outcome>) -> String {
    match outcome {
        Ok(Outcome::Steady(it)) => format!(
            "{:.2} us a delivery, {:.2} at a time, p50 {:.1} ms, p99 {:.1} ms, {:.1} KiB a client, {:.0} deliveries/s, lost {}, twice {}, failed {}",
            it.cpu_us, it.per_read, it.p50_ms, it.p99_ms, it.kib, it.per_second, it.lost, it.twice, it.failed
        ),
        Ok(Outcome::Idle { kib, failed }) => format!("{kib:.2} KiB a client, failed {failed}"),
        Ok(Outcome::Storm { seconds, failed }) => format!("{seconds:.2} s, failed {failed}"),
        Err(error) => format!("FAILED: {error:#}"),
    }
}

/// Raises the limit of open files, which the servers inherit.
fn allow_descriptors(scenarios: &[Scenario]) -> Result<()> {
    let most = scenarios.iter().map(|scenario| scenario.demand().clients as u64).max().unwrap_or_default();
    let wanted = most + SPARE;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).with_context(|| {
            format!(
                "{wanted} open files are needed; allow them with `ulimit -n {wanted}`, or choose a --scenario"
            )
        })?;
    }
    Ok(())
}
