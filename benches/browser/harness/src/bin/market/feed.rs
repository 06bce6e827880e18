use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use demo_contract::market::{COMPANIES, Tick};
use fastrand::Rng;
use futures_util::stream::{self, Stream};
use tokio::time::{Instant, sleep, sleep_until};

/// Ticks that fall due together are sent together, as a busy feed sends them.
const WINDOW: Duration = Duration::from_millis(10);

/// How long the page is left alone after its first rows: what loading takes is not what is measured.
const SETTLE: Duration = Duration::from_secs(2);

/// What a page is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feed {
    /// How many ticks in all.
    pub(crate) events: u32,
    /// How many a second.
    pub(crate) rate: u32,
}

struct Sending {
    ticks: Ticks,
    sent: u32,
    began: Option<Instant>,
}

impl Feed {
    /// One tick of each company, and after a pause the others at their rate; `begin` is called in between. It does not
    /// end: who has all of them closes.
    pub(crate) fn stream(self, begin: impl Fn()) -> impl Stream<Item = Result<Bytes, Infallible>> {
        let sending = Sending { ticks: Ticks::new(), sent: 0, began: None };
        stream::unfold((sending, begin), move |(mut sending, begin)| async move {
            let due = self.due(&mut sending, &begin).await;
            let Sending { ticks, sent, .. } = &mut sending;
            let mut body = String::new();
            for _ in 0..due {
                *sent += 1;
                ticks.write(*sent, &mut body);
            }
            Some((Ok(Bytes::from(body)), (sending, begin)))
        })
    }

    /// Waits until there is something to send, and says how many ticks that is.
    async fn due(self, sending: &mut Sending, begin: &impl Fn()) -> u32 {
        let first = COMPANIES.len() as u32;
        if sending.sent == 0 {
            return first;
        }
        let began = match sending.began {
            Some(began) => began,
            None => {
                sleep(SETTLE).await;
                begin();
                *sending.began.insert(Instant::now())
            }
        };
        if sending.sent == self.events {
            std::future::pending::<()>().await;
        }
        loop {
            let elapsed = began.elapsed();
            let by_now = f64::from(first) + elapsed.as_secs_f64() * f64::from(self.rate);
            let due = (by_now as u32).min(self.events) - sending.sent;
            if due > 0 {
                return due;
            }
            let windows = elapsed.div_duration_f64(WINDOW).floor() + 1.0;
            sleep_until(began + WINDOW.mul_f64(windows)).await;
        }
    }
}

/// Trades that never were: the same in every run.
struct Ticks {
    random: Rng,
    /// For each company what it stands at, in cents, and how many shares changed hands.
    days: [(u64, u64); COMPANIES.len()],
}

/// What every company begins at, in cents.
const OPEN: u64 = 10_000;

impl Ticks {
    fn new() -> Self {
        Self { random: Rng::with_seed(3), days: [(OPEN, 0); COMPANIES.len()] }
    }

    /// The tick of this number. The first ones are of one company each.
    fn write(&mut self, number: u32, body: &mut String) {
        let first = number as usize - 1;
        let at = if first < COMPANIES.len() { first } else { self.random.usize(..COMPANIES.len()) };
        let (step, size) = (self.random.u64(..=10), self.random.u64(1..=400));
        let (cents, volume) = &mut self.days[at];
        *cents = (*cents + step).saturating_sub(5).max(100);
        *volume += size;
        let tick = Tick {
            symbol: COMPANIES[at].symbol.to_owned(),
            time: 1_700_000_000_000 + u64::from(number),
            price: *cents as f64 / 100.0,
            open: OPEN as f64 / 100.0,
            size,
            volume: *volume,
        };
        let data = serde_json::to_string(&tick).unwrap_or_default();
        // Writing to a `String` cannot fail.
        let _ = write!(body, "id: 4f1a.{number}\nevent: tick\ndata: {data}\n\n");
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_company_comes_first_and_the_others_at_their_rate() {
        let began = std::cell::Cell::new(None);
        let feed = Feed { events: 1_000, rate: 1_000 };
        let mut stream = std::pin::pin!(feed.stream(|| began.set(Some(Instant::now()))));
        let mut next = async || {
            let piece = stream.next().await.expect("goes on").expect("never fails");
            String::from_utf8(piece.into()).expect("is text")
        };
        let first = next().await;
        for company in COMPANIES {
            assert_eq!(first.matches(&format!("\"symbol\":\"{}\"", company.symbol)).count(), 1);
        }
        let mut count = COMPANIES.len();
        let mut pieces = 0;
        while count < 1_000 {
            count += next().await.matches("event: tick").count();
            pieces += 1;
        }
        assert_eq!(count, 1_000);
        let took = began.get().expect("was told").elapsed();
        assert!((Duration::from_millis(980)..Duration::from_millis(1_010)).contains(&took), "{took:?}");
        assert!((90..=110).contains(&pieces), "{pieces}");
    }
}
