//! Waits for cron times and answers each exactly once, across restarts, clock changes and panels on one database.

use std::time::Duration;

use app::model::{CatchUp, LinkState, ScheduleKind, Scope, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::CronTimes;
use super::new_runs::{Due, RunRequests};
use crate::store::schedules::{self, Timed};
use crate::store::{StoreError, runs, servers};

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
        let zone = self.requests.zone_of(&timed.schedule);
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
        if policy.kind != ScheduleKind::Managed {
            return expect(&self.requests, timed, &times, now).await;
        }
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

/// A job may be a little early: clocks differ.
const EARLY_MS: i64 = 2 * 60_000;

/// After its start the panel looks at a server before it calls one of its jobs missed; one that does not answer in this time is
/// away.
const LOOK_FIRST_MS: i64 = 3 * 60_000;

/// Answers the due times of a job that Tailback does not run: it must have been seen or heard of by the end of its grace.
async fn expect(requests: &RunRequests, timed: &Timed, times: &CronTimes, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let policy = &timed.schedule.policy;
    let grace = i64::from(policy.grace_minutes) * 60_000;
    let over = now.plus_millis(-grace);
    let (last, count) = due_until(times, timed.due_after, over);
    if let Some(at) = last {
        let Some(server) = servers::find(&requests.database, &Scope::All, policy.server_id).await? else { return Ok(None) };
        let deadline = at.plus_millis(grace);
        let looked = server.link.state == LinkState::Up && server.link.checked_at.is_some_and(|checked| checked >= deadline);
        let wait = policy.kind == ScheduleKind::Watched && !looked && now.millis_since(deadline) < LOOK_FIRST_MS;
        if wait {
            return Ok(Some(now.plus_millis(5_000)));
        }
        let mut change = requests.trail.begin().await?;
        if schedules::advance(change.tx(), timed.schedule.id, timed.due_after, at).await? {
            for source_type in policy.source_types() {
                let came = runs::any_since(change.tx(), timed.schedule.id, source_type, at.plus_millis(-EARLY_MS)).await?;
                let why = match (came, policy.kind, looked) {
                    (true, ..) => None,
                    (false, ScheduleKind::Watched, true) => Some("was not seen to run".to_owned()),
                    (false, ScheduleKind::Watched, false) => {
                        let cause = server.link.error.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
                        Some(format!("nobody knows whether it ran: the server cannot be reached{cause}"))
                    }
                    (false, ..) => Some("nothing was reported".to_owned()),
                };
                if let Some(why) = why {
                    requests.note_missed(&mut change, &timed.schedule, source_type, at, &why, now).await?;
                }
                if count > 1 {
                    RunRequests::note_unobserved(&mut change, &timed.schedule, source_type, count - 1);
                }
            }
            change.commit().await?;
        }
    }
    Ok(times.next_after(last.unwrap_or(timed.due_after).max(over.plus_millis(-1))).map(|next| next.plus_millis(grace)))
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
