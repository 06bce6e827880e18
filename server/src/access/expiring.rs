use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::secret::unguessable;
use crate::task::lock;

/// The most that is kept at a time.
pub(super) const LIMIT: usize = 10_000;

/// What is kept for a time, under ids that nobody can guess. Where there is too much of it, what is too old makes
/// place.
#[derive(Debug)]
pub(super) struct Expiring<V> {
    pub(super) lifetime: Duration,
    kept: Mutex<HashMap<String, (V, Instant)>>,
}

impl<V: Clone> Expiring<V> {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, kept: Mutex::default() }
    }

    /// Its id; `None` if there is no place, or if the system has no random numbers.
    pub(super) fn insert(&self, value: V) -> Option<String> {
        let now = Instant::now();
        let id = unguessable()?;
        let mut kept = lock(&self.kept);
        if kept.len() >= LIMIT {
            kept.retain(|_, (_, expires)| *expires > now);
        }
        if kept.len() >= LIMIT {
            return None;
        }
        kept.insert(id.clone(), (value, now + self.lifetime));
        Some(id)
    }

    /// What is not too old, and for how long from now it is good.
    pub(super) fn get(&self, id: &str) -> Option<(V, Duration)> {
        let kept = lock(&self.kept);
        let (value, expires) = kept.get(id)?;
        let lasts = expires.saturating_duration_since(Instant::now());
        (!lasts.is_zero()).then(|| (value.clone(), lasts))
    }

    /// Takes out what is not too old, which is then kept no more.
    pub(super) fn take(&self, id: &str) -> Option<V> {
        let (value, expires) = lock(&self.kept).remove(id)?;
        (expires > Instant::now()).then_some(value)
    }

    /// Whether there was such a thing, though it may have been too old.
    pub(super) fn remove(&self, id: &str) -> bool {
        lock(&self.kept).remove(id).is_some()
    }

    /// Forgets what is not good any more.
    pub(super) fn retain(&self, is_good: impl Fn(&V) -> bool) {
        lock(&self.kept).retain(|_, (value, _)| is_good(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_there_until_it_is_removed_or_too_old() {
        let kept = Expiring::new(LIFETIME);
        let [removed, old] = ["one", "other"].map(|value| kept.insert(value).expect("kept"));
        assert_eq!(kept.get(&removed), Some(("one", LIFETIME)));
        assert_eq!(kept.get("guessed"), None);
        assert!(kept.remove(&removed));
        assert!(!kept.remove(&removed) && !kept.remove("guessed"));
        assert_eq!(kept.get(&removed), None);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(kept.get(&old), Some(("other", Duration::from_secs(1))));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(kept.get(&old), None);
        assert!(kept.remove(&old), "it was there");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_is_good_once_and_for_its_time() {
        let kept = Expiring::new(LIFETIME);
        let insert = || kept.insert("it").expect("kept");
        let id = insert();
        assert_eq!(kept.take(&id), Some("it"));
        assert_eq!(kept.take(&id), None, "taken");
        assert_eq!(kept.take("guessed"), None, "never was one");
        let (in_time, late) = (insert(), insert());
        tokio::time::advance(LIFETIME - Duration::from_millis(1)).await;
        assert_eq!(kept.take(&in_time), Some("it"));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(kept.take(&late), None, "too late");
    }

    #[test]
    fn what_is_not_good_any_more_is_forgotten() {
        let kept = Expiring::new(LIFETIME);
        let [one, other] = ["one", "other"].map(|value| kept.insert(value).expect("kept"));
        kept.retain(|value| *value == "one");
        assert!(kept.get(&one).is_some() && kept.get(&other).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_much_is_kept_and_what_is_old_makes_place() {
        let kept = Expiring::new(LIFETIME);
        for number in 0..LIMIT {
            kept.insert(number).expect("kept");
        }
        assert_eq!(kept.insert(LIMIT), None, "full");
        tokio::time::advance(LIFETIME).await;
        kept.insert(LIMIT).expect("the old ones are gone");
    }
}
