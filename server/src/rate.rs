//! How often something may be done.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::task::lock;

/// How many keys are told apart.
const MAX_KEYS: usize = 16 * 1024;

/// How many are forgotten at least when there are more: all of them are looked at for that, so not for each new one.
const FORGOTTEN: usize = 1_024;

/// So many a second, and a burst of so many seconds' worth, for each key.
///
/// One time for each key and no counters: the time at which its next turn would be if turns were taken evenly (GCRA,
/// ITU-T I.371). Whoever is ahead of that by more than the burst has to wait.
#[derive(Debug)]
pub(crate) struct Rate<K> {
    /// `None` is no limit.
    interval: Option<Duration>,
    burst: Duration,
    next: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> Rate<K> {
    /// Zero `per_second` is no limit.
    pub(crate) fn new(per_second: f64, burst_seconds: f64) -> Self {
        let interval = (per_second > 0.0).then(|| Duration::from_secs_f64(1.0 / per_second));
        // Whatever the rate is, one may always be done at once.
        let burst = Duration::from_secs_f64(burst_seconds).saturating_sub(interval.unwrap_or_default());
        Self { interval, burst, next: Mutex::default() }
    }

    /// Takes a turn, or says how long to wait for one.
    pub(crate) fn take(&self, key: K) -> Result<(), Duration> {
        let Some(interval) = self.interval else { return Ok(()) };
        let now = Instant::now();
        let mut next = lock(&self.next);
        if next.len() >= MAX_KEYS && !next.contains_key(&key) {
            make_place(&mut next, now);
        }
        let turn = next.entry(key).or_insert(now);
        let at = (*turn).max(now);
        match at.duration_since(now).checked_sub(self.burst) {
            Some(wait) if wait > Duration::ZERO => Err(wait),
            _ => {
                *turn = at + interval;
                Ok(())
            }
        }
    }
}

/// Forgets the keys that are at rest, or if those are too few, the ones that come next to it: they are given the least
/// by that. Whoever takes more than its turns is the furthest from rest, and stays known.
fn make_place<K: Eq + Hash>(next: &mut HashMap<K, Instant>, now: Instant) {
    next.retain(|_, next| *next > now);
    let mut surplus = next.len().saturating_sub(MAX_KEYS - FORGOTTEN);
    if surplus == 0 {
        return;
    }
    let mut times: Vec<_> = next.values().copied().collect();
    let (_, &mut nearest, _) = times.select_nth_unstable(surplus - 1);
    // As many may be just as near.
    next.retain(|_, next| {
        let goes = *next <= nearest && surplus > 0;
        surplus -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_one_for_each_interval() {
        let rate = Rate::new(10.0, 1.0);
        for _ in 0..10 {
            rate.take("a").expect("within the burst");
        }
        let wait = rate.take("a").expect_err("too many");
        assert_eq!(wait, Duration::from_millis(100));
        rate.take("b").expect("another key has its own");
        tokio::time::advance(wait).await;
        rate.take("a").expect("the time has come");
        rate.take("a").expect_err("only one");
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert_eq!(
            (0..100).filter(|_| rate.take("a").is_ok()).count(),
            10,
            "no more than a burst is saved up"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_bounded_and_those_at_rest_make_place() {
        let rate = Rate::new(1.0, 1.0);
        for key in 0..MAX_KEYS {
            rate.take(key).expect("new");
        }
        tokio::time::advance(Duration::from_secs(2)).await;
        rate.take(MAX_KEYS).expect("those at rest are forgotten");
        assert_eq!(rate.next.lock().expect("not poisoned").len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_new_is_let_in_however_many_there_are_and_who_floods_stays_refused() {
        let rate = Rate::new(1.0, 10.0);
        let keys = || rate.next.lock().expect("not poisoned").len();
        while rate.take(usize::MAX).is_ok() {}
        let mut walks = 0;
        for key in 0..4 * MAX_KEYS {
            let before = keys();
            rate.take(key).expect("somebody new");
            rate.take(usize::MAX).expect_err("it floods");
            assert!(keys() <= MAX_KEYS);
            walks += usize::from(keys() < before);
        }
        // All keys are looked at once for so many that are new, not for each of them.
        assert!((1..=4 * MAX_KEYS / FORGOTTEN).contains(&walks), "{walks} times");
    }

    #[test]
    fn zero_is_no_limit() {
        let rate = Rate::new(0.0, 1.0);
        for _ in 0..MAX_KEYS {
            rate.take("a").expect("no limit");
        }
        assert!(rate.next.lock().expect("not poisoned").is_empty(), "nobody is remembered for it");
    }
}
