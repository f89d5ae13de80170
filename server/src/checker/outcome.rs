//! The verdict on a run: a pure function of what was seen and what was asked for. Nothing is `completed` unless everything
//! that proves it was seen.

use app::model::{LogStatus, RunState, SourceType};

use super::exit_codes::{self, Outcome, explain};
use super::observation::{Begun, ExitFile, Observation};
use super::recognise::{Finding, recognise};

/// What is known of a run besides the observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) source_type: SourceType,
    /// The panel has counted it as running.
    pub(super) was_running: bool,
    pub(super) stop_requested: bool,
}

/// What is to be made of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has not begun; ask the server (again) to begin it.
    Begin,
    /// It goes on.
    Going,
    /// It has just begun and not said who it is: look again soon.
    Unclear,
    Ended(Ended),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) state: RunState,
    pub(super) status: LogStatus,
    pub(super) exit_code: Option<i64>,
    /// For the row of the trail, without the schedule's name.
    pub(super) message: String,
}

/// A job that has begun and not named its process for this long never will.
const NAMELESS_SECONDS: i64 = 60;

/// Judges one run. `log` is the clean tail of its log.
pub(super) fn judge(facts: Facts, seen: &Observation, log: &str) -> Verdict {
    match seen.begun {
        Begun::No if facts.was_running => {
            Verdict::Ended(gone(facts, "its run directory is missing on the server: nothing is known of its end"))
        }
        Begun::No => Verdict::Begin,
        Begun::Forbidden if facts.stop_requested => Verdict::Ended(canceled(None, "before it began")),
        Begun::Forbidden => Verdict::Ended(Ended {
            state: RunState::Skipped,
            status: LogStatus::Missed,
            exit_code: None,
            message: "did not begin in time: the server could not be reached".to_owned(),
        }),
        Begun::Yes if seen.alive => Verdict::Going,
        Begun::Yes => Verdict::Ended(match &seen.exit {
            ExitFile::Code(code) => by_code(facts, *code, seen, log),
            ExitFile::Unusable(why) => warning(None, format!("its exit file cannot be trusted: {why}"), recognise(log)),
            ExitFile::Absent if seen.without_pid_s.is_some_and(|seconds| seconds < NAMELESS_SECONDS) => return Verdict::Unclear,
            ExitFile::Absent if facts.stop_requested => canceled(None, ""),
            ExitFile::Absent if seen.rebooted => {
                warning(None, "its process is gone without an exit code: the server was restarted".to_owned(), recognise(log))
            }
            ExitFile::Absent => warning(None, "its process is gone without an exit code".to_owned(), recognise(log)),
        }),
    }
}

fn by_code(facts: Facts, code: i64, seen: &Observation, log: &str) -> Ended {
    if facts.stop_requested && exit_codes::is_interruption(facts.source_type, code) {
        return canceled(Some(code), "");
    }
    let finding = recognise(log);
    let Some(explanation) = explain(facts.source_type, code) else {
        return warning(Some(code), format!("ended with code {code}, which its tool does not document"), finding);
    };
    // Zero is not enough for a dump: its completion line must have been read back from the storage.
    let incomplete = facts.source_type == SourceType::Mysql && code == 0 && seen.result.get("complete").is_none_or(|value| value != "yes");
    if incomplete {
        return Ended {
            state: RunState::Failed,
            status: LogStatus::Error,
            exit_code: Some(code),
            message: lead(finding, "the dump ended with code 0 and lacks its completion line"),
        };
    }
    let reaches = |finding: &Finding| finding.trouble.is_connection();
    let outcome = match explanation.outcome {
        Outcome::Error
            if matches!((facts.source_type, code), (SourceType::Files, 12) | (SourceType::Mysql, 2))
                && finding.as_ref().is_some_and(reaches) =>
        {
            Outcome::Connection
        }
        outcome => outcome,
    };
    let meaning = format!("exit code {code}: {}", explanation.meaning);
    match outcome {
        Outcome::Completed => {
            Ended { state: RunState::Completed, status: LogStatus::Completed, exit_code: Some(code), message: "completed".to_owned() }
        }
        Outcome::Warning => warning(Some(code), meaning, finding),
        Outcome::Error => {
            Ended { state: RunState::Failed, status: LogStatus::Error, exit_code: Some(code), message: lead(finding, &meaning) }
        }
        Outcome::Connection => {
            Ended { state: RunState::Failed, status: LogStatus::Connection, exit_code: Some(code), message: lead(finding, &meaning) }
        }
    }
}

fn warning(exit_code: Option<i64>, what: String, finding: Option<Finding>) -> Ended {
    Ended { state: RunState::Partial, status: LogStatus::Warning, exit_code, message: lead(finding, &what) }
}

fn gone(facts: Facts, what: &str) -> Ended {
    if facts.stop_requested { canceled(None, "") } else { warning(None, what.to_owned(), None) }
}

fn canceled(exit_code: Option<i64>, when: &str) -> Ended {
    let message = if when.is_empty() { "stopped".to_owned() } else { format!("stopped {when}") };
    Ended { state: RunState::Canceled, status: LogStatus::Stopped, exit_code, message }
}

/// The line of the log that says most leads the message.
fn lead(finding: Option<Finding>, what: &str) -> String {
    match finding {
        // Long paths must not push the meaning out of the message.
        Some(finding) => {
            let line: String = finding.line.chars().take(300).collect();
            format!("{line} — {what}")
        }
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn facts(source_type: SourceType) -> Facts {
        Facts { source_type, was_running: true, stop_requested: false }
    }

    fn ended_with(code: i64) -> Observation {
        Observation { begun: Begun::Yes, exit: ExitFile::Code(code), ..Observation::default() }
    }

    fn verdict(facts: Facts, seen: &Observation, log: &str) -> (RunState, LogStatus, String) {
        match judge(facts, seen, log) {
            Verdict::Ended(ended) => (ended.state, ended.status, ended.message),
            other => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case(0, RunState::Completed, LogStatus::Completed)]
    #[case(23, RunState::Partial, LogStatus::Warning)]
    #[case(24, RunState::Partial, LogStatus::Warning)]
    #[case(11, RunState::Failed, LogStatus::Error)]
    #[case(12, RunState::Failed, LogStatus::Error)]
    #[case(30, RunState::Failed, LogStatus::Connection)]
    #[case(255, RunState::Failed, LogStatus::Connection)]
    #[case(99, RunState::Partial, LogStatus::Warning)]
    fn codes_of_rsync(#[case] code: i64, #[case] state: RunState, #[case] status: LogStatus) {
        let (got_state, got_status, _) = verdict(facts(SourceType::Files), &ended_with(code), "");
        assert_eq!((got_state, got_status), (state, status));
    }

    #[test]
    fn code_12_is_a_connection_failure_when_ssh_dropped() {
        let log = "Connection closed by remote host\nrsync error: error in rsync protocol data stream (code 12)";
        let (_, status, message) = verdict(facts(SourceType::Files), &ended_with(12), log);
        assert_eq!(status, LogStatus::Connection);
        assert!(message.starts_with("Connection closed by remote host — exit code 12"), "{message}");
    }

    #[test]
    fn a_dump_is_complete_only_with_its_completion_line() {
        let (state, status, _) = verdict(facts(SourceType::Mysql), &ended_with(0), "");
        assert_eq!((state, status), (RunState::Failed, LogStatus::Error));
        let mut seen = ended_with(0);
        seen.result.insert("complete".to_owned(), "yes".to_owned());
        assert_eq!(verdict(facts(SourceType::Mysql), &seen, "").0, RunState::Completed);
    }

    #[test]
    fn a_database_that_cannot_be_reached_is_a_connection_failure_and_a_wrong_password_is_not() {
        let away = "mariadb-dump: Got error: 2002: \"Can't connect to local server through socket '/x' (2)\" when trying to connect";
        assert_eq!(verdict(facts(SourceType::Mysql), &ended_with(2), away).1, LogStatus::Connection);
        let denied = "mariadb-dump: Got error: 1045: \"Access denied for user 'a'@'localhost'\" when trying to connect";
        assert_eq!(verdict(facts(SourceType::Mysql), &ended_with(2), denied).1, LogStatus::Error);
    }

    #[test]
    fn what_cannot_be_trusted_is_a_warning_and_never_a_success() {
        for exit in [ExitFile::Absent, ExitFile::Unusable("it is empty".to_owned())] {
            let seen = Observation { begun: Begun::Yes, exit, ..Observation::default() };
            let (state, status, _) = verdict(facts(SourceType::Files), &seen, "Total file size: 10 bytes");
            assert_eq!((state, status), (RunState::Partial, LogStatus::Warning));
        }
    }

    #[test]
    fn a_stopped_run_that_ended_by_itself_keeps_its_real_outcome() {
        let stopping = Facts { stop_requested: true, ..facts(SourceType::Files) };
        assert_eq!(verdict(stopping, &ended_with(0), "").0, RunState::Completed);
        assert_eq!(verdict(stopping, &ended_with(11), "").0, RunState::Failed);
        assert_eq!(verdict(stopping, &ended_with(20), "").0, RunState::Canceled);
        let killed = Observation { begun: Begun::Yes, ..Observation::default() };
        assert_eq!(verdict(stopping, &killed, "").0, RunState::Canceled);
    }

    #[test]
    fn a_job_that_only_just_began_is_looked_at_again() {
        let young = Observation { begun: Begun::Yes, without_pid_s: Some(2), ..Observation::default() };
        assert_eq!(judge(facts(SourceType::Files), &young, ""), Verdict::Unclear);
        let old = Observation { without_pid_s: Some(600), ..young };
        assert_eq!(verdict(facts(SourceType::Files), &old, "").0, RunState::Partial);
    }

    #[test]
    fn the_gravest_line_of_the_log_leads() {
        let log = "rsync: [receiver] write failed on \"/b/x\": No space left on device (28)\nrsync error: error in file I/O (code 11) at receiver.c(380)";
        let (_, _, message) = verdict(facts(SourceType::Files), &ended_with(11), log);
        assert_eq!(message, "rsync: [receiver] write failed on \"/b/x\": No space left on device (28) — exit code 11: error in file I/O");
    }
}
