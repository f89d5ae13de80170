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
}

/// A line and when it arrived; `None` for rows that came with the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    pub item: FeedItem,
    pub arrived_at: Option<Timestamp>,
}

impl FeedRow {
    /// Differs for every line of a feed, and for a gap that has grown.
    pub fn key(&self) -> (u8, i64) {
        match &self.item {
            FeedItem::Entry(entry) => (0, entry.id),
            FeedItem::Gap { to, .. } => (1, *to),
        }
    }

    pub(super) fn first_id(&self) -> i64 {
        match &self.item {
            FeedItem::Entry(entry) => entry.id,
            FeedItem::Gap { from, .. } => *from,
        }
    }

    /// The gap that this one and what follows it make together, if they adjoin.
    pub(super) fn joined(&self, next: &FeedItem) -> Option<FeedItem> {
        match (&self.item, next) {
            (FeedItem::Gap { from, to: end }, FeedItem::Gap { from: begin, to }) if end + 1 == *begin => {
                Some(FeedItem::Gap { from: *from, to: *to })
            }
            _ => None,
        }
    }
}
