//! What happens on the market, and when. No clock and no input: the same seed gives the same market.

use demo_contract::Market;
use demo_contract::market::{BAR_SECONDS, BARS_KEPT, COMPANIES, Halt};
use fastrand::Rng;

use super::stock::{Character, Stock, slot};

/// Price, volatility over a second in hundredths of a percent, and usual size of a trade, in the order of
/// [`COMPANIES`].
const CHARACTERS: [(f64, f64, f64); COMPANIES.len()] = [
    (184.20, 4.0, 120.0),
    (37.55, 3.2, 300.0),
    (612.80, 5.0, 45.0),
    (14.36, 6.0, 900.0),
    (71.90, 2.2, 260.0),
    (129.45, 2.8, 150.0),
    (22.08, 2.4, 400.0),
    (58.71, 2.0, 220.0),
    (8.94, 5.2, 1_100.0),
    (341.10, 4.4, 70.0),
    (3.27, 8.0, 2_400.0),
    (1_284.00, 3.4, 18.0),
];

const BAR_MILLIS: u64 = BAR_SECONDS * 1_000;

/// The mean time between halts, over the whole market.
const BETWEEN_HALTS: f64 = 120_000.0;

/// Produces the market's events in the order of their times.
#[derive(Debug)]
pub(crate) struct Simulator {
    random: Rng,
    listings: Vec<Listing>,
    /// The mean time between two trades of a share.
    between_trades: f64,
    bar_ends: u64,
    next_halt: u64,
}

/// A share, and when something happens to it next.
#[derive(Debug)]
struct Listing {
    stock: Stock,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Trade {
        at: u64,
    },
    /// It is halted.
    Resume {
        at: u64,
    },
}

impl Next {
    fn at(self) -> u64 {
        match self {
            Self::Trade { at } | Self::Resume { at } => at,
        }
    }
}

impl Simulator {
    /// A market that opens at `now`, in milliseconds since the Unix epoch.
    pub(crate) fn new(seed: u64, tick_rate: f64, now: u64) -> Self {
        Self::of(seed, tick_rate, now, characters().map(|character| Stock::new(character, now)))
    }

    /// A market that goes on where an earlier one stopped, of which this was kept: each share at its last price, in the bar
    /// that was being drawn. `None` if a share was not traded for as long as a chart goes back, or never.
    pub(crate) fn resumed(seed: u64, tick_rate: f64, now: u64, kept: &[Market]) -> Option<Self> {
        let stocks: Option<Vec<_>> = characters()
            .map(|character| {
                let mut of_share = kept.iter().filter(|event| event.symbol() == character.symbol);
                let tick = of_share.clone().rev().find_map(|event| match event {
                    Market::Tick(tick) if now.abs_diff(tick.time) < BARS_KEPT as u64 * BAR_MILLIS => {
                        Some(tick)
                    }
                    _ => None,
                })?;
                let bar = of_share.find_map(|event| match event {
                    Market::Bar(bar) if bar.time == slot(now) => Some(bar),
                    _ => None,
                });
                Some(Stock::resumed(character, now, tick, bar))
            })
            .collect();
        Some(Self::of(seed, tick_rate, now, stocks?))
    }

    fn of(seed: u64, tick_rate: f64, now: u64, stocks: impl IntoIterator<Item = Stock>) -> Self {
        let mut simulator = Self {
            random: Rng::with_seed(seed),
            listings: Vec::new(),
            between_trades: 1_000.0 / tick_rate,
            bar_ends: slot(now) * 1_000 + BAR_MILLIS,
            next_halt: 0,
        };
        for stock in stocks {
            let next = simulator.next_trade(now);
            simulator.listings.push(Listing { stock, next });
        }
        simulator.next_halt = simulator.next_halt_after(now);
        simulator
    }

    /// A market that opened early enough for a full chart, and what of that day a new page draws: the bars, and
    /// where each share stands.
    pub(crate) fn with_history(seed: u64, tick_rate: f64, now: u64) -> (Self, Vec<Market>) {
        let opening = (slot(now) - (BARS_KEPT as u64 - 1) * BAR_SECONDS) * 1_000;
        // A chart looks the same however busy its past was, and a thousand ticks a second take a while to make up.
        let mut simulator = Self::new(seed, tick_rate.min(4.0), opening);
        // Halts of the past are not told, so there were none.
        simulator.next_halt = u64::MAX;
        let (mut day, mut last_ticks) = (Vec::new(), vec![None; COMPANIES.len()]);
        while simulator.next_at() <= now {
            for event in simulator.advance() {
                match event {
                    Market::Tick(tick) => {
                        let place = COMPANIES.iter().position(|company| company.symbol == tick.symbol);
                        if let Some(last) = place.and_then(|place| last_ticks.get_mut(place)) {
                            *last = Some(Market::Tick(tick));
                        }
                    }
                    Market::Bar(_) => day.push(event),
                    Market::Halt(_) => {}
                }
            }
        }
        simulator.next_halt = simulator.next_halt_after(now);
        simulator.between_trades = 1_000.0 / tick_rate;

        // Of each bar the last draft, in the order in which they were closed.
        let mut seen = std::collections::HashSet::new();
        day.reverse();
        day.retain(|event| match event {
            Market::Bar(bar) => seen.insert((bar.symbol.clone(), bar.time)),
            _ => false,
        });
        day.reverse();
        day.extend(last_ticks.into_iter().flatten());
        (simulator, day)
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> u64 {
        let listings = self.listings.iter().map(|listing| listing.next.at());
        listings.min().unwrap_or(u64::MAX).min(self.bar_ends).min(self.next_halt)
    }

    /// What happens at [`Self::next_at`].
    pub(crate) fn advance(&mut self) -> Vec<Market> {
        let now = self.next_at();
        // The end of a bar comes first: what happens at that moment belongs to the next one.
        if now == self.bar_ends {
            return self.close_bars(now);
        }
        if now == self.next_halt {
            self.next_halt = self.next_halt_after(now);
            return self.halt(now).into_iter().collect();
        }
        let next_trade = self.next_trade(now);
        let Some(listing) = self.listings.iter_mut().find(|listing| listing.next.at() == now) else {
            return Vec::new();
        };
        let next = std::mem::replace(&mut listing.next, next_trade);
        match next {
            Next::Trade { .. } => {
                let (tick, bar) = listing.stock.trade(now, &mut self.random);
                [Market::Tick(tick)].into_iter().chain(bar.map(Market::Bar)).collect()
            }
            Next::Resume { .. } => vec![halt(&listing.stock, false, now)],
        }
    }

    /// Leaves out everything before `now`: the machine was asleep. Nobody traded then.
    pub(crate) fn skip_to(&mut self, now: u64) -> Vec<Market> {
        let events = self.close_bars(now);
        for place in 0..self.listings.len() {
            let next = match self.listings[place].next {
                Next::Trade { .. } => self.next_trade(now),
                Next::Resume { .. } => Next::Resume { at: now },
            };
            self.listings[place].next = next;
        }
        self.next_halt = self.next_halt_after(now);
        events
    }

    fn close_bars(&mut self, now: u64) -> Vec<Market> {
        self.bar_ends = slot(now) * 1_000 + BAR_MILLIS;
        self.listings.iter_mut().filter_map(|listing| listing.stock.close_bar(now)).map(Market::Bar).collect()
    }

    /// Halts some share that is not halted, for ten to twenty seconds.
    fn halt(&mut self, now: u64) -> Option<Market> {
        let at = now + self.random.u64(10_000..=20_000);
        let place = self.random.usize(..self.listings.len());
        let listing = &mut self.listings[place];
        match listing.next {
            Next::Resume { .. } => None,
            Next::Trade { .. } => {
                listing.next = Next::Resume { at };
                Some(halt(&listing.stock, true, now))
            }
        }
    }

    fn next_trade(&mut self, now: u64) -> Next {
        Next::Trade { at: now + self.waiting_time(self.between_trades) }
    }

    fn next_halt_after(&mut self, now: u64) -> u64 {
        now + 20_000 + self.waiting_time(BETWEEN_HALTS - 20_000.0)
    }

    /// The time to the next of many independent events (exponentially distributed), at least a millisecond.
    fn waiting_time(&mut self, mean: f64) -> u64 {
        (-mean * (1.0 - self.random.f64()).ln()).clamp(1.0, 600_000.0) as u64
    }
}

fn characters() -> impl Iterator<Item = Character> {
    COMPANIES.iter().zip(CHARACTERS).map(|(company, (price, volatility, size))| Character {
        symbol: company.symbol,
        price,
        volatility: volatility / 10_000.0,
        size,
    })
}

fn halt(stock: &Stock, halted: bool, time: u64) -> Market {
    Market::Halt(Halt { symbol: stock.symbol().to_owned(), halted, time })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use demo_contract::market::{Bar, Tick};

    use super::*;

    const OPENING: u64 = 1_700_000_000_000;

    /// Ten minutes of trading.
    fn ten_minutes(seed: u64) -> Vec<Market> {
        let mut simulator = Simulator::new(seed, 4.0, OPENING);
        let mut events = Vec::new();
        while simulator.next_at() < OPENING + 600_000 {
            events.extend(simulator.advance());
        }
        events
    }

    fn ticks(events: &[Market]) -> impl Iterator<Item = &Tick> {
        events.iter().filter_map(|event| if let Market::Tick(tick) = event { Some(tick) } else { None })
    }

    fn bars(events: &[Market]) -> impl Iterator<Item = &Bar> {
        events.iter().filter_map(|event| if let Market::Bar(bar) = event { Some(bar) } else { None })
    }

    #[test]
    fn the_same_seed_is_the_same_market() {
        assert_eq!(ten_minutes(7), ten_minutes(7));
        assert_ne!(ten_minutes(7), ten_minutes(8));
    }

    #[test]
    fn a_bar_holds_its_prices_and_begins_where_the_last_one_ended() {
        let events = ten_minutes(1);
        let mut last: HashMap<&str, &Bar> = HashMap::new();
        for bar in bars(&events) {
            assert!(bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close), "{bar:?}");
            assert_eq!(bar.time % BAR_SECONDS, 0);
            if let Some(before) = last.insert(&bar.symbol, bar) {
                match bar.time - before.time {
                    0 => assert!(bar.volume > before.volume && bar.open == before.open, "{bar:?}"),
                    BAR_SECONDS => assert!(bar.open == before.close, "{before:?} then {bar:?}"),
                    hole => panic!("{hole} s between bars of {}", bar.symbol),
                }
            }
        }
    }

    #[test]
    fn ticks_come_in_order_at_about_the_rate_asked_for_with_growing_volume() {
        let events = ten_minutes(2);
        let mut volume: HashMap<&str, u64> = HashMap::new();
        let mut time = OPENING;
        for tick in ticks(&events) {
            assert!(tick.time >= time && tick.price >= 0.01 && tick.size >= 1, "{tick:?}");
            assert_eq!(tick.price, (tick.price * 100.0).round() / 100.0, "in cents");
            let volume = volume.entry(&tick.symbol).or_default();
            *volume += tick.size;
            assert_eq!(*volume, tick.volume);
            time = tick.time;
        }
        let rate = ticks(&events).count() as f64 / 600.0 / COMPANIES.len() as f64;
        assert!((3.6..=4.2).contains(&rate), "{rate} ticks a second and symbol");
    }

    #[test]
    fn a_halted_symbol_is_not_traded_until_it_resumes() {
        let events = ten_minutes(3);
        let mut halted: HashMap<&str, u64> = HashMap::new();
        let mut halts = 0;
        for event in &events {
            match event {
                Market::Tick(tick) => assert!(!halted.contains_key(&*tick.symbol), "{tick:?}"),
                Market::Halt(halt) if halt.halted => assert_eq!(halted.insert(&halt.symbol, halt.time), None),
                Market::Halt(halt) => {
                    let since = halted.remove(&*halt.symbol).expect("was halted");
                    assert!((10_000..=20_000).contains(&(halt.time - since)));
                    halts += 1;
                }
                Market::Bar(_) => {}
            }
        }
        assert!(halts >= 1, "ten minutes without a halt");
    }

    #[test]
    fn prices_stay_plausible_over_a_week() {
        let mut simulator = Simulator::new(4, 0.05, OPENING);
        let mut events = Vec::new();
        while simulator.next_at() < OPENING + 7 * 86_400_000 {
            events = simulator.advance();
        }
        assert!(!events.is_empty());
        for (listing, (home, ..)) in simulator.listings.iter_mut().zip(CHARACTERS) {
            let price = listing.stock.trade(OPENING + 7 * 86_400_000, &mut simulator.random).0.price;
            assert!((home / 2.0..home * 2.0).contains(&price), "{}: {price}", listing.stock.symbol());
        }
    }

    #[test]
    fn a_new_page_gets_every_bar_once_up_to_now_and_the_last_prices() {
        let now = OPENING + 1_234;
        let (simulator, day) = Simulator::with_history(5, 4.0, now);
        for company in COMPANIES {
            let times: Vec<_> =
                bars(&day).filter(|bar| bar.symbol == company.symbol).map(|bar| bar.time).collect();
            assert!((BARS_KEPT - 1..=BARS_KEPT).contains(&times.len()), "{}", times.len());
            assert!(times.windows(2).all(|pair| pair[1] == pair[0] + BAR_SECONDS), "{times:?}");
            assert!(now / 1_000 - times[times.len() - 1] < 2 * BAR_SECONDS);
        }
        assert_eq!(ticks(&day).count(), COMPANIES.len());
        assert!(simulator.next_at() > now);
    }

    /// What a history keeps of a market that was stopped at `stopped`: the last of each key.
    fn kept_at(stopped: u64) -> Vec<Market> {
        let (mut simulator, mut events) = Simulator::with_history(8, 4.0, OPENING);
        while simulator.next_at() <= stopped {
            events.extend(simulator.advance());
        }
        let mut keys = std::collections::HashSet::new();
        events.reverse();
        events.retain(|event| {
            let symbol = event.symbol().to_owned();
            match event {
                Market::Tick(_) => keys.insert((symbol, None)),
                Market::Bar(bar) => keys.insert((symbol, Some(bar.time))),
                Market::Halt(_) => false,
            }
        });
        events.reverse();
        events
    }

    #[test]
    fn a_market_goes_on_where_the_one_before_a_restart_stopped() {
        let stopped = OPENING + 61_000;
        let kept = kept_at(stopped);
        let now = stopped + 1_000;
        let mut resumed = Simulator::resumed(9, 4.0, now, &kept).expect("all were traded");
        let mut first: HashMap<String, Tick> = HashMap::new();
        let mut drawn: HashMap<String, Bar> = HashMap::new();
        while resumed.next_at() < now + 10_000 {
            for event in resumed.advance() {
                match event {
                    Market::Tick(tick) => drop(first.entry(tick.symbol.clone()).or_insert(tick)),
                    Market::Bar(bar) => drop(drawn.entry(bar.symbol.clone()).or_insert(bar)),
                    Market::Halt(_) => {}
                }
            }
        }
        for last in ticks(&kept) {
            let next = &first[&last.symbol];
            assert_eq!((next.open, next.volume), (last.open, last.volume + next.size), "the day goes on");
            assert!((next.price / last.price - 1.0).abs() < 0.02, "{last:?} then {next:?}");
            let next = &drawn[&last.symbol];
            let running = bars(&kept).find(|bar| bar.symbol == last.symbol && bar.time == next.time);
            if let Some(running) = running {
                assert!(
                    next.open == running.open && next.volume >= running.volume,
                    "{running:?} then {next:?}"
                );
            }
        }
        assert!(
            drawn.values().any(|next| bars(&kept).any(|bar| bar.time == next.time)),
            "in the middle of a bar"
        );
    }

    #[test]
    fn a_market_of_which_too_little_was_kept_begins_anew() {
        let stopped = OPENING + 1_000;
        let kept = kept_at(stopped);
        let is_resumed = |now, kept: &[Market]| Simulator::resumed(9, 4.0, now, kept).is_some();
        assert!(is_resumed(stopped, &kept));
        assert!(!is_resumed(stopped, &[]));
        assert!(!is_resumed(stopped + BARS_KEPT as u64 * BAR_MILLIS, &kept), "a chart that is all hole");
        let of_one: Vec<_> = kept.iter().filter(|event| event.symbol() != "LIME").cloned().collect();
        assert!(!is_resumed(stopped, &of_one));
    }

    #[test]
    fn a_day_ends_at_midnight_utc_and_over_a_restart_too() {
        let midnight = (OPENING / 86_400_000 + 1) * 86_400_000;
        let mut simulator = Simulator::new(10, 4.0, midnight - 10_000);
        let mut events = Vec::new();
        while simulator.next_at() < midnight {
            events.extend(simulator.advance());
        }
        let resumed = Simulator::resumed(11, 4.0, midnight + 1_000, &events).expect("all were traded");
        for (mut simulator, case) in [(simulator, "goes on"), (resumed, "resumed")] {
            let mut days: HashMap<String, (f64, u64)> = HashMap::new();
            while simulator.next_at() < midnight + 10_000 {
                for tick in ticks(&simulator.advance()) {
                    let (open, volume) = days.entry(tick.symbol.clone()).or_insert((tick.price, 0));
                    *volume += tick.size;
                    assert_eq!((tick.open, tick.volume), (*open, *volume), "{case}: {tick:?}");
                }
            }
            assert_eq!(days.len(), COMPANIES.len());
        }
        let yesterday: HashMap<_, _> = ticks(&events).map(|tick| (&tick.symbol, tick)).collect();
        assert!(yesterday.values().any(|tick| tick.open != tick.price), "there was something to begin anew");
    }

    #[test]
    fn a_machine_that_slept_goes_on_at_the_present() {
        let mut simulator = Simulator::new(6, 4.0, OPENING);
        for _ in 0..500 {
            simulator.advance();
        }
        let morning = OPENING + 28_800_000;
        simulator.skip_to(morning);
        assert!((morning..morning + 5_000).contains(&simulator.next_at()));
        let bar = (0..100).flat_map(|_| simulator.advance()).find(|event| matches!(event, Market::Bar(_)));
        assert!(matches!(bar, Some(Market::Bar(bar)) if bar.time >= slot(morning)));
    }
}
