//! The figure in the tab's title.

use leptos::prelude::*;

use super::Follower;
use crate::model::LogEntry;
use crate::streaming::unseen::{Kept, title, trouble};
use crate::streaming::{Feed, FeedItem, session};

impl Follower {
    /// What goes wrong while nobody looks is counted, once: before the feed takes these rows.
    pub(super) fn note_trouble(self, rows: &[LogEntry]) {
        if document().hidden() {
            self.count_unseen(trouble(rows, self.live.feed.with_untracked(Feed::last_id)));
        }
    }

    /// Somebody looks.
    pub(super) fn forget_unseen(self) {
        self.state.update_value(|state| state.unseen = 0);
        document().set_title(&title(0));
    }

    /// Before the page is loaded anew.
    pub(super) fn keep_unseen(self) {
        let count = self.state.with_value(|state| state.unseen);
        let kept = Kept { count, last_id: self.live.feed.with_untracked(Feed::last_id) };
        session::keep(Kept::NAME, &if document().hidden() { kept.to_string() } else { String::new() });
    }

    /// After that: what was counted, and what the page has brought along since.
    pub(super) fn recall_unseen(self) {
        let Some(Ok(kept)) = session::kept(Kept::NAME).map(|text| text.parse::<Kept>()) else { return };
        session::keep(Kept::NAME, "");
        if document().hidden() {
            let rows = self.live.feed.with_untracked(|feed| feed.window(0, feed.len()));
            let entries = rows.iter().filter_map(|row| if let FeedItem::Entry(entry) = &row.item { Some(entry) } else { None });
            self.count_unseen(kept.count + trouble(entries, kept.last_id));
        }
    }

    fn count_unseen(self, more: usize) {
        if more == 0 {
            return;
        }
        let unseen = self.state.try_update_value(|state| {
            state.unseen += more;
            state.unseen
        });
        document().set_title(&title(unseen.unwrap_or_default()));
    }
}
