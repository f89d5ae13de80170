//! What one pass saw of one run, parsed from what the server printed.

use std::collections::BTreeMap;
use std::str::FromStr;

use app::model::RunId;

/// The exit file, with everything that can be wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum ExitFile {
    #[default]
    Absent,
    Code(i64),
    /// There is one and it says nothing that can be trusted: empty, no number, a link, too large.
    Unusable(String),
}

/// Whether the job has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    Yes,
    No,
    /// It has not and never will.
    Forbidden,
}

/// What a pass saw of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observation {
    pub(super) begun: Begun,
    pub(super) alive: bool,
    /// The machine was started again after the job.
    pub(super) rebooted: bool,
    /// Seconds for which the job has begun without saying which process it is.
    pub(super) without_pid_s: Option<i64>,
    pub(super) exit: ExitFile,
    /// Unix seconds on the server's clock.
    pub(super) started: Option<i64>,
    pub(super) ended: Option<i64>,
    /// `key=value` lines that the job left; a key may come more than once.
    pub(super) results: Vec<(String, String)>,
    /// KiB written so far, where the job says where to.
    pub(super) part_kib: Option<i64>,
    pub(super) log: LogPiece,
}

/// A piece of a log: where in which file it begins, and how long the file is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LogPiece {
    pub(super) file: String,
    pub(super) from: u64,
    pub(super) size: u64,
    pub(super) bytes: Vec<u8>,
}

/// What a pass saw of a job that something else runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sighting {
    /// Process group and birth; `None` while there is no such process.
    pub(super) process: Option<String>,
    /// Seconds since its process began.
    pub(super) age_s: Option<i64>,
    pub(super) exit: ExitFile,
    /// Changes whenever the exit file is written.
    pub(super) exit_mark: Option<String>,
    /// Unix seconds on the server's clock at which the exit file was written.
    pub(super) ended: Option<i64>,
    pub(super) log: LogPiece,
    /// Why the server could not look.
    pub(super) problem: Option<String>,
}

impl Default for Observation {
    fn default() -> Self {
        Self {
            begun: Begun::No,
            alive: false,
            rebooted: false,
            without_pid_s: None,
            exit: ExitFile::Absent,
            started: None,
            ended: None,
            results: Vec::new(),
            part_kib: None,
            log: LogPiece::default(),
        }
    }
}

/// Everything one pass saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PassReport {
    /// Unix seconds on the server's clock.
    pub(super) clock: Option<i64>,
    pub(super) runs: BTreeMap<RunId, Observation>,
    /// By schedule.
    pub(super) watched: BTreeMap<i64, Sighting>,
}

/// Of whom the lines are that are being read.
enum Current {
    Run(RunId, Box<Observation>),
    Watched(i64, Box<Sighting>),
}

/// The output is not what the script prints to its end.
#[derive(Debug, thiserror::Error)]
#[error("read what the server printed: {0}")]
pub(super) struct GarbledPass(&'static str);

/// Parses a pass's output. Only lines that begin with the marker are the script's; the rest is log.
pub(super) fn parse(output: &[u8], marker: &str) -> Result<PassReport, GarbledPass> {
    let mut report = PassReport::default();
    let mut current: Option<Current> = None;
    let mut log: Option<LogPiece> = None;
    let mut complete = false;
    for line in output.split(|byte| *byte == b'\n') {
        let Some(said) = line.strip_prefix(marker.as_bytes()).and_then(|rest| rest.strip_prefix(b" ")) else {
            if let Some(log) = &mut log {
                log.bytes.extend_from_slice(line);
                log.bytes.push(b'\n');
            }
            continue;
        };
        let said = String::from_utf8_lossy(said);
        let (word, rest) = said.split_once(' ').unwrap_or((&said, ""));
        match (word, &mut current) {
            ("clock", None) => report.clock = number(rest),
            ("quiet", None) => {
                for id in rest.split_whitespace() {
                    let id = id.parse().map_err(|_| GarbledPass("a run id is damaged"))?;
                    report.runs.insert(id, Observation { begun: Begun::Yes, alive: true, ..Observation::default() });
                }
            }
            ("run", None) => {
                let id = rest.parse().map_err(|_| GarbledPass("a run id is damaged"))?;
                current = Some(Current::Run(id, Box::default()));
            }
            ("watched", None) => {
                let id = number(rest).ok_or(GarbledPass("a schedule's number is damaged"))?;
                current = Some(Current::Watched(id, Box::default()));
            }
            ("log", Some(_)) => log = Some(log_piece(rest).ok_or(GarbledPass("a log's size is damaged"))?),
            ("end", Some(_)) => {
                let mut piece = log.take().unwrap_or_default();
                // The script ends the piece with a line end of its own.
                piece.bytes.truncate(piece.bytes.len().saturating_sub(1));
                match current.take() {
                    Some(Current::Run(id, run)) => drop(report.runs.insert(id, Observation { log: piece, ..*run })),
                    Some(Current::Watched(id, sighting)) => drop(report.watched.insert(id, Sighting { log: piece, ..*sighting })),
                    None => return Err(GarbledPass("something ends that did not begin")),
                }
            }
            ("done", None) => complete = true,
            (_, Some(Current::Run(_, run))) => run.take(word, rest),
            (_, Some(Current::Watched(_, sighting))) => sighting.take(word, rest),
            _ => return Err(GarbledPass("a line is out of place")),
        }
    }
    if complete { Ok(report) } else { Err(GarbledPass("it breaks off")) }
}

/// `0 18 4711`: from, size, file.
fn log_piece(said: &str) -> Option<LogPiece> {
    let mut words = said.split(' ');
    let (from, size) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(LogPiece { file: words.next().unwrap_or("-").to_owned(), from, size, bytes: Vec::new() })
}

impl Sighting {
    fn take(&mut self, word: &str, rest: &str) {
        match word {
            "process" => self.process = Some(rest.to_owned()),
            "age" => self.age_s = number(rest),
            "exit" => self.exit = exit_file(rest),
            "exitmark" => self.exit_mark = Some(rest.to_owned()).filter(|mark| !mark.is_empty()),
            "ended" => self.ended = number(rest),
            "problem" => self.problem = Some(rest.to_owned()),
            _ => {}
        }
    }
}

impl Observation {
    fn take(&mut self, word: &str, rest: &str) {
        match word {
            "begun" => {
                self.begun = match rest {
                    "yes" => Begun::Yes,
                    "forbidden" => Begun::Forbidden,
                    _ => Begun::No,
                }
            }
            "alive" => self.alive = rest == "yes",
            "rebooted" => self.rebooted = true,
            "nopid" => self.without_pid_s = number(rest),
            "started" => self.started = number(rest),
            "ended" => self.ended = number(rest),
            "part" => self.part_kib = number(rest),
            "exit" => self.exit = exit_file(rest),
            "result" => {
                if let Some((key, value)) = rest.split_once('=') {
                    self.results.push((key.trim().to_owned(), value.trim().to_owned()));
                }
            }
            _ => {}
        }
    }

    /// What the job left under a key, the last if it did more than once.
    pub(super) fn result(&self, key: &str) -> Option<&str> {
        self.results.iter().rev().find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// A number that the job left.
    pub(super) fn result_number(&self, key: &str) -> Option<i64> {
        self.result(key).and_then(number)
    }
}

fn exit_file(said: &str) -> ExitFile {
    match said.split_once(' ').unwrap_or((said, "")) {
        // The script shows every byte that is no letter, digit or sign as a dot, the line end among them.
        ("value", text) => match text.strip_suffix('.').unwrap_or(text) {
            "" => ExitFile::Unusable("it is empty".to_owned()),
            digits => match digits.parse::<u8>() {
                Ok(code) => ExitFile::Code(i64::from(code)),
                Err(_) => ExitFile::Unusable(format!("it says {digits:?}, which is no exit code")),
            },
        },
        ("link", _) => ExitFile::Unusable("it is a link".to_owned()),
        ("huge", size) => ExitFile::Unusable(format!("it is {size} bytes long")),
        ("unreadable", _) => ExitFile::Unusable("it cannot be read".to_owned()),
        _ => ExitFile::Unusable("it is no regular file".to_owned()),
    }
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ID: &str = "01KAMZ3V7S9B3J1Q6Y1C2D3E4F";

    #[test]
    fn a_pass_is_parsed_and_its_log_may_contain_anything() {
        let output = format!(
            "M clock 1795312800\nM run {ID}\nM begun yes\nM started 1795312700\nM alive no\nM exit value 23.\nM ended 1795312790\n\
             M result point=point.x\nM log 0 18 77\nend\nM-ark\n\nrun x\n\n\nM end\n\
             M watched 7\nM process 99:1234\nM age 60\nM exit value 0.\nM exitmark 17.2.3\nM log 5 9 78\nabcd\nM end\nM done\n"
        );
        let report = parse(output.as_bytes(), "M").unwrap();
        let run = &report.runs[&ID.parse().unwrap()];
        assert_eq!(report.clock, Some(1_795_312_800));
        assert_eq!((run.begun, run.alive, &run.exit), (Begun::Yes, false, &ExitFile::Code(23)));
        assert_eq!(String::from_utf8_lossy(&run.log.bytes), "end\nM-ark\n\nrun x\n\n");
        let watched = &report.watched[&7];
        assert_eq!((watched.process.as_deref(), watched.exit_mark.as_deref()), (Some("99:1234"), Some("17.2.3")));
        assert_eq!((watched.log.from, watched.log.file.as_str(), &watched.log.bytes[..]), (5, "78", &b"abcd"[..]));
        assert_eq!(run.result("point"), Some("point.x"));
    }

    #[test]
    fn what_breaks_off_is_not_taken_for_an_answer() {
        let output = format!("M clock 1\nM run {ID}\nM begun yes\nM alive no\n");
        assert!(parse(output.as_bytes(), "M").is_err());
        assert!(parse(b"", "M").is_err());
    }

    #[rstest]
    #[case("value 0.", ExitFile::Code(0))]
    #[case("value 0", ExitFile::Code(0))]
    #[case("value 255.", ExitFile::Code(255))]
    #[case("value ", ExitFile::Unusable("it is empty".to_owned()))]
    #[case("value .", ExitFile::Unusable("it is empty".to_owned()))]
    #[case("value 0.1.", ExitFile::Unusable("it says \"0.1\", which is no exit code".to_owned()))]
    #[case("value -1.", ExitFile::Unusable("it says \"-1\", which is no exit code".to_owned()))]
    #[case("value 256.", ExitFile::Unusable("it says \"256\", which is no exit code".to_owned()))]
    #[case("link", ExitFile::Unusable("it is a link".to_owned()))]
    #[case("huge 1000000", ExitFile::Unusable("it is 1000000 bytes long".to_owned()))]
    fn an_unusual_exit_file_is_never_a_code(#[case] said: &str, #[case] expected: ExitFile) {
        assert_eq!(exit_file(said), expected);
    }
}
