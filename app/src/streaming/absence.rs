//! Whether what was written while the page was away is fetched row by row, or the page is loaded anew: after hours it would show and fetch
//! rows for long that nobody gets to see. Pure.

use super::Feed;
use crate::model::LogEntry;

/// Rows of so many ids are fetched: far more than a feed holds, since ids count what the viewer may not see and the filter does not want too.
const MOST_IDS: usize = 5 * Feed::LIMIT;
/// Whoever was away for less has not lost the thread: longer than a tab that nobody looks at waits between two questions.
const AWAY_MILLIS: i64 = 180_000;

/// What it depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absence {
    /// The last row that the feed was told.
    pub last_id: i64,
    /// The last one there is.
    pub head: i64,
    /// How long ago the panel was last heard from; `None`: never since the page was loaded.
    pub away_millis: Option<i64>,
    /// Somebody reads what is shown.
    pub is_held: bool,
}

impl Absence {
    pub(super) fn begins_anew(self) -> bool {
        let has_missed_much = usize::try_from(self.head - self.last_id).is_ok_and(|missed| missed > MOST_IDS);
        !self.is_held && has_missed_much && self.away_millis.is_some_and(|millis| millis > AWAY_MILLIS)
    }
}

/// Frames of so many rows come to who is behind, or where a flood is written.
const MANY_ROWS: usize = 100;

/// Whether more of what was written meanwhile follows this frame; `head`: the last row there was when the stream began. What nobody may see
/// here never comes, so a frame with few rows says that this is all.
pub(super) fn more_follows(rows: &[LogEntry], head: i64) -> bool {
    rows.len() >= MANY_ROWS && rows.last().is_some_and(|last| last.id < head)
}

#[cfg(test)]
mod tests {
    use super::super::feed::tests::entry;
    use super::*;

    #[test]
    fn after_hours_the_page_begins_anew_unless_somebody_reads_it() {
        let hours = Some(4 * 3_600_000);
        for (missed, away_millis, is_held, anew) in [
            (10_001, hours, false, true),
            (10_000, hours, false, false),
            (10_001, hours, true, false),
            (90_000, Some(AWAY_MILLIS), false, false),
            (90_000, Some(AWAY_MILLIS + 1), false, true),
            (90_000, None, false, false),
            (0, hours, false, false),
        ] {
            let absence = Absence { last_id: 700, head: 700 + missed, away_millis, is_held };
            assert_eq!(absence.begins_anew(), anew, "{missed} {away_millis:?} {is_held}");
        }
    }

    #[test]
    fn full_frames_below_the_head_are_followed_by_more() {
        for (first, last, more) in
            [(1, 256, true), (1_745, 2_000, false), (1_900, 1_999, true), (1_901, 1_999, false), (2_001, 2_256, false)]
        {
            let rows: Vec<_> = (first..=last).map(entry).collect();
            assert_eq!(more_follows(&rows, 2_000), more, "{first} to {last}");
        }
        assert!(!more_follows(&[], 2_000));
    }
}
