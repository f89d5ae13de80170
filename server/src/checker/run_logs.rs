//! The ends of the logs of runs that go on, in memory: what a run's page shows while it runs. What is kept for good is the
//! detail of the row that tells of the end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use app::model::RunId;

use crate::audit::MAX_DETAIL_BYTES;

/// Runs that are kept at most; far more than go on at a time on the servers of one panel.
const MAX_RUNS: usize = 512;

/// Clean, redacted text by run; at most 256 KiB of each.
#[derive(Debug, Default)]
pub struct RunLogs {
    by_run: Mutex<HashMap<RunId, String>>,
}

impl RunLogs {
    /// The end of a run's log, if anything of it has been read.
    pub fn tail(&self, id: &RunId) -> Option<String> {
        self.with(|logs| logs.get(id).cloned())
    }

    /// Adds what is new.
    pub fn append(&self, id: &RunId, text: &str) {
        self.with(|logs| {
            make_room(logs, id);
            let log = logs.entry(id.clone()).or_default();
            log.push_str(text);
            cut(log);
        });
    }

    /// Puts a newer state of the end in place of the older.
    pub fn replace(&self, id: &RunId, text: &str) {
        self.with(|logs| {
            make_room(logs, id);
            let mut log = text.to_owned();
            cut(&mut log);
            logs.insert(id.clone(), log);
        });
    }

    /// The run is over.
    pub fn forget(&self, id: &RunId) {
        self.with(|logs| logs.remove(id));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<RunId, String>) -> T) -> T {
        work(&mut self.by_run.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Ids grow with time: the oldest run is the one that was most likely forgotten to be forgotten.
fn make_room(logs: &mut HashMap<RunId, String>, id: &RunId) {
    if logs.len() >= MAX_RUNS
        && !logs.contains_key(id)
        && let Some(oldest) = logs.keys().min().cloned()
    {
        logs.remove(&oldest);
    }
}

/// Keeps the end, from the beginning of a line where there is one.
fn cut(log: &mut String) {
    if log.len() <= MAX_DETAIL_BYTES {
        return;
    }
    let mut start = log.len() - MAX_DETAIL_BYTES;
    while !log.is_char_boundary(start) {
        start += 1;
    }
    let start = log[start..].find('\n').map_or(start, |line_end| start + line_end + 1);
    log.drain(..start);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> RunId {
        format!("01KAMZ3V7S9B3J1Q6Y1C2D{n:04}").parse().unwrap()
    }

    #[test]
    fn the_end_of_each_log_is_kept() {
        let logs = RunLogs::default();
        logs.append(&id(1), "one\n");
        logs.append(&id(1), "two\n");
        assert_eq!(logs.tail(&id(1)).as_deref(), Some("one\ntwo\n"));
        logs.append(&id(1), &format!("{}\nlast é\n", "x".repeat(MAX_DETAIL_BYTES)));
        assert_eq!(logs.tail(&id(1)).as_deref(), Some("last é\n"));
        logs.replace(&id(1), "anew");
        assert_eq!(logs.tail(&id(1)).as_deref(), Some("anew"));
        logs.forget(&id(1));
        assert_eq!(logs.tail(&id(1)), None);
    }

    #[test]
    fn the_oldest_run_goes_when_there_are_too_many() {
        let logs = RunLogs::default();
        for n in 0..=MAX_RUNS {
            logs.append(&id(n), "x");
        }
        assert_eq!(logs.tail(&id(0)), None);
        assert!(logs.tail(&id(1)).is_some() && logs.tail(&id(MAX_RUNS)).is_some());
    }
}
