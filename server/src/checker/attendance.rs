//! What time alone makes worth telling, whether or not a server answers: runs that take very long.

use std::time::Duration;

use app::model::{LogStatus, Run};
use tokio_util::sync::CancellationToken;

use super::watch::Instruments;
use crate::audit::LogRow;
use crate::store::{StoreError, runs};

/// Hours are what counts here.
const EVERY: Duration = Duration::from_secs(30);

/// After the last threshold of a schedule, every so many hours more.
const THEN_EVERY_HOURS: i64 = 12;

/// Tells of long runs until told to stop.
pub async fn attend(tools: Instruments, stop: CancellationToken) {
    loop {
        if let Err(cause) = tell_of_long_runs(&tools).await {
            tracing::error!(error = &cause as &dyn std::error::Error, "could not look for long runs; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Writes a row for every run that has passed a threshold since the last look.
pub async fn tell_of_long_runs(tools: &Instruments) -> Result<(), StoreError> {
    let now = tools.clock.now();
    for long in runs::running_with_thresholds(&tools.database).await? {
        let Some(started_at) = long.run.started_at else { continue };
        let hours = now.millis_since(started_at) / 3_600_000;
        let Some(passed) = threshold_passed(&long.long_run_hours, hours).filter(|passed| *passed > long.told_hours) else { continue };
        let mut change = tools.trail.begin().await?;
        if runs::tell_hours(change.tx(), &long.run.id, passed).await? {
            let Run { source_type, schedule, server, .. } = &long.run;
            let message = format!("{source_type} {} has been running for {hours} h on {}", schedule.name, server.name);
            change.log(LogRow::of_run(&long.run, LogStatus::Running, message).duration_s(Some(now.millis_since(started_at) / 1000)));
            change.commit().await?;
        }
    }
    Ok(())
}

/// The highest threshold that a run of so many hours has passed.
fn threshold_passed(thresholds: &[u32], hours: i64) -> Option<i64> {
    let last = thresholds.last().map(|last| i64::from(*last))?;
    if hours >= last {
        return Some(last + (hours - last) / THEN_EVERY_HOURS * THEN_EVERY_HOURS);
    }
    thresholds.iter().map(|threshold| i64::from(*threshold)).rfind(|threshold| *threshold <= hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_then_every_twelve_hours() {
        let told = |hours| threshold_passed(&[24, 36], hours);
        assert_eq!([0, 23, 24, 35, 36, 47, 48, 61].map(told), [None, None, Some(24), Some(24), Some(36), Some(36), Some(48), Some(60)]);
        assert_eq!(threshold_passed(&[], 1000), None);
    }
}
