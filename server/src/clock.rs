//! The only place that reads the wall clock, and the panel's time zone as a table.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use app::model::{Timestamp, Zone};
use chrono::{Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// Tells the time: the machine's, or in tests one that stands still until it is moved, or the machine's as if somebody had moved it.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Machine,
    Set(Arc<AtomicI64>),
    /// Milliseconds by which it is ahead of the machine's.
    Moved(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self { source: Source::Machine }
    }

    /// A clock that stands at `at` until somebody moves it.
    pub fn set_to(at: Timestamp) -> Self {
        Self { source: Source::Set(Arc::new(AtomicI64::new(at.millis()))) }
    }

    /// A clock that goes like the machine's and can be moved, as people and time servers do.
    pub fn movable() -> Self {
        Self { source: Source::Moved(Arc::default()) }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::Machine => Timestamp::from_millis(Utc::now().timestamp_millis()),
            Source::Moved(by) => Timestamp::from_millis(Utc::now().timestamp_millis() + by.load(Ordering::SeqCst)),
            Source::Set(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a clock that was set; the machine's clock is not ours to move.
    pub fn advance(&self, by: std::time::Duration) {
        self.shift(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
    }

    /// The same, and back where it is negative.
    pub fn shift(&self, millis: i64) {
        if let Source::Set(at) | Source::Moved(at) = &self.source {
            at.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

/// A time zone by its IANA name.
pub fn time_zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The machine's own zone; UTC where it has none that is known.
pub fn machine_time_zone() -> Tz {
    iana_time_zone::get_timezone().ok().and_then(|name| time_zone(&name)).unwrap_or(Tz::UTC)
}

/// The zone's offsets from 1970 to 2100 as a table.
pub fn zone_table(zone: Tz) -> Zone {
    const DAY: i64 = 86_400;
    const END: i64 = 4_102_444_800;
    let offset =
        |second: i64| zone.offset_from_utc_datetime(&chrono::DateTime::from_timestamp(second, 0).unwrap_or_default().naive_utc()).fix();
    let mut changes = Vec::new();
    let mut before = offset(0);
    for day in (0..END).step_by(usize::try_from(DAY).unwrap_or(usize::MAX)) {
        let (mut low, mut high) = (day, day + DAY);
        let after = offset(high);
        if after == before {
            continue;
        }
        while high - low > 1 {
            let middle = low.midpoint(high);
            if offset(middle) == before { low = middle } else { high = middle }
        }
        changes.push((Timestamp::from_millis(high * 1000), after.local_minus_utc()));
        before = after;
    }
    Zone::new(zone.name(), offset(0).local_minus_utc(), changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_the_database_every_hour_of_two_years() {
        for name in ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC"] {
            let tz = time_zone(name).unwrap();
            let table = zone_table(tz);
            for hour in (1_767_225_600..1_830_297_600_i64).step_by(3600) {
                let moment = chrono::DateTime::from_timestamp(hour, 0).unwrap();
                let expected = moment.with_timezone(&tz).format("%Y-%m-%d %H:%M:%S").to_string();
                assert_eq!(table.local(Timestamp::from_millis(hour * 1000)).to_string(), expected, "{name}");
            }
        }
    }
}
