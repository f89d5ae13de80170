//! The lines of the feed.

use crate::model::{LogEntry, Timestamp};

/// One line of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedItem {
    Entry(LogEntry),
    /// The server cannot give these rows any more.
    Gap {
        from: i64,
        to: i64,
    },
    /// More rows arrived while the reader was away than are kept; history has them.
    Skipped {
        from: i64,
        to: i64,
    },
}

/// A line and when it arrived; `None` for rows that came with the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    pub item: FeedItem,
    pub arrived_at: Option<Timestamp>,
}

impl FeedRow {
    /// Differs for every line of a feed.
    pub fn key(&self) -> (u8, i64) {
        match &self.item {
            FeedItem::Entry(entry) => (0, entry.id),
            FeedItem::Gap { from, .. } => (1, *from),
            FeedItem::Skipped { from, .. } => (2, *from),
        }
    }

    pub(super) fn first_id(&self) -> i64 {
        match &self.item {
            FeedItem::Entry(entry) => entry.id,
            FeedItem::Gap { from, .. } | FeedItem::Skipped { from, .. } => *from,
        }
    }
}
