//! Clear backup logs: rows of schedules that are not running go, and of schedules that were removed. What stays is a row that tells
//! of it inside the chain, and the hashes that keep the rest of the trail provable. Points and data are not touched.

mod retention;

use std::sync::Arc;

use app::model::{LogStatus, Permission, Viewer};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::retention::{follow_retention, remove_old};
use crate::audit::{Change, LogRow, Trail};
use crate::store::chain::Head;
use crate::store::clearing::Doomed;
use crate::store::log_index::Forgetting;
use crate::store::{Database, StoreError, clearing};
use crate::streaming::Hub;
use crate::verify::{Clearing, Tombstone};

/// How many rows clearing removes, or has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClearingCounts {
    /// Rows that go, those of removed schedules among them.
    pub deleted: i64,
    /// Of these, rows of schedules that were removed.
    pub orphans: i64,
    /// Rows that stay because their schedule is running.
    pub kept: i64,
}

/// Why nothing was cleared.
#[derive(Debug, thiserror::Error)]
pub enum ClearingError {
    #[error("not allowed")]
    Forbidden,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Clears.
#[derive(Clone)]
pub struct Clearings {
    pub database: Database,
    pub trail: Trail,
    pub hub: Arc<Hub>,
}

impl Clearings {
    /// What would go now.
    pub async fn count(&self, viewer: &Viewer) -> Result<ClearingCounts, ClearingError> {
        allow(viewer)?;
        let mut tx = self.database.snapshot().await?;
        Ok(clearing::count(&mut tx, &viewer.scope).await?)
    }

    /// Clears in one transaction. Who clears at the same time waits, and then finds less.
    pub async fn clear(&self, viewer: &Viewer) -> Result<ClearingCounts, ClearingError> {
        allow(viewer)?;
        let mut change = self.trail.begin().await?;
        let head = clearing::lock(change.tx()).await?;
        let counts = clearing::count(change.tx(), &viewer.scope).await?;
        if counts.deleted == 0 {
            return Ok(counts);
        }
        let said = take_out(&mut change, &Doomed::Backups(viewer.scope.clone()), &head, u64::MAX).await?;
        let Some(said) = said else { return Ok(counts) };
        let message = viewer.told(&format!(
            "cleared the backup logs: {} rows from {} to {}, {} of them of removed schedules; {} of running schedules stay",
            said.count, said.first_id, said.last_id, counts.orphans, counts.kept
        ));
        change.log(LogRow::system(LogStatus::Info, message).detail(&said.json()));
        change.commit().await?;
        self.hub.tell_cleared(said.last_id);
        Ok(counts)
    }
}

/// Takes rows out and keeps what proves the rest; gives what the row that tells of it has to say. That row must be the next one, which
/// it is because nobody else can append before this transaction ends.
async fn take_out(change: &mut Change, doomed: &Doomed, head: &Head, most: u64) -> Result<Option<Tombstone>, StoreError> {
    let tombstone = head.last_id + 1;
    let mut gone = Clearing::default();
    let mut index = Forgetting::begin(change.tx()).await?;
    let mut after = 0;
    while gone.count() < most {
        let rows = clearing::rows_to_clear(change.tx(), doomed, after).await?;
        let Some(last) = rows.last().map(|row| row.id) else { break };
        for row in &rows {
            gone.add(row.id, &row.leaf);
            if let Some(facts) = &row.facts {
                index.add(facts);
            }
        }
        clearing::keep_leaves(change.tx(), &rows, tombstone).await?;
        after = last;
    }
    if gone.count() == 0 {
        return Ok(None);
    }
    index.finish(change.tx(), tombstone).await?;
    clearing::remove(change.tx(), tombstone).await?;
    Ok(Some(gone.tombstone(&head.last_hash)))
}

fn allow(viewer: &Viewer) -> Result<(), ClearingError> {
    if viewer.may(Permission::ClearBackupLogs) { Ok(()) } else { Err(ClearingError::Forbidden) }
}
