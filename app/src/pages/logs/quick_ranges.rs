//! The ranges one asks for most, as links.

use chrono::Days;
use leptos::prelude::*;

use super::address::LogsAddress;
use crate::components::{Erase, Piece};
use crate::model::{LogFilter, TimeBound, Timestamp, Zone};
use crate::site::use_page;

const MINUTE_MILLIS: i64 = 60_000;

/// A range that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuickRange {
    /// To the minute.
    Minutes(i64),
    /// Whole days, today included.
    Days(u64),
}

use QuickRange::{Days as WholeDays, Minutes};

/// The word on the link, and the same in full: minutes and months would both be an m.
const RANGES: [(&str, &str, QuickRange); 8] = [
    ("15 min", "Last 15 minutes", Minutes(15)),
    ("1 h", "Last hour", Minutes(60)),
    ("24 h", "Last 24 hours", Minutes(24 * 60)),
    ("7 d", "Last 7 days", WholeDays(7)),
    ("30 d", "Last 30 days", WholeDays(30)),
    ("3 mo", "Last 3 months", WholeDays(91)),
    ("6 mo", "Last 6 months", WholeDays(182)),
    ("1 y", "Last year", WholeDays(365)),
];

impl QuickRange {
    fn start(self, now: Timestamp, zone: &Zone) -> TimeBound {
        match self {
            Minutes(minutes) => {
                TimeBound::Moment(Timestamp(now.millis() / MINUTE_MILLIS * MINUTE_MILLIS).plus_millis(-minutes * MINUTE_MILLIS))
            }
            WholeDays(days) => {
                let today = zone.local(now).date();
                TimeBound::Day(today.checked_sub_days(Days::new(days - 1)).unwrap_or(today))
            }
        }
    }

    /// Whether the filter shows this range now, give or take the time the page has been open.
    fn is_shown(self, filter: &LogFilter, now: Timestamp, zone: &Zone) -> bool {
        if filter.to.is_some() {
            return false;
        }
        match (self, filter.from, self.start(now, zone)) {
            (Minutes(minutes), Some(TimeBound::Moment(from)), TimeBound::Moment(start)) => {
                from.millis_since(start).abs() <= minutes.min(60) * MINUTE_MILLIS / 2
            }
            (_, from, start) => from == Some(start),
        }
    }
}

/// Links to the quick ranges of the current filter.
pub(super) fn quick_ranges(address: &LogsAddress) -> Piece {
    let page = use_page().get();
    let filter = address.filter();
    let links = RANGES.map(|(word, in_full, range)| {
        let href = address.since_href(range.start(page.now, &page.zone));
        let shown = range.is_shown(&filter, page.now, &page.zone).then_some("true");
        view! { <li><a class="quick-ranges__link" href=href aria-current=shown title=in_full>{word}</a></li> }.erase()
    });
    view! { <ul class="quick-ranges" aria-label="Quick ranges">{links.collect_view()}</ul> }.erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_348_845_678);

    #[test]
    fn ranges_begin_where_people_expect() {
        let start = |(_, _, range): (&str, &str, QuickRange)| range.start(NOW, &Zone::utc()).to_string();
        assert_eq!(NOW.to_string(), "2026-11-22T12:00:45.678Z");
        assert_eq!(
            RANGES.map(start),
            [
                "2026-11-22T11:45:00.000Z",
                "2026-11-22T11:00:00.000Z",
                "2026-11-21T12:00:00.000Z",
                "2026-11-16",
                "2026-10-24",
                "2026-08-24",
                "2026-05-25",
                "2025-11-23"
            ]
        );
    }

    #[test]
    fn a_range_is_recognised_a_while_later() {
        let shown = |from: &str| {
            let filter = LogFilter { from: Some(from.parse().unwrap()), ..LogFilter::default() };
            RANGES.iter().filter(|(_, _, range)| range.is_shown(&filter, NOW, &Zone::utc())).map(|(word, _, _)| *word).collect::<Vec<_>>()
        };
        assert_eq!(shown("2026-11-21T11:45:00Z"), ["24 h"]);
        assert_eq!(shown("2026-11-22T11:41:00Z"), ["15 min"]);
        assert_eq!(shown("2026-11-22T11:29:00Z"), ["1 h"]);
        assert_eq!(shown("2026-11-16"), ["7 d"]);
        assert_eq!(shown("2026-11-01T00:00:00Z"), Vec::<&str>::new());
    }
}
