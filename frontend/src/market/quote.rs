//! What a row of the watchlist knows of its symbol.

use demo_contract::Market;
use demo_contract::market::Tick;

/// The state of one symbol, folded from the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Quote {
    /// The day so far; nothing before the first trade.
    pub(super) day: Option<Day>,
    /// Whether trading is halted.
    pub(super) halted: bool,
    /// The last change of the price.
    pub(super) flash: Flash,
}

/// The day of one symbol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Day {
    /// The last price.
    pub(super) price: f64,
    /// The price at which the day began.
    pub(super) open: f64,
    /// How many shares changed hands.
    pub(super) volume: u64,
}

/// Which way a price went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Direction {
    /// Up.
    Up,
    /// Down.
    Down,
    /// Neither.
    #[default]
    Flat,
}

/// The last change of a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flash {
    direction: Direction,
    /// Two changes in a row differ in this, so that the second starts its animation anew.
    beat: bool,
}

impl Quote {
    /// Takes in one event about this symbol.
    pub(super) fn apply(&mut self, event: &Market) {
        match event {
            Market::Tick(tick) => self.apply_tick(tick),
            Market::Bar(_) => {}
            Market::Halt(halt) => self.halted = halt.halted,
        }
    }

    fn apply_tick(&mut self, tick: &Tick) {
        let Tick { price, open, volume, .. } = *tick;
        if let Some(day) = self.day {
            self.flash = self.flash.after(day.price, price);
        }
        self.day = Some(Day { price, open, volume });
    }
}

impl Day {
    /// How far the price has come since the day began.
    #[must_use]
    pub(super) fn change(&self) -> f64 {
        self.price - self.open
    }

    /// The same as a part of the opening price.
    #[must_use]
    pub(super) fn change_ratio(&self) -> f64 {
        if self.open == 0.0 { 0.0 } else { self.change() / self.open }
    }

    /// Which way the day went.
    #[must_use]
    pub(super) fn direction(&self) -> Direction {
        Direction::of(self.open, self.price)
    }
}

impl Direction {
    /// Which way it is from `before` to `after`.
    #[must_use]
    pub(super) fn of(before: f64, after: f64) -> Self {
        if after > before {
            Self::Up
        } else if after < before {
            Self::Down
        } else {
            Self::Flat
        }
    }

    /// The value of `data-direction`, by which the stylesheet colours it.
    #[must_use]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Flat => "flat",
        }
    }
}

impl Flash {
    fn after(self, before: f64, after: f64) -> Self {
        match Direction::of(before, after) {
            Direction::Flat => self,
            direction => Self { direction, beat: !self.beat },
        }
    }

    /// The value of `data-flash`. Each has its own animation in the stylesheet: a browser starts one when its
    /// *name* changes, so alternating between two of the same look restarts it without touching the layout.
    #[must_use]
    pub(super) fn as_str(self) -> Option<&'static str> {
        match (self.direction, self.beat) {
            (Direction::Up, false) => Some("up-a"),
            (Direction::Up, true) => Some("up-b"),
            (Direction::Down, false) => Some("down-a"),
            (Direction::Down, true) => Some("down-b"),
            (Direction::Flat, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::market::Halt;

    use super::*;

    fn tick(price: f64, volume: u64) -> Market {
        Market::Tick(Tick { symbol: "ACME".into(), time: 0, price, open: 100.0, size: 1, volume })
    }

    fn folded(events: &[Market]) -> Quote {
        let mut quote = Quote::default();
        for event in events {
            quote.apply(event);
        }
        quote
    }

    #[test]
    fn the_change_is_counted_from_the_opening_price() {
        let day = folded(&[tick(98.0, 1), tick(102.0, 2)]).day.expect("traded");
        assert_eq!((day.change(), day.change_ratio()), (2.0, 0.02));
        assert_eq!(day.direction(), Direction::Up);
        assert_eq!(day.volume, 2);
    }

    #[test]
    fn only_a_changed_price_flashes_and_every_change_restarts_the_animation() {
        assert_eq!(folded(&[tick(100.0, 1)]).flash.as_str(), None);
        let mut quote = folded(&[tick(100.0, 1), tick(101.0, 2)]);
        let first = quote.flash.as_str().expect("changed");
        quote.apply(&tick(101.0, 3));
        assert_eq!(quote.flash.as_str(), Some(first));
        quote.apply(&tick(102.0, 4));
        let second = quote.flash.as_str().expect("changed");
        assert_ne!(first, second);
        assert!(first.starts_with("up") && second.starts_with("up"));
    }

    #[test]
    fn a_halt_is_kept_until_it_is_lifted() {
        let halt = |halted| Market::Halt(Halt { symbol: "ACME".into(), halted, time: 0 });
        assert!(folded(&[halt(true), tick(100.0, 1)]).halted);
        assert!(!folded(&[halt(true), halt(false)]).halted);
    }
}
