//! Draws the feed: some changes at a time, so that a flood of rows is not drawn row by row.

use std::time::Duration;

use leptos::prelude::*;

use super::Feed;
use crate::components::Clock;
use crate::model::Timestamp;

/// Drawings are this far apart.
const DRAW_EVERY_MILLIS: i64 = 100;

/// The feed and when it was drawn.
#[derive(Clone, Copy)]
pub(super) struct Drawing {
    feed: RwSignal<Feed>,
    clock: Clock,
    is_requested: StoredValue<bool>,
    drawn_at: StoredValue<Option<Timestamp>>,
}

impl Drawing {
    pub(super) fn new(feed: RwSignal<Feed>, clock: Clock) -> Self {
        Self { feed, clock, is_requested: StoredValue::new(false), drawn_at: StoredValue::new(None) }
    }

    /// Changes the feed now and the page with the next frame, or a moment later where it has just been drawn, however many changes come
    /// until then. A hidden tab draws no frames, and catches up with one when it is looked at again.
    pub(super) fn change(self, change: impl FnOnce(&mut Feed)) {
        self.feed.update_untracked(change);
        self.request();
    }

    fn request(self) {
        let now = self.clock.read();
        let requested = self.is_requested.try_update_value(|requested| std::mem::replace(requested, true));
        if requested != Some(false) {
            return;
        }
        let since = self.drawn_at.get_value().map_or(DRAW_EVERY_MILLIS, |at| now.millis_since(at).clamp(0, DRAW_EVERY_MILLIS));
        let draw = move || request_animation_frame(move || self.draw());
        match u64::try_from(DRAW_EVERY_MILLIS - since) {
            Ok(0) | Err(_) => draw(),
            Ok(wait) => set_timeout(draw, Duration::from_millis(wait)),
        }
    }

    fn draw(self) {
        self.is_requested.try_set_value(false);
        self.drawn_at.try_set_value(Some(self.clock.read()));
        self.feed.try_update(|_| {});
    }
}
