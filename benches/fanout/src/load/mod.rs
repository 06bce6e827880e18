//! Thousands of clients of one server, on one thread.
//!
//! Each reads its response as a browser would: HTTP/1.1, chunks, event stream, JSON. So a server cannot gain by
//! sending something that only looks like the events, and each client knows by their numbers what it has missed.

mod body;
mod subscriber;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mio::{Events, Interest, Poll, Token};

use crate::tick;
use subscriber::{State, Subscriber};

/// The clients of one server. They leave when it is dropped.
#[derive(Debug)]
pub struct Load {
    server: SocketAddr,
    request: Vec<u8>,
    poll: Poll,
    events: Events,
    subscribers: Vec<Subscriber>,
    /// How many there should be. Fewer are there if a server lets nobody in any more.
    wanted: usize,
    buffer: Box<[u8]>,
    /// How many clients have got the first bytes, and how many have failed.
    answered: usize,
    failed: usize,
    first_failure: Option<String>,
    tally: Tally,
}

/// How clients come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// How many.
    pub clients: usize,
    /// How many may be on their way at a time, from connecting to the first bytes.
    pub at_a_time: usize,
    /// How long to wait for a server that lets nobody in.
    pub patience: Duration,
}

/// How clients connected.
#[derive(Clone, Debug)]
pub struct Connected {
    /// Until the last of them got its first bytes, or failed.
    pub took: Duration,
    /// How many did not get any.
    pub failed: usize,
    /// Why the first of these did not.
    pub why: Option<String>,
}

/// A run of ticks, of which every client is to get each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The number before the first.
    pub after: u64,
    /// The number of the last.
    pub until: u64,
}

/// What came of a window.
#[derive(Debug)]
pub struct Received {
    /// How many deliveries there should have been.
    pub expected: u64,
    /// How many of them there were.
    pub delivered: u64,
    /// How many ticks came that had come before, to the same client.
    pub twice: u64,
    /// How many clients were cut off.
    pub cut: usize,
    /// All deliveries of any tick, from the beginning of the window until it was over for every client.
    pub deliveries: u64,
    /// How often a client read some of these, as many as had come by then.
    pub reads: u64,
    /// How long that was.
    pub took: Duration,
    /// From publishing to reading, of each delivery of the window, in ascending order, in microseconds.
    pub latencies: Vec<u32>,
}

impl Received {
    /// Deliveries that never came, or not in time.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.expected - self.delivered
    }

    /// The latency in microseconds that this share of deliveries did not exceed.
    #[must_use]
    pub fn latency(&self, share: f64) -> Option<u32> {
        let last = self.latencies.len().checked_sub(1)?;
        self.latencies.get((last as f64 * share).round() as usize).copied()
    }
}

/// What is counted while ticks come.
#[derive(Debug, Default)]
struct Tally {
    window: Option<Window>,
    deliveries: u64,
    reads: u64,
    delivered: u64,
    twice: u64,
    /// How many clients have got the last tick of the window, or a later one.
    finished: usize,
    latencies: Vec<u32>,
}

impl Tally {
    fn handle_tick(&mut self, last: u64, stamp: tick::Stamp, now: u64) {
        self.deliveries += 1;
        let Some(window) = self.window else { return };
        if stamp.seq <= last {
            self.twice += 1;
            return;
        }
        if stamp.seq >= window.until && last < window.until {
            self.finished += 1;
        }
        if window.after < stamp.seq && stamp.seq <= window.until {
            self.delivered += 1;
            let micros = now.saturating_sub(stamp.at) / 1_000;
            self.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }
}

impl Load {
    /// Clients of the server at this address. Returns when all have got the first bytes of their responses or have
    /// failed. When nobody has got anywhere for [`Arrival::patience`], those who are left have.
    ///
    /// # Errors
    /// If the system does not let us; a server that does not is counted.
    pub fn connect(server: SocketAddr, arrival: Arrival) -> Result<(Self, Connected)> {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {server}\r\nAccept: text/event-stream\r\nCache-Control: no-cache\r\n\r\n"
        );
        let mut load = Self {
            server,
            request: request.into_bytes(),
            poll: Poll::new().context("no epoll")?,
            events: Events::with_capacity(1_024),
            subscribers: Vec::new(),
            wanted: arrival.clients,
            buffer: vec![0; 64 * 1024].into(),
            answered: 0,
            failed: 0,
            first_failure: None,
            tally: Tally::default(),
        };
        let took = load.let_in(arrival)?;
        let connected = Connected { took, failed: load.failed, why: load.first_failure.clone() };
        Ok((load, connected))
    }

    fn let_in(&mut self, arrival: Arrival) -> Result<Duration> {
        let start = Instant::now();
        let (mut settled, mut progress) = (0, start);
        while self.settled() < self.wanted && progress.elapsed() < arrival.patience {
            let under_way = self.subscribers.len() - self.settled();
            let to_come = self.wanted - self.subscribers.len();
            for _ in 0..arrival.at_a_time.saturating_sub(under_way).min(to_come) {
                self.start_one()?;
                // Answers are taken in between, as by many clients that know nothing of each other.
                if self.subscribers.len().is_multiple_of(64) {
                    self.turn(Duration::ZERO)?;
                }
            }
            self.turn(Duration::from_millis(50))?;
            if self.settled() > settled {
                (settled, progress) = (self.settled(), Instant::now());
            }
        }
        let took = start.elapsed();
        let gave_up = anyhow::anyhow!("the server let nobody in for {} s", arrival.patience.as_secs());
        for at in 0..self.subscribers.len() {
            if matches!(self.subscribers[at].state, State::Connecting | State::Asked) {
                self.fail(at, &gave_up);
            }
        }
        // Those who did not even try.
        self.failed += self.wanted - self.subscribers.len();
        Ok(took)
    }

    /// How many clients have been cut off or never came in.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// How many clients have come in or have failed.
    fn settled(&self) -> usize {
        self.answered + self.failed
    }

    /// Reads what comes, for so long.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn read_for(&mut self, time: Duration) -> Result<()> {
        let deadline = Instant::now() + time;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            self.turn(left)?;
        }
        Ok(())
    }

    /// Reads until every client that is left has got a tick.
    ///
    /// # Errors
    /// If that takes longer than `patience`, or the system does not let us.
    pub fn read_until_ticks(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while self.subscribers.iter().any(|one| one.last == 0 && one.state != State::Failed) {
            if Instant::now() > deadline {
                bail!("no tick has come to every client within {} s", patience.as_secs());
            }
            self.turn(Duration::from_millis(50))?;
        }
        Ok(())
    }

    /// Waits for `ticks` ticks from the next one on, and calls `at_edge` when it begins and when every client has got
    /// the last of them. Clients who have not after `patience` are not waited for.
    ///
    /// # Errors
    /// If no tick has come so far, the system does not let us, or `at_edge` fails. [`Self::read_until_ticks`] first.
    pub fn measure<E>(
        &mut self,
        ticks: u64,
        patience: Duration,
        mut at_edge: impl FnMut() -> Result<E>,
    ) -> Result<(Received, [E; 2])> {
        let after = self.subscribers.iter().map(|one| one.last).max().unwrap_or_default();
        if after == 0 {
            bail!("no tick has come");
        }
        let window = Window { after, until: after + ticks };
        let expected = ticks * self.wanted as u64;
        let room = usize::try_from(expected).unwrap_or_default();
        self.tally = Tally { window: Some(window), latencies: Vec::with_capacity(room), ..Tally::default() };
        let cut = self.failed;
        let begun = at_edge()?;
        let start = Instant::now();
        while self.tally.finished + self.failed < self.wanted && start.elapsed() < patience {
            self.turn(Duration::from_millis(50))?;
        }
        let (took, ended) = (start.elapsed(), at_edge()?);
        let Tally { deliveries, reads, delivered, twice, mut latencies, .. } =
            std::mem::take(&mut self.tally);
        latencies.sort_unstable();
        let cut = self.failed - cut;
        let received = Received { expected, delivered, twice, cut, deliveries, reads, took, latencies };
        Ok((received, [begun, ended]))
    }

    fn start_one(&mut self) -> Result<()> {
        let token = Token(self.subscribers.len());
        let mut subscriber = Subscriber::connect(self.server).context("could not connect one more client")?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut subscriber.socket, token, interest)?;
        self.subscribers.push(subscriber);
        Ok(())
    }

    /// Waits for something to do, and does it.
    fn turn(&mut self, longest: Duration) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(longest)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            polled => polled.context("epoll failed")?,
        }
        let mut failures = Vec::new();
        for event in &self.events {
            let at = event.token().0;
            let Some(subscriber) = self.subscribers.get_mut(at) else { continue };
            if subscriber.state == State::Failed {
                continue;
            }
            let had_answer = subscriber.state == State::Reading;
            let mut result = Ok(());
            if event.is_writable() {
                result = subscriber.handle_writable(&self.request);
            }
            if result.is_ok() && event.is_readable() {
                let tally = &mut self.tally;
                let mut on_tick = |last, stamp, now| tally.handle_tick(last, stamp, now);
                let reads = subscriber.handle_readable(&mut self.buffer, &mut on_tick);
                result = reads.map(|reads| self.tally.reads += reads);
            }
            if !had_answer && subscriber.state == State::Reading {
                self.answered += 1;
            }
            if let Err(error) = result {
                failures.push((at, error));
            }
        }
        for (at, error) in failures {
            self.fail(at, &error);
        }
        Ok(())
    }

    fn fail(&mut self, at: usize, error: &anyhow::Error) {
        let subscriber = &mut self.subscribers[at];
        if subscriber.state == State::Reading {
            self.answered -= 1;
        }
        subscriber.state = State::Failed;
        if self.tally.window.is_some_and(|window| subscriber.last >= window.until) {
            self.tally.finished -= 1;
        }
        // Nothing to be done if it was never there.
        drop(self.poll.registry().deregister(&mut subscriber.socket));
        self.failed += 1;
        self.first_failure.get_or_insert_with(|| format!("{error:#}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(seq: u64) -> tick::Stamp {
        tick::Stamp { seq, at: 1_000_000 }
    }

    #[test]
    fn what_is_left_out_comes_twice_or_lies_outside_is_told_apart() {
        let window = Some(Window { after: 10, until: 13 });
        let mut tally = Tally { window, ..Tally::default() };
        // Of a window of three: one before it, one of it twice, one left out, the last, one behind.
        for (last, seq) in [(9, 10), (10, 11), (11, 11), (11, 13), (13, 14)] {
            tally.handle_tick(last, stamp(seq), 3_000_000);
        }
        assert_eq!((tally.deliveries, tally.delivered, tally.twice, tally.finished), (5, 2, 1, 1));
        assert_eq!(tally.latencies, [2_000, 2_000]);
    }

    #[test]
    fn a_client_that_skips_the_end_of_the_window_has_finished_it_all_the_same() {
        let mut tally = Tally { window: Some(Window { after: 10, until: 13 }), ..Tally::default() };
        tally.handle_tick(11, stamp(20), 3_000_000);
        assert_eq!((tally.delivered, tally.finished), (0, 1));
    }

    #[test]
    fn latencies_are_taken_at_a_share() {
        let received = Received {
            expected: 102,
            delivered: 101,
            twice: 0,
            cut: 0,
            deliveries: 101,
            reads: 101,
            took: Duration::from_secs(1),
            latencies: (0..=100).collect(),
        };
        assert_eq!((received.latency(0.5), received.latency(0.99), received.lost()), (Some(50), Some(99), 1));
    }
}
