//! `cargo xtask bench decode`: how fast each crate decodes, in megabytes per second and in instructions per byte.
//!
//! # How it is measured
//!
//! - One program holds all crates: the same compiler, `lto = "fat"`, one codegen unit, the system's allocator, and the
//!   run-time choice of vector instructions for those that have one.
//! - Each crate runs in a process of its own, or rather in ten, one after another. What a crate has allocated and freed
//!   decides which pages the next one finds: in a common process the case of 8 MB went ten times slower after other
//!   crates than alone.
//! - The chunks are made before the clock starts. A pass decodes one stream from a new decoder to its end; a sample is
//!   as many passes as take 2 ms; a round takes a sample of each crate in turn, and the next round begins with another
//!   crate, so that whatever else the machine does hits all alike. The lower quartile of the samples' times counts.
//! - Every event is handed out and looked at, and then dropped. A crate whose events own their text pays for that here,
//!   as its users do.
//! - The best of the others is the fastest in that case, whether or not its count of events is right.

mod callgrind;
mod measure;
mod report;
mod worker;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use sse_peers::{Case, PEERS, Peer};

use measure::Measured;

/// Decodes the same streams with published Rust crates for Server-Sent Events, ours first
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench decode", bin_name = "cargo xtask bench decode")]
struct Options {
    /// Print nothing but the last line, in JSON
    #[arg(long)]
    json: bool,

    /// Only this case, such as `ticks/1460`, or the four cases of `ticks` (may be repeated)
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,

    /// How many samples to take of each crate in each of its ten processes; a slow one gives fewer
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Measure the time only
    #[arg(long)]
    no_instructions: bool,

    /// Measure one crate in one case, a sample for each line of the input: what the program asks of itself
    #[arg(long, hide = true, num_args = 2, value_names = ["CASE", "CRATE"])]
    serve: Option<Vec<String>>,

    /// Decode a slice of a case once with one crate and end: what callgrind counts
    #[arg(long, hide = true, num_args = 2, value_names = ["CASE", "CRATE"])]
    count: Option<Vec<String>>,

    /// How many times `--count` decodes: 0 counts everything but the decoding
    #[arg(long, hide = true, default_value_t = 1)]
    passes: u32,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if let Some([case, peer]) = options.count.as_deref() {
        let (case, peer) = look_up(case, peer)?;
        callgrind::counted(case, peer, options.passes);
        return Ok(());
    }
    if let Some([case, peer]) = options.serve.as_deref() {
        let (case, peer) = look_up(case, peer)?;
        return worker::serve(case, peer);
    }
    let named = |case: &Case| options.case.is_empty() || options.case.iter().any(|name| case.is_named(name));
    let cases: Vec<Case> = Case::all().into_iter().filter(named).collect();
    let names = || Case::all().iter().map(Case::to_string).collect::<Vec<_>>().join(", ");
    ensure!(!cases.is_empty(), "no case has that name; there are {}", names());

    let mut rows: Vec<Measured> = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        progress(&format!("time {}/{}: {case}", at + 1, cases.len()));
        rows.push(measure::case(*case, options.rounds)?);
    }
    let counts = if options.no_instructions || options.json {
        Err("not counted".to_owned())
    } else {
        callgrind::count(&cases, |done, of| progress(&format!("instructions {done}/{of}")))
    };
    progress("");
    if !options.json {
        print!("{}", report::table(&rows, &counts));
    }
    println!("{}", report::json(&rows).context("nothing was measured")?);
    Ok(())
}

/// The case and the crate of these names.
fn look_up(case: &str, peer: &str) -> Result<(Case, &'static Peer)> {
    let case = Case::all().into_iter().find(|one| one.to_string() == case).context("no such case")?;
    let peer = PEERS.iter().find(|one| one.name == peer).context("no such crate")?;
    Ok((case, peer))
}

/// One line on standard error that the next one replaces; a log gets a line each.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[2K{text}");
    } else if !text.is_empty() {
        eprintln!("{text}");
    }
}
