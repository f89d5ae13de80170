//! Now and then: what is where points are kept (free space, points, what interrupted runs left), and the run directories of long
//! ago, which go.

use std::time::Duration;

use app::model::{Destination, RunId, Scope, SourceType, Timestamp};

use super::pass::PassError;
use super::watch::Instruments;
use crate::ssh::{Client, Script};
use crate::store::destinations::{self, Surveyed};
use crate::store::{StoreError, runs, schedules};

const SURVEY: &str = include_str!("scripts/survey.sh");
const SWEEP: &str = include_str!("scripts/sweep.sh");

/// Disks fill over hours; a run that ends is followed by a survey anyway.
pub(super) const SURVEY_EVERY_MS: i64 = 10 * 60_000;

/// A mount that hangs must not take longer than a pass may.
const DEADLINE: Duration = Duration::from_secs(20);

/// For a storage that does not answer.
const STORAGE_WAIT_SECONDS: &str = "6";

/// A run's directory on its server stays this long after its end, for people who look there.
const SWEEP_AFTER_MS: i64 = 7 * 86_400_000;

/// As many directories as one script removes.
const SWEEP_AT_ONCE: i64 = 50;

/// One place to look at.
struct Place {
    schedule_id: i64,
    source_type: SourceType,
    destination: Destination,
}

/// Looks at every destination of a server's schedules and writes down what is there.
pub(super) async fn survey(tools: &Instruments, client: &mut Client, server_id: i64, now: Timestamp) -> Result<(), SurveyError> {
    let mut places = Vec::new();
    for schedule in schedules::list(&tools.database, &Scope::Servers(vec![server_id])).await? {
        for (source_type, text) in schedule.policy.destinations() {
            places.extend(Destination::parse(text).map(|destination| Place { schedule_id: schedule.id, source_type, destination }));
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    let marker = format!("tailback-{}", crate::random::hex(16));
    let mut script = Script::new(SURVEY).arg(&marker);
    for (n, place) in places.iter().enumerate() {
        let storage = place.destination.storage.clone().unwrap_or_default();
        script = script.arg(n.to_string()).arg(&place.destination.path).arg(storage).arg(STORAGE_WAIT_SECONDS);
    }
    let looked = client.run(&script, DEADLINE).await;
    let said = looked.as_ref().map(|output| parse(&String::from_utf8_lossy(&output.stdout), &marker)).unwrap_or_default();
    let mut change = tools.trail.begin().await?;
    for (n, place) in places.iter().enumerate() {
        let unanswered = || Surveyed { error: Some("did not answer in time".to_owned()), ..Surveyed::default() };
        let surveyed = said.iter().find(|(number, _)| *number == n).map_or_else(unanswered, |(_, surveyed)| surveyed.clone());
        destinations::record(change.tx(), place.schedule_id, place.source_type, &place.destination.to_string(), &surveyed, now).await?;
    }
    change.commit().await?;
    looked.map(drop).map_err(|cause| SurveyError::Pass(cause.into()))
}

/// Removes the directories of runs that ended long ago.
pub(super) async fn sweep(tools: &Instruments, client: &mut Client, server_id: i64, now: Timestamp) -> Result<(), SurveyError> {
    let old = runs::unswept(&tools.database, server_id, now.plus_millis(-SWEEP_AFTER_MS), SWEEP_AT_ONCE).await?;
    if old.is_empty() {
        return Ok(());
    }
    let script = old.iter().fold(Script::new(SWEEP), |script, id| script.arg(id.as_str()));
    let output = client.run(&script, DEADLINE).await.map_err(|cause| SurveyError::Pass(cause.into()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut change = tools.trail.begin().await?;
    for id in said.lines().filter_map(|line| line.strip_prefix("swept ")?.parse::<RunId>().ok()) {
        runs::mark_swept(change.tx(), &id).await?;
    }
    change.commit().await?;
    Ok(())
}

/// Why a survey came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum SurveyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Pass(PassError),
}

/// What was said of each destination, by its number.
fn parse(output: &str, marker: &str) -> Vec<(usize, Surveyed)> {
    let mut all: Vec<(usize, Surveyed)> = Vec::new();
    for line in output.lines() {
        let Some(said) = line.strip_prefix(marker).map(str::trim_start) else { continue };
        if let Some(number) = said.strip_prefix("destination ").and_then(|number| number.parse().ok()) {
            all.push((number, Surveyed::default()));
        } else if let (Some(line), Some((_, surveyed))) = (said.strip_prefix("> "), all.last_mut()) {
            take(surveyed, line);
        }
    }
    for (_, surveyed) in &mut all {
        if surveyed.points.is_some() {
            // Complaints beside an answer (a banner, a warning of ssh) are not what went wrong.
            surveyed.error = None;
        }
    }
    all
}

fn take(surveyed: &mut Surveyed, line: &str) {
    let mut words = line.split(' ');
    let mut number = || words.next().and_then(|word| word.parse::<i64>().ok());
    match line.split(' ').next() {
        Some("disk") => {
            number();
            surveyed.total_bytes = number().map(|kib| kib.saturating_mul(1024));
            surveyed.free_bytes = number().map(|kib| kib.saturating_mul(1024));
        }
        Some("points") => {
            number();
            surveyed.points = number();
            surveyed.newest_point = words.next().filter(|name| !name.is_empty()).map(str::to_owned);
        }
        Some("leftover") => surveyed.leftovers.extend(line.strip_prefix("leftover ").map(str::to_owned)),
        Some("absent") => surveyed.points = Some(0),
        _ if line.trim().is_empty() => {}
        _ => surveyed.error = Some(line.chars().take(300).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_survey_says_is_read() {
        let said = parse(
            "M destination 0\nM > disk 1000 250\nM > leftover point.2026-11-22_02-00-00.in.progress\nM > points 2 point.2026-11-21_02-00-00\n\
             M destination 1\nM > ssh: connect to host nas port 22: Connection refused\nM destination 2\nM > disk 10 5\nM > absent\nM done\n",
            "M",
        );
        let [(0, local), (1, away), (2, absent)] = &said[..] else { panic!("{said:?}") };
        assert_eq!((local.total_bytes, local.free_bytes, local.points), (Some(1_024_000), Some(256_000), Some(2)));
        assert_eq!((local.newest_point.as_deref(), local.leftovers.len(), &local.error), (Some("point.2026-11-21_02-00-00"), 1, &None));
        assert_eq!((away.points, away.error.as_deref()), (None, Some("ssh: connect to host nas port 22: Connection refused")));
        assert_eq!((absent.points, absent.free_bytes), (Some(0), Some(5120)));
    }
}
