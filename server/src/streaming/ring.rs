//! The newest rows of the trail in memory, encoded once for everyone.

use std::collections::VecDeque;
use std::sync::Arc;

use app::model::SourceType;

use crate::store::Selection;
use crate::store::log_pages::PlacedEntry;

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

    pub(super) fn push(&mut self, row: RingRow) {
        if self.rows.len() == self.capacity
            && let Some(oldest) = self.rows.pop_front()
        {
            self.floor = oldest.id();
        }
        self.rows.push_back(row);
    }

    /// Forgets every row: only the database knows what is still there.
    pub(super) fn forget(&mut self) {
        self.floor = self.rows.back().map_or(self.floor, RingRow::id);
        self.rows.clear();
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
