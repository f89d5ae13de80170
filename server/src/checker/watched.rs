//! Looks at jobs that something else runs on a server, and writes down their runs.

use std::collections::HashMap;

use app::model::{LogStatus, RunId, Server, SourceType, Timestamp, Trigger, WatchJob};

use super::observation::{Begun, ExitFile, LogPiece, Observation, PassReport, Sighting};
use super::outcome::{Facts, Verdict, judge};
use super::pass::WatchOrder;
use super::progress::progress;
use super::record;
use super::sighting::{Meaning, Seen, Watching, code_in_words, compare, remember};
use super::watch::{Instruments, server_time};
use crate::audit::{LogRow, clean_text};
use crate::jobs::{Job, Sight, new_run_id};
use crate::store::runs::{self, ActiveRun, NewRun};
use crate::store::{StoreError, schedules};

/// A wrapper that writes its exit file a moment after its tool has ended has this long for it.
const EXIT_FILE_WITHIN_MS: i64 = 30_000;

/// What one server's passes ask and remember about jobs that are not Tailback's.
#[derive(Default)]
pub(super) struct WatchedJobs {
    watched: Vec<Watched>,
    /// Since when the process of a run is gone without its exit file.
    awaiting: HashMap<RunId, Timestamp>,
}

/// One job and its run, if one is going on.
struct Watched {
    schedule_id: i64,
    name: String,
    watch: WatchJob,
    /// As the database has it, to be replaced only by who has seen the same.
    stored: Option<String>,
    seen: Option<Seen>,
    run: Option<ActiveRun>,
}

impl WatchedJobs {
    /// Reads what there is to look at: enabled schedules, and runs that go on whatever became of their schedule.
    pub(super) async fn prepare(&mut self, tools: &Instruments, server_id: i64, active: &[ActiveRun]) -> Result<(), StoreError> {
        let mut all = Vec::new();
        for run in active {
            if let Job::Watched { watch, .. } = &run.job {
                let (schedule_id, name) = (run.run.schedule.id, run.run.schedule.name.clone());
                all.push(Watched { schedule_id, name, watch: watch.clone(), stored: None, seen: None, run: Some(run.clone()) });
            }
        }
        for (schedule, stored) in schedules::watched_on(&tools.database, server_id).await? {
            let Some(watch) = schedule.policy.watch else { continue };
            let seen = stored.as_deref().and_then(|text| serde_json::from_str(text).ok());
            match all.iter_mut().find(|watched| watched.schedule_id == schedule.id) {
                Some(going) => (going.stored, going.seen) = (stored, seen),
                None => all.push(Watched { schedule_id: schedule.id, name: schedule.policy.name, watch, stored, seen, run: None }),
            }
        }
        self.awaiting.retain(|id, _| active.iter().any(|run| run.run.id == *id));
        self.watched = all;
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// What a pass is to ask.
    pub(super) fn orders(&self, tools: &Instruments) -> Vec<WatchOrder> {
        self.watched.iter().map(|watched| watched.order(tools)).collect()
    }

    /// Writes down what a pass saw.
    pub(super) async fn settle(
        &mut self,
        tools: &Instruments,
        server: &Server,
        report: &PassReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for watched in std::mem::take(&mut self.watched) {
            let Some(sighting) = report.watched.get(&watched.schedule_id) else { continue };
            if let Some(problem) = &sighting.problem {
                tracing::warn!(schedule.id = watched.schedule_id, server.id = server.id, "cannot watch: {problem}");
            }
            self.settle_one(tools, server, &watched, sighting, report.clock, now).await?;
        }
        Ok(())
    }

    async fn settle_one(
        &mut self,
        tools: &Instruments,
        server: &Server,
        watched: &Watched,
        sighting: &Sighting,
        clock: Option<i64>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let watching = Watching {
            process: watched.watch.screen.is_some() || watched.watch.process.is_some(),
            exit_file: watched.watch.exit_file.is_some(),
        };
        let meaning = compare(watching, watched.seen.as_ref(), watched.sight(), sighting);
        match (meaning, &watched.run) {
            (Meaning::Begun(sight), None) => {
                let began = now.plus_millis(-sighting.age_s.unwrap_or(0).saturating_mul(1000));
                if let Some(id) = watched.insert(tools, server, sight, sighting, Some(began), now).await? {
                    keep_log(tools, &id, watched.seen.as_ref(), &sighting.log);
                }
            }
            (Meaning::CameAndWent(sight, _), None) => {
                if let Some(id) = watched.insert(tools, server, sight, sighting, None, now).await? {
                    keep_log(tools, &id, watched.seen.as_ref(), &sighting.log);
                    let active = runs::active_on(&tools.database, server.id).await?;
                    if let Some(run) = active.iter().find(|run| run.run.id == id) {
                        end(tools, run, sighting, true, clock, now).await?;
                    }
                }
            }
            (Meaning::Going, Some(run)) => {
                self.awaiting.remove(&run.run.id);
                let log = tools.run_logs.add(&run.run.id, &sighting.log);
                record::going(tools, vec![(run, progress(run.run.source_type, &log, None))], now).await?;
                watched.note_seen(tools, sighting).await?;
            }
            (Meaning::Awaiting, Some(run)) => {
                let since = *self.awaiting.entry(run.run.id.clone()).or_insert(now);
                if now.millis_since(since) > EXIT_FILE_WITHIN_MS {
                    tools.run_logs.add(&run.run.id, &sighting.log);
                    end(tools, run, sighting, false, clock, now).await?;
                    watched.note_seen(tools, sighting).await?;
                }
            }
            (Meaning::Ended(exit), Some(run)) => {
                tools.run_logs.add(&run.run.id, &sighting.log);
                // First the end, then what it is compared with: whoever dies in between sees the same end again, and writes it once.
                end(tools, run, sighting, exit.is_some(), clock, now).await?;
                watched.note_seen(tools, sighting).await?;
            }
            _ => watched.note_seen(tools, sighting).await?,
        }
        Ok(())
    }
}

impl Watched {
    fn sight(&self) -> Option<&Sight> {
        match &self.run.as_ref()?.job {
            Job::Watched { sight, .. } => Some(sight),
            _ => None,
        }
    }

    fn order(&self, tools: &Instruments) -> WatchOrder {
        let read = self.run.as_ref().and_then(|run| tools.run_logs.position(&run.run.id));
        let begun = self.sight().map(|sight| (sight.log_file.clone().unwrap_or_default(), sight.log_from));
        let seen = self.seen.as_ref().map(|seen| (seen.log_file.clone().unwrap_or_default(), seen.log_size));
        let (log_file, log_from) = read.or(begun).or(seen).unwrap_or_default();
        WatchOrder {
            schedule_id: self.schedule_id,
            known: self.sight().and_then(|sight| sight.process.clone()),
            watch: self.watch.clone(),
            log_file,
            log_from,
        }
    }

    /// Records a run that was seen; `None` if somebody else has seen the same look already.
    async fn insert(
        &self,
        tools: &Instruments,
        server: &Server,
        sight: Sight,
        sighting: &Sighting,
        began: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<RunId>, StoreError> {
        let id = new_run_id(now);
        let job = Job::Watched { watch: self.watch.clone(), sight };
        let run = NewRun {
            id: id.clone(),
            schedule_id: self.schedule_id,
            server_id: server.id,
            trigger: Trigger::Watched,
            created_at: now,
            due_at: None,
            start_by: now,
            job,
        };
        let mut change = tools.trail.begin().await?;
        if !schedules::note_seen(change.tx(), self.schedule_id, self.stored.as_deref(), &seen_text(sighting)).await? {
            return Ok(None);
        }
        runs::insert_running(change.tx(), &run, began).await?;
        if began.is_some() {
            let source_type = self.watch.source_type;
            let message = format!("{source_type} {} was seen running on {}", self.name, server.name);
            change.log(LogRow::new(LogStatus::Started, source_type, message).server(server.id).schedule(self.schedule_id).run(id.clone()));
        }
        change.commit().await?;
        record::publish(tools, &id).await?;
        Ok(Some(id))
    }

    async fn note_seen(&self, tools: &Instruments, sighting: &Sighting) -> Result<(), StoreError> {
        let text = seen_text(sighting);
        if self.stored.as_ref() == Some(&text) {
            return Ok(());
        }
        let mut change = tools.trail.begin().await?;
        schedules::note_seen(change.tx(), self.schedule_id, self.stored.as_deref(), &text).await?;
        change.commit().await
    }
}

fn seen_text(sighting: &Sighting) -> String {
    serde_json::to_string(&remember(sighting)).unwrap_or_else(|_| unreachable!("texts and numbers are JSON"))
}

/// What the log has gained since the look before belongs to the run that was seen now; without a look before, nothing does.
fn keep_log(tools: &Instruments, id: &RunId, before: Option<&Seen>, piece: &LogPiece) {
    let kept = if before.is_some() { piece.clone() } else { LogPiece { from: piece.size, bytes: Vec::new(), ..piece.clone() } };
    tools.run_logs.add(id, &kept);
}

/// A watched run has ended, with its own exit file or without.
async fn end(
    tools: &Instruments,
    run: &ActiveRun,
    sighting: &Sighting,
    has_exit: bool,
    clock: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let bytes = tools.run_logs.add(&run.run.id, &LogPiece::default());
    let log = clean_text(&record::without_rewrites(&bytes));
    let exit = if has_exit { sighting.exit.clone() } else { code_of(run.run.source_type, &log) };
    let saw = match (&exit, has_exit) {
        (ExitFile::Code(code), false) => format!("Its process is gone; its log names exit code {code}."),
        (_, false) => "Its process is gone; its exit file was not written and its log names no exit code.".to_owned(),
        (ExitFile::Code(code), true) => format!("Its exit file was written and says {code}."),
        (ExitFile::Unusable(why), true) => format!("Its exit file was written and cannot be trusted ({why})."),
        (ExitFile::Absent, true) => "Its exit file is gone.".to_owned(),
    };
    let seen = Observation { begun: Begun::Yes, exit, log: LogPiece { bytes, ..LogPiece::default() }, ..Observation::default() };
    let facts = Facts { job: &run.job, was_running: true, stop_requested: false };
    if let Verdict::Ended(ended) = judge(facts, &seen, &log) {
        let at = if has_exit { server_time(clock, sighting.ended, now) } else { now };
        record::ended(tools, run, &seen, ended, &saw, at).await?;
    }
    Ok(())
}

fn code_of(source_type: SourceType, log: &str) -> ExitFile {
    code_in_words(source_type, log).map_or(ExitFile::Absent, ExitFile::Code)
}
