//! Who gets which rows: viewers with one scope and one filter are one audience, and what is encoded for one of them is encoded for all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use app::model::{LogFilter, Scope, Zone};

use super::ring::RingRow;
use crate::store::Selection;

/// A scope and a filter.
#[derive(Debug)]
pub(super) struct Audience {
    scope: Scope,
    filter: LogFilter,
    zone: Arc<Zone>,
}

impl Audience {
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn selection(&self) -> Selection<'_> {
        Selection { scope: &self.scope, filter: &self.filter, zone: &self.zone }
    }

    /// Of these rows, the JSON of those that concern it.
    pub(super) fn wanted(&self, rows: &[RingRow]) -> Vec<Arc<str>> {
        let selection = self.selection();
        rows.iter().filter(|row| row.concerns(selection)).map(|row| row.json.clone()).collect()
    }
}

/// The audiences there are. Who has the same scope and filter shares one.
pub(super) struct Audiences {
    zone: Arc<Zone>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_key: HashMap<(Scope, String), Weak<Audience>>,
    /// At this many, those that nobody belongs to any more are forgotten.
    tidy_at: usize,
}

impl Audiences {
    pub(super) fn new(zone: Arc<Zone>) -> Self {
        Self { zone, known: Mutex::default() }
    }

    pub(super) fn of(&self, scope: &Scope, filter: &LogFilter) -> Arc<Audience> {
        let key = (scope.clone(), filter.to_query());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(audience) = known.by_key.get(&key).and_then(Weak::upgrade) {
            return audience;
        }
        if known.by_key.len() >= known.tidy_at {
            known.by_key.retain(|_, audience| audience.strong_count() > 0);
            known.tidy_at = 2 * known.by_key.len() + 16;
        }
        let audience = Arc::new(Audience { scope: scope.clone(), filter: filter.clone(), zone: self.zone.clone() });
        known.by_key.insert(key, Arc::downgrade(&audience));
        audience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_the_same_shares_an_audience_and_nobody_elses() {
        let audiences = Audiences::new(Arc::new(Zone::utc()));
        let errors = LogFilter::parse_beside("status=error", |_, _| None).unwrap();
        let first = audiences.of(&Scope::All, &errors);
        assert!(Arc::ptr_eq(&first, &audiences.of(&Scope::All, &errors)));
        assert!(!Arc::ptr_eq(&first, &audiences.of(&Scope::Servers(vec![1]), &errors)));
        assert!(!Arc::ptr_eq(&first, &audiences.of(&Scope::All, &LogFilter::default())));
        for server in 0..100 {
            audiences.of(&Scope::Servers(vec![server]), &errors);
        }
        assert!(audiences.known.lock().unwrap().by_key.len() < 50, "nothing is kept of those who have gone");
    }
}
