//! Reading the trail: pages with their counts, and single rows with their detail and what an exit code means.

use std::sync::Arc;

use app::model::{LogEntryDetail, LogFilter, LogPage, LogQuery, Viewer, Zone};

use crate::audit::decompress;
use crate::checker::advise;
use crate::store::{Database, StoreError, log};

/// Reads of the trail in a viewer's scope.
#[derive(Clone)]
pub struct History {
    pub database: Database,
    pub zone: Arc<Zone>,
}

impl History {
    /// A page, its counts and the head of the trail, all of one moment.
    pub async fn list(&self, viewer: &Viewer, query: LogQuery) -> Result<LogPage, StoreError> {
        let LogQuery { filter, before, after, limit } = query;
        let (scope, zone) = (&viewer.scope, &*self.zone);
        let mut tx = self.database.snapshot().await?;
        let mut entries = log::newest(&mut tx, scope, &filter, zone, before, after, limit + 1).await?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        let total = log::count(&mut tx, scope, &filter, zone).await?;
        let unfiltered = filter == LogFilter::default();
        let total_in_scope = if unfiltered { total } else { log::count(&mut tx, scope, &LogFilter::default(), zone).await? };
        let next_before = entries.last().filter(|_| more).map(|entry| entry.id);
        Ok(LogPage { next_before, entries, total, total_in_scope, head: log::head_in(&mut tx).await? })
    }

    /// One row, if there is one in scope.
    pub async fn find(&self, viewer: &Viewer, id: i64) -> Result<Option<LogEntryDetail>, StoreError> {
        let Some(found) = log::find(&self.database, &viewer.scope, id).await? else { return Ok(None) };
        let detail = found.detail.as_deref().map(decompress).transpose();
        let detail = detail.map_err(|cause| StoreError::Value { column: "detail", value: cause.to_string() })?;
        let advice = advise(found.entry.source_type, found.exit_code, detail.as_deref());
        Ok(Some(LogEntryDetail {
            entry: found.entry,
            detail,
            exit_code: found.exit_code,
            explanation: advice.explanation,
            next_step: advice.next_step,
        }))
    }
}
