//! Records runs, by hand or because cron says so, before any server is touched.

use std::sync::Arc;

use app::model::{FieldError, LogStatus, Permission, RunId, Schedule, ScheduleDraft, ScheduleKind, SourceType, Timestamp, Trigger, Viewer};
use chrono_tz::Tz;
use ulid::Ulid;

use super::{Job, Sight};
use crate::audit::{Change, LogRow, Trail};
use crate::checker::Pokes;
use crate::clock::{Clock, time_zone, zone_table};
use crate::fault::{self, Moment};
use crate::store::runs::{self, NewRun};
use crate::store::{Database, StoreError, schedules};

/// Why no run was made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("not found")]
    NotFound,
    #[error("not allowed")]
    Forbidden,
    #[error("{0}")]
    Invalid(FieldError),
    #[error("{source_type} of this schedule is running already, as run {run}")]
    Overlap { source_type: SourceType, run: RunId },
    #[error("Tailback does not run this job, it is {0}")]
    NotOurs(ScheduleKind),
    #[error("the run is over, or being stopped already")]
    Over,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes runs.
#[derive(Clone)]
pub struct RunRequests {
    pub database: Database,
    pub trail: Trail,
    pub clock: Clock,
    pub zone: Tz,
    pub pokes: Arc<Pokes>,
}

impl RunRequests {
    /// Records a run of a schedule for each of `types` (all that it has, when `None`) because a person asked for it.
    pub async fn request(
        &self,
        viewer: &Viewer,
        schedule_id: i64,
        types: Option<&[SourceType]>,
    ) -> Result<Vec<(RunId, SourceType)>, RunError> {
        if !viewer.may(Permission::RunSchedule) {
            return Err(RunError::Forbidden);
        }
        let schedule = schedules::find(&self.database, &viewer.scope, schedule_id).await?.ok_or(RunError::NotFound)?;
        if schedule.policy.kind != ScheduleKind::Managed {
            return Err(RunError::NotOurs(schedule.policy.kind));
        }
        let wanted = wanted_types(&schedule, types)?;
        let now = self.clock.now();
        let mut change = self.trail.begin().await?;
        let mut made = Vec::new();
        for source_type in wanted {
            if let Some(run) = runs::active_of(change.tx(), schedule.id, source_type).await? {
                return Err(RunError::Overlap { source_type, run });
            }
            let run = self.new_run(&schedule, source_type, Trigger::Manual, now, None);
            runs::insert(change.tx(), &run).await?;
            change.log(
                LogRow::system(LogStatus::Info, viewer.told(&format!("asked for {source_type} of {}", schedule.policy.name)))
                    .server(run.server_id)
                    .schedule(schedule.id)
                    .run(run.id.clone()),
            );
            made.push((run.id, source_type));
        }
        fault::at(Moment::RequestWritten);
        change.commit().await?;
        fault::at(Moment::RequestCommitted);
        self.pokes.poke(schedule.policy.server_id);
        Ok(made)
    }

    /// Asks for a run to be stopped; the checker does it.
    pub async fn stop(&self, viewer: &Viewer, id: &RunId) -> Result<(), RunError> {
        if !viewer.may(Permission::StopRunningSchedule) {
            return Err(RunError::Forbidden);
        }
        let run = runs::find(&self.database, &viewer.scope, id).await?.ok_or(RunError::NotFound)?;
        if run.trigger == Trigger::Watched {
            return Err(RunError::NotOurs(ScheduleKind::Watched));
        }
        let mut change = self.trail.begin().await?;
        if !runs::request_stop(change.tx(), id, &viewer.username, self.clock.now()).await? {
            return Err(RunError::Over);
        }
        let message = viewer.told(&format!("asked to stop {} of {}", run.source_type, run.schedule.name));
        change.log(LogRow::system(LogStatus::Info, message).server(run.server.id).schedule(run.schedule.id).run(id.clone()));
        change.commit().await?;
        self.pokes.poke(run.server.id);
        Ok(())
    }

    /// The job that a run of this schedule and type would get now.
    pub fn job_now(&self, schedule: &Schedule, source_type: SourceType) -> Job {
        self.new_run(schedule, source_type, Trigger::Manual, self.clock.now(), None).job
    }

    /// Deals with one due time of one type, inside the transaction that moves the timetable on.
    pub(super) async fn answer_due(
        &self,
        change: &mut Change,
        schedule: &Schedule,
        source_type: SourceType,
        due: Due,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let run = self.new_run(schedule, source_type, Trigger::Cron, now, Some(due.at));
        let active = runs::active_of(change.tx(), schedule.id, source_type).await?;
        let name = &schedule.policy.name;
        let skipped = match (&active, due.missed) {
            (Some(active), _) => Some(format!("{source_type} {name} was due and did not begin: run {active} is still going")),
            (None, 0) => None,
            (None, 1) => Some(format!("{source_type} {name} was due and did not begin: the panel was not running")),
            (None, times) => Some(format!("{source_type} {name} was due {times} times and did not begin: the panel was not running")),
        };
        let Some(reason) = skipped else { return runs::insert(change.tx(), &run).await };
        runs::insert_skipped(change.tx(), &run, &reason).await?;
        let row = LogRow::new(LogStatus::Missed, source_type, reason).server(run.server_id).schedule(schedule.id);
        change.log(row.run(run.id));
        Ok(())
    }

    /// A job that Tailback does not run was due, its grace is over, and nothing came.
    pub(super) async fn note_missed(
        &self,
        change: &mut Change,
        schedule: &Schedule,
        source_type: SourceType,
        due_at: Timestamp,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let trigger = if schedule.policy.kind == ScheduleKind::Watched { Trigger::Watched } else { Trigger::Reported };
        let run = self.new_run(schedule, source_type, trigger, now, Some(due_at));
        let due = zone_table(self.zone_of(schedule)).local(due_at);
        let reason = format!("{source_type} {} was due at {due} and {why}", schedule.policy.name);
        runs::insert_skipped(change.tx(), &run, &reason).await?;
        let row = LogRow::new(LogStatus::Missed, source_type, reason).server(run.server_id).schedule(schedule.id);
        change.log(row.run(run.id));
        Ok(())
    }

    /// The panel was away for several due times of a job that it does not run.
    pub(super) fn note_unobserved(change: &mut Change, schedule: &Schedule, source_type: SourceType, times: u32) {
        let name = &schedule.policy.name;
        let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
        let message = format!("{source_type} {name} was due {times} while the panel was not running; nobody knows whether it ran then");
        change.log(LogRow::new(LogStatus::Missed, source_type, message).server(schedule.policy.server_id).schedule(schedule.id));
    }

    pub(super) fn zone_of(&self, schedule: &Schedule) -> Tz {
        schedule.policy.timezone.as_deref().and_then(time_zone).unwrap_or(self.zone)
    }

    fn new_run(&self, schedule: &Schedule, source_type: SourceType, trigger: Trigger, now: Timestamp, due_at: Option<Timestamp>) -> NewRun {
        let policy = &schedule.policy;
        let point = format!("point.{}", zone_table(self.zone_of(schedule)).local(due_at.unwrap_or(now)).stamp());
        let job = job_of(policy, source_type, point);
        let grace = i64::from(policy.grace_minutes) * 60_000;
        NewRun {
            id: new_run_id(now),
            schedule_id: schedule.id,
            server_id: policy.server_id,
            trigger,
            created_at: now,
            due_at,
            start_by: now.plus_millis(grace),
            job,
        }
    }
}

/// The job of a schedule for one of its types.
fn job_of(policy: &ScheduleDraft, source_type: SourceType, point: String) -> Job {
    match (source_type, &policy.files, &policy.mysql, &policy.command, &policy.watch) {
        (SourceType::Files, Some(files), ..) => Job::Files { files: files.clone(), point },
        (SourceType::Mysql, _, Some(mysql), ..) => Job::Mysql { mysql: mysql.clone(), point },
        (_, _, _, Some(command), _) if policy.kind == ScheduleKind::Managed => Job::Command { command: command.clone() },
        (.., Some(watch)) => Job::Watched { watch: watch.clone(), sight: Sight::default() },
        (_, _, _, command, None) => Job::Reported { command: command.clone() },
    }
}

/// A due time, and how many due times up to it are too old to begin (0 = begin now).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) at: Timestamp,
    pub(super) missed: u32,
}

fn wanted_types(schedule: &Schedule, types: Option<&[SourceType]>) -> Result<Vec<SourceType>, RunError> {
    let has = schedule.policy.source_types();
    let Some(types) = types.filter(|types| !types.is_empty()) else { return Ok(has) };
    match types.iter().find(|source_type| !has.contains(source_type)) {
        Some(missing) => Err(RunError::Invalid(FieldError::new("types", format!("this schedule does not back up {missing}")))),
        None => Ok(has.into_iter().filter(|source_type| types.contains(source_type)).collect()),
    }
}

/// A new id whose time part is the panel's clock.
pub(crate) fn new_run_id(now: Timestamp) -> RunId {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
    let text = Ulid::from_datetime(time).to_string();
    text.parse().unwrap_or_else(|_| unreachable!("a ULID is a run id"))
}
