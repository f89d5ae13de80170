//! How schedules stand: what their page lists and what Monitor names first.

use app::model::{LastGood, Named, PastRun, Schedule, ScheduleRow, Scope, worst_first};
use chrono_tz::Tz;

use crate::clock::{Clock, time_zone};
use crate::jobs::CronTimes;
use crate::store::{Database, StoreError, outcomes, schedules, servers};

/// Runs of each schedule that a strip shows.
pub const STRIP: i64 = 30;

#[derive(Clone)]
pub struct Standings {
    pub database: Database,
    pub clock: Clock,
    /// The panel's own.
    pub zone: Tz,
}

impl Standings {
    /// Every schedule in scope with this many of its last runs, worst first.
    pub async fn worst_first(&self, scope: &Scope, runs: i64) -> Result<Vec<ScheduleRow>, StoreError> {
        let servers = servers::list(&self.database, scope).await?;
        let servers: Vec<_> = servers.into_iter().map(|server| Named { id: server.id, name: server.name }).collect();
        let recent = outcomes::recent(&self.database, scope, None, runs).await?;
        let good = outcomes::last_good(&self.database, scope, None).await?;
        let all = schedules::list(&self.database, scope).await?;
        let mut rows: Vec<_> = all.into_iter().map(|schedule| self.row(schedule, &servers, &recent, &good)).collect();
        worst_first(&mut rows, self.clock.now());
        Ok(rows)
    }

    /// One schedule, with what is known of all.
    pub fn row(&self, schedule: Schedule, servers: &[Named], recent: &[PastRun], good: &[LastGood]) -> ScheduleRow {
        let times = schedule.policy.cron.as_deref().and_then(|cron| CronTimes::parse(cron, self.zone_of(&schedule)).ok());
        let server = servers.iter().find(|server| server.id == schedule.policy.server_id).cloned();
        ScheduleRow {
            server: server.unwrap_or_else(|| Named { id: schedule.policy.server_id, name: format!("#{}", schedule.policy.server_id) }),
            cron_words: times.as_ref().map(CronTimes::describe),
            next_due: times.as_ref().and_then(|times| times.next_after(self.clock.now())),
            last_good: good.iter().filter(|good| good.schedule_id == schedule.id).copied().collect(),
            recent: recent.iter().filter(|run| run.schedule_id == schedule.id).cloned().collect(),
            schedule,
        }
    }

    /// The zone of its cron times.
    pub fn zone_of(&self, schedule: &Schedule) -> Tz {
        schedule.policy.timezone.as_deref().and_then(time_zone).unwrap_or(self.zone)
    }
}
