//! Everything that is known of one run, beside the last good one of its kind.

use std::collections::HashSet;

use super::{LogEntry, LogEntryDetail, Run, RunState, Timestamp};

/// What made a run begin and what people asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOrigin {
    /// The cron time it answers.
    pub due_at: Option<Timestamp>,
    /// Who asked for it to be stopped, and when.
    pub stop: Option<(String, Timestamp)>,
    /// How it ended, also where its point has expired since.
    pub outcome: Option<RunState>,
}

/// What the checker saw of a run, or why it judged it as it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunNote {
    pub at: Timestamp,
    pub text: String,
}

/// A run with its rows, its log and the run to compare it with.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStory {
    pub run: Run,
    pub origin: RunOrigin,
    /// The rows of the trail that belong to it, oldest first.
    pub rows: Vec<LogEntry>,
    /// What the checker saw and why it judged as it did, oldest first.
    pub notes: Vec<RunNote>,
    /// The row that tells of its end, with the remote log and what its exit code means.
    pub end: Option<LogEntryDetail>,
    /// What has been read of its log while it runs.
    pub live_log: Option<String>,
    /// The last good run of the same schedule and type before it.
    pub last_good: Option<Run>,
    /// Lines of its log that the last good run's did not have; `None` if one of the two logs is not known.
    pub new_lines: Option<Vec<String>>,
}

impl RunStory {
    /// Its log, as far as it is known.
    pub fn log(&self) -> Option<&str> {
        let told = self.end.as_ref().and_then(|end| end.detail.as_deref());
        told.or(self.live_log.as_deref()).filter(|log| !log.is_empty())
    }
}

/// New lines that are shown at most; whoever has more reads the log.
const MAX_NEW_LINES: usize = 200;

/// Lines of a log that another has not, each once. Figures do not count: sizes, times and numbers differ every night.
pub fn new_lines(log: &str, before: &str) -> Vec<String> {
    let mut known: HashSet<String> = before.lines().map(without_figures).collect();
    let is_news = |line: &&str| {
        let shape = without_figures(line);
        !shape.is_empty() && known.insert(shape)
    };
    log.lines().filter(is_news).take(MAX_NEW_LINES).map(str::to_owned).collect()
}

/// The line with one `#` for each run of digits, no more than one space between words, and without counts in brackets:
/// `(reg: 12, dir: 3)` is there only while there is something to count.
fn without_figures(line: &str) -> String {
    let counts = line.split_once('(').filter(|(_, rest)| rest.split_once(')').is_some_and(|(inside, _)| is_counts(inside)));
    let (head, tail) = counts.map_or((line, ""), |(head, rest)| (head, rest.split_once(')').map_or("", |(_, tail)| tail)));
    let mut shape = String::with_capacity(line.len());
    for word in head.split_whitespace().chain(tail.split_whitespace()) {
        if !shape.is_empty() {
            shape.push(' ');
        }
        for c in word.chars() {
            match c {
                // More of the same figure, with its decimal point, its thousand's comma or its colons.
                '0'..='9' | '.' | ',' | ':' if shape.ends_with('#') => {}
                '0'..='9' => shape.push('#'),
                c => shape.push(c),
            }
        }
    }
    shape
}

fn is_counts(inside: &str) -> bool {
    let is_count = |part: &str| {
        let pair = part.trim().split_once(": ");
        pair.is_some_and(|(what, count)| {
            what.bytes().all(|byte| byte.is_ascii_lowercase()) && count.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
        })
    };
    inside.split(", ").all(is_count)
}

/// How a figure differs from that of the last good run, in words.
pub fn difference(here: i64, before: i64) -> String {
    if here == before {
        return "the same".to_owned();
    }
    if before <= 0 {
        return "nothing before".to_owned();
    }
    if here <= 0 {
        return "nothing now".to_owned();
    }
    let permille = i128::from(here) * 1000 / i128::from(before);
    match permille {
        995..=1005 => "almost the same".to_owned(),
        2000.. => format!("{}.{} times as much", permille / 1000, permille % 1000 / 100),
        1006..2000 => format!("{} % more", ((permille - 1000 + 5) / 10).max(1)),
        _ => format!("{} % less", ((1000 - permille + 5) / 10).clamp(1, 99)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_but_for_its_figures_is_shown() {
        let before = "sending incremental file list\n  1,024 45%  12.50MB/s 0:00:10\nTotal file size: 98,765 bytes\n";
        let log = "sending incremental file list\n 204,800 100%  3.10MB/s    0:01:02\nrsync: link_stat \"/srv/gone\" failed (2)\n\
                   Total file size: 1 bytes\nrsync: link_stat \"/srv/gone\" failed (3)\n\n";
        assert_eq!(new_lines(log, before), ["rsync: link_stat \"/srv/gone\" failed (2)"]);
        assert_eq!(new_lines("", before), Vec::<String>::new());
        assert_eq!(new_lines("a\nb", ""), ["a", "b"]);
    }

    #[test]
    fn counts_in_brackets_come_and_go_with_what_they_count() {
        let before = "Number of created files: 3 (reg: 1,024, dir: 2)\nlink (dead)";
        assert_eq!(new_lines("Number of created files: 0\nlink (alive)", before), ["link (alive)"]);
    }

    #[test]
    fn differences_are_said_in_words() {
        for (here, before, words) in [
            (5, 5, "the same"),
            (5, 0, "nothing before"),
            (0, 5, "nothing now"),
            (1_003, 1_000, "almost the same"),
            (1_120, 1_000, "12 % more"),
            (2_350, 1_000, "2.3 times as much"),
            (880, 1_000, "12 % less"),
            (1, 1_000_000, "99 % less"),
            (i64::MAX, 1, "9223372036854775807.0 times as much"),
        ] {
            assert_eq!(difference(here, before), words, "{here} {before}");
        }
    }
}
