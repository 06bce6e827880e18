//! Instructions: the same program under callgrind, which counts them one by one.
//!
//! Unlike the time, the count does not depend on what else the machine does. It says nothing about memory and
//! branches, so it stands beside the time and not in its place.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sse_peers::{Brake, Case, Feed, PEERS, Peer};

/// Instructions per byte: a row for each case, in it the crates in the order of [`PEERS`]. `None` where a crate takes
/// too long.
pub(crate) type Counts = Vec<Vec<Option<f64>>>;

/// How much of each input is counted. Callgrind is fifty times slower than the machine.
const SLICE: usize = 64 << 10;

/// When a count is given up.
const LIMIT: Duration = Duration::from_secs(20);

/// What `--count` does: all that comes before the decoding, then the decoding if `passes` says so.
pub(crate) fn counted(case: Case, peer: &Peer, passes: u32) {
    static BRAKE: Brake = Brake::new();
    let chunks = case.chunking.cut(case.input.bytes(SLICE));
    // One for every pass and one for none, so that the difference between one pass and none is the decoding alone.
    let mut feeds: Vec<Feed> = (0..passes.max(1)).map(|_| Feed::new(chunks.clone(), &BRAKE)).collect();
    for feed in feeds.drain(..passes as usize) {
        let _ = peer.drain(feed);
    }
}

/// Counts all crates in these cases. The error says why there are no counts.
pub(crate) fn count(cases: &[Case], progress: impl Fn(usize, usize) + Sync) -> Result<Counts, String> {
    let found =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        return Err("not counted, because valgrind is not installed (apt-get install valgrind)".to_owned());
    }
    // First the run without a pass of every case, then a pass of each crate.
    let columns = PEERS.len() + 1;
    let jobs = cases.len() * columns;
    let results: Mutex<Vec<Option<u64>>> = Mutex::new(vec![None; jobs]);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= jobs {
                        return;
                    }
                    let (case, column) = (cases[job / columns], job % columns);
                    let instructions = match column {
                        0 => instructions(case, PEERS[0].name, 0),
                        _ => instructions(case, PEERS[column - 1].name, 1),
                    };
                    if let Ok(mut results) = results.lock() {
                        results[job] = instructions.ok();
                    }
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1, jobs);
                }
            });
        }
    });
    let results = results.into_inner().map_err(|error| error.to_string())?;
    let row = |(case, counts): (&Case, &[Option<u64>])| {
        let len = case.input.bytes(SLICE).len();
        let per_byte = |count: &Option<u64>| Some((*count)?.checked_sub(counts[0]?)? as f64 / len as f64);
        counts[1..].iter().map(per_byte).collect()
    };
    Ok(cases.iter().zip(results.chunks(columns)).map(row).collect())
}

/// The instructions of one whole run of this program.
fn instructions(case: Case, peer: &str, passes: u32) -> Result<u64> {
    let program = std::env::current_exe().context("this program has no path")?;
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--count", &case.to_string(), peer, "--passes", &passes.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("valgrind did not start")?;
    let ended = wait(&mut child);
    let mut said = String::new();
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_string(&mut said).context("valgrind said something that is not text")?;
    }
    ended.context("valgrind took too long")?;
    // ==123== Collected : 4567
    let collected = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    collected.with_context(|| format!("valgrind did not count: {said}"))
}

/// Waits for the end of a child, which comes soon or by our hand.
fn wait(child: &mut Child) -> Option<()> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_millis(5)),
            _ => return Some(()),
        }
    }
    // Both fail only when it has ended meanwhile.
    let _ = child.kill();
    let _ = child.wait();
    None
}
