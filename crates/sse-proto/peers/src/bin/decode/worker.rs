//! One crate in a process of its own: what the child does, and how its parent asks it.
//!
//! The parent writes a line, and the child answers with a line of JSON. The first answer is a first pass, every other
//! one is a sample. Between two requests a child waits and takes no time from the others. It ends when the parent
//! closes the pipe or is gone itself.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sse_peers::{Brake, Case, Feed, Peer, Tally};

/// A sample takes about so long: enough for the clock, and short enough to pass between two interruptions. On a loaded
/// machine nearly every sample of 20 ms shares its processor with somebody.
pub(crate) const SAMPLE: Duration = Duration::from_millis(2);

/// A pass that takes longer is a sample by itself, and needs no other one to warm up: what the caches have lost
/// meanwhile does not show in it.
const LONG: Duration = Duration::from_millis(20);

/// A crate that needs longer for a single pass is measured by that pass alone.
const SLOW: Duration = Duration::from_millis(500);

/// When a pass is stopped. Its throughput is then what it had decoded by the time it had taken.
const LIMIT: Duration = Duration::from_secs(3);

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// How many passes were measured.
    pub(crate) passes: u32,
    /// What they took together.
    pub(crate) time: Duration,
    /// What went by in the last of them.
    pub(crate) tally: Tally,
    /// How many bytes the crate had taken when the pass was stopped; `None` if it came to its end.
    pub(crate) stopped_at: Option<usize>,
}

impl Answer {
    /// Whether the first pass took so long that it is the last.
    pub(crate) fn is_slow(&self) -> bool {
        self.time > SLOW
    }
}

/// A child, as its parent sees it.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    answers: BufReader<ChildStdout>,
    name: String,
}

impl Worker {
    /// Starts a child, which waits for the first request.
    pub(crate) fn start(case: Case, peer: &Peer) -> Result<Self> {
        let program = std::env::current_exe().context("this program has no path")?;
        let mut child = Command::new(program)
            .args(["--serve", &case.to_string(), peer.name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("this program did not start once more")?;
        let answers = BufReader::new(child.stdout.take().context("the child has no standard output")?);
        Ok(Self { child, answers, name: format!("{} in {case}", peer.name) })
    }

    /// Asks for the next answer, and waits for it.
    pub(crate) fn ask(&mut self) -> Result<Answer> {
        let mut requests = self.child.stdin.as_ref().context("the child has no standard input")?;
        // A child that has ended takes no request. It gives no answer either, which is the better message.
        let _ = requests.write_all(b"\n");
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "{} ended before its time", self.name);
        serde_json::from_str(&line).with_context(|| format!("{} gave no answer but {line}", self.name))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What `--serve` does: answers until the input ends.
pub(crate) fn serve(case: Case, peer: &Peer) -> Result<()> {
    let chunks = case.chunking.cut(case.input.bytes(case.input.bench_len()));
    let mut requests = std::io::stdin().lines();
    if requests.next().transpose()?.is_none() {
        return Ok(());
    }
    let first = first_pass(peer, &chunks);
    let pace = Pace::after(&first, peer, &chunks);
    let mut answer = first;
    // When the parent is gone, nobody takes the answer.
    while tell(&answer).is_ok() {
        if requests.next().transpose()?.is_none() {
            break;
        }
        answer = sample(peer, &chunks, pace);
    }
    Ok(())
}

fn tell(answer: &Answer) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, answer)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Stops the pass that is going on. There is one at a time.
static BRAKE: Brake = Brake::new();

/// One pass under a time limit.
fn first_pass(peer: &Peer, chunks: &[Bytes]) -> Answer {
    let (done, wait) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if wait.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            BRAKE.pull();
        }
    });
    let (time, tally) = pass(peer, chunks);
    // Hanging up tells the watchdog that the pass is over. If it has ended, there is nobody to tell.
    drop(done);
    let _ = watchdog.join();
    let stopped_at = BRAKE.is_pulled().then(|| BRAKE.handed_out());
    BRAKE.release();
    Answer { passes: 1, time, tally, stopped_at }
}

/// How many passes make a sample.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Off the clock, because the other children have had the caches meanwhile.
    warm_up: u32,
    passes: u32,
}

impl Pace {
    /// Warms up for as long as a few samples take, and counts.
    fn after(first: &Answer, peer: &Peer, chunks: &[Bytes]) -> Self {
        if first.time > LONG {
            return Self { warm_up: 0, passes: 1 };
        }
        let (mut passes, mut total) = (0, Duration::ZERO);
        while total < LONG {
            total += pass(peer, chunks).0;
            passes += 1;
        }
        let per_sample = f64::from(passes) * SAMPLE.as_secs_f64() / total.as_secs_f64();
        let passes = per_sample.ceil() as u32;
        // One pass over 8 MiB does not bring back all of it that the shared cache can hold.
        Self { warm_up: 2 * passes, passes }
    }
}

fn sample(peer: &Peer, chunks: &[Bytes], pace: Pace) -> Answer {
    for _ in 0..pace.warm_up {
        pass(peer, chunks);
    }
    let mut answer =
        Answer { passes: pace.passes, time: Duration::ZERO, tally: Tally::default(), stopped_at: None };
    for _ in 0..pace.passes {
        let (time, tally) = pass(peer, chunks);
        answer.time += time;
        answer.tally = tally;
    }
    answer
}

/// One pass: the time from the first chunk to the last event. Preparing the chunks is not part of it.
fn pass(peer: &Peer, chunks: &[Bytes]) -> (Duration, Tally) {
    let feed = Feed::new(chunks.to_vec(), &BRAKE);
    let start = Instant::now();
    let tally = peer.drain(feed);
    (start.elapsed(), tally)
}
