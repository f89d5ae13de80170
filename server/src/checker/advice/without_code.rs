//! Rows that carry no exit code: their message says which of a few things has happened.

use app::model::{LogEntry, LogStatus, SourceType};

use super::{AFTER_A_STOP, Words};

/// A part of a message, and the words for rows that have it. Of one status the first that fits counts.
const SIGNS: [(LogStatus, &str, Words); 24] = {
    use LogStatus::{Connection, Missed, Warning};
    [
        (
            Warning,
            "gone without an exit code: the server was restarted",
            Words(
                "the server was restarted while it ran, so nothing is known of its end",
                "Run the schedule again; do not rely on what this run has left.",
            ),
        ),
        (
            Warning,
            "gone without an exit code",
            Words(
                "it left no exit code, and without one nothing counts as completed",
                "Look in the server's kernel log for a kill or a lack of memory, then run the schedule again.",
            ),
        ),
        (
            Warning,
            "exit file cannot be trusted",
            Words(
                "what should hold its exit code holds none, and without one nothing counts as completed",
                "Check free space and the file system where the exit file is kept, then run the schedule again.",
            ),
        ),
        (
            Warning,
            "run directory is missing",
            Words(
                "what the server kept of the run was removed",
                "Find out what removes ~/.tailback/runs on the server, then run the schedule again.",
            ),
        ),
        (
            Warning,
            "reported without an exit code",
            Words(
                "without an exit code nothing counts as completed",
                "Let whatever reports the run send exit_code with its end; check what this run has left before you rely on it.",
            ),
        ),
        (
            Warning,
            "nothing more was heard of it",
            Words(
                "its end was never reported, and another run has begun since",
                "Find out on the server how it ended and why that was not reported.",
            ),
        ),
        (
            Warning,
            "nothing heard of",
            Words(
                "whoever reports the run has gone silent: it may go on or be dead",
                "Look on the server whether it still runs, and run it again if it does not.",
            ),
        ),
        (Warning, "the clock of", Words("times that the server prints are off by as much", "Let the server keep its clock by NTP.")),
        (
            Warning,
            "sign-in refused",
            Words(
                "nobody was let in",
                "If it was none of you, look for more from the same address and limit the networks that reach the panel.",
            ),
        ),
        (
            Warning,
            "gave a wrong",
            Words("nothing was changed", "If it was not the owner of the account, end its sessions and give it a new password."),
        ),
        (
            Warning,
            "refused a token",
            Words("the request was not answered", "Give whatever uses the token a new one, or find out who tries."),
        ),
        (
            Connection,
            "pinned is",
            Words(
                "the server shows another host key than the pinned one, so the panel does not talk to it",
                "Verify the new key with whoever runs the server, then pin it on the server's page.",
            ),
        ),
        (
            Connection,
            "is not pinned",
            Words(
                "the server's host key was never confirmed, so the panel does not talk to it",
                "Compare the fingerprint with the server's own, then pin it on the server's page.",
            ),
        ),
        (
            Connection,
            "does not accept this user",
            Words(
                "the server answers and refuses the panel's key",
                "Add the panel's public key to that user's authorized_keys on the server, or correct the user.",
            ),
        ),
        (
            Connection,
            "nothing listens on that port",
            Words("the machine answers and its SSH port does not", "Check that sshd runs there, and that the port is right."),
        ),
        (
            Connection,
            "look up the host name",
            Words("the server's name has no address", "Check the host name on the server's page, and the panel's DNS."),
        ),
        (
            Missed,
            "is still going",
            Words(
                "two runs of one kind never go at once, so this one was left out",
                "See why the run before it takes so long: give the schedule more time between runs, or stop that run.",
            ),
        ),
        (
            Missed,
            "nobody knows whether it ran: the server",
            Words(
                "the panel could not reach the server when it was due, so it may have run",
                "Bring the server back, look there whether it ran, and run it again if it did not.",
            ),
        ),
        (
            Missed,
            "while the panel was not running",
            Words("the panel was not running when it was due", "Look on the server whether it ran, and keep the panel running."),
        ),
        (
            Missed,
            "the panel was not running or could not",
            Words(
                "no server was asked to begin it before its time was up",
                "Run the schedule now if its backup is wanted, and check the server's connection.",
            ),
        ),
        (
            Missed,
            "the panel was not running",
            Words("the panel was not running when it was due", "Run the schedule now if its backup is wanted, and keep the panel running."),
        ),
        (
            Missed,
            "host key is not pinned",
            Words(
                "the server's host key was never confirmed, so the panel did not talk to it",
                "Compare the fingerprint with the server's own, pin it on the server's page, then run the schedule.",
            ),
        ),
        (
            Missed,
            "the server was down",
            Words("the panel could not reach the server while it was due", "Bring the server back, then run the schedule."),
        ),
        (
            Missed,
            "the server could not be reached",
            Words("the panel could not reach the server while it was due", "Bring the server back, then run the schedule."),
        ),
    ]
};

/// Something true of every such row.
pub(super) fn words_without_code(entry: &LogEntry) -> Words {
    let sign = SIGNS.iter().find(|(status, sign, _)| *status == entry.status && entry.message.contains(sign));
    if let Some((.., words)) = sign {
        return *words;
    }
    match (entry.status, entry.source_type) {
        (LogStatus::Stopped, _) => Words("it was told to stop, and did", AFTER_A_STOP),
        (LogStatus::Missed, _) => Words(
            "it was due, and nobody saw it begin",
            "Look on the server whether what starts it is still there, and what it printed; run it now if its backup is wanted.",
        ),
        (LogStatus::Connection, _) => Words(
            "the panel could not work with the server; what runs there goes on unseen",
            "Check that the server is up; “Test connection” on its page shows each step.",
        ),
        (LogStatus::Warning, SourceType::System) => Words(
            "the panel tells of something that somebody should know",
            "Look at the rows around this one, and ask whomever the message names.",
        ),
        (LogStatus::Warning, _) => Words(
            "nothing failed outright, and not all is as it should be",
            "Read what the message names, and check what the run has left before you rely on it.",
        ),
        (_, _) => Words("it failed, and left no exit code", "Read the end of its log, mend what it names, and run the schedule again."),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::row;
    use super::*;

    #[rstest]
    #[case(LogStatus::Warning, "FILES x: its process is gone without an exit code", "it left no exit code")]
    #[case(LogStatus::Warning, "FILES x: its process is gone without an exit code: the server was restarted", "the server was restarted")]
    #[case(LogStatus::Warning, "FILES x: its exit file cannot be trusted: it is empty", "what should hold its exit code")]
    #[case(LogStatus::Connection, "web-1 cannot be reached: connect: nothing listens on that port", "the machine answers")]
    #[case(LogStatus::Connection, "web-1 has been unreachable for 6 h: connect in time", "the panel could not work")]
    #[case(
        LogStatus::Connection,
        "web-1 cannot be reached: trust the server: its host key is SHA256:a, pinned is SHA256:b",
        "the server shows another"
    )]
    #[case(LogStatus::Missed, "FILES x was due and did not begin: run 01K is still going", "two runs")]
    #[case(LogStatus::Missed, "FILES x was due and did not begin: the panel was not running", "the panel was not running")]
    #[case(
        LogStatus::Missed,
        "FILES x was due twice while the panel was not running; nobody knows whether it ran then",
        "the panel was not"
    )]
    #[case(
        LogStatus::Missed,
        "FILES x was due at 02:00 and nobody knows whether it ran: the server cannot be reached",
        "the panel could not"
    )]
    #[case(LogStatus::Missed, "FILES x: did not begin in time: the server could not be reached", "the panel could not reach")]
    #[case(LogStatus::Missed, "FILES x was due at 02:00 and nothing was reported", "it was due")]
    #[case(LogStatus::Stopped, "FILES x: stopped before it began by ada", "it was told to stop")]
    #[case(LogStatus::Error, "FILES x: no one knows", "it failed")]
    fn each_kind_of_row_has_its_words(#[case] status: LogStatus, #[case] message: &str, #[case] begins: &str) {
        let Words(explanation, next_step) = words_without_code(&row(status, SourceType::Files, message));
        assert!(explanation.starts_with(begins) && next_step.ends_with('.'), "{message}: {explanation}");
    }
}
