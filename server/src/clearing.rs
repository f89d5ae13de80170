//! Clear backup logs: rows of schedules that are not running go, and of schedules that were removed. What stays is a row that tells
//! of it inside the chain, and the hashes that keep the rest of the trail provable. Points and data are not touched.

mod retention;

use app::model::{LogStatus, Permission, Viewer};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::retention::{follow_retention, remove_old};
use crate::audit::{Change, LogRow, Trail};
use crate::store::chain::Head;
use crate::store::clearing::Doomed;
use crate::store::log_index::Forgetting;
use crate::store::{Database, StoreError, clearing, log};
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

/// Rows that go in one transaction, for which whoever appends waits about a second.
const AT_A_TIME: u64 = 20_000;

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
}

/// What would go, of the rows up to an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub counts: ClearingCounts,
    pub up_to: i64,
}

impl Clearings {
    /// What would go now, of all rows or of those up to an id that somebody has been asked about.
    pub async fn count(&self, viewer: &Viewer, up_to: Option<i64>) -> Result<Counted, ClearingError> {
        allow(viewer)?;
        Ok(self.counted(viewer, up_to).await?)
    }

    async fn counted(&self, viewer: &Viewer, up_to: Option<i64>) -> Result<Counted, StoreError> {
        let mut tx = self.database.snapshot().await?;
        let head = log::head_in(&mut tx).await?;
        let up_to = up_to.map_or(head, |up_to| up_to.min(head));
        Ok(Counted { counts: clearing::count(&mut tx, &viewer.scope, up_to).await?, up_to })
    }

    /// Clears what is there now, or what is up to an id. Whoever clears at the same time waits, and then finds less; whoever asks and goes
    /// away has asked all the same.
    pub async fn clear(&self, viewer: &Viewer, up_to: Option<i64>) -> Result<ClearingCounts, ClearingError> {
        allow(viewer)?;
        let (this, viewer) = (self.clone(), viewer.clone());
        match tokio::spawn(async move { this.clear_in_pieces(&viewer, up_to, AT_A_TIME).await }).await {
            Ok(cleared) => Ok(cleared?),
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and with it whoever asked.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Each piece is a transaction with a row of its own, and others write between them, and while it is counted.
    pub async fn clear_in_pieces(&self, viewer: &Viewer, up_to: Option<i64>, at_a_time: u64) -> Result<ClearingCounts, StoreError> {
        let Counted { counts, up_to } = self.counted(viewer, up_to).await?;
        let doomed = Doomed::Backups { scope: viewer.scope.clone(), last: up_to };
        let mut cleared = ClearingCounts { deleted: 0, orphans: 0, kept: counts.kept };
        // What stays before this row is not looked at again.
        let mut after = 0;
        loop {
            let mut change = self.trail.begin().await?;
            let head = clearing::lock(change.tx()).await?;
            let Some(TakenOut { said, orphans }) = take_out(&mut change, &doomed, &head, after, at_a_time).await? else {
                return Ok(cleared);
            };
            let deleted = i64::try_from(said.count).unwrap_or(i64::MAX);
            let of_all = if deleted == counts.deleted { String::new() } else { format!(" of {}", counts.deleted) };
            let which = if of_all.is_empty() { "of them" } else { "of all" };
            let removed = (counts.orphans > 0).then(|| format!("; {} {which} were of removed schedules", counts.orphans));
            let kept = (counts.kept > 0).then(|| format!("; {} of running schedules stay", counts.kept));
            let (removed, kept) = (removed.unwrap_or_default(), kept.unwrap_or_default());
            let message =
                format!("cleared the backup logs: {deleted}{of_all} rows from {} to {}{removed}{kept}", said.first_id, said.last_id);
            let message = viewer.told(&message);
            change.log(LogRow::system(LogStatus::Info, message).detail(&said.json()));
            change.commit().await?;
            cleared.deleted += deleted;
            cleared.orphans += orphans;
            after = said.last_id;
        }
    }
}

/// Rows that were taken out.
struct TakenOut {
    said: Tombstone,
    /// How many of them were of removed schedules.
    orphans: i64,
}

/// Takes rows behind `after` out and keeps what proves the rest; gives what the row that tells of it has to say. That row must be the
/// next one, which it is because nobody else can append before this transaction ends.
async fn take_out(change: &mut Change, doomed: &Doomed, head: &Head, mut after: i64, most: u64) -> Result<Option<TakenOut>, StoreError> {
    let tombstone = head.last_id + 1;
    let mut gone = Clearing::default();
    let mut orphans = 0;
    let removed = clearing::removed_schedules(change.tx()).await?;
    let mut index = Forgetting::begin(change.tx()).await?;
    while gone.count() < most {
        let rows = clearing::rows_to_clear(change.tx(), doomed, after).await?;
        let Some(last) = rows.last().map(|row| row.id) else { break };
        for row in &rows {
            gone.add(row.id, &row.leaf, row.facts.and_then(|facts| facts.server_id));
            if let Some(facts) = &row.facts {
                orphans += i64::from(facts.schedule_id.is_some_and(|schedule| removed.contains(&schedule)));
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
    Ok(Some(TakenOut { said: gone.tombstone(&head.last_hash), orphans }))
}

fn allow(viewer: &Viewer) -> Result<(), ClearingError> {
    if viewer.may(Permission::ClearBackupLogs) { Ok(()) } else { Err(ClearingError::Forbidden) }
}
