//! What came lately, by an id of whoever sent it.

use std::collections::{HashMap, VecDeque};

/// The last so many ids, and what belongs to each.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    by_id: HashMap<String, V>,
    oldest_first: VecDeque<String>,
    limit: usize,
}

impl<V> Recent<V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { by_id: HashMap::new(), oldest_first: VecDeque::new(), limit }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&V> {
        self.by_id.get(id)
    }

    /// An id that is there already keeps its turn to go.
    pub(crate) fn insert(&mut self, id: &str, value: V) {
        if let Some(known) = self.by_id.get_mut(id) {
            *known = value;
            return;
        }
        if self.oldest_first.len() >= self.limit
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.oldest_first.push_back(id.to_owned());
        self.by_id.insert(id.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_ids_are_remembered() {
        let mut recent = Recent::new(100);
        for number in 0..=100 {
            recent.insert(&number.to_string(), number);
        }
        assert_eq!((recent.get("0"), recent.get("1")), (None, Some(&1)));
        recent.insert("100", 101);
        assert_eq!(recent.get("100"), Some(&101));
        assert_eq!((recent.by_id.len(), recent.oldest_first.len()), (100, 100));
    }
}
