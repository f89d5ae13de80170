//! The panel's time zone as a table of offsets, so that the server and the browser print the same local time without the
//! browser carrying a time-zone database.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A named zone and the moments its offset changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// IANA name, such as `Europe/Berlin`.
    pub name: String,
    /// Offset in force before the first change, seconds east of UTC.
    first_offset_seconds: i32,
    /// Moments of change in growing order, each with the offset in force from then on.
    changes: Vec<(Timestamp, i32)>,
}

/// A day and two hours.
const FURTHEST_MS: i64 = 26 * 3_600_000;

impl Zone {
    /// A zone from its offset before the first change and its changes in growing order.
    pub fn new(name: impl Into<String>, first_offset_seconds: i32, changes: Vec<(Timestamp, i32)>) -> Self {
        Self { name: name.into(), first_offset_seconds, changes }
    }

    pub fn utc() -> Self {
        Self::new("UTC", 0, Vec::new())
    }

    /// The same zone with only the changes that matter between two moments: what a page needs.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Self {
        Self {
            name: self.name.clone(),
            first_offset_seconds: self.offset_seconds(from),
            changes: self.changes.iter().copied().filter(|(at, _)| *at > from && *at <= to).collect(),
        }
    }

    /// Seconds east of UTC at that moment.
    pub fn offset_seconds(&self, at: Timestamp) -> i32 {
        match self.changes.partition_point(|(change, _)| *change <= at) {
            0 => self.first_offset_seconds,
            n => self.changes[n - 1].1,
        }
    }

    /// When the clock was last turned up to a moment, and when it is turned next after it.
    pub fn changes_around(&self, at: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let n = self.changes.partition_point(|(change, _)| *change <= at);
        let change = |n: usize| self.changes.get(n).map(|(change, _)| *change);
        (n.checked_sub(1).and_then(change), change(n))
    }

    /// The same in words, with how far from UTC that is where it was changed within hours: one of these hours comes twice.
    pub fn told(&self, at: Timestamp) -> String {
        const HOURS_MS: i64 = 3 * 3_600_000;
        let (before, after) = self.changes_around(at);
        let is_near = [before, after].into_iter().flatten().any(|change| change.millis_since(at).abs() <= HOURS_MS);
        let (local, seconds) = (self.local(at), self.offset_seconds(at));
        if !is_near {
            return local.to_string();
        }
        let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
        format!("{local} {sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// What a clock on the wall shows at that moment.
    pub fn local(&self, at: Timestamp) -> LocalTime {
        let shifted = at.millis().saturating_add(i64::from(self.offset_seconds(at)) * 1000);
        let wall = DateTime::from_timestamp_millis(shifted).unwrap_or(DateTime::UNIX_EPOCH).naive_utc();
        LocalTime { wall }
    }

    /// The first moment of a calendar day. A midnight that the clock skips gives the first moment after the skip; one that
    /// comes twice gives the earlier.
    pub fn start_of_day(&self, day: NaiveDate) -> Timestamp {
        let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
        // No zone is further than this from UTC, so no other change concerns this midnight.
        let (from, until) = (Timestamp(midnight - FURTHEST_MS), Timestamp(midnight + FURTHEST_MS));
        let near = &self.changes[self.changes.partition_point(|(at, _)| *at <= from)..];
        let near = &near[..near.partition_point(|(at, _)| *at <= until)];
        let offsets = std::iter::once(self.offset_seconds(from)).chain(near.iter().map(|(_, offset)| *offset));
        let exact = offsets
            .map(|offset| (Timestamp(midnight - i64::from(offset) * 1000), offset))
            .filter(|(at, offset)| self.offset_seconds(*at) == *offset)
            .map(|(at, _)| at)
            .min();
        exact.unwrap_or_else(|| {
            // Skipped: the change that jumps over this midnight is the day's first moment.
            near.iter().find(|(at, offset)| at.millis() + i64::from(*offset) * 1000 >= midnight).map_or(Timestamp(midnight), |(at, _)| *at)
        })
    }
}

/// A local calendar date and time of day; prints as `2026-11-22 02:00:05`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    wall: chrono::NaiveDateTime,
}

impl LocalTime {
    pub fn year(&self) -> i32 {
        self.wall.year()
    }

    pub fn month(&self) -> u32 {
        self.wall.month()
    }

    pub fn day(&self) -> u32 {
        self.wall.day()
    }

    pub fn date(&self) -> NaiveDate {
        self.wall.date()
    }

    /// `02:00:05`.
    pub fn time_of_day(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.wall.hour(), self.wall.minute(), self.wall.second())
    }

    /// `2026-11-22_02-00-05`, as point names carry it.
    pub fn stamp(&self) -> String {
        self.wall.format("%Y-%m-%d_%H-%M-%S").to_string()
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.wall.date(), self.time_of_day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin_2026() -> Zone {
        Zone::new(
            "Europe/Berlin",
            3600,
            vec![("2026-03-29T01:00:00Z".parse().unwrap(), 7200), ("2026-10-25T01:00:00Z".parse().unwrap(), 3600)],
        )
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_wall_clock_follows_the_offset_in_force() {
        let zone = berlin_2026();
        let show = |at: &str| zone.local(at.parse().unwrap()).to_string();
        assert_eq!(show("2026-03-29T00:59:59Z"), "2026-03-29 01:59:59");
        assert_eq!(show("2026-03-29T01:00:00Z"), "2026-03-29 03:00:00");
        assert_eq!(show("2026-10-25T00:30:00Z"), "2026-10-25 02:30:00");
        assert_eq!(show("2026-10-25T01:30:00Z"), "2026-10-25 02:30:00");
    }

    #[test]
    fn an_hour_that_comes_twice_is_told_apart() {
        let zone = berlin_2026();
        let told = |at: &str| zone.told(at.parse().unwrap());
        assert_eq!(told("2026-10-25T00:30:00Z"), "2026-10-25 02:30:00 +02:00");
        assert_eq!(told("2026-10-25T01:30:00Z"), "2026-10-25 02:30:00 +01:00");
        assert_eq!(told("2026-10-25T04:00:01Z"), "2026-10-25 05:00:01");
        assert_eq!(told("2026-07-01T10:00:00Z"), "2026-07-01 12:00:00");
        assert_eq!(
            Zone::new("America/St_Johns", -12_600, vec![("2026-03-08T05:30:00Z".parse().unwrap(), -9_000)])
                .told("2026-03-08T05:00:00Z".parse().unwrap()),
            "2026-03-08 01:30:00 -03:30"
        );
    }

    #[test]
    fn days_of_change_are_23_and_25_hours_long() {
        let zone = berlin_2026();
        let hours = |from: &str, to: &str| zone.start_of_day(day(to)).millis_since(zone.start_of_day(day(from))) / 3_600_000;
        assert_eq!(hours("2026-03-29", "2026-03-30"), 23);
        assert_eq!(hours("2026-10-25", "2026-10-26"), 25);
        assert_eq!(hours("2026-07-01", "2026-07-02"), 24);
    }

    #[test]
    fn a_skipped_midnight_begins_after_the_skip() {
        // Beirut moves its clocks at midnight: 2026-03-29 begins at 01:00 local time.
        let zone = Zone::new("Asia/Beirut", 7200, vec![("2026-03-28T22:00:00Z".parse().unwrap(), 10800)]);
        assert_eq!(zone.start_of_day(day("2026-03-29")), "2026-03-28T22:00:00Z".parse().unwrap());
    }

    #[test]
    fn a_slice_prints_the_same_inside_its_range() {
        let zone = berlin_2026();
        let (from, to) = ("2026-06-01T00:00:00Z".parse().unwrap(), "2026-12-01T00:00:00Z".parse().unwrap());
        let slice = zone.between(from, to);
        for at in ["2026-06-01T00:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z", "2026-12-01T00:00:00Z"] {
            assert_eq!(slice.local(at.parse().unwrap()), zone.local(at.parse().unwrap()), "{at}");
        }
    }
}
