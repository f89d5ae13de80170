//! What goes wrong while nobody looks, counted in the tab's title; also over a reload.

use std::fmt;
use std::str::FromStr;

use crate::app::TITLE;
use crate::model::{LogEntry, LogStatus};

/// How many rows of trouble there are after one.
pub(super) fn trouble<'r>(rows: impl IntoIterator<Item = &'r LogEntry>, after: i64) -> usize {
    let is_trouble = |row: &&LogEntry| matches!(row.status, LogStatus::Error | LogStatus::Missed | LogStatus::Connection);
    rows.into_iter().filter(|row| row.id > after).filter(is_trouble).count()
}

/// What the tab says.
pub(super) fn title(unseen: usize) -> String {
    if unseen == 0 { TITLE.to_owned() } else { format!("({unseen}) {TITLE}") }
}

/// What a hidden tab keeps when it loads itself anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub count: usize,
    /// Rows up to this one are counted.
    pub last_id: i64,
}

impl Kept {
    /// Under this name.
    pub(super) const NAME: &'static str = "tailback-unseen";
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.last_id)
    }
}

impl FromStr for Kept {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (count, last_id) = text.split_once(' ').ok_or(())?;
        Ok(Self { count: count.parse().map_err(drop)?, last_id: last_id.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::feed::tests::entry;
    use super::*;

    #[test]
    fn rows_that_were_counted_are_not_counted_again() {
        let row = |id, status| LogEntry { status, ..entry(id) };
        let rows = [
            row(4, LogStatus::Error),
            row(5, LogStatus::Missed),
            row(6, LogStatus::Completed),
            row(7, LogStatus::Connection),
            row(8, LogStatus::Warning),
        ];
        for (after, count) in [(0, 3), (4, 2), (5, 1), (8, 0)] {
            assert_eq!(trouble(&rows, after), count, "after {after}");
        }
    }

    #[test]
    fn the_title_counts_what_nobody_has_seen() {
        assert_eq!(title(0), "Monitor · Tailback");
        assert_eq!(title(3), "(3) Monitor · Tailback");
    }

    #[test]
    fn what_is_kept_over_a_reload_is_read_again() {
        let kept = Kept { count: 3, last_id: 120 };
        assert_eq!(kept.to_string().parse(), Ok(kept));
        for text in ["", "3", "x 1", "1 x", "-1 4"] {
            assert_eq!(text.parse::<Kept>(), Err(()), "{text:?}");
        }
    }
}
