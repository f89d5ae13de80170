//! The days that have rows: when each begins and ends, and between which ids its rows are. They are few, and they change only when the
//! index moves on; so they are kept in memory, as of the index's last mark, and only what has changed since is read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::model::Timestamp;

use super::log_index::IndexMarks;
use super::packed::fetch_numbers;
use super::{Sql, StoreError, Transaction};

/// A day that has rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) number: i64,
    pub(super) start: i64,
    pub(super) end: i64,
    /// Rows of other days may be among these ids, where the clock was set.
    pub(super) first_id: i64,
    pub(super) last_id: i64,
}

impl From<[i64; 5]> for Day {
    fn from([number, start, end, first_id, last_id]: [i64; 5]) -> Self {
        Self { number, start, end, first_id, last_id }
    }
}

/// The days of the trail, in their order.
#[derive(Debug, Default)]
pub(super) struct Days {
    /// What they are as of.
    counted_to: i64,
    zone: String,
    list: Vec<Day>,
}

/// Ids between which all rows of a range are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) first: i64,
    pub(super) last: i64,
    /// Whether there are no other rows between them.
    pub(super) is_exact: bool,
}

impl Days {
    /// The days that have a part in a range.
    fn touched(&self, from: Timestamp, until: Timestamp) -> &[Day] {
        let begin = self.list.partition_point(|day| day.end <= from.millis());
        let end = self.list.partition_point(|day| day.start < until.millis());
        self.list.get(begin..end).unwrap_or_default()
    }

    /// Where the rows of a range are; `None` if there are none.
    pub(super) fn bounds(&self, from: Timestamp, until: Timestamp) -> Option<Bounds> {
        let touched = self.touched(from, until);
        let first = touched.iter().map(|day| day.first_id).min()?;
        let last = touched.iter().map(|day| day.last_id).max()?;
        let reaches_in = |day: &&Day| day.first_id <= last && day.last_id >= first;
        let is_other = |day: &Day| day.start < from.millis() || day.end > until.millis();
        Some(Bounds { first, last, is_exact: !self.list.iter().filter(reaches_in).any(is_other) })
    }

    /// The days that are in a range as a whole, by their numbers, both ends included; and those that are in it in part.
    pub(super) fn whole_and_cut(&self, from: Timestamp, until: Timestamp) -> (Option<(i64, i64)>, impl Iterator<Item = &Day>) {
        let touched = self.touched(from, until);
        let is_whole = move |day: &Day| day.start >= from.millis() && day.end <= until.millis();
        let first = touched.iter().find(|day| is_whole(day));
        let last = touched.iter().rfind(|day| is_whole(day));
        (first.zip(last).map(|(first, last)| (first.number, last.number)), touched.iter().filter(move |day| !is_whole(day)))
    }

    fn are_of(&self, marks: &IndexMarks) -> bool {
        (self.counted_to, &self.zone) == (marks.counted_to, &marks.zone)
    }

    /// As of a later mark. A day that has changed has a row above the mark before.
    fn with(&self, marks: &IndexMarks, changed: Vec<Day>) -> Self {
        let mut list = self.list.clone();
        for day in changed {
            match list.binary_search_by_key(&day.number, |known| known.number) {
                Ok(place) => list[place] = day,
                Err(place) => list.insert(place, day),
            }
        }
        Self { counted_to: marks.counted_to, zone: marks.zone.clone(), list }
    }
}

/// The days as they were when somebody asked last.
#[derive(Default)]
pub(super) struct KnownDays {
    newest: Mutex<Newest>,
}

#[derive(Default)]
struct Newest {
    days: Arc<Days>,
    /// How often they were made anew: what was read before is not kept then.
    made: u64,
}

impl KnownDays {
    /// The days as of a transaction with these marks.
    pub(super) async fn as_of(&self, tx: &mut Transaction, marks: &IndexMarks) -> Result<Arc<Days>, StoreError> {
        let (known, made) = {
            let newest = self.newest();
            (Arc::clone(&newest.days), newest.made)
        };
        if known.are_of(marks) {
            return Ok(known);
        }
        let goes_on = known.zone == marks.zone && known.counted_to < marks.counted_to;
        let known = if goes_on { known } else { Arc::default() };
        let sql = Sql::new("select day, start_at, end_at, first_id, last_id from log_day where last_id > $1 order by day");
        let columns = ["day", "start_at", "end_at", "first_id", "last_id"];
        let changed = fetch_numbers(tx, columns, sql.bind(known.counted_to).with_one_plan()).await?;
        let days = Arc::new(known.with(marks, changed.into_iter().map(Day::from).collect()));
        let mut newest = self.newest();
        // Somebody else may have seen a later moment.
        if newest.made == made && (newest.days.zone != days.zone || newest.days.counted_to < days.counted_to) {
            newest.days = Arc::clone(&days);
        }
        Ok(days)
    }

    /// They are made anew.
    pub(super) fn forget(&self) {
        let mut newest = self.newest();
        *newest = Newest { days: Arc::default(), made: newest.made + 1 };
    }

    fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64, first_id: i64, last_id: i64) -> Day {
        Day { number, start: number * 100, end: (number + 1) * 100, first_id, last_id }
    }

    fn marks(counted_to: i64) -> IndexMarks {
        IndexMarks { counted_to, words_to: counted_to, zone: "UTC".to_owned(), head: counted_to }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_range_is_between_ids() {
        let days = Days::default().with(&marks(60), vec![day(1, 1, 20), day(2, 21, 40), day(4, 41, 60)]);
        let cases = [
            ((100, 500), Some((1, 60, true))),
            ((200, 300), Some((21, 40, true))),
            ((250, 300), Some((21, 40, false))),
            ((250, 420), Some((21, 60, false))),
            ((300, 400), None),
            ((500, 900), None),
            ((0, 100), None),
        ];
        for ((from, until), expected) in cases {
            let expected = expected.map(|(first, last, is_exact)| Bounds { first, last, is_exact });
            assert_eq!(days.bounds(at(from), at(until)), expected, "{from} to {until}");
        }
    }

    #[test]
    fn rows_of_another_day_may_be_among_the_ids() {
        // The clock was set back a day, after 30, and forth again.
        let days = Days::default().with(&marks(60), vec![day(1, 1, 35), day(2, 21, 60)]);
        assert_eq!(days.bounds(at(200), at(300)), Some(Bounds { first: 21, last: 60, is_exact: false }));
        assert_eq!(days.bounds(at(100), at(300)), Some(Bounds { first: 1, last: 60, is_exact: true }));
    }

    #[test]
    fn whole_days_are_told_from_cut_ones() {
        let days = Days::default().with(&marks(80), vec![day(1, 1, 20), day(2, 21, 40), day(3, 41, 60), day(5, 61, 80)]);
        let cases = [((100, 600), Some((1, 5)), vec![]), ((150, 550), Some((2, 3)), vec![1, 5]), ((210, 290), None, vec![2])];
        for ((from, until), whole, cut) in cases {
            let (found, rest) = days.whole_and_cut(at(from), at(until));
            assert_eq!((found, rest.map(|day| day.number).collect::<Vec<_>>()), (whole, cut), "{from} to {until}");
        }
    }

    #[test]
    fn what_has_changed_takes_the_place_of_what_was() {
        let days = Days::default().with(&marks(40), vec![day(1, 1, 20), day(3, 21, 40)]);
        let days = days.with(&marks(70), vec![day(2, 55, 60), day(3, 21, 70)]);
        assert_eq!(days.list, [day(1, 1, 20), day(2, 55, 60), day(3, 21, 70)]);
        assert!(days.are_of(&marks(70)) && !days.are_of(&marks(71)));
    }
}
