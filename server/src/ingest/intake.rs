//! What becomes of a report: a run begins, goes on or ends, once, however often and in whichever order it is told.

use std::sync::Arc;

use app::model::{
    CommandJob, FieldError, LogStatus, Permission, Progress, RunId, RunState, Schedule, ScheduleKind, Scope, SourceType, Timestamp,
    Trigger, Viewer,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::report::{Event, Report, Stats};
use super::{output, silence};
use crate::audit::{Change, LogRow, Trail, clean_text, told_line};
use crate::checker::{End, judge_report, rsync_statistics, without_rewrites};
use crate::clock::Clock;
use crate::fault::{self, Moment};
use crate::jobs::{Job, new_run_id};
use crate::store::reported::KeptOutput;
use crate::store::runs::{self, ActiveRun, NewRun, RunStatistics};
use crate::store::{Database, StoreError, reported, schedules};
use crate::streaming::Hub;

/// A clock that says something else than this much ago, or the future, is not believed.
const OLDEST_MS: i64 = 366 * 86_400_000;

/// Why a report was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("not found")]
    NotFound,
    #[error("not allowed")]
    Forbidden,
    #[error("runs of this schedule are not reported, it is {0}")]
    NotReported(ScheduleKind),
    #[error("run {run} of this schedule is still going on")]
    Overlap { run: RunId },
    #[error("no run of this schedule is going on")]
    NothingGoing,
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a sender is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Answer {
    pub run: RunId,
    pub state: RunState,
    /// A person asked for the run to be stopped: the sender is to end its command.
    pub stop: bool,
}

/// The answer, and whether the report made the run.
pub struct Receipt {
    pub answer: Answer,
    pub made: bool,
}

/// Takes reports.
#[derive(Clone)]
pub struct Intake {
    pub database: Database,
    pub trail: Trail,
    pub hub: Arc<Hub>,
    pub clock: Clock,
}

impl Intake {
    /// Takes one report.
    pub async fn take(&self, viewer: &Viewer, report: Report) -> Result<Receipt, IngestError> {
        let allowed = viewer.reports.map_or(viewer.may(Permission::RunSchedule), |schedule| schedule == report.schedule);
        if !allowed {
            return Err(IngestError::Forbidden);
        }
        let schedule = schedules::find(&self.database, &viewer.scope, report.schedule).await?.ok_or(IngestError::NotFound)?;
        if schedule.policy.kind != ScheduleKind::Reported {
            return Err(IngestError::NotReported(schedule.policy.kind));
        }
        let taken = match report.event {
            Event::Start => self.start(&schedule, &report).await,
            Event::Progress | Event::Log => self.go_on(&schedule, &report).await,
            Event::Finish => self.finish(&schedule, &report).await,
        };
        match taken {
            // The one number that two schedules can meet in.
            Err(IngestError::Store(cause)) if cause.is_duplicate() => Err(taken_id()),
            other => other,
        }
    }

    async fn start(&self, schedule: &Schedule, report: &Report) -> Result<Receipt, IngestError> {
        let now = self.clock.now();
        let new = new_run(schedule, report, now)?;
        let mut change = self.open(schedule).await?;
        if let Some(run) = named_run(&mut change, schedule, report).await? {
            return Ok(receipt(&run, false));
        }
        if let Some(active) = reported::active_of(change.tx(), schedule.id, Some(new.job.source_type())).await? {
            let grace_ms = i64::from(schedule.policy.grace_minutes) * 60_000;
            if active.run.trigger != Trigger::Reported || now.millis_since(last_heard(&active)) <= grace_ms {
                return Err(IngestError::Overlap { run: active.run.id });
            }
            silence::give_up(&mut change, &active).await?;
        }
        runs::insert_running(change.tx(), &new, Some(believed(report.at, now))).await?;
        if let Some(printed) = &report.detail {
            reported::set_output(change.tx(), &new.id, output::add(KeptOutput::default(), None, printed.as_bytes())).await?;
        }
        let run = found(reported::find(change.tx(), &new.id).await?)?;
        let note = report.message.as_ref().map(|message| format!(" — {message}")).unwrap_or_default();
        let message = format!("{} {} started on {}{note}", run.run.source_type, run.run.schedule.name, run.run.server.name);
        change.log(LogRow::of_run(&run.run, LogStatus::Started, message));
        fault::at(Moment::StartWritten);
        change.commit().await?;
        fault::at(Moment::StartCommitted);
        self.publish(&new.id).await?;
        Ok(receipt(&run, true))
    }

    async fn go_on(&self, schedule: &Schedule, report: &Report) -> Result<Receipt, IngestError> {
        let now = self.clock.now();
        let mut change = self.trail.begin().await?;
        let run = match report.run {
            Some(_) => named_run(&mut change, schedule, report).await?.ok_or(IngestError::NotFound)?,
            None => going_run(&mut change, schedule, report).await?.ok_or(IngestError::NothingGoing)?,
        };
        if !reported::hear(change.tx(), &run.run.id, now).await? {
            // It is over: what comes late changes nothing.
            return Ok(receipt(&run, false));
        }
        if report.event == Event::Progress {
            runs::record_progress(change.tx(), &run.run.id, &progress(report, run.run.progress.as_ref()), now).await?;
        }
        if let Some(printed) = &report.detail {
            let kept = reported::output(change.tx(), &run.run.id).await?.unwrap_or_default();
            reported::set_output(change.tx(), &run.run.id, output::add(kept, report.offset, printed.as_bytes())).await?;
        }
        change.commit().await?;
        self.publish(&run.run.id).await?;
        Ok(receipt(&run, false))
    }

    async fn finish(&self, schedule: &Schedule, report: &Report) -> Result<Receipt, IngestError> {
        let now = self.clock.now();
        let finished_at = believed(report.at, now);
        let mut change = self.open(schedule).await?;
        let known = match report.run {
            Some(_) => named_run(&mut change, schedule, report).await?,
            None => going_run(&mut change, schedule, report).await?,
        };
        let made = known.is_none();
        let run = match known {
            Some(run) => run,
            None => self.make_unheard(&mut change, schedule, report, finished_at).await?,
        };
        let kept = reported::output(change.tx(), &run.run.id).await?.unwrap_or_default();
        let log = report.detail.as_ref().map_or(kept.tail.as_slice(), |detail| detail.as_bytes());
        let text = clean_text(&without_rewrites(log));
        let ended = judge_report(&run.job, report.exit_code, run.stop.is_some(), &text);
        let point = report.stats.as_ref().and_then(|stats| stats.point.as_deref());
        let saw = match report.exit_code {
            Some(code) => format!("Whoever ran it reported its end with exit code {code}."),
            None => "Whoever ran it reported its end.".to_owned(),
        };
        let end = End {
            run: &run,
            finished_at,
            statistics: match &report.stats {
                Some(stats) => statistics(stats),
                None if run.run.source_type == SourceType::Files => rsync_statistics(&text, ended.state == RunState::Completed),
                None => RunStatistics::default(),
            },
            ended,
            point: point.map(told_line),
            log,
            saw: &saw,
            note: report.message.as_deref(),
        };
        if !end.write(&mut change).await? {
            return Ok(receipt(&run, false));
        }
        reported::remove_output(change.tx(), &run.run.id).await?;
        let ended = found(reported::find(change.tx(), &run.run.id).await?)?;
        fault::at(Moment::EndWritten);
        change.commit().await?;
        fault::at(Moment::EndCommitted);
        self.publish(&run.run.id).await?;
        Ok(receipt(&ended, made))
    }

    /// A run whose end is the first that is heard of it.
    async fn make_unheard(
        &self,
        change: &mut Change,
        schedule: &Schedule,
        report: &Report,
        finished_at: Timestamp,
    ) -> Result<ActiveRun, IngestError> {
        let new = new_run(schedule, report, self.clock.now())?;
        let seconds = report.stats.as_ref().and_then(|stats| stats.duration_s);
        let started_at = seconds.map(|seconds| finished_at.plus_millis(-1000 * seconds));
        reported::insert_unheard(change.tx(), &new, started_at).await?;
        found(reported::find(change.tx(), &new.id).await?)
    }

    /// Begins a change that no other report about this schedule comes between.
    async fn open(&self, schedule: &Schedule) -> Result<Change, IngestError> {
        let mut change = self.trail.begin().await?;
        if reported::lock_schedule(change.tx(), schedule.id).await? { Ok(change) } else { Err(IngestError::NotFound) }
    }

    pub(super) async fn publish(&self, id: &RunId) -> Result<(), StoreError> {
        if let Some(run) = runs::find(&self.database, &Scope::All, id).await? {
            self.hub.publish_run(run);
        }
        Ok(())
    }
}

/// When a run was last heard of.
pub(super) fn last_heard(run: &ActiveRun) -> Timestamp {
    run.run.checked_at.unwrap_or(run.run.created_at)
}

/// The run that a report names, if it is there.
async fn named_run(change: &mut Change, schedule: &Schedule, report: &Report) -> Result<Option<ActiveRun>, IngestError> {
    let Some(id) = &report.run else { return Ok(None) };
    let run = reported::find(change.tx(), id).await?;
    match run {
        Some(run) if run.run.schedule.id != schedule.id || run.run.trigger != Trigger::Reported => Err(taken_id()),
        other => Ok(other),
    }
}

/// The run that goes on, for a sender that names none.
async fn going_run(change: &mut Change, schedule: &Schedule, report: &Report) -> Result<Option<ActiveRun>, IngestError> {
    let active = reported::active_of(change.tx(), schedule.id, report.source_type).await?;
    Ok(active.filter(|run| run.run.trigger == Trigger::Reported))
}

fn taken_id() -> IngestError {
    IngestError::Invalid(vec![FieldError::new("run", "this is the id of another run")])
}

fn found(run: Option<ActiveRun>) -> Result<ActiveRun, IngestError> {
    run.ok_or(IngestError::Store(StoreError::Sql(sqlx::Error::RowNotFound)))
}

fn receipt(run: &ActiveRun, made: bool) -> Receipt {
    let stop = run.stop.is_some() && run.run.state.is_active();
    Receipt { answer: Answer { run: run.run.id.clone(), state: run.run.state, stop }, made }
}

fn new_run(schedule: &Schedule, report: &Report, now: Timestamp) -> Result<NewRun, IngestError> {
    let command = match (&schedule.policy.command, report.source_type) {
        (Some(command), Some(told)) if command.source_type != told => {
            let reason = format!("this schedule backs up {}", command.source_type);
            return Err(IngestError::Invalid(vec![FieldError::new("type", reason)]));
        }
        (Some(command), _) => command.clone(),
        // Where the schedule says nothing about codes, only 0 is good, as in a schedule that names a command.
        (None, told) => CommandJob {
            source_type: told.unwrap_or(SourceType::Other),
            command: String::new(),
            success_codes: vec![0],
            warning_codes: Vec::new(),
        },
    };
    Ok(NewRun {
        id: report.run.clone().unwrap_or_else(|| new_run_id(now)),
        schedule_id: schedule.id,
        server_id: schedule.policy.server_id,
        trigger: Trigger::Reported,
        created_at: now,
        due_at: None,
        start_by: now,
        job: Job::Reported { command: Some(command) },
    })
}

/// A moment that a sender names, if its clock can be right.
fn believed(at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    at.filter(|at| (0..=OLDEST_MS).contains(&now.millis_since(*at))).unwrap_or(now)
}

/// What is not told again stays as it was, but for what changes with every look.
fn progress(report: &Report, before: Option<&Progress>) -> Progress {
    let stats = report.stats.clone().unwrap_or_default();
    let last_line = report.message.as_deref().map(told_line);
    let silent = report.stats.is_none();
    Progress {
        percent: stats.percent.or(before.filter(|_| silent).and_then(|before| before.percent)),
        bytes: stats.bytes.or(before.filter(|_| silent).and_then(|before| before.bytes)),
        speed_bps: stats.speed_bps,
        eta_s: stats.eta_s,
        last_line: last_line.or(before.and_then(|before| before.last_line.clone())),
    }
}

fn statistics(stats: &Stats) -> RunStatistics {
    RunStatistics {
        bytes_done: stats.bytes_done,
        bytes_total: stats.bytes_total,
        bytes_written: stats.bytes_written,
        files_done: stats.files_done,
        files_total: stats.files_total,
        files_written: stats.files_written,
    }
}
