//! The last known state of each run that changed since the start, for clients that have been told of them up to a version. Runs that
//! another process looks after are read from the database; what is read late never takes the place of what is newer.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use app::model::{Run, RunId, RunState, Scope};

/// Ended runs that a connection may not have been told of yet.
const ENDED_RUNS_KEPT: usize = 256;

#[derive(Default)]
pub(super) struct RunStates {
    version: u64,
    by_id: BTreeMap<RunId, (u64, Arc<Run>)>,
    /// The last version that is not all there: ended runs of it were forgotten.
    forgotten: u64,
}

/// What has become of runs since a version.
pub(super) struct Changed {
    /// The version it leads to.
    pub(super) version: u64,
    pub(super) runs: Vec<Arc<Run>>,
    /// Whether these are all active runs, since not every change is known any more.
    pub(super) are_all: bool,
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
        for (version, id) in ended.iter().take(ended.len().saturating_sub(ENDED_RUNS_KEPT)) {
            self.by_id.remove(id);
            self.forgotten = *version;
        }
        self.version
    }

    /// Takes a run as it was read, unless it is known as well or better; gives the version that has it.
    pub(super) fn put_read(&mut self, run: Run) -> Option<u64> {
        let is_newer = self.by_id.get(&run.id).is_none_or(|(_, known)| age(&run).cmp(&age(known)) == Ordering::Greater);
        is_newer.then(|| self.put(run))
    }

    /// The runs that are taken for active.
    pub(super) fn active(&self) -> Vec<RunId> {
        self.by_id.values().filter(|(_, run)| run.state.is_active()).map(|(_, run)| run.id.clone()).collect()
    }

    /// What has become of runs in scope after a version.
    pub(super) fn since(&self, version: u64, scope: &Scope) -> Changed {
        let are_all = version < self.forgotten;
        let is_wanted = |at: u64, run: &Run| if are_all { run.state.is_active() } else { at > version };
        let in_scope = self.by_id.values().filter(|(_, run)| scope.covers(Some(run.server.id)));
        let runs = in_scope.filter(|(at, run)| is_wanted(*at, run)).map(|(_, run)| run.clone()).collect();
        Changed { version: self.version, runs, are_all }
    }
}

/// A run only goes on: of two states of it, the greater is the later one.
fn age(run: &Run) -> impl Ord + use<> {
    let stage = match run.state {
        RunState::Created => 0,
        RunState::Queued => 1,
        RunState::Running => 2,
        RunState::Canceling => 3,
        _ => 4,
    };
    (stage == 4, run.checked_at, stage)
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
        let before = states.version;
        states.put(run(&id(0), 1, RunState::Failed));
        let changed = states.since(before, &Scope::All);
        let told: Vec<_> = changed.runs.iter().map(|run| (run.id.clone(), run.state)).collect();
        assert_eq!((told, changed.are_all), (vec![(id(0), RunState::Failed)], false));
        assert_eq!(states.by_id.len(), ENDED_RUNS_KEPT);
        assert!(states.by_id.keys().all(|run| *run == id(0) || *run > id(145)), "those that ended first have gone");
    }

    #[test]
    fn who_has_missed_ends_that_were_forgotten_is_told_all_that_is_active() {
        let mut states = RunStates::default();
        states.put(run(&id(0), 1, RunState::Running));
        let before = states.version;
        for n in 1..=300 {
            states.put(run(&id(n), 1, RunState::Completed));
        }
        let changed = states.since(before, &Scope::All);
        assert_eq!((changed.runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>(), changed.are_all), (vec![id(0)], true));
        assert!(!states.since(states.version - 10, &Scope::All).are_all);
    }

    #[test]
    fn what_was_read_late_changes_nothing() {
        let mut states = RunStates::default();
        let at = |state, millis| Run { checked_at: Some(Timestamp::from_millis(millis)), ..run(&id(1), 1, state) };
        assert!(states.put_read(run(&id(1), 1, RunState::Queued)).is_some());
        assert!(states.put_read(run(&id(1), 1, RunState::Queued)).is_none(), "nothing has changed");
        states.put(at(RunState::Running, 20));
        assert!(states.put_read(at(RunState::Running, 10)).is_none());
        assert!(states.put_read(run(&id(1), 1, RunState::Queued)).is_none());
        assert!(states.put_read(at(RunState::Canceling, 20)).is_some());
        assert!(states.put_read(at(RunState::Running, 30)).is_some(), "progress of another process");
        assert_eq!(states.active(), [id(1)]);
        states.put(at(RunState::Completed, 40));
        assert!(states.put_read(at(RunState::Running, 50)).is_none(), "it was read before its end");
        assert_eq!(states.active(), []);
    }

    #[test]
    fn who_is_active_is_never_forgotten_and_nobody_is_told_of_others_servers() {
        let mut states = RunStates::default();
        for n in 0..600 {
            states.put(run(&id(n), i64::from(n % 2 == 0), RunState::Running));
        }
        assert_eq!(states.since(0, &Scope::All).runs.len(), 600);
        assert_eq!(states.since(0, &Scope::Servers(vec![1])).runs.len(), 300);
        assert_eq!(states.since(states.version, &Scope::All).runs.len(), 0);
    }
}
