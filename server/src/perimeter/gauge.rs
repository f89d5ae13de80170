//! How many at the same time: requests under way, open streams.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts what is open, by key. It holds no more keys than there are things open.
pub(super) struct Gauge<K> {
    /// 0 is no limit.
    most: u32,
    open: Arc<Mutex<HashMap<K, u32>>>,
}

/// One place that is taken until this is dropped.
pub struct Place {
    leave: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(leave) = self.leave.take() {
            leave();
        }
    }
}

impl Place {
    /// A place that is not counted.
    pub(super) const FREE: Self = Self { leave: None };
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Gauge<K> {
    pub(super) fn new(most: u32) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Takes a place if there is one.
    pub(super) fn enter(&self, key: K) -> Option<Place> {
        if self.most == 0 {
            return Some(Place::FREE);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(key.clone()).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        let counts = self.open.clone();
        let leave = move || {
            let mut open = counts.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = open.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    open.remove(&key);
                }
            }
        };
        Some(Place { leave: Some(Box::new(leave)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_left() {
        let gauge = Gauge::new(2);
        let places = (gauge.enter("a").unwrap(), gauge.enter("a").unwrap());
        assert!(gauge.enter("a").is_none());
        assert!(gauge.enter("b").is_some());
        drop(places);
        assert!(gauge.enter("a").is_some());
        assert!(gauge.open.lock().unwrap().is_empty(), "nothing is kept of those who have gone");
    }
}
