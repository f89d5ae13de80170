//! The figures of a run, out of what its command has printed.

use super::tail::Tail;
use crate::checker::{progress_of, rsync_statistics};
use crate::ingest::Stats;

/// A meter is looked for in this much of the end of the output.
const SEARCHED_BYTES: usize = 8192;

/// How far it has come, and the last line.
pub(super) fn so_far(tail: &Tail) -> (Stats, Option<String>) {
    let said = progress_of(tail.last(SEARCHED_BYTES));
    let positive = |figure: Option<i64>| figure.filter(|figure| *figure >= 0);
    let stats = Stats {
        percent: said.percent.filter(|percent| (0.0..=100.0).contains(percent)),
        bytes: positive(said.bytes),
        speed_bps: positive(said.speed_bps),
        eta_s: positive(said.eta_s),
        ..Stats::default()
    };
    (stats, said.last_line)
}

/// What it has done in the end: lines `TAILBACK key=value` count, else rsync's statistics.
pub(super) fn in_the_end(tail: &Tail, exit_code: i64, duration_s: i64) -> Stats {
    let by_rsync = rsync_statistics(tail.last(usize::MAX), exit_code == 0);
    let figure = |key: &str| tail.figure(key).and_then(|value| value.parse().ok()).filter(|figure: &i64| *figure >= 0);
    let usable = |name: &&str| !name.is_empty() && name.len() <= 255 && !name.chars().any(char::is_control);
    Stats {
        bytes_done: figure("bytes_done").or(by_rsync.bytes_done),
        bytes_total: figure("bytes_total").or(by_rsync.bytes_total),
        bytes_written: figure("bytes_written").or(by_rsync.bytes_written),
        files_done: figure("files_done").or(by_rsync.files_done),
        files_total: figure("files_total").or(by_rsync.files_total),
        files_written: figure("files_written").or(by_rsync.files_written),
        point: tail.figure("point").filter(usable).map(str::to_owned),
        duration_s: Some(duration_s.max(0)),
        ..Stats::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tail::Stream;
    use super::*;

    #[test]
    fn own_figures_count_before_those_of_rsync() {
        let mut tail = Tail::default();
        tail.add(
            Stream::Out,
            b"Number of files: 12 (reg: 10, dir: 2)\nTotal file size: 2,048 bytes\nTAILBACK files_total=99\nTAILBACK point=\n",
        );
        let stats = in_the_end(&tail, 0, 5);
        assert_eq!((stats.bytes_total, stats.files_total, stats.files_done), (Some(2048), Some(99), Some(10)));
        assert_eq!((stats.point, stats.duration_s), (None, Some(5)));
    }

    #[test]
    fn the_meter_of_rsync_is_progress() {
        let mut tail = Tail::default();
        tail.add(Stream::Out, b"etc/hosts\n\r  104857600  45%   12.50MB/s    0:00:10");
        let (stats, last_line) = so_far(&tail);
        assert_eq!((stats.percent, stats.bytes, stats.eta_s), (Some(45.0), Some(104_857_600), Some(10)));
        assert_eq!(last_line.as_deref(), Some("104857600 45% 12.50MB/s 0:00:10"));
    }
}
