//! A map that forgets: it holds what was touched most recently and never more than it was made for, at the cost of one look-up
//! in each of two halves.

use std::collections::HashMap;
use std::hash::Hash;

/// At most `capacity` values. When the young half is full it becomes the old one, and what nobody touched since is gone.
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: (capacity / 2).max(1) }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// The value of a key, made if it is not there.
    pub(super) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if !self.young.contains_key(&key) && self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        let kept = self.old.remove(&key);
        self.young.entry(key).or_insert_with(|| kept.unwrap_or_else(make))
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let mut recent = Recent::new(100);
        *recent.entry(0, || 0) = 7;
        for key in 1..10_000 {
            recent.entry(key, || key);
            assert!(recent.len() <= 100);
            assert_eq!(*recent.entry(0, || 0), 7, "after {key}");
        }
        assert!(recent.get(&1).is_none());
        recent.remove(&0);
        assert!(recent.get(&0).is_none());
    }
}
