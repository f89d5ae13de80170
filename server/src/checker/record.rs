//! Writes down what was seen: the run's change and the row that tells of it in one transaction, once.

use app::model::{LogStatus, Progress, Run, RunId, RunState, Scope, Server, Timestamp};

use super::link::{Reached, after_clock, after_visit};
use super::observation::Observation;
use super::outcome::Ended;
use super::progress::statistics;
use super::watch::Instruments;
use crate::audit::{Change, LogRow, told_line};
use crate::fault::{self, Moment};
use crate::store::runs::{self, ActiveRun, Ending, RunStatistics};
use crate::store::{StoreError, run_notes, servers};
use crate::words::{byte_words, duration_words};

/// The job has begun: the run is running and the trail says so.
pub(super) async fn begun(tools: &Instruments, run: &ActiveRun, at: Timestamp, saw: &str) -> Result<(), StoreError> {
    let mut change = tools.trail.begin().await?;
    if runs::mark_running(change.tx(), &run.run.id, at).await? {
        note(&mut change, &run.run.id, saw).await?;
        let Run { source_type, schedule, server, .. } = &run.run;
        let row = LogRow::of_run(&run.run, LogStatus::Started, format!("{source_type} {} started on {}", schedule.name, server.name));
        change.log(row.point(run.job.point().map(str::to_owned)));
        fault::at(Moment::StartWritten);
        change.commit().await?;
        fault::at(Moment::StartCommitted);
    }
    publish(tools, &run.run.id).await
}

/// Adds to what the run's page tells of how its verdict came about.
pub(super) async fn note(change: &mut Change, run: &RunId, text: &str) -> Result<(), StoreError> {
    let now = change.now();
    run_notes::add(change.tx(), run, now, &told_line(text)).await
}

/// A run that was not looked at for so long was out of sight.
const OUT_OF_SIGHT_MS: i64 = 180_000;

/// What is not news is written down this often, so that "checked … ago" stays true without a write a second for every run.
const CHECKED_EVERY_MS: i64 = 10_000;

/// How far runs that go on have come, all of a pass in one transaction.
pub(super) async fn going(tools: &Instruments, runs: Vec<(&ActiveRun, Progress)>, now: Timestamp) -> Result<(), StoreError> {
    let is_news = |(run, progress): &(&ActiveRun, Progress)| {
        run.run.progress.as_ref() != Some(progress) || run.run.checked_at.is_none_or(|at| now.millis_since(at) >= CHECKED_EVERY_MS)
    };
    let news: Vec<_> = runs.into_iter().filter(is_news).collect();
    if news.is_empty() {
        return Ok(());
    }
    let mut change = tools.trail.begin().await?;
    let mut changed = Vec::new();
    for (run, progress) in news {
        // Somebody may have asked for a stop since the run was read.
        if let Some(state) = runs::record_progress(change.tx(), &run.run.id, &progress, now).await? {
            let unseen_ms = run.run.checked_at.map_or(0, |at| now.millis_since(at));
            if unseen_ms >= OUT_OF_SIGHT_MS {
                let text = format!("Seen again after {} without a look at it: its process runs.", duration_words(unseen_ms / 1000));
                note(&mut change, &run.run.id, &text).await?;
            }
            changed.push(Run { state, progress: Some(progress), checked_at: Some(now), ..run.run.clone() });
        }
    }
    change.commit().await?;
    for run in changed {
        tools.hub.publish_run(run);
    }
    Ok(())
}

/// The run has ended.
pub(super) async fn ended(
    tools: &Instruments,
    run: &ActiveRun,
    seen: &Observation,
    ended: Ended,
    saw: &str,
    finished_at: Timestamp,
) -> Result<(), StoreError> {
    let end = End {
        run,
        statistics: statistics(run.run.source_type, seen, ended.state == RunState::Completed),
        ended,
        finished_at,
        point: seen.result("point").map(str::to_owned),
        log: &seen.log.bytes,
        saw,
        note: None,
    };
    let mut change = tools.trail.begin().await?;
    if end.write(&mut change).await? {
        expire(&mut change, run, seen).await?;
        fault::at(Moment::EndWritten);
        change.commit().await?;
        fault::at(Moment::EndCommitted);
    }
    tools.run_logs.forget(&run.run.id);
    publish(tools, &run.run.id).await
}

/// The end of a run, whoever found out about it.
pub(crate) struct End<'r> {
    pub(crate) run: &'r ActiveRun,
    pub(crate) ended: Ended,
    pub(crate) finished_at: Timestamp,
    pub(crate) statistics: RunStatistics,
    pub(crate) point: Option<String>,
    /// The tail of its log, as it was printed.
    pub(crate) log: &'r [u8],
    /// What the verdict was made of.
    pub(crate) saw: &'r str,
    /// What whoever ran it adds.
    pub(crate) note: Option<&'r str>,
}

impl End<'_> {
    /// Ends the run and adds the row that tells of it; does neither if it has ended already.
    pub(crate) async fn write(self, change: &mut Change) -> Result<bool, StoreError> {
        let Self { run, ended, finished_at, statistics, point, log, saw, note: added } = self;
        let finished_at = finished_at.max(run.run.started_at.unwrap_or(finished_at));
        let failed = !matches!(ended.state, RunState::Completed | RunState::Canceled);
        let ending = Ending {
            state: ended.state,
            finished_at,
            exit_code: ended.exit_code,
            statistics,
            point: point.clone(),
            error: failed.then(|| told_line(&ended.message)),
        };
        let duration_s = run.run.started_at.map(|started| finished_at.millis_since(started) / 1000);
        let added = added.map(|added| format!(" — {added}")).unwrap_or_default();
        let message = message(run, &ended, &ending, duration_s) + &added;
        if !runs::finish(change.tx(), &run.run.id, &ending).await? {
            return Ok(false);
        }
        note(change, &run.run.id, &format!("{saw} Judged {}: {}.", ended.status, ended.why)).await?;
        let row = LogRow::of_run(&run.run, ended.status, message).point(point).duration_s(duration_s).exit_code(ended.exit_code);
        change.log(row.detail(&without_rewrites(log)));
        Ok(true)
    }
}

/// Points that retention has removed: their runs are expired, and the trail says so.
async fn expire(change: &mut Change, run: &ActiveRun, seen: &Observation) -> Result<(), StoreError> {
    let Run { source_type, schedule, server, .. } = &run.run;
    for (_, point) in seen.results.iter().filter(|(key, _)| key == "removed") {
        let expired = runs::expire(change.tx(), schedule.id, *source_type, point).await?;
        let message = format!("{source_type} {}: {point} was removed by retention", schedule.name);
        let row = LogRow::new(LogStatus::Info, *source_type, message).server(server.id).schedule(schedule.id);
        change.log(row.run(expired.unwrap_or_else(|| run.run.id.clone())).point(Some(point.clone())));
    }
    Ok(())
}

const NEVER_ASKED: &str = "No server was ever asked to begin it.";

/// A run that waited too long for its beginning and that no server was asked to begin.
pub(super) async fn skipped(tools: &Instruments, run: &ActiveRun, why: &str, now: Timestamp) -> Result<(), StoreError> {
    let (message, why) = (why.to_owned(), "its time was up before any server could be asked".to_owned());
    let ended_by = Ended { state: RunState::Skipped, status: LogStatus::Missed, exit_code: None, message, why };
    ended(tools, run, &Observation::default(), ended_by, NEVER_ASKED, now).await
}

/// A run that was stopped before any server was asked to begin it.
pub(super) async fn canceled_before_it_began(tools: &Instruments, run: &ActiveRun, now: Timestamp) -> Result<(), StoreError> {
    let (message, why) = ("stopped before it began".to_owned(), "a stop was asked for first".to_owned());
    let ended_by = Ended { state: RunState::Canceled, status: LogStatus::Stopped, exit_code: None, message, why };
    ended(tools, run, &Observation::default(), ended_by, NEVER_ASKED, now).await
}

/// What a visit found out about the way to the server.
pub(super) async fn link(tools: &Instruments, server_id: i64, reached: &Reached, now: Timestamp) -> Result<(), StoreError> {
    let Some(server) = servers::find(&tools.database, &Scope::All, server_id).await? else { return Ok(()) };
    let mut change = tools.trail.begin().await?;
    let Some(before) = servers::link(change.tx(), server_id).await? else { return Ok(()) };
    let (after, row) = after_visit(&server, &before, reached, now);
    servers::set_link(change.tx(), server_id, &after).await?;
    if let Some(row) = row {
        change.log(row);
    }
    change.commit().await
}

/// What a visit found out about the server's clock.
pub(super) async fn clock_skew(tools: &Instruments, server: &Server, skew_s: i64) -> Result<(), StoreError> {
    let (is_news, row) = after_clock(server, skew_s);
    if !is_news {
        return Ok(());
    }
    let mut change = tools.trail.begin().await?;
    servers::set_clock_skew(change.tx(), server.id, skew_s).await?;
    if let Some(row) = row {
        change.log(row);
    }
    change.commit().await
}

pub(super) async fn publish(tools: &Instruments, id: &RunId) -> Result<(), StoreError> {
    if let Some(run) = runs::find(&tools.database, &Scope::All, id).await? {
        tools.hub.publish_run(run);
    }
    Ok(())
}

fn message(run: &ActiveRun, ended: &Ended, ending: &Ending, duration_s: Option<i64>) -> String {
    let what = format!("{} {}: {}", run.run.source_type, run.run.schedule.name, ended.message);
    match (ended.state, &run.stop) {
        (RunState::Canceled, Some(stop)) => format!("{what} by {}", stop.by),
        (RunState::Completed, _) => what + &time_taken(duration_s) + &amount_written(ending),
        _ => what,
    }
}

fn time_taken(seconds: Option<i64>) -> String {
    match seconds {
        None => String::new(),
        Some(0) => " in under a second".to_owned(),
        Some(seconds) => format!(" in {}", duration_words(seconds)),
    }
}

fn amount_written(ending: &Ending) -> String {
    match (ending.statistics.files_written, ending.statistics.bytes_written) {
        (Some(1), Some(bytes)) => format!(", 1 file and {} written", byte_words(bytes)),
        (Some(files), Some(bytes)) => format!(", {files} files and {} written", byte_words(bytes)),
        _ => String::new(),
    }
}

/// Progress meters rewrite their line with carriage returns: what a terminal would show in the end is kept.
pub(crate) fn without_rewrites(log: &[u8]) -> Vec<u8> {
    let shown = |line: &[u8]| line.split(|byte| *byte == b'\r').rfind(|piece| !piece.is_empty()).unwrap_or_default().to_vec();
    log.split(|byte| *byte == b'\n').map(shown).collect::<Vec<_>>().join(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_leaves_its_last_state() {
        let log = b"one\n\r 1%\r 50%\r100%\r\nsent 5 bytes\n";
        assert_eq!(without_rewrites(log), b"one\n100%\nsent 5 bytes\n");
    }
}
