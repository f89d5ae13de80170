//! What Monitor shows, as signals: the server renders their first values, and in the browser [`super::follow`] keeps them current.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::deadline::in_time;
use super::{Connection, Feed};
use crate::api::{MonitorSnapshot, read_older};
use crate::model::{Glance, LogPage, Run, Server, Timestamp};

/// How many rows a feed begins with.
pub(crate) const NEWEST_ROWS: u32 = 50;

/// How far back the feed has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// There may be more.
    More,
    Reading,
    /// The panel did not answer.
    Failed,
    /// The feed begins where the trail does.
    End,
}

/// What Monitor shows. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Live {
    pub connection: RwSignal<Connection>,
    pub feed: RwSignal<Feed>,
    pub runs: RwSignal<Vec<Run>>,
    pub servers: RwSignal<Vec<Server>>,
    /// `None` where it could not be read.
    pub glance: RwSignal<Option<Glance>>,
    /// When the panel was last heard from.
    pub heard_at: RwSignal<Option<Timestamp>>,
    /// Whether the stream is still telling what was written before it began.
    pub lags: RwSignal<bool>,
    /// Whether another build answers now than the one that rendered this page.
    pub outdated: RwSignal<bool>,
    pub older: RwSignal<Older>,
    /// What the feed shows of the trail, as a query string.
    pub filter: StoredValue<String>,
    /// Connects now rather than when the countdown ends; there once the stream is followed.
    pub(super) retry: StoredValue<Option<Callback<()>>>,
}

impl Live {
    /// What the page begins with; the feed is empty if it could not be read.
    pub fn new(newest: Option<LogPage>, runs: Vec<Run>, servers: Vec<Server>, glance: Option<Glance>, filter: String) -> Self {
        let older = if newest.as_ref().is_some_and(|page| page.next_before.is_none()) { Older::End } else { Older::More };
        Self {
            connection: RwSignal::new(Connection::Rendered),
            feed: RwSignal::new(newest.map_or_else(Feed::default, |page| Feed::new(page.entries, page.head))),
            runs: RwSignal::new(runs),
            servers: RwSignal::new(servers),
            glance: RwSignal::new(glance),
            heard_at: RwSignal::new(None),
            lags: RwSignal::new(false),
            outdated: RwSignal::new(false),
            older: RwSignal::new(older),
            filter: StoredValue::new(filter),
            retry: StoredValue::new(None),
        }
    }

    /// Shows what was read again. What could not be read is unknown; servers stay as they were, with the age of what is known of them.
    pub(super) fn show(self, MonitorSnapshot { runs, servers, glance, .. }: MonitorSnapshot) {
        change(self.runs, |shown| *shown = runs);
        if let Ok(servers) = servers {
            change(self.servers, |shown| *shown = servers);
        }
        change(self.glance, |shown| *shown = glance.ok());
    }

    /// Takes in which servers have changed and which are gone, or all there are.
    pub(super) fn change_servers(self, changed: Vec<Server>, removed: &[i64], all: bool) {
        if all {
            change(self.servers, |shown| *shown = changed);
            return;
        }
        if changed.is_empty() && removed.is_empty() {
            return;
        }
        change(self.servers, |servers| {
            servers.retain(|known| !removed.contains(&known.id) && changed.iter().all(|server| server.id != known.id));
            servers.extend(changed);
            servers.sort_by(|a, b| a.name.cmp(&b.name));
        });
    }

    /// Takes in runs that have changed; those that are over leave.
    pub(super) fn change_runs(self, changed: Vec<Run>) {
        change(self.runs, |shown| merge_runs(shown, changed));
    }

    /// Reads rows from before the oldest one, unless that is under way or there are none.
    pub fn read_further(self) {
        let oldest = self.feed.with_untracked(|feed| feed.oldest_id().filter(|_| feed.has_room()));
        let (Some(oldest), Older::More | Older::Failed) = (oldest, self.older.get_untracked()) else { return };
        self.older.set(Older::Reading);
        spawn_local(async move {
            let read = in_time(read_older(oldest, self.filter.get_value())).await;
            let state = match &read {
                Ok(page) if page.next_before.is_none() => Older::End,
                Ok(_) => Older::More,
                Err(_) => Older::Failed,
            };
            // Somebody may have cleared rows meanwhile, and the feed ends elsewhere.
            if self.feed.try_with_untracked(Feed::oldest_id).flatten() != Some(oldest) {
                self.older.try_set(Older::More);
                return;
            }
            if let Ok(page) = read {
                self.feed.try_update(|feed| feed.extend_older(page.entries));
            }
            self.older.try_set(state);
        });
    }

    /// Draws what has changed while nobody looked.
    pub(super) fn draw_all(self) {
        self.runs.notify();
        self.servers.notify();
        self.glance.notify();
    }

    /// Tries to connect now rather than when the countdown ends.
    pub fn retry_now(self) {
        if let Some(retry) = self.retry.get_value() {
            retry.run(());
        }
    }
}

/// Changes what is shown; in a tab that nobody looks at without drawing it.
pub(super) fn change<T: Send + Sync + 'static>(shown: RwSignal<T>, change: impl FnOnce(&mut T)) {
    if document().hidden() {
        shown.try_update_untracked(change);
    } else {
        shown.try_update(change);
    }
}

fn merge_runs(shown: &mut Vec<Run>, changed: Vec<Run>) {
    for run in changed {
        match shown.iter().position(|known| known.id == run.id) {
            Some(position) if run.state.is_active() => shown[position] = run,
            Some(position) => drop(shown.remove(position)),
            None if run.state.is_active() => shown.push(run),
            None => {}
        }
    }
}
