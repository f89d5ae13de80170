//! The ranges one asks for most, as links.

use chrono::Days;
use leptos::prelude::*;

use super::address::LogsAddress;
use crate::components::{Erase, Piece, text, use_clock};
use crate::model::{LogFilter, TimeBound, Timestamp, Zone};
use crate::site::use_page;

const HOUR_MILLIS: i64 = 3_600_000;
const MINUTE_MILLIS: i64 = 60_000;

/// A range that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuickRange {
    Day,
    Week,
    Month,
}

impl QuickRange {
    const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    const fn word(self) -> &'static str {
        match self {
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Month => "30 d",
        }
    }

    /// Where it begins. A day is 24 hours to the minute; longer ranges are whole days and include today.
    fn start(self, now: Timestamp, zone: &Zone) -> TimeBound {
        let days_back = |days| {
            let today = zone.local(now).date();
            TimeBound::Day(today.checked_sub_days(Days::new(days)).unwrap_or(today))
        };
        match self {
            Self::Day => TimeBound::Moment(Timestamp(now.millis() / MINUTE_MILLIS * MINUTE_MILLIS).plus_millis(-24 * HOUR_MILLIS)),
            Self::Week => days_back(6),
            Self::Month => days_back(29),
        }
    }

    /// Whether the filter shows this range now, give or take the time the page has been open.
    fn is_shown(self, filter: &LogFilter, now: Timestamp, zone: &Zone) -> bool {
        if filter.to.is_some() {
            return false;
        }
        match (filter.from, self.start(now, zone)) {
            (Some(TimeBound::Moment(from)), TimeBound::Moment(start)) => from.millis_since(start).abs() <= HOUR_MILLIS,
            (from, start) => from == Some(start),
        }
    }
}

/// Links to the quick ranges of the current filter.
pub(super) fn quick_ranges(address: Memo<LogsAddress>) -> Piece {
    let zone = StoredValue::new(use_page().get().zone);
    let clock = use_clock();
    let links = QuickRange::ALL.map(|range| {
        let href = text(move || zone.with_value(|zone| address.with(|address| address.since_href(range.start(clock.shown(), zone)))));
        let shown = text(move || {
            zone.with_value(|zone| address.with(|address| range.is_shown(&address.filter(), clock.shown(), zone))).then_some("true")
        });
        view! { <li><a class="quick-ranges__link" href=href aria-current=shown data-noscroll="true">{range.word()}</a></li> }.erase()
    });
    view! { <ul class="quick-ranges" aria-label="Quick ranges">{links.collect_view()}</ul> }.erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_348_845_678);

    #[test]
    fn ranges_begin_where_people_expect() {
        let start = |range: QuickRange| range.start(NOW, &Zone::utc()).to_string();
        assert_eq!(NOW.to_string(), "2026-11-22T12:00:45.678Z");
        assert_eq!(QuickRange::ALL.map(start), ["2026-11-21T12:00:00.000Z", "2026-11-16", "2026-10-24"]);
    }

    #[test]
    fn a_range_is_recognised_a_while_later() {
        let filter = |from: &str| LogFilter { from: Some(from.parse().unwrap()), ..LogFilter::default() };
        let shown = |from: &str| QuickRange::ALL.map(|range| range.is_shown(&filter(from), NOW, &Zone::utc()));
        assert_eq!(shown("2026-11-21T11:31:00Z"), [true, false, false]);
        assert_eq!(shown("2026-11-16"), [false, true, false]);
        assert_eq!(shown("2026-10-24"), [false, false, true]);
        assert_eq!(shown("2026-11-01T00:00:00Z"), [false, false, false]);
    }
}
