//! Reading the trail: pages with their counts, single rows with their detail and what an exit code means, and all that belongs
//! to one run.

mod drawing;

use std::collections::BTreeMap;
use std::sync::Arc;

use app::api::RowsAfter;
use app::model::LogStatus::{Completed, Connection, Error, Missed, Stopped, Warning};
use app::model::{
    LogEntry, LogEntryDetail, LogFilter, LogPage, LogQuery, LogStatus, Run, RunId, RunStory, TimeBound, Timestamp, Trigger, Viewer, Zone,
    new_lines,
};

pub use self::drawing::{Drawn, Overview};
use tokio::sync::OwnedSemaphorePermit;

use crate::audit::decompress;
use crate::auth::rights_of;
use crate::checker::{self, RunLogs, advise};
use crate::store::log_counts::Effort;
use crate::store::log_listing::Listing;
use crate::store::log_pages::Page;
use crate::store::{
    Database, Selection, StoreError, TrailView, clearing, log, log_counts, log_listing, log_pages, outcomes, reported, run_notes, runs,
};

/// Rows of one run that are read; even one that is told of every twelve hours for a year has fewer.
const ROWS_OF_RUN: u32 = 1000;

/// Rows that are shown before one, and after it.
const ROWS_EACH_SIDE: u32 = 50;

/// Reads of the trail in a viewer's scope.
#[derive(Clone)]
pub struct History {
    pub database: Database,
    pub zone: Arc<Zone>,
}

impl History {
    /// The trail as of now, for somebody who waits for it.
    async fn view(&self) -> Result<TrailView, StoreError> {
        self.database.count_look();
        TrailView::open(&self.database).await
    }

    /// The turn of somebody who counts all rows that have words, of which there may be millions.
    async fn turn_to_count(&self, filter: &LogFilter) -> Option<OwnedSemaphorePermit> {
        if filter.q.is_empty() { None } else { self.database.turn_to_look_long().await }
    }

    /// A page, its counts and the head of the trail, all of one moment.
    pub async fn list(&self, viewer: &Viewer, query: LogQuery) -> Result<LogPage, StoreError> {
        let _turn = if query.counts_all { self.turn_to_count(&query.filter).await } else { None };
        self.list_in(&mut self.view().await?, viewer, query).await
    }

    async fn list_in(&self, view: &mut TrailView, viewer: &Viewer, query: LogQuery) -> Result<LogPage, StoreError> {
        let LogQuery { filter, before, after, limit, counts_all } = query;
        let selection = Selection { scope: &viewer.scope, filter: &filter, zone: &self.zone };
        let effort = if counts_all { Effort::ToTheEnd } else { Effort::AMoment };
        let Listing { entries, more, total, in_scope } = log_listing::list(view, selection, Page { after, before, limit }, effort).await?;
        Ok(LogPage {
            next_before: entries.last().filter(|_| more).map(|entry| entry.id),
            entries,
            total: total.rows,
            total_is_exact: total.is_exact,
            total_in_scope: in_scope,
            head: view.head(),
        })
    }

    /// Rows after one, oldest first, and what else a page that has shown the rows up to it must know.
    pub async fn after(&self, viewer: &Viewer, filter: &LogFilter, id: i64, most: u32) -> Result<RowsAfter, StoreError> {
        let selection = Selection { scope: &viewer.scope, filter, zone: &self.zone };
        let mut view = self.view().await?;
        let rows = log_pages::oldest(&mut view, selection, Page { after: Some(id), before: None, limit: most }).await?;
        let is_all = rows.len() < most as usize;
        let up_to = rows.last().map(|row| row.id).filter(|_| !is_all).unwrap_or(view.head().max(id));
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let gaps = clearing::gaps(view.tx(), selection, id, up_to, &ids).await?;
        let gaps = gaps.into_iter().map(|gap| (gap.from, gap.to)).collect();
        let cleared = clearing::reached_back(view.tx(), &viewer.scope, id).await?;
        Ok(RowsAfter { rows, gaps, head: view.head(), cleared, rights: rights_of(viewer), build: crate::build_id() })
    }

    /// How many rows of each of a few statuses there are since a moment, found by their index.
    pub async fn count_since(
        &self,
        viewer: &Viewer,
        since: Timestamp,
        statuses: &[LogStatus],
    ) -> Result<BTreeMap<LogStatus, i64>, StoreError> {
        let mut view = self.view().await?;
        let mut rows = BTreeMap::new();
        for status in statuses {
            let filter = LogFilter { from: Some(TimeBound::Moment(since)), status: vec![*status], ..LogFilter::default() };
            let selection = Selection { scope: &viewer.scope, filter: &filter, zone: &self.zone };
            rows.insert(*status, log_counts::count(&mut view, selection).await?);
        }
        Ok(rows)
    }

    /// The next newer and the next older row that passes.
    pub async fn neighbours(&self, viewer: &Viewer, filter: &LogFilter, id: i64) -> Result<(Option<i64>, Option<i64>), StoreError> {
        let selection = Selection { scope: &viewer.scope, filter, zone: &self.zone };
        let mut view = self.view().await?;
        let newer = log_pages::oldest(&mut view, selection, Page { after: Some(id), before: None, limit: 1 }).await?;
        let older = log_pages::newest(&mut view, selection, Page { after: None, before: Some(id), limit: 1 }).await?;
        let id_of = |rows: Vec<LogEntry>| rows.first().map(|row| row.id);
        Ok((id_of(newer), id_of(older)))
    }

    /// All that was written before and after a row, as far as a page goes each way, whatever a filter would leave of it.
    pub async fn around(&self, viewer: &Viewer, id: i64) -> Result<LogPage, StoreError> {
        let filter = LogFilter::default();
        let selection = Selection { scope: &viewer.scope, filter: &filter, zone: &self.zone };
        let mut view = self.view().await?;
        let mut entries = log_pages::oldest(&mut view, selection, Page { after: Some(id), before: None, limit: ROWS_EACH_SIDE }).await?;
        entries.reverse();
        // The row itself, those before it, and whether there are more.
        let page = Page { after: None, before: Some(id.saturating_add(1)), limit: ROWS_EACH_SIDE + 2 };
        let mut older = log_pages::newest(&mut view, selection, page).await?;
        let most = ROWS_EACH_SIDE as usize + usize::from(older.first().is_some_and(|row| row.id == id));
        let more = older.len() > most;
        older.truncate(most);
        entries.append(&mut older);
        let total = log_counts::count(&mut view, selection).await?;
        Ok(LogPage {
            next_before: entries.last().filter(|_| more).map(|entry| entry.id),
            entries,
            total,
            total_is_exact: true,
            total_in_scope: total,
            head: view.head(),
        })
    }

    /// One row, if there is one in scope.
    pub async fn find(&self, viewer: &Viewer, id: i64) -> Result<Option<LogEntryDetail>, StoreError> {
        let Some(found) = log::find(&self.database, &viewer.scope, id).await? else { return Ok(None) };
        // Somebody may have damaged it: the row is shown all the same, and `verify` says where.
        let read = |bytes: &[u8]| decompress(bytes).unwrap_or_else(|cause| format!("Damaged: this log cannot be read ({cause})."));
        let detail = found.detail.as_deref().map(read);
        let advice = advise(&found.entry, found.exit_code, detail.as_deref());
        Ok(Some(LogEntryDetail {
            entry: found.entry,
            detail,
            exit_code: found.exit_code,
            explanation: advice.explanation,
            next_step: advice.next_step,
        }))
    }

    /// Everything that is known of a run, if there is one in scope.
    pub async fn story_of(&self, viewer: &Viewer, id: &RunId, logs: &RunLogs, now: Timestamp) -> Result<Option<RunStory>, StoreError> {
        let scope = &viewer.scope;
        let Some(run) = runs::find(&self.database, scope, id).await? else { return Ok(None) };
        let Some(origin) = outcomes::origin(&self.database, scope, id).await? else { return Ok(None) };
        let (rows, end) = self.rows_of(viewer, &run).await?;
        let last_good = outcomes::last_good_before(&self.database, scope, &run).await?;
        let log_before = match &last_good {
            Some(good) => self.rows_of(viewer, good).await?.1.and_then(|end| end.detail),
            None => None,
        };
        let log = end.as_ref().and_then(|end| end.detail.as_deref());
        let new_lines = log.zip(log_before.as_deref()).map(|(log, before)| new_lines(log, before));
        let live_log = if run.state.is_active() { self.live_log(&run, logs, now).await? } else { None };
        let notes = run_notes::list(&self.database, scope, id).await?;
        Ok(Some(RunStory { run, origin, rows, notes, end, live_log, last_good, new_lines }))
    }

    /// The log of a run as far as it is known: empty if nothing is, `None` if there is no such run in scope.
    pub async fn log_of(&self, viewer: &Viewer, id: &RunId, logs: &RunLogs, now: Timestamp) -> Result<Option<String>, StoreError> {
        let Some(run) = runs::find(&self.database, &viewer.scope, id).await? else { return Ok(None) };
        if run.state.is_active() {
            return Ok(Some(self.live_log(&run, logs, now).await?.unwrap_or_default()));
        }
        let (_, end) = self.rows_of(viewer, &run).await?;
        Ok(Some(end.and_then(|end| end.detail).unwrap_or_default()))
    }

    /// What a run that goes on has printed last: as the checker has read it, or as whoever runs it has told.
    async fn live_log(&self, run: &Run, logs: &RunLogs, now: Timestamp) -> Result<Option<String>, StoreError> {
        if run.trigger != Trigger::Reported {
            return Ok(logs.tail(&run.id, now));
        }
        let mut tx = self.database.snapshot().await?;
        let kept = reported::output(&mut tx, &run.id).await?;
        Ok(kept.map(|kept| checker::readable(&kept.tail)))
    }

    /// The rows of a run, oldest first, and the one that tells of its end in full.
    async fn rows_of(&self, viewer: &Viewer, run: &Run) -> Result<(Vec<LogEntry>, Option<LogEntryDetail>), StoreError> {
        let filter = LogFilter { run: Some(run.id.clone()), ..LogFilter::default() };
        let mut view = self.view().await?;
        let selection = Selection { scope: &viewer.scope, filter: &filter, zone: &self.zone };
        let page = Page { before: None, after: None, limit: ROWS_OF_RUN };
        let mut rows = log_pages::newest(&mut view, selection, page).await?;
        drop(view);
        rows.reverse();
        let ends = |row: &&LogEntry| matches!(row.status, Completed | Warning | Error | Stopped | Connection | Missed);
        let end = if run.state.is_active() {
            None
        } else {
            rows.iter().rev().find(|row| row.has_detail).or_else(|| rows.iter().rev().find(ends))
        };
        let end = match end {
            Some(row) => self.find(viewer, row.id).await?,
            None => None,
        };
        Ok((rows, end))
    }
}
