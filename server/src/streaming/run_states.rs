//! The last known state of each run that changed since the start, for clients that have been told of them up to a version.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::model::{Run, RunId, Scope};

/// Ended runs that a connection may not have been told of yet.
const ENDED_RUNS_KEPT: usize = 256;

#[derive(Default)]
pub(super) struct RunStates {
    version: u64,
    by_id: BTreeMap<RunId, (u64, Arc<Run>)>,
}

impl RunStates {
    /// Takes a run's new state or progress; gives the version that has it.
    pub(super) fn put(&mut self, run: Run) -> u64 {
        self.version += 1;
        self.by_id.insert(run.id.clone(), (self.version, Arc::new(run)));
        let ended = self.by_id.iter().filter(|(_, (_, run))| !run.state.is_active());
        let mut ended: Vec<_> = ended.map(|(id, (version, _))| (*version, id.clone())).collect();
        // Those that ended first.
        ended.sort_unstable_by_key(|(version, _)| *version);
        for (_, id) in ended.iter().take(ended.len().saturating_sub(ENDED_RUNS_KEPT)) {
            self.by_id.remove(id);
        }
        self.version
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Runs in scope that changed after a version.
    pub(super) fn since<'b>(&'b self, version: u64, scope: &'b Scope) -> impl Iterator<Item = &'b Run> {
        let changed = self.by_id.values().filter(move |(at, run)| *at > version && scope.covers(Some(run.server.id)));
        changed.map(|(_, run)| &**run)
    }
}

#[cfg(test)]
mod tests {
    use app::model::{Named, RunState, SourceType, Timestamp, Trigger};

    use super::*;

    fn run(id: &RunId, server: i64, state: RunState) -> Run {
        Run {
            id: id.clone(),
            schedule: Named { id: 1, name: "nightly".to_owned() },
            server: Named { id: server, name: "web-1".to_owned() },
            source_type: SourceType::Files,
            trigger: Trigger::Cron,
            state,
            created_at: Timestamp::from_millis(0),
            started_at: None,
            finished_at: None,
            duration_s: None,
            exit_code: None,
            bytes_done: None,
            bytes_total: None,
            bytes_written: None,
            files_done: None,
            files_total: None,
            files_written: None,
            point: None,
            error: None,
            progress: None,
            long_run_hours: None,
            checked_at: None,
        }
    }

    fn id(n: usize) -> RunId {
        format!("01KAMZ3V7S9B3J1Q6Y1C2{n:05}").parse().unwrap()
    }

    #[test]
    fn the_end_of_a_long_run_is_kept_among_many_that_ended_before() {
        let mut states = RunStates::default();
        // The smallest id: it began first.
        states.put(run(&id(0), 1, RunState::Running));
        for n in 1..=400 {
            states.put(run(&id(n), 1, RunState::Completed));
        }
        let before = states.version();
        states.put(run(&id(0), 1, RunState::Failed));
        let told: Vec<_> = states.since(before, &Scope::All).map(|run| (run.id.clone(), run.state)).collect();
        assert_eq!(told, [(id(0), RunState::Failed)]);
        assert_eq!(states.since(0, &Scope::All).count(), ENDED_RUNS_KEPT);
        assert!(states.since(0, &Scope::All).all(|run| run.id == id(0) || run.id > id(145)), "those that ended first have gone");
    }

    #[test]
    fn who_is_active_is_never_forgotten_and_nobody_is_told_of_others_servers() {
        let mut states = RunStates::default();
        for n in 0..600 {
            states.put(run(&id(n), i64::from(n % 2 == 0), RunState::Running));
        }
        assert_eq!(states.since(0, &Scope::All).count(), 600);
        assert_eq!(states.since(0, &Scope::Servers(vec![1])).count(), 300);
        assert_eq!(states.since(states.version(), &Scope::All).count(), 0);
    }
}
