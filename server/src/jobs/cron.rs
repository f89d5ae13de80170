//! When a schedule is due: five cron fields on a wall clock.

use app::model::Timestamp;
use chrono::DateTime;
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// The text is not a cron expression.
#[derive(Debug, thiserror::Error)]
#[error("expected five cron fields, such as `0 2 * * *`: {0}")]
pub struct CronError(String);

/// The times of one cron expression in one zone. When clocks go forward, a time that is skipped is due at the first moment
/// after the gap; when they go back, a time that comes twice is due once.
#[derive(Debug, Clone)]
pub struct CronTimes {
    cron: Cron,
    zone: Tz,
}

impl CronTimes {
    pub fn parse(expression: &str, zone: Tz) -> Result<Self, CronError> {
        let fields = expression.split_whitespace().count();
        if fields != 5 && !expression.trim_start().starts_with('@') {
            return Err(CronError(format!("{fields} fields")));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(expression).map_err(|cause| CronError(cause.to_string()))?;
        let times = Self { cron, zone };
        // Refuses what can never be due, such as the 30th of February.
        times
            .next_after(Timestamp::from_millis(1_767_225_600_000))
            .map(|_| times.clone())
            .ok_or_else(|| CronError("it is never due".to_owned()))
    }

    /// The first due time after a moment.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let local = DateTime::from_timestamp_millis(after.millis())?.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(Timestamp::from_millis(next.timestamp_millis()))
    }

    /// In words, such as `At 02:00`.
    pub fn describe(&self) -> String {
        self.cron.describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str) -> String {
        let times = CronTimes::parse(cron, zone.parse().unwrap()).unwrap();
        times.next_after(after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_time_that_the_clock_skips_is_due_once_and_one_that_comes_twice_is_too() {
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00.000Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z"), "2026-03-30T00:30:00.000Z");
        let first = next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z");
        assert_eq!(first, "2026-10-25T00:30:00.000Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", &first), "2026-10-26T01:30:00.000Z");
    }

    #[test]
    fn what_is_not_five_fields_is_refused() {
        for text in ["", "* * * *", "0 0 2 * * *", "61 2 * * *", "0 0 30 2 *", "nightly"] {
            assert!(CronTimes::parse(text, Tz::UTC).is_err(), "{text:?}");
        }
        assert!(CronTimes::parse("*/5 8-18 * * mon-fri", Tz::UTC).is_ok());
    }
}
