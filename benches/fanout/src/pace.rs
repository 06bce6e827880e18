//! When a server publishes.

use std::time::{Duration, Instant};

use clap::Args;

use crate::tick::Tick;

/// What every server is told. Those in other languages take the same options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct ServerOptions {
    /// The port on 127.0.0.1
    #[arg(long)]
    pub port: u16,

    /// How many ticks are published each second; none if it is zero
    #[arg(long, default_value_t = 0)]
    pub rate: u32,

    /// For how many milliseconds ticks are collected before they are sent together; zero sends each at once
    #[arg(long, default_value_t = 0)]
    pub window: u32,
}

/// Makes ticks at a constant rate, and hands them out at once or when a window ends.
///
/// Who is late is not excused: no tick is left out, and one that is overdue is made as soon as it is asked for.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    period: Option<Duration>,
    /// How many ticks a window has; none are held back if it is zero.
    window: usize,
    made: u32,
    held: Vec<Tick>,
}

impl Pace {
    /// Begins now.
    #[must_use]
    pub fn new(options: &ServerOptions) -> Self {
        let period = (options.rate > 0).then(|| Duration::from_secs(1) / options.rate);
        let in_window = u64::from(options.rate) * u64::from(options.window) / 1_000;
        let window = usize::try_from(in_window).unwrap_or(usize::MAX);
        Self { start: Instant::now(), period, window, made: 0, held: Vec::new() }
    }

    /// When to call [`Self::turn`]; never if nothing is published.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.period.map(|period| self.start + period * self.made)
    }

    /// Makes the next tick. Returns what is to be sent now, oldest first, which is often nothing within a window.
    pub fn turn(&mut self) -> Vec<Tick> {
        self.made += 1;
        let tick = Tick::new(u64::from(self.made));
        if self.window == 0 {
            return vec![tick];
        }
        // A window ends when the first tick of the next one is due.
        let ended = if self.held.len() == self.window { std::mem::take(&mut self.held) } else { Vec::new() };
        self.held.push(tick);
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(pace: &mut Pace, turns: usize) -> Vec<Vec<u64>> {
        (0..turns).map(|_| pace.turn().iter().map(|tick| tick.seq).collect()).collect()
    }

    #[test]
    fn every_tick_is_handed_out_at_once_without_a_window() {
        let mut pace = Pace::new(&ServerOptions { port: 0, rate: 50, window: 0 });
        let first = pace.due().expect("there is one");
        assert_eq!(numbers(&mut pace, 2), [[1], [2]]);
        assert_eq!(pace.due(), Some(first + Duration::from_millis(40)));
    }

    #[test]
    fn a_window_hands_out_all_its_ticks_when_it_ends() {
        let mut pace = Pace::new(&ServerOptions { port: 0, rate: 100, window: 20 });
        assert_eq!(numbers(&mut pace, 5), [vec![], vec![], vec![1, 2], vec![], vec![3, 4]]);
    }

    #[test]
    fn nothing_is_due_at_no_rate() {
        assert_eq!(Pace::new(&ServerOptions { port: 0, rate: 0, window: 20 }).due(), None);
    }
}
