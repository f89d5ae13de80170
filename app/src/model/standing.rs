//! How schedules stand: which one needs a person first.

use std::cmp::Reverse;

use super::{Named, RunId, RunState, Schedule, SourceType, Timestamp, WorstSchedule};

/// One run as a bar of a strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    pub id: RunId,
    pub schedule_id: i64,
    pub source_type: SourceType,
    /// How it ended, also where its point has expired since; its state while it goes on.
    pub outcome: RunState,
    /// When it ended; when it was recorded, while it goes on.
    pub at: Timestamp,
    pub duration_s: Option<i64>,
}

/// The last good run of one type of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastGood {
    pub schedule_id: i64,
    pub source_type: SourceType,
    pub finished_at: Timestamp,
}

/// A schedule with what its runs say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    pub schedule: Schedule,
    pub server: Named,
    /// Its cron expression in words.
    pub cron_words: Option<String>,
    pub next_due: Option<Timestamp>,
    pub last_good: Vec<LastGood>,
    /// The last runs, oldest first.
    pub recent: Vec<PastRun>,
}

/// Where a schedule stands, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// One of its types has never had a good run.
    NeverGood,
    /// The last run of one of its types failed.
    Failed,
    /// The last good run of one of its types is older than it may become.
    Overdue,
    /// The last run of one of its types was partial, stopped or did not begin.
    Incomplete,
    /// No target is set, so nobody knows whether this is good enough.
    NoTarget,
    OnTarget,
    /// Disabled: nothing is expected of it.
    Paused,
}

impl Standing {
    /// The word on the page.
    pub fn word(self) -> &'static str {
        match self {
            Self::NeverGood => "Never good",
            Self::Failed => "Failed",
            Self::Overdue => "Overdue",
            Self::Incomplete => "Incomplete",
            Self::NoTarget => "No target",
            Self::OnTarget => "On target",
            Self::Paused => "Paused",
        }
    }

    /// The run state whose colour and icon it shares.
    pub fn tone(self) -> RunState {
        match self {
            Self::NeverGood | Self::Failed | Self::Overdue => RunState::Failed,
            Self::Incomplete => RunState::Partial,
            Self::NoTarget => RunState::Expired,
            Self::OnTarget => RunState::Completed,
            Self::Paused => RunState::Canceled,
        }
    }
}

impl ScheduleRow {
    pub fn standing(&self, now: Timestamp) -> Standing {
        if !self.schedule.policy.enabled {
            return Standing::Paused;
        }
        let types = self.schedule.policy.source_types();
        let last_ended = |source_type: SourceType| {
            self.recent.iter().rev().find(|run| run.source_type == source_type && !run.outcome.is_active()).map(|run| run.outcome)
        };
        let ended: Vec<_> = types.iter().filter_map(|source_type| last_ended(*source_type)).collect();
        if types.iter().any(|source_type| self.last_good_of(*source_type).is_none()) {
            Standing::NeverGood
        } else if ended.contains(&RunState::Failed) {
            Standing::Failed
        } else if self.lateness(now).is_some_and(|permille| permille > 1000) {
            Standing::Overdue
        } else if ended.iter().any(|outcome| !matches!(outcome, RunState::Completed | RunState::Expired)) {
            Standing::Incomplete
        } else if self.schedule.policy.target_hours.is_none() {
            Standing::NoTarget
        } else {
            Standing::OnTarget
        }
    }

    /// The last good run of one type.
    pub fn last_good_of(&self, source_type: SourceType) -> Option<Timestamp> {
        self.last_good.iter().find(|good| good.source_type == source_type).map(|good| good.finished_at)
    }

    /// The older of the last good runs of its types; `None` if one of them never had any.
    pub fn last_good_of_all(&self) -> Option<Timestamp> {
        let types = self.schedule.policy.source_types();
        types.into_iter().map(|source_type| self.last_good_of(source_type)).collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    /// The age of the last good run in thousandths of what it may become; `None` without a target or without a good run.
    pub fn lateness(&self, now: Timestamp) -> Option<i64> {
        let target_ms = i64::from(self.schedule.policy.target_hours?) * 3_600_000;
        Some(now.millis_since(self.last_good_of_all()?).saturating_mul(1000) / target_ms)
    }

    /// The run that goes on, if there is one.
    pub fn active(&self) -> Option<&PastRun> {
        self.recent.iter().rev().find(|run| run.outcome.is_active())
    }
}

/// The first of rows that stand worst first, unless nothing is expected of any.
pub fn worst_of(rows: &[ScheduleRow], now: Timestamp) -> WorstSchedule {
    let Some(worst) = rows.first().filter(|row| row.standing(now) != Standing::Paused) else { return WorstSchedule::None };
    WorstSchedule::Is {
        schedule: Named { id: worst.schedule.id, name: worst.schedule.policy.name.clone() },
        tone: worst.standing(now).tone(),
        last_good: worst.last_good_of_all(),
    }
}

/// Puts first what needs a person first: by standing, then by how far the last good run is from its target, then by its age.
pub fn worst_first(rows: &mut [ScheduleRow], now: Timestamp) {
    rows.sort_by_cached_key(|row| {
        // What has never been good is later than anything.
        let age = row.last_good_of_all().map_or(i64::MAX, |at| now.millis_since(at));
        let lateness = if age == i64::MAX { Some(i64::MAX) } else { row.lateness(now) };
        (group(row.standing(now)), Reverse(lateness), Reverse(age), row.schedule.policy.name.clone())
    });
}

/// What is equally bad is ordered by age.
fn group(standing: Standing) -> u8 {
    match standing {
        Standing::NeverGood | Standing::Failed | Standing::Overdue => 0,
        Standing::Incomplete => 1,
        Standing::NoTarget | Standing::OnTarget => 2,
        Standing::Paused => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CommandJob, ScheduleDraft, ScheduleKind};

    const HOUR: i64 = 3_600_000;
    const NOW: Timestamp = Timestamp(1_795_312_800_000);

    fn row(name: &str, target_hours: Option<u32>, good_hours_ago: Option<i64>, outcomes: &[RunState]) -> ScheduleRow {
        let mut policy = ScheduleDraft::new(name, 1, ScheduleKind::Managed);
        policy.target_hours = target_hours;
        policy.command =
            Some(CommandJob { source_type: SourceType::Vm, command: "x".into(), success_codes: vec![0], warning_codes: vec![] });
        let recent = outcomes.iter().enumerate().map(|(n, outcome)| PastRun {
            id: format!("01KAMZ3V7S9B3J1Q6Y1C2D3E{n:02}").parse().unwrap(),
            schedule_id: 1,
            source_type: SourceType::Vm,
            outcome: *outcome,
            at: NOW,
            duration_s: None,
        });
        let good = |hours: i64| LastGood { schedule_id: 1, source_type: SourceType::Vm, finished_at: NOW.plus_millis(-hours * HOUR) };
        ScheduleRow {
            schedule: Schedule { id: 1, policy },
            server: Named { id: 1, name: "web".into() },
            cron_words: None,
            next_due: None,
            last_good: good_hours_ago.map(good).into_iter().collect(),
            recent: recent.collect(),
        }
    }

    #[test]
    fn nothing_is_on_target_by_default() {
        use RunState::{Completed, Failed, Partial, Running, Skipped};
        for (target, good, outcomes, expected) in [
            (Some(26), Some(2), &[Completed][..], Standing::OnTarget),
            (None, Some(2), &[Completed], Standing::NoTarget),
            (Some(26), None, &[], Standing::NeverGood),
            (Some(26), Some(27), &[Completed], Standing::Overdue),
            (Some(26), Some(2), &[Completed, Failed, Running], Standing::Failed),
            (Some(26), Some(2), &[Failed, Completed], Standing::OnTarget),
            (Some(26), Some(2), &[Completed, Partial], Standing::Incomplete),
            (Some(26), Some(2), &[Completed, Skipped], Standing::Incomplete),
        ] {
            assert_eq!(row("a", target, good, outcomes).standing(NOW), expected, "{target:?} {good:?} {outcomes:?}");
        }
    }

    #[test]
    fn a_type_without_a_good_run_spoils_the_others() {
        let mut two = row("a", Some(26), Some(1), &[RunState::Completed]);
        two.schedule.policy.mysql =
            Some(crate::model::MysqlJob { databases: None, defaults_file: "/x".into(), destination: "/b".into(), keep_points: None });
        assert_eq!(two.standing(NOW), Standing::NeverGood);
        assert_eq!(two.last_good_of_all(), None);
    }

    #[test]
    fn the_worst_comes_first() {
        let mut paused = row("paused", Some(26), None, &[]);
        paused.schedule.policy.enabled = false;
        let mut rows = vec![
            row("fresh", Some(26), Some(1), &[RunState::Completed]),
            paused,
            row("untold", None, Some(90), &[RunState::Completed]),
            row("partial", Some(26), Some(1), &[RunState::Partial]),
            row("late", Some(26), Some(40), &[RunState::Completed]),
            row("never", Some(26), None, &[]),
            row("later", Some(26), Some(90), &[RunState::Completed]),
            row("older", Some(26), Some(20), &[RunState::Completed]),
            row("broken", Some(26), Some(2), &[RunState::Failed]),
        ];
        worst_first(&mut rows, NOW);
        let names: Vec<_> = rows.iter().map(|row| row.schedule.policy.name.as_str()).collect();
        assert_eq!(names, ["never", "later", "late", "broken", "partial", "older", "fresh", "untold", "paused"]);
    }
}
