//! What each exit code of each tool means: the one table, a row a code, with an explanation and a next step for people.
//! Sources: rsync(1) EXIT VALUES; mariadb-dump's `EX_*` constants; POSIX 2.8.2 for 126 and up.

use app::model::SourceType;

/// How a run that left a code has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    /// Something is missing from the point: the run is partial.
    Warning,
    Error,
    /// The other side could not be reached.
    Connection,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    pub outcome: Outcome,
    pub meaning: &'static str,
    pub next_step: &'static str,
}

const fn row(outcome: Outcome, meaning: &'static str, next_step: &'static str) -> Explanation {
    Explanation { outcome, meaning, next_step }
}

/// What a tool's code means; `None` for a code that it does not document.
pub fn explain(source_type: SourceType, code: i64) -> Option<Explanation> {
    match source_type {
        SourceType::Files => rsync(code).or_else(|| shell(code)),
        SourceType::Mysql => dump(code).or_else(|| shell(code)),
        _ => (code == 0).then_some(row(Outcome::Completed, "success", "Nothing to do.")).or_else(|| shell(code)),
    }
}

fn rsync(code: i64) -> Option<Explanation> {
    use Outcome::{Completed, Connection, Error, Warning};
    Some(match code {
        0 => row(Completed, "success", "Nothing to do."),
        1 => row(Error, "syntax or usage error", "Check the schedule's excludes and arguments against the rsync version on the server."),
        2 => row(Error, "protocol incompatibility", "Install rsync versions that fit together on both ends."),
        3 => row(
            Error,
            "errors selecting input or output files or directories",
            "Check that the sources and the destination exist and are directories.",
        ),
        4 => row(Error, "requested action not supported", "The rsync on the server lacks an option that was asked for; update it."),
        5 => row(Error, "error starting client-server protocol", "Check the rsync daemon or shell on the other end."),
        6 => row(Error, "daemon unable to append to its log file", "Check the log file and its disk on the daemon's side."),
        10 => row(Connection, "error in socket I/O", "Check the network between the server and its storage."),
        11 => row(Error, "error in file I/O", "Check free space, quota and the health of the destination's file system."),
        12 => row(Error, "error in the rsync protocol data stream", "The other end went away or ran out of space; its log says which."),
        13 => row(Error, "errors with program diagnostics", "Read the lines above the end of the log."),
        14 => row(Error, "error in inter-process communication", "Check memory and process limits on the server."),
        15 => row(Error, "sibling process crashed", "Check the kernel log for a crash or a kill for lack of memory."),
        16 => row(Error, "sibling process terminated abnormally", "Check the kernel log for a crash or a kill for lack of memory."),
        19 => row(Error, "received SIGUSR1", "Find out who signalled rsync; run the schedule again."),
        20 => row(Error, "interrupted by a signal", "Find out who stopped rsync (a shutdown, an administrator); run the schedule again."),
        21 => row(Error, "error waiting for a child process", "Check process limits on the server."),
        22 => row(Error, "error allocating memory", "Free memory on the server, or split the sources."),
        23 => row(
            Warning,
            "some files could not be transferred",
            "Read which files failed; often permissions or a failing disk. The rest of the point is whole.",
        ),
        24 => row(
            Warning,
            "some source files vanished during the transfer",
            "Usually harmless: files were deleted meanwhile. Exclude caches and spools.",
        ),
        25 => row(Warning, "the limit on deletions was reached", "Raise --max-delete if so many deletions are expected."),
        30 => row(Connection, "timeout while sending or receiving data", "Check the network and the load of the storage."),
        35 => row(Connection, "timeout waiting for a daemon connection", "Check that the storage is up and reachable from the server."),
        124 => row(Error, "the command run by ssh failed", "Check the account's shell on the storage."),
        125 => row(Error, "the command run by ssh was killed", "Check memory on the storage."),
        255 => row(Connection, "the SSH connection to the storage failed", "Check that the server can reach the storage with its own key."),
        _ => return None,
    })
}

fn dump(code: i64) -> Option<Explanation> {
    use Outcome::{Completed, Connection, Error};
    Some(match code {
        // Whether the completion line was looked for depends on who runs the dump; a row without it is no success.
        0 => row(Completed, "success", "Nothing to do."),
        1 => row(
            Error,
            "wrong usage or unreadable defaults file",
            "Check that the defaults file exists and that the backup user may read it.",
        ),
        2 => row(
            Error,
            "the database server refused or a query failed",
            "Read the error number in the log; check user, password and privileges.",
        ),
        3 => row(Error, "consistency check failed", "Check the tables named in the log."),
        4 => row(Error, "out of memory", "Free memory on the server."),
        5 => row(Error, "the dump could not be written", "Check free space, quota and the health of the destination's file system."),
        6 => row(Error, "illegal table", "Check the names of databases and tables in the schedule."),
        7 => row(Error, "a table's definition could not be read", "Repair or drop the view or table named in the log."),
        255 => row(Connection, "the SSH connection to the storage failed", "Check that the server can reach the storage with its own key."),
        _ => return None,
    })
}

fn shell(code: i64) -> Option<Explanation> {
    use Outcome::Error;
    Some(match code {
        126 => row(Error, "the command was found and could not be executed", "Check its permissions and its file system's mount options."),
        127 => row(Error, "a command was not found", "Install the tool that the log names on the server."),
        129 => row(Error, "ended by SIGHUP", "Its terminal was closed; run the schedule again."),
        130 => row(Error, "ended by SIGINT", "Someone interrupted it; run the schedule again."),
        134 => row(Error, "aborted (SIGABRT)", "The tool crashed; check its version and the kernel log."),
        137 => row(Error, "killed (SIGKILL)", "Often the kernel, for lack of memory: check the kernel log."),
        139 => row(Error, "crashed (SIGSEGV)", "The tool crashed; check its version and the memory of the machine."),
        141 => row(Error, "ended by SIGPIPE", "The command it wrote to went away; read the lines above."),
        143 => row(Error, "ended by SIGTERM", "Find out who stopped it (a shutdown, an administrator); run the schedule again."),
        153 => row(Error, "file size limit exceeded (SIGXFSZ)", "Raise the limit on file sizes for the backup user."),
        _ => return None,
    })
}

/// Codes of a job that was told to stop and did.
pub(super) fn is_interruption(source_type: SourceType, code: i64) -> bool {
    matches!(code, 129 | 130 | 137 | 143)
        || (source_type == SourceType::Files && matches!(code, 19 | 20))
        || (source_type == SourceType::Mysql && code == 2)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::completed(SourceType::Files, Outcome::Completed, &[0])]
    #[case::partial(SourceType::Files, Outcome::Warning, &[23, 24, 25])]
    #[case::storage_away(SourceType::Files, Outcome::Connection, &[10, 30, 35, 255])]
    #[case::failed(SourceType::Files, Outcome::Error, &[1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 20, 21, 22, 127, 137, 143])]
    #[case::dumped(SourceType::Mysql, Outcome::Completed, &[0])]
    #[case::dump_failed(SourceType::Mysql, Outcome::Error, &[1, 2, 3, 4, 5, 6, 7, 127, 137])]
    fn every_documented_code_has_an_outcome_and_words(#[case] tool: SourceType, #[case] outcome: Outcome, #[case] codes: &[i64]) {
        for code in codes {
            let explanation = explain(tool, *code).unwrap();
            assert_eq!(explanation.outcome, outcome, "{tool} {code}");
            assert!(explanation.meaning.len() > 5 && explanation.next_step.ends_with('.'), "{tool} {code}");
        }
    }

    #[test]
    fn an_undocumented_code_is_not_guessed_at() {
        for code in [-1, 8, 42, 99, 200, 256, i64::MAX] {
            assert_eq!(explain(SourceType::Files, code), None, "{code}");
        }
    }
}
