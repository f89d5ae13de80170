//! Reads a selection in every way that the store has, and compares each with a plain look.

use std::collections::BTreeMap;

use app::model::{LogFilter, LogStatus, Step, Timestamp};
use chrono::Offset as _;
use chrono_tz::Tz;
use server::store::log_counts::{self, Effort, Total};
use server::store::log_pages::{self, Page};
use server::store::{Database, Selection, TrailView, log_histogram, log_listing};

use super::reference::{Reference, local};

/// What the wall clock shows of the stretch that a moment falls in.
fn stretch(at: Timestamp, zone: Tz, step: Step) -> (String, i32) {
    let wall = local(at, zone);
    let offset = wall.offset().fix().local_minus_utc();
    match step {
        Step::Minute => (wall.format("%Y-%m-%d %H:%M").to_string(), offset),
        Step::Hour => (wall.format("%Y-%m-%d %H").to_string(), offset),
        Step::Day => (wall.format("%Y-%m-%d").to_string(), 0),
        Step::Month => (wall.format("%Y-%m").to_string(), 0),
    }
}

pub async fn compare(database: &Database, reference: &Reference, selection: Selection<'_>, limit: u32) {
    let zone: Tz = selection.zone.name.parse().unwrap();
    let expected = reference.rows(selection.scope, selection.filter, zone);
    let told = |what: &str| format!("{what} of {:?} in {:?}, {zone}", selection.filter.to_query(), selection.scope);
    let ids: Vec<_> = expected.iter().map(|(id, _)| *id).collect();
    let count = i64::try_from(ids.len()).unwrap();

    let mut view = TrailView::open(database).await.unwrap();
    assert_eq!(log_counts::count(&mut view, selection).await.unwrap(), count, "{}", told("the count"));
    let first = Page { after: None, before: None, limit };
    let listing = log_listing::list(&mut view, selection, first, Effort::AMoment).await.unwrap();
    let newest: Vec<_> = ids.iter().rev().copied().take(limit as usize).collect();
    assert_eq!(listing.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), newest, "{}", told("the newest"));
    assert_eq!(listing.more, ids.len() > newest.len(), "{}", told("whether there are more"));
    assert_eq!(listing.total, Total { rows: count, is_exact: true }, "{}", told("the quick count"));
    let in_scope = reference.rows(selection.scope, &LogFilter::default(), zone).len();
    assert_eq!(listing.in_scope, i64::try_from(in_scope).unwrap(), "{}", told("the count in scope"));
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = log_pages::newest(&mut view, selection, Page { after: None, before, limit }).await.unwrap();
        before = page.last().map(|entry| entry.id);
        paged.extend(page.iter().map(|entry| entry.id));
        if page.len() < limit as usize {
            break;
        }
    }
    paged.reverse();
    assert_eq!(paged, ids, "{}", told("the pages"));
    for step in [Step::Minute, Step::Hour, Step::Day, Step::Month] {
        let mut bars: BTreeMap<_, BTreeMap<LogStatus, i64>> = BTreeMap::new();
        for (_, row) in &expected {
            *bars.entry(stretch(row.at, zone, step)).or_default().entry(row.status).or_default() += 1;
        }
        let found = log_histogram::histogram(&mut view, selection, step).await.unwrap();
        for start in found.keys() {
            let before = stretch(start.plus_millis(-1), zone, step);
            assert_ne!(stretch(*start, zone, step), before, "{} {step:?}: {start}", told("the starts"));
        }
        let found: BTreeMap<_, _> = found.into_iter().map(|(start, bar)| (stretch(start, zone, step), bar)).collect();
        assert_eq!(found, bars, "{} {step:?}", told("the histogram"));
    }
    drop(view);

    let (mut followed, mut after) = (Vec::new(), 0);
    loop {
        let rows = log_pages::following(&mut TrailView::open(database).await.unwrap(), selection, after, limit).await.unwrap();
        followed.extend(rows.iter().map(|row| row.entry.id));
        match rows.last() {
            Some(last) => after = last.entry.id,
            None => break,
        }
    }
    assert_eq!(followed, ids, "{}", told("what follows"));
}
