//! A cron expression in words, with the times it means next and what the clock changes do to them.

use app::model::{DueTime, Forecast, Timestamp};
use chrono::{DateTime, Offset as _};
use chrono_tz::Tz;

use super::{CronError, CronTimes};

/// Times that a page shows.
const TIMES: usize = 5;

/// What an expression means in a zone from a moment on.
pub fn forecast(expression: &str, zone: Tz, after: Timestamp) -> Result<Forecast, CronError> {
    let times = CronTimes::parse(expression, zone)?;
    let next: Vec<_> = std::iter::successors(times.next_after(after), |last| times.next_after(*last)).take(TIMES).collect();
    let note = note(zone, after, &next);
    Ok(Forecast {
        words: times.describe(),
        zone: zone.name().to_owned(),
        note,
        next: next.into_iter().filter_map(|at| due_time(zone, at)).collect(),
    })
}

fn wall(zone: Tz, at: Timestamp) -> Option<DateTime<Tz>> {
    Some(DateTime::from_timestamp_millis(at.millis())?.with_timezone(&zone))
}

fn offset_seconds(zone: Tz, at: Timestamp) -> i32 {
    wall(zone, at).map_or(0, |wall| wall.offset().fix().local_minus_utc())
}

fn due_time(zone: Tz, at: Timestamp) -> Option<DueTime> {
    let local = wall(zone, at)?.format("%a %Y-%m-%d %H:%M").to_string();
    Some(DueTime { at, local, offset: offset_words(offset_seconds(zone, at)) })
}

fn offset_words(seconds: i32) -> String {
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Tells of the first change of the clocks between now and the last of these times.
fn note(zone: Tz, after: Timestamp, next: &[Timestamp]) -> Option<String> {
    let last = *next.last()?;
    let moments: Vec<_> = std::iter::once(after).chain(next.iter().copied()).collect();
    let pair = moments.windows(2).find(|pair| offset_seconds(zone, pair[0]) != offset_seconds(zone, pair[1]))?;
    let before = offset_seconds(zone, pair[0]);
    let (mut low, mut high) = (pair[0].millis(), pair[1].min(last).millis());
    while high - low > 1000 {
        let middle = low.midpoint(high);
        if offset_seconds(zone, Timestamp::from_millis(middle)) == before { low = middle } else { high = middle }
    }
    let later = offset_seconds(zone, Timestamp::from_millis(high));
    let day = wall(zone, Timestamp::from_millis(high))?.format("%Y-%m-%d");
    Some(if later > before {
        format!("Clocks go forward on {day}, to {}: a time that is skipped is due right after the gap.", offset_words(later))
    } else {
        format!("Clocks go back on {day}, to {}: a time that comes twice is due once.", offset_words(later))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cron: &str, after: &str) -> Forecast {
        forecast(cron, "Europe/Berlin".parse().unwrap(), after.parse().unwrap()).unwrap()
    }

    #[test]
    fn five_times_are_told_with_their_offsets() {
        let forecast = told("0 2 * * *", "2026-11-22T12:00:00Z");
        assert_eq!(forecast.next.len(), 5);
        assert_eq!((forecast.next[0].local.as_str(), forecast.next[0].offset.as_str()), ("Mon 2026-11-23 02:00", "UTC+01:00"));
        assert_eq!(forecast.note, None);
        assert!(forecast.words.contains("02:00"), "{}", forecast.words);
    }

    #[test]
    fn a_change_of_the_clocks_is_told() {
        let back = told("30 2 * * *", "2026-10-23T12:00:00Z");
        assert_eq!(back.note.as_deref(), Some("Clocks go back on 2026-10-25, to UTC+01:00: a time that comes twice is due once."));
        let forward = told("30 2 * * *", "2026-03-27T12:00:00Z");
        assert!(forward.note.unwrap().starts_with("Clocks go forward on 2026-03-29, to UTC+02:00"));
    }
}
