//! Rows over time, by status. Each bar is a link that zooms to it; the script lets one drag over several, or choose them by keys.

use leptos::prelude::*;

use super::address::LogsAddress;
use crate::components::{Erase, Piece, format};
use crate::model::{Bar, Histogram, LogStatus, Step, TimeBound, Timestamp, Zone};
use crate::site::use_page;

/// The picture in its own units: as wide as there are stretches, and this high.
const HEIGHT: i64 = 100;

/// Statuses from the base of a bar upwards: what is well below, what is wrong on top, where it is seen.
const STACK: [LogStatus; 9] = [
    LogStatus::Info,
    LogStatus::Started,
    LogStatus::Running,
    LogStatus::Completed,
    LogStatus::Stopped,
    LogStatus::Connection,
    LogStatus::Missed,
    LogStatus::Warning,
    LogStatus::Error,
];

/// The histogram, or why there is none.
pub(super) fn histogram_view(address: &LogsAddress, histogram: Result<Histogram, String>) -> Piece {
    let histogram = match histogram {
        Ok(histogram) => histogram,
        Err(why) => return view! { <p class="histogram__none">{why}</p> }.erase(),
    };
    let zone = use_page().get().zone;
    let stretches = stretches(&histogram, &zone);
    let Some(highest) = histogram.buckets.iter().map(Bar::total).max() else { return ().erase() };
    let counted = counted(&histogram, &stretches, address.filter().range(&zone), &zone);
    let bars = histogram.buckets.iter().enumerate().filter_map(|(n, bar)| {
        let place = stretches.binary_search(&bar.start).ok()?;
        Some(bar_view(address, bar, n == 0, Placed { place, counted: counted[place], highest, step: histogram.bucket }, &zone))
    });
    let edges: Vec<_> = counted.iter().map(|(from, _)| from.millis().to_string()).collect();
    let end = counted.last().map_or(histogram.until, |(_, until)| *until);
    let view_box = format!("0 0 {} {HEIGHT}", stretches.len().max(1));
    let label = format!("Entries by {} and status", histogram.bucket);
    view! {
        <figure class="histogram" data-histogram="" data-edges=edges.join(" ") data-until=end.millis().to_string() data-base=address.between_href(TimeBound::Moment(Timestamp(0)), TimeBound::Moment(Timestamp(1)))>
            <svg class="histogram__bars" viewBox=view_box preserveAspectRatio="none" role="group" aria-label=label>
                {bars.collect_view()}
                <rect class="histogram__chosen" data-chosen="" x="0" y="0" width="0" height=HEIGHT.to_string()></rect>
            </svg>
            <figcaption class="histogram__axis">
                <span>{words_of(histogram.bucket, histogram.from, &zone)}</span>
                <span class="histogram__note" data-note="">{format!("most in one {}: {}", histogram.bucket, format::count(highest))}</span>
                <span>{words_of(histogram.bucket, histogram.until.plus_millis(-1), &zone)}</span>
            </figcaption>
        </figure>
    }
    .erase()
}

/// The first moments of all stretches of the range, those without rows too.
fn stretches(histogram: &Histogram, zone: &Zone) -> Vec<Timestamp> {
    let step = histogram.bucket;
    let first = histogram.buckets.first().map_or(histogram.from, |bar| bar.start.min(histogram.from));
    std::iter::successors(Some(step.start(first, zone)), |start| Some(step.next(*start, zone)))
        .take_while(|start| *start < histogram.until || histogram.buckets.last().is_some_and(|bar| *start <= bar.start))
        .take(4000)
        .collect()
}

/// What is counted in each stretch, from its first moment to the first after it: no more of the first and the last than the filter leaves.
fn counted(
    histogram: &Histogram,
    stretches: &[Timestamp],
    (from, until): (Option<Timestamp>, Option<Timestamp>),
    zone: &Zone,
) -> Vec<(Timestamp, Timestamp)> {
    let next = |place: usize| stretches.get(place + 1).copied();
    let part = |(place, start): (usize, &Timestamp)| {
        let end = next(place).unwrap_or_else(|| histogram.bucket.next(*start, zone));
        // Rows may be dated after now, where no filter ends the range.
        let until = until.unwrap_or(histogram.until);
        (from.map_or(*start, |from| from.max(*start)), if until > *start { end.min(until) } else { end })
    };
    stretches.iter().enumerate().map(part).collect()
}

#[derive(Clone, Copy)]
struct Placed {
    place: usize,
    counted: (Timestamp, Timestamp),
    highest: i64,
    step: Step,
}

fn bar_view(address: &LogsAddress, bar: &Bar, first: bool, placed: Placed, zone: &Zone) -> Piece {
    let total = bar.total();
    let what: Vec<_> = STACK
        .iter()
        .rev()
        .filter_map(|status| bar.counts.get(status).map(|n| format!("{} {}", format::count(*n), status.word().to_lowercase())))
        .collect();
    let title = format!("{}: {}", words_of(placed.step, bar.start, zone), what.join(", "));
    let label = title.clone();
    let (from, until) = placed.counted;
    let href = address.between_href(TimeBound::Moment(from), TimeBound::Moment(until.plus_millis(-1)));
    // What is there at all is seen: at least two hundredths of the height.
    let height = |rows: i64| if rows == 0 { 0 } else { (rows * HEIGHT / placed.highest).max(2) };
    let mut below = 0;
    let parts = STACK.iter().filter_map(|status| {
        let rows = bar.counts.get(status).copied()?;
        let (base, top) = (height(below), height(below + rows).max(height(below) + 1).min(HEIGHT));
        below += rows;
        Some(view! {
            <rect class="histogram__part" data-status=status.to_string() x="0.08" width="0.84" y=(HEIGHT - top).to_string() height=(top - base).to_string()></rect>
        })
    });
    // One stop for the keyboard; from there the arrows lead on.
    let stop = if first { "0" } else { "-1" };
    view! {
        <g transform=format!("translate({} 0)", placed.place)>
            <a class="histogram__bar" href=href tabindex=stop aria-label=label data-bar=placed.place.to_string()>
                <title>{title}</title>
                <rect class="histogram__ground" x="0" y="0" width="1" height=HEIGHT.to_string()></rect>
                {(total > 0).then(|| parts.collect_view())}
            </a>
        </g>
    }
    .erase()
}

/// A stretch in words.
fn words_of(step: Step, at: Timestamp, zone: &Zone) -> String {
    let wall = zone.told(at);
    match step {
        // The seconds are none.
        Step::Minute | Step::Hour => format!("{}{}", &wall[..16], &wall[19..]),
        Step::Day => wall[..10].to_owned(),
        Step::Month => wall[..7].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn drawn(from: &str, until: &str, bar: &str) -> (Histogram, Vec<Timestamp>) {
        let buckets = vec![Bar { start: at(bar), counts: BTreeMap::from([(LogStatus::Error, 1)]) }];
        let histogram = Histogram { bucket: Step::Hour, zone: "UTC".to_owned(), from: at(from), until: at(until), buckets };
        let stretches = stretches(&histogram, &Zone::utc());
        (histogram, stretches)
    }

    #[test]
    fn a_bar_leads_to_no_more_than_it_counts() {
        let (from, until) = ("2026-11-22T12:37:00Z", "2026-11-22T15:10:00Z");
        let (histogram, stretches) = drawn(from, until, "2026-11-22T12:00:00Z");
        let both = counted(&histogram, &stretches, (Some(at(from)), Some(at(until))), &Zone::utc());
        let ends = [("12:37", "13:00"), ("13:00", "14:00"), ("14:00", "15:00"), ("15:00", "15:10")];
        let moment = |time: &str| at(&format!("2026-11-22T{time}:00Z"));
        assert_eq!(both, ends.map(|(from, until)| (moment(from), moment(until))));
        let open = counted(&histogram, &stretches, (None, None), &Zone::utc());
        assert_eq!(open[0], (moment("12:00"), moment("13:00")), "rows of the first day begin with it");
    }

    #[test]
    fn rows_dated_after_now_have_a_bar_that_leads_to_them() {
        let (histogram, stretches) = drawn("2026-11-22T12:00:00Z", "2026-11-22T12:30:00Z", "2026-11-22T14:00:00Z");
        let counted = counted(&histogram, &stretches, (None, None), &Zone::utc());
        assert_eq!(counted.last(), Some(&(at("2026-11-22T14:00:00Z"), at("2026-11-22T15:00:00Z"))));
        assert!(counted.iter().all(|(from, until)| from < until));
    }
}
