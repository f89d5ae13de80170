//! Known troubles in the tail of a log, whatever the exit code: the line that says most about what went wrong.

/// A trouble that the log names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    NoSpace,
    Quota,
    ReadOnly,
    OutOfMemory,
    InputOutput,
    HostKey,
    ConnectionLost,
    AccessDenied,
    DatabaseAway,
    PermissionDenied,
    Vanished,
    Missing,
}

/// The line of a log that tells of a trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) trouble: Trouble,
    pub(super) line: String,
}

/// What is looked for, the gravest first. Compared in lower case.
const SIGNS: [(Trouble, &[&str]); 12] = [
    (Trouble::NoSpace, &["no space left on device", "errcode: 28", "errno 28"]),
    (Trouble::Quota, &["disk quota exceeded", "quota exceeded"]),
    (Trouble::ReadOnly, &["read-only file system"]),
    (Trouble::OutOfMemory, &["out of memory", "oom-kill", "cannot allocate memory", " killed"]),
    (Trouble::InputOutput, &["input/output error"]),
    (Trouble::HostKey, &["host key verification failed"]),
    (
        Trouble::ConnectionLost,
        &[
            "connection refused",
            "connection timed out",
            "connection reset",
            "connection closed",
            "connection unexpectedly closed",
            "no route to host",
            "network is unreachable",
            "broken pipe",
        ],
    ),
    (Trouble::AccessDenied, &["access denied for user", "error: 1045", "error 1045"]),
    (
        Trouble::DatabaseAway,
        &[
            "error: 2002",
            "error: 2003",
            "error: 2005",
            "error: 2013",
            "error 2002",
            "error 2003",
            "error 2005",
            "error 2013",
            "can't connect to",
            "lost connection to",
        ],
    ),
    (Trouble::PermissionDenied, &["permission denied", "operation not permitted"]),
    (Trouble::Vanished, &["vanished"]),
    (Trouble::Missing, &["no such file or directory"]),
];

/// How much of the end of a log is searched: the tools' last words, not a file list of an hour ago.
const SEARCHED_LINES: usize = 200;

/// The gravest trouble near the end of a clean log, at its last mention.
pub(super) fn recognise(log: &str) -> Option<Finding> {
    let lines: Vec<_> = log
        .lines()
        .rev()
        .take(SEARCHED_LINES)
        .filter(|line| !line.trim().is_empty())
        .map(|line| (line, format!(" {}", line.to_lowercase())))
        .collect();
    SIGNS.iter().find_map(|(trouble, signs)| {
        let (line, _) = lines.iter().find(|(_, lower)| signs.iter().any(|sign| lower.contains(sign)))?;
        Some(Finding { trouble: *trouble, line: without_meter(line).trim().to_owned() })
    })
}

/// rsync prints its errors behind the meter, on the same line.
fn without_meter(line: &str) -> &str {
    match line.find("rsync: ") {
        Some(at) if line[..at].contains("B/s") => &line[at..],
        _ => line,
    }
}

impl Trouble {
    /// Whether the other side could not be reached.
    pub(super) fn is_connection(self) -> bool {
        matches!(self, Self::HostKey | Self::ConnectionLost | Self::DatabaseAway)
    }

    /// What to do about it.
    pub(super) fn next_step(self) -> &'static str {
        match self {
            Self::NoSpace => "Free space at the destination, or keep fewer points.",
            Self::Quota => "Raise the quota of the backup user at the destination, or keep fewer points.",
            Self::ReadOnly => "The destination's file system was made read-only, often after disk errors: check it and mount it again.",
            Self::OutOfMemory => "The server ran out of memory: check the kernel log, free memory or split the sources.",
            Self::InputOutput => "A disk or its cable is failing: check the kernel log and SMART data today.",
            Self::HostKey => "The storage's host key has changed or is unknown to the server: verify it, then correct known_hosts.",
            Self::ConnectionLost => "Check the network between the server and its storage.",
            Self::AccessDenied => "The database refused user or password: correct the defaults file on the server.",
            Self::DatabaseAway => {
                "The database server could not be reached: check that it runs, and the socket or host in the defaults file."
            }
            Self::PermissionDenied => "The backup user may not read or write what the log names: correct its permissions.",
            Self::Missing => "What the log names does not exist: correct the schedule's paths.",
            Self::Vanished => "Files were deleted while they were copied: exclude caches and spools.",
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("rsync: write failed on \"/b/x\": No space left on device (28)", Trouble::NoSpace)]
    #[case("rsync: [receiver] mkstemp failed: Disk quota exceeded (122)", Trouble::Quota)]
    #[case("rsync: mkdir \"/b\" failed: Read-only file system (30)", Trouble::ReadOnly)]
    #[case("job.sh: line 3: 4242 Killed  rsync -a", Trouble::OutOfMemory)]
    #[case("rsync: read errors mapping \"/a\": Input/output error (5)", Trouble::InputOutput)]
    #[case("Host key verification failed.", Trouble::HostKey)]
    #[case("ssh: connect to host st port 22: Connection refused", Trouble::ConnectionLost)]
    #[case("mysqldump: Got error: 1045: \"Access denied for user 'x'@'localhost'\" when trying to connect", Trouble::AccessDenied)]
    #[case("mariadb-dump: Got error: 2002: \"Can't connect to local server through socket\" when trying to connect", Trouble::DatabaseAway)]
    #[case("rsync: send_files failed to open \"/etc/shadow\": Permission denied (13)", Trouble::PermissionDenied)]
    #[case("file has vanished: \"/var/spool/x\"", Trouble::Vanished)]
    #[case("rsync: [sender] change_dir \"/srv/gone\" failed: No such file or directory (2)", Trouble::Missing)]
    fn each_trouble_is_recognised(#[case] line: &str, #[case] trouble: Trouble) {
        let log = format!("first line\n{line}\nrsync error: something (code 23) at main.c(1338)\n");
        assert_eq!(recognise(&log), Some(Finding { trouble, line: line.to_owned() }));
    }

    #[test]
    fn a_meter_before_the_message_is_left_out() {
        let log = "4259840 40% 500.24kB/s 0:00:12 rsync: [receiver] write failed on \"/b/x\": No space left on device (28)";
        assert!(recognise(log).unwrap().line.starts_with("rsync: [receiver]"));
    }

    #[test]
    fn the_gravest_leads_and_old_lines_do_not_count() {
        let log = "file has vanished: \"/a\"\nrsync: write failed: No space left on device (28)\nfile has vanished: \"/b\"";
        assert_eq!(recognise(log).map(|finding| finding.trouble), Some(Trouble::NoSpace));
        let old = format!("No space left on device\n{}", "a file\n".repeat(SEARCHED_LINES));
        assert_eq!(recognise(&old), None);
    }
}
