//! The verdict on a run: a pure function of what was seen and what was asked for. Nothing is `completed` unless everything
//! that proves it was seen.

use app::model::{CommandJob, LogStatus, RunState, SourceType};

use super::exit_codes::{self, Explanation, Outcome, explain};
use super::observation::{Begun, ExitFile, Observation};
use super::recognise::{Finding, recognise};
use crate::jobs::Job;

/// What is known of a run besides the observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts<'j> {
    pub(super) job: &'j Job,
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
pub struct Ended {
    pub state: RunState,
    pub status: LogStatus,
    pub exit_code: Option<i64>,
    /// For the row of the trail, without the schedule's name.
    pub message: String,
    /// What the verdict rests on.
    pub why: String,
}

// What a message says of a code that does not mean what its tool's table says.
pub(super) const LACKS_ITS_END: &str = "the dump ended with code 0 and lacks its completion line";
pub(super) const A_SUCCESS_TO_THE_SCHEDULE: &str = "success, as the schedule says";
pub(super) const A_WARNING_TO_THE_SCHEDULE: &str = "a warning, as the schedule says";
pub(super) const NOT_GOOD_TO_THE_SCHEDULE: &str = "none of the codes that the schedule calls good";

/// A job that has begun and not named its process for this long never will.
const NAMELESS_SECONDS: i64 = 60;

/// Judges one run. `log` is the clean tail of its log.
pub(super) fn judge(facts: Facts<'_>, seen: &Observation, log: &str) -> Verdict {
    match seen.begun {
        Begun::No if facts.was_running => {
            Verdict::Ended(gone(facts, "its run directory is missing on the server: nothing is known of its end"))
        }
        Begun::No => Verdict::Begin,
        Begun::Forbidden if facts.stop_requested => Verdict::Ended(canceled(None, "before it began", "a stop was asked for first")),
        Begun::Forbidden => Verdict::Ended(Ended {
            state: RunState::Skipped,
            status: LogStatus::Missed,
            exit_code: None,
            message: "did not begin in time: the server could not be reached".to_owned(),
            why: "it had not begun when its time was up, and cannot begin any more".to_owned(),
        }),
        Begun::Yes if seen.alive => Verdict::Going,
        Begun::Yes => Verdict::Ended(match &seen.exit {
            ExitFile::Code(code) => {
                let proved = facts.job.source_type() != SourceType::Mysql
                    || !facts.job.is_managed()
                    || seen.result("complete").is_some_and(|value| value == "yes");
                by_code(facts, *code, proved, log)
            }
            ExitFile::Unusable(why) => warning(
                None,
                format!("its exit file cannot be trusted: {why}"),
                "without an exit code nothing is completed",
                recognise(log),
            ),
            ExitFile::Absent if seen.without_pid_s.is_some_and(|seconds| seconds < NAMELESS_SECONDS) => return Verdict::Unclear,
            ExitFile::Absent if facts.stop_requested => canceled(None, "", "a stop was asked for, and its process is gone"),
            ExitFile::Absent => {
                let restarted = if seen.rebooted { ": the server was restarted" } else { "" };
                let what = format!("its process is gone without an exit code{restarted}");
                warning(None, what, "without an exit code nothing is completed", recognise(log))
            }
        }),
    }
}

/// Judges a run whose end was reported with this code, or without one.
pub fn judge_report(job: &Job, code: Option<i64>, stop_requested: bool, log: &str) -> Ended {
    let facts = Facts { job, was_running: true, stop_requested };
    if let Some(code) = code {
        return by_code(facts, code, true, log);
    }
    let what = "its end was reported without an exit code".to_owned();
    warning(None, what, "without an exit code nothing is completed", recognise(log))
}

/// `proved`: a dump's completion line was read back from the storage, or nobody promised to.
fn by_code(facts: Facts<'_>, code: i64, proved: bool, log: &str) -> Ended {
    let source_type = facts.job.source_type();
    let codes = facts.job.own_codes();
    let interrupted = match codes {
        Some(codes) => !codes.success_codes.contains(&code) && exit_codes::is_interruption(SourceType::Other, code),
        None => exit_codes::is_interruption(source_type, code),
    };
    if facts.stop_requested && interrupted {
        return canceled(Some(code), "", "a stop was asked for, and the code is what an interruption leaves");
    }
    let finding = recognise(log);
    let Some(explanation) = codes.map_or_else(|| explain(source_type, code), |codes| Some(by_own_codes(codes, code))) else {
        let what = format!("ended with code {code}, which its tool does not document");
        return warning(Some(code), what, "a code that nobody documents proves nothing", finding);
    };
    if code == 0 && !proved {
        return Ended {
            state: RunState::Failed,
            status: LogStatus::Error,
            exit_code: Some(code),
            message: lead(finding, LACKS_ITS_END),
            why: "a dump without its completion line is not whole, whatever its code".to_owned(),
        };
    }
    let by_log = is_about_connections(source_type, code) && finding.as_ref().is_some_and(|it| it.trouble.is_connection());
    let outcome = match explanation.outcome {
        Outcome::Error if by_log => Outcome::Connection,
        outcome => outcome,
    };
    let meaning = format!("exit code {code}: {}", explanation.meaning);
    let source = if codes.is_some() { "the schedule" } else { "the tool's documentation" };
    let (state, status, word) = match outcome {
        Outcome::Completed => (RunState::Completed, LogStatus::Completed, "success"),
        Outcome::Warning => return warning(Some(code), meaning, &format!("{source} counts code {code} as a warning"), finding),
        Outcome::Error => (RunState::Failed, LogStatus::Error, "an error"),
        Outcome::Connection => (RunState::Failed, LogStatus::Connection, "a failed connection"),
    };
    let (message, why) = match outcome {
        Outcome::Completed if source_type == SourceType::Mysql && facts.job.is_managed() => {
            ("completed".to_owned(), "code 0, and the dump's completion line was read back from where it is kept".to_owned())
        }
        Outcome::Completed => ("completed".to_owned(), format!("{source} counts code {code} as success")),
        _ if by_log => (lead(finding, &meaning), format!("code {code} may mean a failed connection, and its log says that it was one")),
        _ => (lead(finding, &meaning), format!("{source} counts code {code} as {word}")),
    };
    Ended { state, status, exit_code: Some(code), message, why }
}

/// Codes that mean a failed connection where the log says so.
fn is_about_connections(source_type: SourceType, code: i64) -> bool {
    matches!((source_type, code), (SourceType::Files, 12) | (SourceType::Mysql, 2))
}

/// A code of a command whose schedule says which are good.
fn by_own_codes(codes: &CommandJob, code: i64) -> Explanation {
    let row = |outcome, meaning| Explanation { outcome, meaning, next_step: "Read the end of its log." };
    if codes.success_codes.contains(&code) {
        row(Outcome::Completed, A_SUCCESS_TO_THE_SCHEDULE)
    } else if codes.warning_codes.contains(&code) {
        row(Outcome::Warning, A_WARNING_TO_THE_SCHEDULE)
    } else {
        explain(SourceType::Other, code)
            .filter(|known| known.outcome != Outcome::Completed)
            .unwrap_or(row(Outcome::Error, NOT_GOOD_TO_THE_SCHEDULE))
    }
}

fn warning(exit_code: Option<i64>, what: String, why: &str, finding: Option<Finding>) -> Ended {
    Ended { state: RunState::Partial, status: LogStatus::Warning, exit_code, message: lead(finding, &what), why: why.to_owned() }
}

fn gone(facts: Facts<'_>, what: &str) -> Ended {
    if facts.stop_requested {
        canceled(None, "", "a stop was asked for, and nothing is left of it")
    } else {
        warning(None, what.to_owned(), "without an exit code nothing is completed", None)
    }
}

fn canceled(exit_code: Option<i64>, when: &str, why: &str) -> Ended {
    let message = if when.is_empty() { "stopped".to_owned() } else { format!("stopped {when}") };
    Ended { state: RunState::Canceled, status: LogStatus::Stopped, exit_code, message, why: why.to_owned() }
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
    use app::model::{FilesJob, MysqlJob};
    use rstest::rstest;

    use super::*;

    fn job(source_type: SourceType) -> Job {
        match source_type {
            SourceType::Files => Job::Files {
                files: FilesJob {
                    sources: vec![],
                    destination: String::new(),
                    excludes: vec![],
                    keep_points: None,
                    bandwidth_kbps: None,
                    extra_args: vec![],
                },
                point: String::new(),
            },
            _ => Job::Mysql {
                mysql: MysqlJob { databases: None, defaults_file: String::new(), destination: String::new(), keep_points: None },
                point: String::new(),
            },
        }
    }

    fn facts(job: &Job) -> Facts<'_> {
        Facts { job, was_running: true, stop_requested: false }
    }

    fn ended_with(code: i64) -> Observation {
        Observation { begun: Begun::Yes, exit: ExitFile::Code(code), ..Observation::default() }
    }

    fn verdict(facts: Facts<'_>, seen: &Observation, log: &str) -> (RunState, LogStatus, String) {
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
        let (got_state, got_status, _) = verdict(facts(&job(SourceType::Files)), &ended_with(code), "");
        assert_eq!((got_state, got_status), (state, status));
    }

    #[test]
    fn code_12_is_a_connection_failure_when_ssh_dropped() {
        let log = "Connection closed by remote host\nrsync error: error in rsync protocol data stream (code 12)";
        let (_, status, message) = verdict(facts(&job(SourceType::Files)), &ended_with(12), log);
        assert_eq!(status, LogStatus::Connection);
        assert!(message.starts_with("Connection closed by remote host — exit code 12"), "{message}");
    }

    #[test]
    fn a_dump_is_complete_only_with_its_completion_line() {
        let (state, status, _) = verdict(facts(&job(SourceType::Mysql)), &ended_with(0), "");
        assert_eq!((state, status), (RunState::Failed, LogStatus::Error));
        let mut seen = ended_with(0);
        seen.results.push(("complete".to_owned(), "yes".to_owned()));
        assert_eq!(verdict(facts(&job(SourceType::Mysql)), &seen, "").0, RunState::Completed);
    }

    #[test]
    fn a_database_that_cannot_be_reached_is_a_connection_failure_and_a_wrong_password_is_not() {
        let away = "mariadb-dump: Got error: 2002: \"Can't connect to local server through socket '/x' (2)\" when trying to connect";
        assert_eq!(verdict(facts(&job(SourceType::Mysql)), &ended_with(2), away).1, LogStatus::Connection);
        let denied = "mariadb-dump: Got error: 1045: \"Access denied for user 'a'@'localhost'\" when trying to connect";
        assert_eq!(verdict(facts(&job(SourceType::Mysql)), &ended_with(2), denied).1, LogStatus::Error);
    }

    #[test]
    fn what_cannot_be_trusted_is_a_warning_and_never_a_success() {
        for exit in [ExitFile::Absent, ExitFile::Unusable("it is empty".to_owned())] {
            let seen = Observation { begun: Begun::Yes, exit, ..Observation::default() };
            let (state, status, _) = verdict(facts(&job(SourceType::Files)), &seen, "Total file size: 10 bytes");
            assert_eq!((state, status), (RunState::Partial, LogStatus::Warning));
        }
    }

    #[test]
    fn a_stopped_run_that_ended_by_itself_keeps_its_real_outcome() {
        let files = job(SourceType::Files);
        let stopping = Facts { stop_requested: true, ..facts(&files) };
        assert_eq!(verdict(stopping, &ended_with(0), "").0, RunState::Completed);
        assert_eq!(verdict(stopping, &ended_with(11), "").0, RunState::Failed);
        assert_eq!(verdict(stopping, &ended_with(20), "").0, RunState::Canceled);
        let killed = Observation { begun: Begun::Yes, ..Observation::default() };
        assert_eq!(verdict(stopping, &killed, "").0, RunState::Canceled);
    }

    #[test]
    fn a_job_that_only_just_began_is_looked_at_again() {
        let young = Observation { begun: Begun::Yes, without_pid_s: Some(2), ..Observation::default() };
        assert_eq!(judge(facts(&job(SourceType::Files)), &young, ""), Verdict::Unclear);
        let old = Observation { without_pid_s: Some(600), ..young };
        assert_eq!(verdict(facts(&job(SourceType::Files)), &old, "").0, RunState::Partial);
    }

    #[test]
    fn the_gravest_line_of_the_log_leads() {
        let log = "rsync: [receiver] write failed on \"/b/x\": No space left on device (28)\nrsync error: error in file I/O (code 11) at receiver.c(380)";
        let (_, _, message) = verdict(facts(&job(SourceType::Files)), &ended_with(11), log);
        assert_eq!(message, "rsync: [receiver] write failed on \"/b/x\": No space left on device (28) — exit code 11: error in file I/O");
    }

    #[rstest]
    #[case(0, RunState::Failed, "exit code 0: none of the codes that the schedule calls good")]
    #[case(1, RunState::Completed, "completed")]
    #[case(3, RunState::Partial, "exit code 3: a warning, as the schedule says")]
    #[case(77, RunState::Failed, "exit code 77: none of the codes that the schedule calls good")]
    #[case(127, RunState::Failed, "exit code 127: a command was not found")]
    fn a_command_has_codes_of_its_own(#[case] code: i64, #[case] state: RunState, #[case] message: &str) {
        let command =
            CommandJob { source_type: SourceType::Oracle, command: "rman".to_owned(), success_codes: vec![1], warning_codes: vec![3] };
        let (got, _, said) = verdict(facts(&Job::Command { command }), &ended_with(code), "");
        assert_eq!((got, said.as_str()), (state, message));
    }

    #[test]
    fn a_reported_end_without_a_code_is_no_success() {
        let job = Job::Reported { command: None };
        assert_eq!(judge_report(&job, Some(0), false, "").state, RunState::Completed);
        assert_eq!(judge_report(&job, None, false, "").state, RunState::Partial);
        assert_eq!(judge_report(&job, Some(143), true, "").state, RunState::Canceled);
        assert_eq!(judge_report(&job, Some(143), false, "").state, RunState::Failed);
    }
}
