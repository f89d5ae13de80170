//! Rows over time: how many of each status fall in each stretch.

use std::collections::BTreeMap;

use chrono::Datelike as _;
use serde::Serialize;
use strum::{Display, EnumString};

use super::{LogStatus, Timestamp, Zone};

/// How long the stretches of a histogram are, on the panel's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Display, EnumString)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    Minute,
    Hour,
    Day,
    Month,
}

/// The stretches that have rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Histogram {
    pub bucket: Step,
    /// The zone that days and months are of.
    pub zone: String,
    /// The first moment of the range; where the filter names none, of the first day that has rows.
    pub from: Timestamp,
    /// The first moment after the range.
    pub until: Timestamp,
    /// In the order of time; stretches without rows are left out.
    pub buckets: Vec<Bar>,
}

/// One stretch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Bar {
    /// Its first moment.
    pub start: Timestamp,
    /// Rows by status; those without any are left out.
    pub counts: BTreeMap<LogStatus, i64>,
}

impl Bar {
    pub fn total(&self) -> i64 {
        self.counts.values().sum()
    }
}

impl Histogram {
    /// Rows of each status in all stretches.
    pub fn by_status(&self) -> BTreeMap<LogStatus, i64> {
        sum_by_status(self.buckets.iter().map(|bar| bar.counts.clone()))
    }
}

/// Rows of each status in several stretches.
pub fn sum_by_status(stretches: impl IntoIterator<Item = BTreeMap<LogStatus, i64>>) -> BTreeMap<LogStatus, i64> {
    stretches.into_iter().flatten().fold(BTreeMap::new(), |mut sums, (status, rows)| {
        *sums.entry(status).or_default() += rows;
        sums
    })
}

impl Step {
    /// The step that gives a readable number of stretches: 20 to 400.
    pub fn fitting(from: Timestamp, until: Timestamp) -> Self {
        const HOUR: i64 = 3_600_000;
        match until.millis_since(from) {
            ..=10_800_000 => Self::Minute,
            span if span <= 4 * 24 * HOUR => Self::Hour,
            span if span <= 400 * 24 * HOUR => Self::Day,
            _ => Self::Month,
        }
    }

    /// The first moment of the stretch that a moment falls in.
    pub fn start(self, at: Timestamp, zone: &Zone) -> Timestamp {
        match self {
            Self::Minute => Timestamp::from_millis(at.millis().div_euclid(60_000) * 60_000),
            // Hours of the wall clock; where its hands are turned within one, it ends, and another begins.
            Self::Hour => {
                let (turned, _) = zone.changes_around(at);
                turned.map_or(hour_of(at, zone), |turned| hour_of(at, zone).max(turned))
            }
            Self::Day => zone.start_of_day(zone.local(at).date()),
            Self::Month => {
                let date = zone.local(at).date();
                zone.start_of_day(date.with_day(1).unwrap_or(date))
            }
        }
    }

    /// The first moment of the stretch after the one that begins at `start`.
    pub fn next(self, start: Timestamp, zone: &Zone) -> Timestamp {
        let date = zone.local(start).date();
        let day = match self {
            Self::Minute => return start.plus_millis(60_000),
            Self::Hour => {
                let (_, turned) = zone.changes_around(start);
                let end = hour_of(start, zone).plus_millis(3_600_000);
                return turned.map_or(end, |turned| end.min(turned));
            }
            Self::Day => date.succ_opt(),
            Self::Month => (date.with_day(1).unwrap_or(date) + chrono::Duration::days(31)).with_day(1),
        };
        day.map_or(Timestamp::from_millis(i64::MAX), |day| zone.start_of_day(day))
    }

    /// The most stretches that a range can have.
    pub fn stretches(self, from: Timestamp, until: Timestamp) -> i64 {
        let shortest = match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 82_800_000,
            Self::Month => 28 * 86_400_000,
        };
        until.millis_since(from) / shortest + 1
    }
}

/// When the hour of the wall clock would have begun if its hands had not been turned.
fn hour_of(at: Timestamp, zone: &Zone) -> Timestamp {
    let offset = i64::from(zone.offset_seconds(at)) * 1000;
    Timestamp::from_millis((at.millis() + offset).div_euclid(3_600_000) * 3_600_000 - offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn stretches_follow_each_other_over_a_change_of_the_clocks() {
        let berlin = Zone::new("Europe/Berlin", 3600, vec![(at("2026-03-29T01:00:00Z"), 7200), (at("2026-10-25T01:00:00Z"), 3600)]);
        for step in [Step::Minute, Step::Hour, Step::Day, Step::Month] {
            for (from, until) in [("2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z"), ("2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z")] {
                let mut start = step.start(at(from), &berlin);
                while start < at(until) {
                    let next = step.next(start, &berlin);
                    assert_eq!(step.start(next, &berlin), next, "{step} after {start}");
                    assert_eq!(step.start(next.plus_millis(-1), &berlin), start, "{step} before {next}");
                    start = next;
                }
            }
        }
    }

    #[test]
    fn hours_do_not_overlap_where_the_clock_is_turned_by_half_of_one() {
        let changes = vec![(at("2018-03-31T15:00:00Z"), 37_800), (at("2018-10-06T15:30:00Z"), 39_600)];
        let lord_howe = Zone::new("Australia/Lord_Howe", 39_600, changes);
        let hours_from = |from: &str, until: &str| {
            let mut start = Step::Hour.start(at(from), &lord_howe);
            let mut starts = Vec::new();
            while start < at(until) {
                assert_eq!(Step::Hour.start(start, &lord_howe), start);
                let next = Step::Hour.next(start, &lord_howe);
                assert_eq!(Step::Hour.start(next.plus_millis(-1), &lord_howe), start, "before {next}");
                starts.push(start.to_string()[11..16].to_owned());
                start = next;
            }
            starts
        };
        assert_eq!(hours_from("2018-03-31T13:10:00Z", "2018-03-31T17:00:00Z"), ["13:00", "14:00", "15:00", "15:30", "16:30"]);
        assert_eq!(hours_from("2018-10-06T13:40:00Z", "2018-10-06T17:00:00Z"), ["13:30", "14:30", "15:30", "16:00"]);
    }

    #[test]
    fn a_step_fits_its_range() {
        let from = at("2026-01-01T00:00:00Z");
        let fitting = |hours: i64| Step::fitting(from, from.plus_millis(hours * 3_600_000));
        assert_eq!([1, 24, 24 * 30, 24 * 365, 24 * 800].map(fitting), [Step::Minute, Step::Hour, Step::Day, Step::Day, Step::Month]);
    }
}
