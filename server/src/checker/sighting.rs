//! What a look at a watched job means: pure rules. Something else runs the job, so its beginning and its end are told from what
//! changed since the last look.

use app::model::SourceType;
use serde::{Deserialize, Serialize};

use super::observation::{ExitFile, Sighting};
use crate::jobs::Sight;

/// What the last look found; the next one counts only what is new.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    #[serde(default)]
    pub(super) exit_mark: Option<String>,
    #[serde(default)]
    pub(super) log_file: Option<String>,
    #[serde(default)]
    pub(super) log_size: u64,
}

/// What is to be done about a watched job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    Nothing,
    /// A run has begun.
    Begun(Sight),
    Going,
    /// Its process is gone and its exit file is not there yet: it may come in a moment.
    Awaiting,
    /// The run that was going on has ended; `None` if it left no exit file of its own.
    Ended(Option<ExitFile>),
    /// A run came and went between two looks.
    CameAndWent(Sight, ExitFile),
}

/// Whether a process or a session says that the job is running, or only its exit file that it ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watching {
    pub(super) process: bool,
    pub(super) exit_file: bool,
}

/// Compares a look with the one before and with the run that was going on.
pub(super) fn compare(watching: Watching, before: Option<&Seen>, going: Option<&Sight>, now: &Sighting) -> Meaning {
    if now.problem.is_some() {
        return Meaning::Nothing;
    }
    let written = |earlier: &Option<String>| now.exit_mark.is_some() && now.exit_mark != *earlier;
    match (going, before) {
        (Some(sight), _) => match &now.process {
            Some(process) if sight.process.as_ref() == Some(process) => Meaning::Going,
            _ if written(&sight.exit_before) => Meaning::Ended(Some(now.exit.clone())),
            None if watching.exit_file => Meaning::Awaiting,
            // Gone; or another process under the same name, so that the one that was going on is gone for good.
            None | Some(_) => Meaning::Ended(None),
        },
        // What was there before anyone looked is not news, but what is running is.
        (None, None) => match &now.process {
            Some(_) => Meaning::Begun(sight(now, now.exit_mark.as_ref(), None)),
            None => Meaning::Nothing,
        },
        (None, Some(before)) => match &now.process {
            Some(_) => Meaning::Begun(sight(now, before.exit_mark.as_ref(), Some(before))),
            None if watching.exit_file && written(&before.exit_mark) => {
                Meaning::CameAndWent(Sight { process: None, ..sight(now, before.exit_mark.as_ref(), Some(before)) }, now.exit.clone())
            }
            None => Meaning::Nothing,
        },
    }
}

/// What the next look will be compared with.
pub(super) fn remember(now: &Sighting) -> Seen {
    let log_file = Some(now.log.file.clone()).filter(|file| !file.is_empty());
    Seen { exit_mark: now.exit_mark.clone(), log_file, log_size: now.log.size }
}

/// The run's part of the log begins where the last look ended; in a new file, at its beginning.
fn sight(now: &Sighting, exit_before: Option<&String>, before: Option<&Seen>) -> Sight {
    let same_file =
        before.is_some_and(|before| before.log_file.as_deref() == Some(now.log.file.as_str()) && before.log_size <= now.log.size);
    let log_from = match before {
        Some(before) if same_file => before.log_size,
        Some(_) => 0,
        None => now.log.size,
    };
    Sight { process: now.process.clone(), exit_before: exit_before.cloned(), log_file: remember(now).log_file, log_from }
}

/// The code that a tool's own last words tell of, where it left no exit file: rsync names it when it is not zero, and ends with its
/// totals when it is.
pub(super) fn code_in_words(source_type: SourceType, log: &str) -> Option<i64> {
    if source_type != SourceType::Files {
        return None;
    }
    let last = log.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    if last.starts_with("rsync error:") || last.starts_with("rsync warning:") {
        let (_, rest) = last.rsplit_once("(code ")?;
        return rest.split(')').next()?.parse().ok();
    }
    (last.starts_with("total size is ") && last.contains("speedup is")).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Watching = Watching { process: true, exit_file: true };

    fn look(process: Option<&str>, exit_mark: Option<&str>) -> Sighting {
        let exit = exit_mark.map_or(ExitFile::Absent, |_| ExitFile::Code(0));
        Sighting { process: process.map(str::to_owned), exit, exit_mark: exit_mark.map(str::to_owned), ..Sighting::default() }
    }

    #[test]
    fn an_old_exit_file_is_not_the_end_of_a_new_run() {
        let first = look(None, Some("old"));
        assert_eq!(compare(BOTH, None, None, &first), Meaning::Nothing, "what was there before is not news");
        let seen = remember(&first);
        let running = look(Some("9:1"), Some("old"));
        let Meaning::Begun(sight) = compare(BOTH, Some(&seen), None, &running) else { panic!("it has begun") };
        assert_eq!(compare(BOTH, Some(&seen), Some(&sight), &running), Meaning::Going);
        assert_eq!(compare(BOTH, Some(&seen), Some(&sight), &look(None, Some("old"))), Meaning::Awaiting);
        assert_eq!(compare(BOTH, Some(&seen), Some(&sight), &look(None, Some("new"))), Meaning::Ended(Some(ExitFile::Code(0))));
    }

    #[test]
    fn what_came_and_went_between_two_looks_is_seen_by_its_exit_file() {
        let seen = remember(&look(None, Some("old")));
        assert!(matches!(compare(BOTH, Some(&seen), None, &look(None, Some("new"))), Meaning::CameAndWent(_, ExitFile::Code(0))));
        assert_eq!(compare(BOTH, Some(&seen), None, &look(None, Some("old"))), Meaning::Nothing);
        assert_eq!(compare(BOTH, Some(&seen), None, &look(None, None)), Meaning::Nothing, "a removed exit file is no run");
    }

    #[test]
    fn a_process_that_takes_the_place_of_another_is_another_run() {
        let Meaning::Begun(sight) = compare(BOTH, None, None, &look(Some("9:1"), None)) else { panic!("it has begun") };
        assert_eq!(compare(BOTH, None, Some(&sight), &look(Some("12:5"), None)), Meaning::Ended(None));
        let only_process = Watching { process: true, exit_file: false };
        assert_eq!(compare(only_process, None, Some(&sight), &look(None, None)), Meaning::Ended(None));
    }

    #[test]
    fn a_run_reads_its_own_part_of_the_log() {
        let log = |file: &str, size| super::super::observation::LogPiece { file: file.to_owned(), size, ..Default::default() };
        let before = remember(&Sighting { log: log("7", 100), ..look(None, None) });
        let begun = |piece| match compare(BOTH, Some(&before), None, &Sighting { log: piece, ..look(Some("9:1"), None) }) {
            Meaning::Begun(sight) => sight.log_from,
            other => panic!("{other:?}"),
        };
        assert_eq!(begun(log("7", 180)), 100);
        assert_eq!(begun(log("8", 180)), 0, "rotated");
        assert_eq!(begun(log("7", 20)), 0, "cut");
    }

    #[test]
    fn rsync_names_its_code_in_its_last_line() {
        let code = |log| code_in_words(SourceType::Files, log);
        assert_eq!(code("sent 5 bytes\ntotal size is 24,576  speedup is 2.00\n\n"), Some(0));
        assert_eq!(
            code("rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1338) [sender=3.2.7]"),
            Some(23)
        );
        assert_eq!(code("rsync warning: some files vanished before they could be transferred (code 24) at main.c(1338)"), Some(24));
        assert_eq!(code("total size is 1  speedup is 1.00\nstarting next step\n"), None);
        assert_eq!(code_in_words(SourceType::Mysql, "total size is 1  speedup is 1.00"), None);
    }
}
