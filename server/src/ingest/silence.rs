//! Runs that nothing is heard of any more: the trail says so once, and nobody guesses how they ended until somebody has to.

use std::time::Duration;

use app::model::{LogStatus, RunState};
use tokio_util::sync::CancellationToken;

use super::intake::{Intake, last_heard};
use crate::audit::{Change, LogRow};
use crate::checker::{End, Ended};
use crate::store::StoreError;
use crate::store::reported::{self, Quiet};
use crate::store::runs::{ActiveRun, RunStatistics};
use crate::words::duration_words;

/// How often silence is looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// A shorter silence than this is nothing to speak of, whatever the schedule's grace.
const SHORTEST_SILENCE_MS: i64 = 15 * 60_000;

/// Looks for silence until told to stop.
pub async fn follow_silence(intake: Intake, stop: CancellationToken) {
    loop {
        if let Err(cause) = tell_of_silence(&intake).await {
            tracing::error!(error = &cause as &dyn std::error::Error, "could not look for runs that are silent; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// Tells once of every reported run that has been silent for too long. It stays running, since nobody knows better; only one that
/// a person asked to stop is ended, as they wished.
pub async fn tell_of_silence(intake: &Intake) -> Result<(), StoreError> {
    let now = intake.clock.now();
    for Quiet { run, grace_minutes } in reported::quiet_since(&intake.database, now.plus_millis(-SHORTEST_SILENCE_MS)).await? {
        let heard = last_heard(&run);
        let silent_ms = now.millis_since(heard);
        if silent_ms < SHORTEST_SILENCE_MS.max(grace_minutes * 60_000) {
            continue;
        }
        let mut change = intake.trail.begin().await?;
        if run.stop.is_some() {
            give_up(&mut change, &run).await?;
        } else if reported::mark_silent(change.tx(), &run.run.id, heard).await? {
            let (source_type, name) = (run.run.source_type, &run.run.schedule.name);
            let silent_for = duration_words(silent_ms / 1000);
            let message = format!("nothing heard of {source_type} {name} for {silent_for}; it counts as running");
            change.log(LogRow::of_run(&run.run, LogStatus::Warning, message));
        }
        change.commit().await?;
        intake.publish(&run.run.id).await?;
    }
    Ok(())
}

/// Ends a silent run on a guess; if its end is reported after all, that counts.
pub(super) async fn give_up(change: &mut Change, run: &ActiveRun) -> Result<(), StoreError> {
    let message = "nothing more was heard of it".to_owned();
    let (state, status, told, why) = match run.stop {
        Some(_) => (RunState::Canceled, LogStatus::Stopped, "stopped", "a stop was asked for"),
        None => (RunState::Partial, LogStatus::Warning, message.as_str(), "another run begins, so this one is not running any more"),
    };
    let ended =
        Ended { state, status, exit_code: None, message: told.to_owned(), why: format!("{why}; should its end be reported, that counts") };
    let kept = reported::output(change.tx(), &run.run.id).await?.unwrap_or_default();
    let end = End {
        run,
        ended,
        // It ran at least until then; more is not known.
        finished_at: last_heard(run),
        statistics: RunStatistics::default(),
        point: None,
        log: &kept.tail,
        saw: "Nothing more was heard of it.",
        note: run.stop.is_some().then_some(message.as_str()),
    };
    if end.write(change).await? {
        reported::remove_output(change.tx(), &run.run.id).await?;
        reported::mark_given_up(change.tx(), &run.run.id).await?;
    }
    Ok(())
}
