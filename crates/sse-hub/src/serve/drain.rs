use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::parting::Parting;

/// A stream is given at most this much of the time in which streams are ended.
const EACH: Duration = Duration::from_millis(5);

/// A shutdown: who ends when.
#[derive(Clone, Debug)]
pub(super) struct Drain {
    started: Instant,
    window: Duration,
    /// When everything that is still open is cut.
    pub(super) deadline: Instant,
    next: Arc<AtomicU32>,
}

impl Drain {
    pub(super) fn begin(window: Duration, streams: usize, deadline: Duration) -> Self {
        let started = Instant::now();
        // A server with a handful of streams need not take its time.
        let window = window.min(EACH * u32::try_from(streams).unwrap_or(u32::MAX));
        Self { started, window, deadline: started + deadline, next: Arc::default() }
    }

    /// The next stream's place in it.
    ///
    /// One and the same fraction says when the stream ends and how much later than others it comes back. Two that
    /// were drawn apart would add up to a hump, and half of the clients would come in a third of the time.
    pub(super) fn place(&self) -> (Instant, Parting) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // Multiples of the golden ratio fill the range evenly, however many there will be.
        let fraction = (f64::from(number) * 0.618_033_988_749_894_9).fract() as f32;
        (self.started + self.window.mul_f32(fraction), Parting::Spread(fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[tokio::test(start_paused = true)]
    async fn reconnects_are_spread_so_that_no_second_has_twice_its_share() {
        for streams in [50, 1_000, 10_000] {
            let drain = Drain::begin(Duration::from_secs(2), streams, Duration::from_secs(5));
            let mut buckets = std::collections::BTreeMap::<u64, usize>::new();
            for _ in 0..streams {
                let (at, parting) = drain.place();
                let Parting::Spread(fraction) = parting else { panic!("{parting:?}") };
                let words = wire::farewell(Duration::from_secs(2), fraction);
                let words = std::str::from_utf8(&words).expect("UTF-8");
                let retry = words.strip_prefix("retry: ").and_then(|rest| rest.lines().next()?.parse().ok());
                let back = at + Duration::from_millis(retry.expect(words));
                *buckets.entry(back.duration_since(drain.started).as_secs()).or_default() += 1;
            }
            let most = buckets.values().max().copied().expect("some");
            let mean = streams as f64 / buckets.len() as f64;
            assert!((most as f64) < 2.0 * mean, "{streams}: {buckets:?}");
        }
    }
}
