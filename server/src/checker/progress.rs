//! Reads progress and statistics out of what the tools print.

use app::model::{Progress, SourceType};

use super::observation::Observation;
use crate::audit::told_line;
use crate::store::runs::RunStatistics;

/// How much of the end of a log is searched for a meter.
const SEARCHED_BYTES: usize = 8192;

/// How far a run that goes on has come: the newest part of its log, and KiB written where the job says where to.
pub(super) fn progress(source_type: SourceType, log: &[u8], part_kib: Option<i64>) -> Progress {
    let said = progress_of(&String::from_utf8_lossy(&log[log.len().saturating_sub(SEARCHED_BYTES)..]));
    let meter = if source_type == SourceType::Files { said } else { Progress { last_line: said.last_line, ..Progress::default() } };
    Progress { bytes: meter.bytes.or(part_kib.map(|kib| kib * 1024)), ..meter }
}

/// What the newest lines of a tool's output say: rsync's meter where there is one, and the last line.
pub(crate) fn progress_of(text: &str) -> Progress {
    let lines = || text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).rev();
    let last_line = lines().next().map(told_line);
    Progress { last_line, ..lines().find_map(rsync_meter).unwrap_or_default() }
}

/// `  1234567  45%   12.34MB/s    0:00:10` with or without `(xfr#5, to-chk=3/10)` behind it.
fn rsync_meter(line: &str) -> Option<Progress> {
    let mut words = line.split_whitespace();
    let bytes = words.next()?.replace(',', "").parse().ok()?;
    let percent: f64 = words.next()?.strip_suffix('%')?.parse().ok()?;
    let speed = words.next()?;
    let time = words.next()?;
    let finished = line.contains("(xfr#") && line.contains("to-chk=0/");
    Some(Progress {
        percent: Some(percent),
        bytes: Some(bytes),
        speed_bps: speed_bps(speed),
        eta_s: if finished { Some(0) } else { clock(time) },
        last_line: None,
    })
}

/// `12.34MB/s`; rsync counts in thousands of 1,024.
#[expect(clippy::cast_possible_truncation, reason = "a speed in bytes per second fits by far")]
fn speed_bps(text: &str) -> Option<i64> {
    let number = text.strip_suffix("B/s")?;
    let (digits, unit) = match number.chars().last()? {
        'k' | 'K' => (&number[..number.len() - 1], 1024.0),
        'M' => (&number[..number.len() - 1], 1024.0 * 1024.0),
        'G' => (&number[..number.len() - 1], 1024.0 * 1024.0 * 1024.0),
        'T' => (&number[..number.len() - 1], 1024.0 * 1024.0 * 1024.0 * 1024.0),
        _ => (number, 1.0),
    };
    digits.parse::<f64>().ok().map(|speed| (speed * unit) as i64)
}

/// `1:02:03` in seconds; rsync prints `??:??:??` when it does not know.
fn clock(text: &str) -> Option<i64> {
    text.split(':').try_fold(0, |seconds, part| part.parse::<i64>().ok().map(|part| seconds * 60 + part))
}

/// What a run did, as its tool said at the end. What it did not say stays unknown.
pub(super) fn statistics(source_type: SourceType, seen: &Observation, whole: bool) -> RunStatistics {
    match source_type {
        SourceType::Files if seen.result_number("files_written").is_none() => {
            rsync_statistics(&String::from_utf8_lossy(&seen.log.bytes), whole)
        }
        _ => RunStatistics {
            bytes_done: seen.result_number("bytes_done"),
            bytes_total: seen.result_number("bytes_total"),
            bytes_written: seen.result_number("bytes_written"),
            files_done: seen.result_number("files_done"),
            files_total: seen.result_number("files_total"),
            files_written: seen.result_number("files_written"),
        },
    }
}

/// What the block that `rsync --stats` prints says; `whole` if the run has done all of it.
pub(crate) fn rsync_statistics(log: &str, whole: bool) -> RunStatistics {
    let line = |label: &str| log.lines().rev().find_map(|line| line.trim().strip_prefix(label));
    let bytes_total = line("Total file size:").and_then(first_number);
    let files_total = line("Number of files:").and_then(regular_files);
    RunStatistics {
        // Only a whole run has done everything; of a partial one rsync does not say how much.
        bytes_done: bytes_total.filter(|_| whole),
        bytes_total,
        bytes_written: line("Total transferred file size:").and_then(first_number),
        files_done: files_total.filter(|_| whole),
        files_total,
        files_written: line("Number of regular files transferred:").and_then(first_number),
    }
}

/// `1,234 (reg: 1,000, dir: 234)`: the regular ones; rsync leaves the brackets out when there are none.
fn regular_files(text: &str) -> Option<i64> {
    match text.split_once("reg: ") {
        Some((_, rest)) => first_number(rest.split([')', ' ']).next()?.trim_end_matches(',')),
        None if text.contains('(') => Some(0),
        None => first_number(text),
    }
}

fn first_number(text: &str) -> Option<i64> {
    let digits: String =
        text.trim().chars().take_while(|c| c.is_ascii_digit() || *c == ',' || *c == '.').filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::observation::LogPiece;
    use super::*;

    fn seen(log: &str) -> Observation {
        let log = LogPiece { bytes: log.as_bytes().to_vec(), ..LogPiece::default() };
        Observation { log, ..Observation::default() }
    }

    #[test]
    fn the_newest_meter_of_rsync_is_read() {
        let log = "\r      32768   1%    1.00MB/s    0:01:00\r  104857600  45%   12.50MB/s    0:00:10  (xfr#1, to-chk=3/10)\r";
        let progress = progress(SourceType::Files, log.as_bytes(), None);
        assert_eq!(progress.percent, Some(45.0));
        assert_eq!((progress.bytes, progress.speed_bps, progress.eta_s), (Some(104_857_600), Some(13_107_200), Some(10)));
    }

    #[test]
    fn a_log_without_a_meter_has_no_percentage() {
        let progress = progress(SourceType::Mysql, b"dumping shop (1 of 2)\n", Some(20));
        assert_eq!((progress.percent, progress.bytes), (None, Some(20_480)));
        assert_eq!(progress.last_line.as_deref(), Some("dumping shop (1 of 2)"));
    }

    #[test]
    fn statistics_of_a_whole_and_of_a_partial_run() {
        let log = "Number of files: 1,234 (reg: 1,000, dir: 234)\nNumber of created files: 5 (reg: 5)\n\
                   Number of regular files transferred: 12\nTotal file size: 98,765,432 bytes\nTotal transferred file size: 1,024 bytes\n";
        let whole = statistics(SourceType::Files, &seen(log), true);
        assert_eq!((whole.bytes_done, whole.bytes_total, whole.bytes_written), (Some(98_765_432), Some(98_765_432), Some(1024)));
        assert_eq!((whole.files_done, whole.files_total, whole.files_written), (Some(1000), Some(1000), Some(12)));
        let partial = statistics(SourceType::Files, &seen(log), false);
        assert_eq!((partial.bytes_done, partial.files_done, partial.bytes_total), (None, None, Some(98_765_432)));
    }
}
