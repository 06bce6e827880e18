//! Time: samples of all crates in turn, each in a process of its own, and one figure for each crate.

use anyhow::Result;
use sse_peers::{Case, PEERS, Peer, Tally};

use crate::worker::{Answer, SAMPLE, Worker};

/// How many processes each crate has in a case, one after another.
///
/// Where a process happens to get its memory decides its speed for as long as it lives: 8 MiB in one chunk go through
/// the same program at 46 GB/s or at 29. Of ten processes enough are good ones for the quartile below.
const PROCESSES: u32 = 10;

/// How often each crate has so many processes, if its samples or those of the best other one are not calm: on a machine
/// whose memory somebody else uses, too, a quiet quarter of the samples may be minutes away.
const ATTEMPTS: u32 = 4;

/// The spread from which on samples are not calm.
const CALM: f64 = 0.06;

/// How many samples a process gives at least, however long a pass takes.
const MIN_SAMPLES: u32 = 2;

/// One case.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) case: Case,
    /// In the order of [`PEERS`].
    pub(crate) results: Vec<Outcome>,
}

/// One crate in one case.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// In bytes per second: that of the lower quartile of the samples' times.
    pub(crate) throughput: f64,
    /// Half the distance between the quartiles of the samples, as a part of the throughput.
    pub(crate) spread: f64,
    pub(crate) manner: Manner,
    /// It told another number of events than ours, or an error.
    pub(crate) wrong: bool,
}

/// How a crate was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Sampled,
    /// Too slow for more than one pass.
    Once,
    /// Too slow for one pass; how much of the input it had decoded, in percent.
    TimedOut(u32),
}

impl Measured {
    /// The fastest of the other crates.
    pub(crate) fn best(&self) -> &Outcome {
        let others = self.results[1..].iter();
        others.max_by(|a, b| a.throughput.total_cmp(&b.throughput)).expect("there are other crates")
    }

    /// Whether the samples of the two that are compared lie close together.
    fn is_calm(&self) -> bool {
        [&self.results[0], self.best()].iter().all(|outcome| outcome.spread < CALM)
    }
}

/// Measures all crates in one case, `rounds` times in each process.
pub(crate) fn case(case: Case, rounds: u32) -> Result<Measured> {
    let len = case.input.bytes(case.input.bench_len()).len();
    // One after another, so that no child prepares its input while another one is on the clock.
    let mut entrants: Vec<Entrant> =
        PEERS.iter().map(|peer| Entrant::enter(case, peer)).collect::<Result<_>>()?;
    let mut attempts = 0;
    loop {
        for process in 0..PROCESSES {
            if attempts + process > 0 {
                entrants.iter_mut().try_for_each(Entrant::begin_anew)?;
            }
            take_turns(&mut entrants, rounds)?;
        }
        attempts += 1;
        let ours = entrants[0].first.tally;
        let results = entrants.iter().map(|entrant| entrant.outcome(len, ours)).collect();
        let measured = Measured { case, results };
        if attempts == ATTEMPTS || measured.is_calm() {
            return Ok(measured);
        }
    }
}

/// Lets the crates give samples in turn.
fn take_turns(entrants: &mut [Entrant], rounds: u32) -> Result<()> {
    for round in 0..rounds as usize {
        // Another crate begins each round, so that none is always the one after the same neighbour.
        for turn in 0..entrants.len() {
            let at = (round + turn) % entrants.len();
            // Those that sit rounds out do not all sit out the same ones.
            if (round + at).is_multiple_of(entrants[at].every(rounds)) {
                entrants[at].take_turn()?;
            }
        }
    }
    Ok(())
}

/// A crate and what its processes have answered.
struct Entrant {
    case: Case,
    peer: &'static Peer,
    worker: Worker,
    first: Answer,
    samples: Vec<Answer>,
}

impl Entrant {
    fn enter(case: Case, peer: &'static Peer) -> Result<Self> {
        let mut worker = Worker::start(case, peer)?;
        let first = worker.ask()?;
        Ok(Self { case, peer, worker, first, samples: Vec::new() })
    }

    /// Goes on in another process.
    fn begin_anew(&mut self) -> Result<()> {
        if !self.first.is_slow() {
            let mut worker = Worker::start(self.case, self.peer)?;
            // Its first pass counts no more than the other ones that warm up.
            worker.ask()?;
            self.worker = worker;
        }
        Ok(())
    }

    /// In every which round it gives a sample: the longer a pass takes, the fewer, or the slowest crates, which are the
    /// best in no case, would take most of the time.
    fn every(&self, rounds: u32) -> usize {
        let samples = (self.first.time.as_nanos() / SAMPLE.as_nanos()) as usize;
        samples.clamp(1, (rounds / MIN_SAMPLES).max(1) as usize)
    }

    fn take_turn(&mut self) -> Result<()> {
        if !self.first.is_slow() {
            self.samples.push(self.worker.ask()?);
        }
        Ok(())
    }

    fn outcome(&self, len: usize, ours: Tally) -> Outcome {
        if let Some(taken) = self.first.stopped_at {
            let decoded = decoded(taken, self.first.tally, len, ours);
            let throughput = decoded / self.first.time.as_secs_f64();
            let percent = (100.0 * decoded / len as f64) as u32;
            return Outcome { throughput, spread: 0.0, manner: Manner::TimedOut(percent), wrong: false };
        }
        let mut answers = self.samples.iter().chain([&self.first]);
        let wrong = answers.any(|answer| (answer.tally.events, answer.tally.errors) != (ours.events, 0));
        if self.samples.is_empty() {
            let throughput = throughput(&self.first, len);
            return Outcome { throughput, spread: 0.0, manner: Manner::Once, wrong };
        }
        let samples = self.samples.iter().map(|sample| throughput(sample, len)).collect();
        let (throughput, spread) = quartile(samples);
        Outcome { throughput, spread, manner: Manner::Sampled, wrong }
    }
}

/// Bytes per second.
fn throughput(answer: &Answer, len: usize) -> f64 {
    f64::from(answer.passes) * len as f64 / answer.time.as_secs_f64()
}

/// How many bytes a stopped pass had decoded: those that it had taken. Where all is one chunk, which is taken at once,
/// the part of the events that it had told says more.
fn decoded(taken: usize, tally: Tally, len: usize, ours: Tally) -> f64 {
    if taken < len { taken as f64 } else { len as f64 * tally.events as f64 / ours.events as f64 }
}

/// The upper quartile of the throughputs, which is the lower one of the times, and half the distance between the
/// quartiles as a part of it.
///
/// Whatever else the machine does makes samples slower and never faster. So this quartile says the same again in the
/// next run where the median does not: between two runs beside other work, our throughput by that of the best other
/// crate moved by 1.0 % on average and by 4.6 % at most, and with medians by 3.7 % and 23.7 %.
fn quartile(mut throughputs: Vec<f64>) -> (f64, f64) {
    throughputs.sort_by(f64::total_cmp);
    let at = |part: usize| throughputs[(throughputs.len() - 1) * part / 4];
    (at(3), (at(3) - at(1)) / 2.0 / at(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_samples_do_not_move_the_figure() {
        let undisturbed = [100.0, 101.0, 102.0, 103.0, 104.0];
        let disturbed = [20.0, 50.0, 102.0, 103.0, 104.0];
        assert_eq!(quartile(undisturbed.into()), (103.0, 1.0 / 103.0));
        assert_eq!(quartile(disturbed.into()).0, 103.0);
        assert_eq!(quartile(vec![7.0]), (7.0, 0.0));
    }

    #[test]
    fn a_stopped_pass_counts_what_it_had_taken_or_told() {
        let tally = |events| Tally { events, ..Tally::default() };
        assert_eq!(decoded(300, tally(1), 1000, tally(10)), 300.0);
        // One chunk, taken at once.
        assert_eq!(decoded(1000, tally(1), 1000, tally(10)), 100.0);
    }
}
