//! Rows older than somebody wants to keep them go, day by day, and leave what proves the rest. Off unless it is asked for.

use std::time::Duration;

use app::model::{LogStatus, Timestamp, Zone};
use chrono::Days;
use tokio_util::sync::CancellationToken;

use super::{AT_A_TIME, Clearings, TakenOut, take_out};
use crate::audit::LogRow;
use crate::store::StoreError;
use crate::store::clearing::{self, Doomed};

/// Whole days go, so an hour late is soon enough.
const EVERY: Duration = Duration::from_hours(1);

/// Removes old rows until told to stop.
pub async fn follow_retention(clearings: Clearings, zone: std::sync::Arc<Zone>, keep_days: u32, stop: CancellationToken) {
    loop {
        if let Err(cause) = remove_old(&clearings, &zone, keep_days, clearings.trail.now()).await {
            tracing::error!(error = &cause as &dyn std::error::Error, "could not remove old rows of the trail; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Removes the rows of days that are over for longer than `keep_days`; gives how many.
pub async fn remove_old(clearings: &Clearings, zone: &Zone, keep_days: u32, now: Timestamp) -> Result<u64, StoreError> {
    let today = zone.local(now).date();
    let Some(first_kept) = today.checked_sub_days(Days::new(keep_days.into())) else { return Ok(0) };
    let before = zone.start_of_day(first_kept);
    let mut removed = 0;
    loop {
        let mut change = clearings.trail.begin().await?;
        let head = clearing::lock(change.tx()).await?;
        let Some(last) = clearing::last_before(change.tx(), before).await? else { return Ok(removed) };
        let doomed = Doomed::Old { before, last };
        let Some(TakenOut { said, .. }) = take_out(&mut change, &doomed, &head, 0, AT_A_TIME).await? else { return Ok(removed) };
        let message = format!(
            "{} rows from {} to {} were removed: they are from before {first_kept}, and the trail is kept for {keep_days} days",
            said.count, said.first_id, said.last_id
        );
        change.log(LogRow::system(LogStatus::Info, message).detail(&said.json()));
        change.commit().await?;
        removed += said.count;
    }
}
