//! What is asked beside the stream: why it does not come through, and what it would have told.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Follower;
use crate::api::{MonitorSnapshot, ROWS_AT_A_TIME, RowsAfter, read_monitor, read_rows};
use crate::error::AppError;
use crate::model::Timestamp;
use crate::streaming::attempts::Failure;
use crate::streaming::deadline::in_time;
use crate::streaming::live::{NEWEST_ROWS, Older};
use crate::streaming::{Connection, Feed};

/// Rows that are read again at most when some of those that are shown are gone.
const MOST_ROWS: u32 = 500;

impl Follower {
    /// Asks what the page shows, and finds out whether the panel answers and the session still lives.
    pub(super) fn ask(self) {
        let asked_at = self.clock.read();
        spawn_local(async move {
            match in_time(read_monitor(1, String::new())).await {
                // The stream is not for this viewer any more.
                Ok(MonitorSnapshot { newest: Err(AppError::Forbidden), .. }) => self.reload(),
                Ok(snapshot) => {
                    self.show(snapshot);
                    self.note_answer(asked_at);
                }
                Err(error) => self.take_failure(&error),
            }
        });
    }

    fn note_answer(self, asked_at: Timestamp) {
        let after = self.clock.read().millis_since(asked_at);
        let is_blocked = self.state.try_update_value(|state| state.attempts.answered(after));
        match self.live.connection.try_get_untracked() {
            Some(Connection::Waiting { .. }) if is_blocked == Some(true) => {
                self.live.connection.set(Connection::Polling);
                self.poll();
            }
            Some(Connection::Connecting) if !self.has_socket() => self.lose(Failure::Closed),
            _ => {}
        }
    }

    /// Asks for the rows after the last one, until there are no more for now.
    pub(super) fn poll(self) {
        let now = self.clock.read();
        let under_way = self.state.try_update_value(|state| {
            state.polled_at = Some(now);
            std::mem::replace(&mut state.is_polling, true)
        });
        if under_way != Some(false) {
            return;
        }
        spawn_local(async move {
            let answer = self.read_on().await;
            self.state.try_update_value(|state| state.is_polling = false);
            let answer = match answer {
                Ok(true) => return self.poll(),
                Ok(false) => in_time(read_monitor(1, String::new())).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(snapshot) => self.show(snapshot),
                Err(error) => self.take_failure(&error),
            }
        });
    }

    /// Takes the next rows, and says whether there are more.
    async fn read_on(self) -> Result<bool, AppError> {
        let Some(after) = self.live.feed.try_with_untracked(Feed::last_id) else { return Ok(false) };
        let RowsAfter { rows, gaps, head, cleared, rights, build } = in_time(read_rows(after, self.live.filter.get_value())).await?;
        if self.live.heard_at.is_disposed() {
            return Ok(false);
        }
        if head < after || !self.page.is_for(&rights) {
            self.reload_wrong();
            return Ok(false);
        }
        if self.begins_anew(head) {
            return Ok(false);
        }
        self.compare_build(&build);
        let now = self.clock.read();
        let more = rows.len() >= ROWS_AT_A_TIME as usize;
        self.live.heard_at.set(Some(now));
        self.note_trouble(&rows);
        self.drawing.change(move |feed| {
            feed.push_with_gaps(rows, &gaps, now);
            if !more {
                feed.pass(head);
            }
        });
        if cleared {
            self.read_again();
        }
        Ok(more)
    }

    /// Shows what was asked for, unless the stream has begun to tell newer things meanwhile.
    fn show(self, snapshot: MonitorSnapshot) {
        if self.live.connection.try_get_untracked().is_some_and(|connection| connection != Connection::Live) {
            self.live.show(snapshot);
        }
    }

    fn take_failure(self, error: &AppError) {
        let Some(connection) = self.live.connection.try_get_untracked() else { return };
        match error {
            AppError::SignedOut => {
                self.live.connection.set(Connection::SignedOut);
                self.socket.set_value(None);
            }
            // Loaded anew, the page says what there still is for this viewer.
            AppError::Forbidden => self.reload(),
            _ => {
                self.state.update_value(|state| state.attempts.unreachable());
                let waits_for_this = connection == Connection::Connecting && !self.has_socket();
                if waits_for_this || connection == Connection::Polling {
                    self.lose(Failure::Closed);
                }
            }
        }
    }

    /// Some rows are gone: shows those that are left, about as far back as before, once nobody reads there any more.
    pub(super) fn read_again(self) {
        self.live.feed.update_untracked(Feed::doubt_waiting);
        self.state.update_value(|state| state.rereading.want());
        self.begin_rereading();
    }

    pub(super) fn begin_rereading(self) {
        let (is_held, depth) = self.live.feed.with_untracked(|feed| (feed.is_held(), feed.len()));
        let now = self.clock.read();
        if self.state.try_update_value(|state| state.rereading.begins(is_held, now)) != Some(true) {
            return;
        }
        let depth = u32::try_from(depth).unwrap_or(MOST_ROWS).clamp(NEWEST_ROWS, MOST_ROWS);
        spawn_local(async move {
            let answer = in_time(read_monitor(depth, self.live.filter.get_value())).await;
            // Somebody may have begun to read meanwhile.
            let is_free = self.live.feed.try_with_untracked(Feed::is_held) == Some(false);
            let page = answer.ok().and_then(|snapshot| snapshot.newest.ok()).filter(|_| is_free);
            let now = self.clock.read();
            self.state.try_update_value(|state| if page.is_some() { state.rereading.done() } else { state.rereading.failed(now) });
            let Some(page) = page else { return };
            let is_all = page.next_before.is_none();
            self.live.feed.try_update(|feed| feed.replace(page.entries, page.head, is_all));
            self.live.older.try_set(if is_all { Older::End } else { Older::More });
        });
    }
}
