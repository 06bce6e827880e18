//! The bars of one symbol: what the chart and the spark line draw.

use std::collections::VecDeque;

use demo_contract::Market;
use demo_contract::market::{BAR_SECONDS, BARS_KEPT, Bar, Tick};

/// A bar without the name of its symbol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candle {
    /// When it begins: seconds since the Unix epoch.
    pub(super) time: u64,
    /// The first price.
    pub(super) open: f64,
    /// The highest price.
    pub(super) high: f64,
    /// The lowest price.
    pub(super) low: f64,
    /// The last price so far.
    pub(super) close: f64,
    /// How many shares changed hands.
    pub(super) volume: u64,
}

/// The newest [`BARS_KEPT`] bars of one symbol, oldest first, each time once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bars {
    candles: VecDeque<Candle>,
    /// Counts changes other than those at the end. A chart that draws forward must then begin anew.
    rewrites: u32,
}

/// How far a chart has drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// The time of the newest bar that was drawn.
    time: u64,
    rewrites: u32,
}

/// What a chart has to draw.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Redraw {
    /// Everything, from an empty chart.
    All,
    /// The bars from this index on; the first of them may be on the chart already, with other values.
    From(usize),
}

impl Bars {
    /// Takes in one event about this symbol.
    pub(super) fn apply(&mut self, event: &Market) {
        match event {
            Market::Bar(bar) => self.put(Candle::from(bar)),
            Market::Tick(tick) => self.apply_tick(tick),
            Market::Halt(_) => {}
        }
    }

    /// The bars, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Candle> + ExactSizeIterator + Clone {
        self.candles.iter()
    }

    /// The highest price and the lowest, over all of them.
    #[must_use]
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        let prices = self.candles.iter().map(|candle| (candle.high, candle.low));
        prices.reduce(|(high, low), (higher, lower)| (high.max(higher), low.min(lower)))
    }

    /// What a chart that has drawn so far has to draw now, and how far it is then.
    #[must_use]
    pub(super) fn redraw(&self, drawn: Option<Drawn>) -> (Redraw, Option<Drawn>) {
        let Some(last) = self.candles.back() else { return (Redraw::All, None) };
        let now = Drawn { time: last.time, rewrites: self.rewrites };
        let redraw = match drawn {
            Some(drawn) if drawn.rewrites == self.rewrites && drawn.time <= now.time => {
                Redraw::From(self.candles.partition_point(|candle| candle.time < drawn.time))
            }
            _ => Redraw::All,
        };
        (redraw, Some(now))
    }

    /// A trade moves the running bar, so that the chart keeps up between two bar events. Its volume is left
    /// to the server: the bar that counts this trade in may be here already.
    fn apply_tick(&mut self, tick: &Tick) {
        let seconds = tick.time / 1000;
        let time = seconds - seconds % BAR_SECONDS;
        match self.candles.back_mut() {
            Some(running) if running.time == time => {
                running.high = running.high.max(tick.price);
                running.low = running.low.min(tick.price);
                running.close = tick.price;
            }
            // The first trade of the next bar may be here before the bar.
            Some(running) if running.time < time => self.put(Candle {
                time,
                open: tick.price,
                high: tick.price,
                low: tick.price,
                close: tick.price,
                volume: tick.size,
            }),
            // A late trade of a bar that is closed; or one before the bars, whose opening price nobody knows.
            _ => {}
        }
    }

    fn put(&mut self, candle: Candle) {
        match self.candles.back_mut() {
            Some(last) if last.time > candle.time => return self.put_before_last(candle),
            Some(last) if last.time == candle.time => {
                *last = candle;
                return;
            }
            _ => self.candles.push_back(candle),
        }
        if self.candles.len() > BARS_KEPT {
            self.candles.pop_front();
        }
    }

    /// A bar of the past: a replay after a reconnect. The same bar again is not a rewrite.
    fn put_before_last(&mut self, candle: Candle) {
        let at = self.candles.partition_point(|before| before.time < candle.time);
        let is_full = self.candles.len() >= BARS_KEPT;
        match self.candles.get_mut(at) {
            Some(same) if same.time == candle.time => {
                if *same == candle {
                    return;
                }
                *same = candle;
            }
            _ if !is_full => self.candles.insert(at, candle),
            // Older than everything that is kept.
            _ if at == 0 => return,
            _ => {
                self.candles.pop_front();
                self.candles.insert(at - 1, candle);
            }
        }
        self.rewrites = self.rewrites.wrapping_add(1);
    }
}

impl From<&Bar> for Candle {
    fn from(bar: &Bar) -> Self {
        Self {
            time: bar.time,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume: bar.volume,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(time: u64, close: f64) -> Market {
        Market::Bar(Bar {
            symbol: "ACME".into(),
            time,
            open: 100.0,
            high: close.max(100.0),
            low: close.min(100.0),
            close,
            volume: 7,
        })
    }

    fn tick(time: u64, price: f64) -> Market {
        Market::Tick(Tick {
            symbol: "ACME".into(),
            time: time * 1000,
            price,
            open: 100.0,
            size: 3,
            volume: 9,
        })
    }

    fn folded(events: &[Market]) -> Bars {
        let mut bars = Bars::default();
        for event in events {
            bars.apply(event);
        }
        bars
    }

    fn closes(bars: &Bars) -> Vec<(u64, f64)> {
        bars.iter().map(|candle| (candle.time, candle.close)).collect()
    }

    #[test]
    fn the_same_time_again_replaces_the_bar() {
        assert_eq!(closes(&folded(&[bar(0, 100.0), bar(5, 101.0), bar(5, 102.0)])), [(0, 100.0), (5, 102.0)]);
    }

    #[test]
    fn a_tick_moves_the_close_and_the_range_of_the_running_bar_but_not_its_volume() {
        let bars = folded(&[bar(5, 101.0), tick(7, 99.0)]);
        let last = bars.iter().next_back().expect("one bar");
        assert_eq!((last.close, last.low, last.high, last.volume), (99.0, 99.0, 101.0, 7));
    }

    #[test]
    fn a_tick_after_the_running_bar_opens_the_next_and_a_late_one_changes_nothing() {
        let bars = folded(&[bar(5, 101.0), tick(11, 103.0), tick(6, 1.0)]);
        assert_eq!(closes(&bars), [(5, 101.0), (10, 103.0)]);
    }

    #[test]
    fn the_range_is_that_of_the_bars_that_are_kept() {
        assert_eq!(Bars::default().range(), None);
        let kept = BARS_KEPT as u64;
        let mut bars = folded(&[bar(0, 110.0), bar(5, 95.0), tick(6, 90.0)]);
        assert_eq!(bars.range(), Some((110.0, 90.0)));
        (2..=kept).for_each(|n| bars.apply(&bar(n * 5, 101.0)));
        assert_eq!(bars.range(), Some((101.0, 90.0)), "the first is gone");
        bars.apply(&bar(5, 99.0));
        assert_eq!(bars.range(), Some((101.0, 99.0)), "another past, of a server that began anew");
    }

    #[test]
    fn a_tick_alone_makes_no_bar() {
        assert_eq!(folded(&[tick(7, 99.0)]).iter().len(), 0);
    }

    #[test]
    fn only_the_newest_bars_are_kept() {
        let kept = BARS_KEPT as u64;
        let events: Vec<_> = (0..kept + 10).map(|n| bar(n * 5, 100.0)).collect();
        let bars = folded(&events);
        assert_eq!(bars.iter().len(), BARS_KEPT);
        assert_eq!(bars.iter().next().map(|first| first.time), Some(50));
    }

    #[test]
    fn a_chart_draws_forward_from_the_bar_it_drew_last() {
        let mut bars = folded(&[bar(0, 100.0), bar(5, 101.0)]);
        let (redraw, drawn) = bars.redraw(None);
        assert_eq!(redraw, Redraw::All);
        bars.apply(&bar(5, 102.0));
        bars.apply(&bar(10, 103.0));
        let (redraw, drawn) = bars.redraw(drawn);
        assert_eq!(redraw, Redraw::From(1));
        assert_eq!(bars.redraw(drawn).0, Redraw::From(2));
    }

    #[test]
    fn a_replay_of_known_bars_is_no_rewrite_and_a_different_past_is_one() {
        let mut bars = folded(&[bar(0, 100.0), bar(10, 101.0)]);
        let (_, drawn) = bars.redraw(None);
        bars.apply(&bar(0, 100.0));
        assert_eq!(bars.redraw(drawn).0, Redraw::From(1));
        bars.apply(&bar(5, 99.0));
        assert_eq!(bars.redraw(drawn).0, Redraw::All);
        assert_eq!(closes(&bars), [(0, 100.0), (5, 99.0), (10, 101.0)]);
    }
}
