//! A client in a bad network: the real machine and the real decoder against scripted servers, in virtual time.
//!
//! A seed is a schedule: who talks to whom, what breaks and when, and what the owner does meanwhile. Every step is
//! compared with a model that reads the rules naively. When the network has healed, the client must have caught up.
//!
//! A seed that fails is printed, with what led to it. `SEED=41 cargo test -p sse-proto --test simulation` runs that
//! one alone; `SCHEDULES=100000` runs more of them.

mod coverage;
mod driver;
mod line;
mod model;
mod rng;
mod schedule;
mod server;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use coverage::Coverage;
use world::World;

pub(crate) type Outcome<T = ()> = Result<T, String>;

macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+));
        }
    };
}
pub(crate) use ensure;

const SCHEDULES: u64 = 5_000;

/// What must have happened over all schedules, and how often at least.
const EXPECTED: &[(u64, &[&str])] = &[
    (
        1_000,
        &[
            "answer Open",
            "fault None",
            "output Connect",
            "output Disconnect",
            "output Failed",
            "output Gap",
            "output StateChanged",
            "verdict Control",
            "verdict Deliver",
            "verdict Duplicate",
            "verdict Late",
            "a dropped connection signals",
            "converged",
        ],
    ),
    (
        100,
        &[
            "answer Hang",
            "answer Unreachable",
            "answer Status",
            "answer WrongType",
            "closed Caller",
            "closed Ended",
            "closed GaveUp",
            "closed Interrupted",
            "closed Refused",
            "command Close",
            "command Open",
            "command Pause",
            "command Reconnect",
            "command Resume",
            "command RetryNow",
            "failure ConnectTimeout",
            "failure ContentType",
            "failure Cut",
            "failure Ended",
            "failure Network",
            "failure Rejected",
            "failure Silence",
            "failure Status",
            "fault Drop",
            "fault End",
            "fault HalfOpen",
            "fault Stall",
            "fault goes on from before the cursor",
            "fault redirected to a dead node",
            "fault restart",
            "fault the cursor is lost on the way",
            "fault the epoch is another",
            "gap Reset",
            "gap Trimmed",
            "state Closed",
            "state Connecting",
            "state Open",
            "state Paused",
            "state Stale",
            "state Waiting",
            "a handler commands in the middle of a chunk",
        ],
    ),
    (10, &["a handler closes in front of an event"]),
];

/// Runs one schedule; if it fails, once more to hear what led to it.
fn run(seed: u64) -> Outcome<Coverage> {
    let attempt = |world: &mut World| {
        catch_unwind(AssertUnwindSafe(|| world.run())).unwrap_or_else(|_| Err("a panic".to_owned()))
    };
    let mut world = World::new(seed, false);
    if attempt(&mut world).is_ok() {
        return Ok(world.coverage);
    }
    let mut world = World::new(seed, true);
    let complaint = attempt(&mut world).err().unwrap_or_else(|| "it fails every other time".to_owned());
    let trace = world.trace.unwrap_or_default();
    let last = trace.len().saturating_sub(60);
    Err(format!(
        "{}\n…\n{}\n\n{complaint}\n\nrun it alone: SEED={seed} cargo test -p sse-proto --test simulation",
        trace.first().map_or("", String::as_str),
        trace[last..].join("\n"),
    ))
}

fn number_from(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {value:?}")))
}

#[test]
fn nothing_is_lost_in_silence_and_nothing_comes_twice_whatever_the_network_does() {
    if let Some(seed) = number_from("SEED") {
        let coverage = run(seed).unwrap_or_else(|complaint| panic!("{complaint}"));
        println!("{coverage}");
        return;
    }
    let schedules = number_from("SCHEDULES").unwrap_or(SCHEDULES);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut coverage = Coverage::default();
    thread::scope(|scope| {
        let run_some = |first: usize| {
            let mut coverage = Coverage::default();
            for seed in (first as u64..schedules).step_by(threads) {
                coverage.merge(run(seed).unwrap_or_else(|complaint| panic!("{complaint}")));
            }
            coverage
        };
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(move || run_some(first))).collect();
        for worker in workers {
            coverage.merge(worker.join().expect("a schedule failed, see above"));
        }
    });
    println!("{coverage}");
    for (least, expected) in EXPECTED {
        for what in *expected {
            let count = coverage.count(what);
            // Fewer schedules, as somebody may ask for, reach fewer corners.
            let least = (least * schedules / SCHEDULES).max(1).min(*least);
            assert!(count >= least, "{what:?} happened {count} times in {schedules} schedules, not {least}");
        }
    }
}
