//! Waits for cron times and answers each exactly once, across restarts, clock changes and panels on one database.

use std::time::Duration;

use app::model::{CatchUp, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::CronTimes;
use super::new_runs::{Due, RunRequests};
use crate::clock::time_zone;
use crate::store::StoreError;
use crate::store::schedules::{self, Timed};

/// The longest sleep: how soon a moved clock or a schedule changed by another process is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// The cron side of schedules.
pub struct Timetable {
    requests: RunRequests,
    changed: std::sync::Arc<Notify>,
}

impl Timetable {
    /// `changed` tells that a schedule was made or edited.
    pub fn new(requests: RunRequests, changed: std::sync::Arc<Notify>) -> Self {
        Self { requests, changed }
    }

    /// Answers due times until told to stop.
    pub async fn follow(self, stop: CancellationToken) {
        loop {
            let next = match self.answer_all().await {
                Ok(next) => next,
                Err(cause) => {
                    tracing::error!(error = &cause as &dyn std::error::Error, "could not read or answer due schedules; trying again");
                    None
                }
            };
            let now = self.requests.clock.now();
            let wait = next.map_or(LOOK_AGAIN, |next| Duration::from_millis(u64::try_from(next.millis_since(now)).unwrap_or(0)));
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait.clamp(Duration::from_millis(5), LOOK_AGAIN)) => {}
            }
        }
    }

    /// Answers everything that is due and returns the next due time of all.
    async fn answer_all(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut earliest: Option<Timestamp> = None;
        for timed in schedules::timed(&self.requests.database).await? {
            // One schedule that fails does not hold up the others.
            match self.answer(&timed).await {
                Ok(next) => earliest = earliest.into_iter().chain(next).min(),
                Err(cause) => {
                    tracing::error!(
                        schedule.id = timed.schedule.id,
                        error = &cause as &dyn std::error::Error,
                        "could not answer a due time"
                    );
                }
            }
        }
        Ok(earliest)
    }

    /// Answers one schedule's due times up to now and returns the one after.
    async fn answer(&self, timed: &Timed) -> Result<Option<Timestamp>, StoreError> {
        let policy = &timed.schedule.policy;
        let zone = policy.timezone.as_deref().and_then(time_zone).unwrap_or(self.requests.zone);
        let times = match CronTimes::parse(policy.cron.as_deref().unwrap_or_default(), zone) {
            Ok(times) => times,
            Err(cause) => {
                tracing::error!(
                    schedule.id = timed.schedule.id,
                    error = &cause as &dyn std::error::Error,
                    "stored cron expression is not valid"
                );
                return Ok(None);
            }
        };
        let now = self.requests.clock.now();
        let (last, count) = due_until(&times, timed.due_after, now);
        if let Some(at) = last {
            let grace = i64::from(policy.grace_minutes) * 60_000;
            let too_late = now.millis_since(at) > grace && policy.catch_up == CatchUp::Skip;
            let due = Due { at, missed: if too_late { count } else { 0 } };
            let mut change = self.requests.trail.begin().await?;
            if schedules::advance(change.tx(), timed.schedule.id, timed.due_after, at).await? {
                for source_type in policy.source_types() {
                    self.requests.answer_due(&mut change, &timed.schedule, source_type, due, now).await?;
                }
                change.commit().await?;
                self.requests.pokes.poke(policy.server_id);
            }
        }
        Ok(times.next_after(last.unwrap_or(timed.due_after).max(now.plus_millis(-1))))
    }
}

/// The last due time up to `now`, and how many there were since `after`.
fn due_until(times: &CronTimes, after: Timestamp, now: Timestamp) -> (Option<Timestamp>, u32) {
    let mut last = None;
    let mut count = 0;
    while let Some(next) = times.next_after(last.unwrap_or(after)).filter(|next| *next <= now) {
        last = Some(next);
        count += 1;
    }
    (last, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_are_counted_to_the_present() {
        let times = CronTimes::parse("0 * * * *", chrono_tz::Tz::UTC).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(due_until(&times, at("2026-11-22T02:00:00Z"), at("2026-11-22T02:59:59Z")), (None, 0));
        assert_eq!(due_until(&times, at("2026-11-22T02:00:00Z"), at("2026-11-22T05:00:00Z")), (Some(at("2026-11-22T05:00:00Z")), 3));
    }
}
