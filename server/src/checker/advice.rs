//! What a person is told beside a row: what its exit code means there, and what to do next. The row's verdict leads: a code that its
//! tool calls success is none in a row that says otherwise.

mod without_code;

use app::model::{LogEntry, LogStatus, SourceType};

use self::without_code::words_without_code;
use super::exit_codes::{Outcome, explain, is_interruption};
use super::outcome::{A_SUCCESS_TO_THE_SCHEDULE, A_WARNING_TO_THE_SCHEDULE, LACKS_ITS_END, NOT_GOOD_TO_THE_SCHEDULE};
use super::recognise::recognise;

/// Words for the message dialog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    pub explanation: Option<String>,
    pub next_step: Option<String>,
}

/// What happened, as a fragment, and what to do, as a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Words(&'static str, &'static str);

/// What to do comes from the log where it names the trouble, since that says more than a code.
pub fn advise(entry: &LogEntry, exit_code: Option<i64>, log: Option<&str>) -> Advice {
    let Some(Words(explanation, next_step)) = words(entry, exit_code) else { return Advice::default() };
    // What was stopped or never began has no trouble of its own.
    let is_searched = matches!(entry.status, LogStatus::Warning | LogStatus::Error | LogStatus::Connection);
    let trouble = log.filter(|_| is_searched).and_then(recognise);
    let next_step = match trouble {
        Some(finding) if proves_nothing(entry, exit_code) => format!("{} Then run the schedule again.", finding.trouble.next_step()),
        Some(finding) => finding.trouble.next_step().to_owned(),
        None => next_step.to_owned(),
    };
    Advice { explanation: Some(explanation.to_owned()), next_step: Some(next_step) }
}

/// Nothing shows that what the run has left is whole.
fn proves_nothing(entry: &LogEntry, exit_code: Option<i64>) -> bool {
    entry.run_id.is_some() && (exit_code.is_none() || (exit_code == Some(0) && entry.status == LogStatus::Error))
}

fn words(entry: &LogEntry, exit_code: Option<i64>) -> Option<Words> {
    let source_type = entry.source_type;
    match (entry.status, exit_code) {
        (LogStatus::Started | LogStatus::Running | LogStatus::Info, _) | (LogStatus::Completed, None) => None,
        (LogStatus::Completed, Some(code)) => {
            let known = explain(source_type, code).filter(|known| known.outcome == Outcome::Completed);
            Some(Words(known.map_or(A_SUCCESS_TO_THE_SCHEDULE, |known| known.meaning), "Nothing to do."))
        }
        (LogStatus::Stopped, Some(code)) => Some(Words(left_by_a_stop(source_type, code), AFTER_A_STOP)),
        (LogStatus::Warning | LogStatus::Error | LogStatus::Connection, Some(code)) => Some(words_of_code(entry, code)),
        (LogStatus::Warning | LogStatus::Error | LogStatus::Connection | LogStatus::Stopped | LogStatus::Missed, _) => {
            Some(words_without_code(entry))
        }
    }
}

const AFTER_A_STOP: &str = "Somebody asked for this: run the schedule again when its backup is wanted.";

fn left_by_a_stop(source_type: SourceType, code: i64) -> &'static str {
    // A dump that is told to stop leaves the code of a query that failed.
    let known = explain(source_type, code).filter(|_| is_interruption(source_type, code) && source_type != SourceType::Mysql);
    known
        .or_else(|| explain(SourceType::Other, code))
        .filter(|known| known.outcome == Outcome::Error)
        .map_or("what a job leaves that was told to stop", |known| known.meaning)
}

/// A code in a row that is no success.
fn words_of_code(entry: &LogEntry, code: i64) -> Words {
    let says = |meaning: &str| entry.message.contains(&format!("exit code {code}: {meaning}"));
    if code == 0 && entry.message.contains(LACKS_ITS_END) {
        return Words(
            "the tool reported success, yet the dump lacks its completion line and is not whole",
            "Do not rely on this dump. Check free space at the destination and that nothing cut the dump off, then run the schedule again.",
        );
    }
    if says(A_WARNING_TO_THE_SCHEDULE) {
        return Words(A_WARNING_TO_THE_SCHEDULE, "Read the end of its log for what is missing.");
    }
    if says(NOT_GOOD_TO_THE_SCHEDULE) {
        return Words(NOT_GOOD_TO_THE_SCHEDULE, "Read the end of its log; if this code is good, add it to the schedule's success codes.");
    }
    let known = explain(entry.source_type, code).filter(|known| fits(known.outcome, entry.status));
    match (known, entry.status) {
        (Some(known), _) => Words(known.meaning, known.next_step),
        (None, LogStatus::Warning) => Words(
            "a code that its tool does not document proves nothing, so the run counts as partial",
            "Read the end of its log, and check what it has left before you rely on it.",
        ),
        (None, LogStatus::Connection) => {
            Words("the other side could not be reached", "Check the network between the server and its storage.")
        }
        (None, _) => Words("not a code that counts as success here", "Read the end of its log, and run the schedule again."),
    }
}

/// Whether the table says what the row says. The log can make a lost connection of a code that may mean one.
fn fits(outcome: Outcome, status: LogStatus) -> bool {
    match outcome {
        Outcome::Completed => status == LogStatus::Completed,
        Outcome::Warning => status == LogStatus::Warning,
        Outcome::Error => matches!(status, LogStatus::Error | LogStatus::Connection),
        Outcome::Connection => status == LogStatus::Connection,
    }
}

#[cfg(test)]
mod tests {
    use app::model::{CommandJob, Timestamp};
    use rstest::rstest;

    use super::*;
    use crate::checker::outcome::judge_report;
    use crate::jobs::Job;

    pub(super) fn row(status: LogStatus, source_type: SourceType, message: &str) -> LogEntry {
        LogEntry {
            status,
            source_type,
            run_id: Some("01KAMZ3V7S9B3J1Q6Y1C2D3E4F".parse().unwrap()),
            message: message.to_owned(),
            has_detail: true,
            ..LogEntry::blank(1, Timestamp(0))
        }
    }

    fn told(row: &LogEntry, code: Option<i64>, log: &str) -> (String, String) {
        let advice = advise(row, code, Some(log));
        (advice.explanation.unwrap(), advice.next_step.unwrap())
    }

    #[test]
    fn the_log_knows_better_than_the_code_what_to_do() {
        let failed = row(LogStatus::Error, SourceType::Files, "FILES x: exit code 11: error in file I/O");
        let (meaning, next) = told(&failed, Some(11), "rsync: write failed: No space left on device (28)");
        assert_eq!((meaning.as_str(), next.as_str()), ("error in file I/O", "Free space at the destination, or keep fewer points."));
    }

    #[test]
    fn a_dump_without_its_end_is_no_success_whatever_its_code() {
        let cut = row(LogStatus::Error, SourceType::Mysql, &format!("MYSQL shop: {LACKS_ITS_END}"));
        let (meaning, next) = told(&cut, Some(0), "");
        assert!(meaning.contains("not whole") && next.starts_with("Do not rely on this dump."), "{meaning} {next}");
        let (_, next) = told(&cut, Some(0), "gzip: stdout: No space left on device");
        assert_eq!(next, "Free space at the destination, or keep fewer points. Then run the schedule again.");
    }

    #[rstest]
    #[case(1, "success, as the schedule says", "Nothing to do.")]
    #[case(3, "a warning, as the schedule says", "Read the end of its log for what is missing.")]
    #[case(0, NOT_GOOD_TO_THE_SCHEDULE, "Read the end of its log; if this code is good, add it to the schedule's success codes.")]
    #[case(77, NOT_GOOD_TO_THE_SCHEDULE, "Read the end of its log; if this code is good, add it to the schedule's success codes.")]
    #[case(127, "a command was not found", "Install the tool that the log names on the server.")]
    fn codes_of_a_schedules_own_are_explained_as_it_counts_them(
        #[case] code: i64,
        #[case] meaning: &str,
        #[case] next: &str,
        #[values(SourceType::Oracle, SourceType::Nas, SourceType::Other, SourceType::Vm)] source_type: SourceType,
    ) {
        let command = CommandJob { source_type, command: "backup".to_owned(), success_codes: vec![1], warning_codes: vec![3] };
        let ended = judge_report(&Job::Command { command }, Some(code), false, "");
        let row = row(ended.status, source_type, &format!("{source_type} x: {}", ended.message));
        assert_eq!(told(&row, Some(code), ""), (meaning.to_owned(), next.to_owned()));
    }

    #[test]
    fn nothing_that_is_no_success_is_explained_as_one() {
        use LogStatus::{Connection, Error, Missed, Stopped, Warning};
        for status in [Warning, Error, Connection, Missed, Stopped] {
            for source_type in [SourceType::Files, SourceType::Mysql, SourceType::Oracle, SourceType::System] {
                for code in [None, Some(0), Some(1), Some(2), Some(12), Some(23), Some(42), Some(137), Some(255), Some(-1)] {
                    let (meaning, next) = told(&row(status, source_type, "something happened"), code, "done");
                    assert!(!meaning.is_empty() && !meaning.contains("success, "), "{status} {source_type} {code:?}: {meaning}");
                    assert!(meaning != "success" && next.ends_with('.') && next != "Nothing to do.", "{status} {code:?}: {next}");
                }
            }
        }
    }

    #[rstest]
    #[case(SourceType::Files, Some(0), "success")]
    #[case(SourceType::Mysql, Some(0), "success")]
    #[case(SourceType::Nas, Some(0), "success")]
    #[case(SourceType::Nas, Some(4), "success, as the schedule says")]
    fn a_success_needs_nothing(#[case] source_type: SourceType, #[case] code: Option<i64>, #[case] meaning: &str) {
        let good = row(LogStatus::Completed, source_type, "completed");
        let (got, next) = told(&good, code, "gzip: No space left on device");
        assert_eq!((got.as_str(), next.as_str()), (meaning, "Nothing to do."));
        assert_eq!(advise(&good, None, None), Advice::default());
    }

    #[rstest]
    #[case(SourceType::Files, 20, "interrupted by a signal")]
    #[case(SourceType::Mysql, 143, "ended by SIGTERM")]
    #[case(SourceType::Mysql, 2, "what a job leaves that was told to stop")]
    #[case(SourceType::Oracle, 130, "ended by SIGINT")]
    fn a_stop_that_was_asked_for_is_no_trouble(#[case] source_type: SourceType, #[case] code: i64, #[case] meaning: &str) {
        let stopped = row(LogStatus::Stopped, source_type, "stopped by ada");
        assert_eq!(told(&stopped, Some(code), "job.sh: 42 Killed"), (meaning.to_owned(), AFTER_A_STOP.to_owned()));
    }

    #[test]
    fn a_code_that_the_log_made_a_lost_connection_keeps_its_meaning() {
        let away = row(LogStatus::Connection, SourceType::Files, "FILES x: Connection reset — exit code 12");
        let (meaning, next) = told(&away, Some(12), "Connection reset by peer");
        assert_eq!(meaning, "error in the rsync protocol data stream");
        assert_eq!(next, "Check the network between the server and its storage.");
        let unknown = row(LogStatus::Warning, SourceType::Files, "FILES x: ended with code 99, which its tool does not document");
        assert!(told(&unknown, Some(99), "").0.contains("proves nothing"));
    }
}
