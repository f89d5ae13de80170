//! The newest rows of the trail in memory, encoded once for everyone.

use std::collections::VecDeque;
use std::sync::Arc;

use app::model::{LogStatus, SourceType};

use crate::store::Selection;
use crate::store::log_entries::PlacedEntry;

/// A row, where its server is, and its JSON.
#[derive(Clone)]
pub(super) struct RingRow {
    placed: Arc<PlacedEntry>,
    pub(super) json: Arc<str>,
}

impl RingRow {
    pub(super) fn new(placed: PlacedEntry) -> Self {
        Self { json: super::hub::json(&placed.entry).into(), placed: Arc::new(placed) }
    }

    pub(super) fn id(&self) -> i64 {
        self.placed.entry.id
    }

    /// Whether the panel tells of itself.
    pub(super) fn is_of_panel(&self) -> bool {
        self.placed.entry.source_type == SourceType::System
    }

    /// Whether the top of Monitor may say something else from it on: trouble, the end of trouble, and changes of what there is.
    pub(super) fn moves_board(&self) -> bool {
        self.is_of_panel() || !matches!(self.placed.entry.status, LogStatus::Info | LogStatus::Started | LogStatus::Running)
    }

    /// Whether a viewer who asks for these rows gets this one.
    pub(super) fn concerns(&self, selection: Selection<'_>) -> bool {
        let PlacedEntry { entry, place } = &*self.placed;
        let server = entry.server.as_ref().map(|server| server.id);
        selection.scope.covers(server) && selection.filter.matches(entry, place, selection.zone)
    }
}

/// Rows in growing order of their ids, the oldest dropped first. Holds every row above `floor`.
pub(super) struct Ring {
    floor: i64,
    rows: VecDeque<RingRow>,
    capacity: usize,
}

impl Ring {
    /// An empty ring that begins after `head`.
    pub(super) fn new(head: i64, capacity: usize) -> Self {
        Self { floor: head, rows: VecDeque::with_capacity(capacity.min(1024)), capacity }
    }

    /// Takes a row. One that was forgotten before it came stays so, and those before a hole are forgotten: only the database knows what was
    /// in it.
    pub(super) fn push(&mut self, row: RingRow) {
        if row.id() <= self.floor {
            return;
        }
        if row.id() > self.end() + 1 {
            self.forget(row.id() - 1);
        }
        if self.rows.len() == self.capacity
            && let Some(oldest) = self.rows.pop_front()
        {
            self.floor = oldest.id();
        }
        self.rows.push_back(row);
    }

    /// Forgets every row, and those up to an id that have yet to come: only the database knows what is still there.
    pub(super) fn forget(&mut self, up_to: i64) {
        self.floor = self.end().max(up_to);
        self.rows.clear();
    }

    fn end(&self) -> i64 {
        self.rows.back().map_or(self.floor, RingRow::id)
    }

    /// Up to `limit` rows after an id; `None` if rows after it may have been dropped, so that only the database knows.
    pub(super) fn following(&self, after: i64, limit: usize) -> Option<Vec<RingRow>> {
        if after < self.floor {
            return None;
        }
        let start = self.rows.partition_point(|row| row.id() <= after);
        Some(self.rows.range(start..).take(limit).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use app::model::{LogEntry, Place, Timestamp};

    use super::*;

    fn row(id: i64) -> RingRow {
        RingRow::new(PlacedEntry { entry: LogEntry::blank(id, Timestamp(0)), place: Place::default() })
    }

    fn ring(ids: impl IntoIterator<Item = i64>) -> Ring {
        let mut ring = Ring::new(0, 5);
        ids.into_iter().for_each(|id| ring.push(row(id)));
        ring
    }

    fn after(ring: &Ring, id: i64) -> Option<Vec<i64>> {
        ring.following(id, 100).map(|rows| rows.iter().map(RingRow::id).collect())
    }

    #[test]
    fn what_was_dropped_is_for_the_database() {
        let ring = ring(1..=7);
        assert_eq!((after(&ring, 1), after(&ring, 2), after(&ring, 7)), (None, Some(vec![3, 4, 5, 6, 7]), Some(vec![])));
    }

    #[test]
    fn what_is_missing_is_for_the_database() {
        let ring = ring([1, 2, 6, 7]);
        assert_eq!((after(&ring, 2), after(&ring, 5)), (None, Some(vec![6, 7])));
    }

    #[test]
    fn what_was_forgotten_before_it_came_stays_so() {
        let mut ring = ring([1, 2]);
        ring.forget(4);
        (3..=6).for_each(|id| ring.push(row(id)));
        assert_eq!((after(&ring, 2), after(&ring, 3), after(&ring, 4)), (None, None, Some(vec![5, 6])));
        ring.forget(1);
        assert_eq!((after(&ring, 5), after(&ring, 6)), (None, Some(vec![])));
    }
}
