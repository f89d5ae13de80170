//! A plain look at each row, and the comparison with it.

use std::collections::BTreeMap;

use app::model::{LogEntry, LogFilter, LogStatus, Scope, Step, Timestamp, Zone};
use server::store::log_counts::{self, Effort, Total};
use server::store::log_entries::PlacedEntry;
use server::store::log_pages::{self, Page};
use server::store::{Database, Selection, TrailView, log_histogram, log_listing};

/// What a plain look at every row says.
pub struct Reference(Vec<PlacedEntry>);

impl Reference {
    pub async fn of(database: &Database) -> Self {
        let (filter, zone) = (LogFilter::default(), Zone::utc());
        let everything = Selection { scope: &Scope::All, filter: &filter, zone: &zone };
        Self(log_pages::following(&mut TrailView::open(database).await.unwrap(), everything, 0, 100_000).await.unwrap())
    }

    fn rows(&self, selection: Selection<'_>) -> Vec<&LogEntry> {
        let passes = |row: &&PlacedEntry| {
            let server = row.entry.server.as_ref().map(|server| server.id);
            selection.scope.covers(server) && selection.filter.matches(&row.entry, &row.place, selection.zone)
        };
        self.0.iter().filter(passes).map(|row| &row.entry).collect()
    }
}

/// What the wall clock shows of the stretch that a moment falls in.
fn stretch(at: Timestamp, zone: &Zone, step: Step) -> (String, i32) {
    let wall = zone.local(at).to_string();
    let (length, offset) = match step {
        Step::Minute => (16, zone.offset_seconds(at)),
        Step::Hour => (13, zone.offset_seconds(at)),
        Step::Day => (10, 0),
        Step::Month => (7, 0),
    };
    (wall[..length].to_owned(), offset)
}

/// Reads a selection in every way there is.
pub async fn compare(database: &Database, reference: &Reference, selection: Selection<'_>, limit: u32) {
    let expected = reference.rows(selection);
    let told = |what: &str| format!("{what} of {:?} in {:?}, {}", selection.filter.to_query(), selection.scope, selection.zone.name);
    let ids: Vec<_> = expected.iter().map(|entry| entry.id).collect();

    let mut view = TrailView::open(database).await.unwrap();
    assert_eq!(log_counts::count(&mut view, selection).await.unwrap(), i64::try_from(ids.len()).unwrap(), "{}", told("the count"));
    let first = Page { after: None, before: None, limit };
    let listing = log_listing::list(&mut view, selection, first, Effort::AMoment).await.unwrap();
    let newest: Vec<_> = ids.iter().rev().copied().take(limit as usize).collect();
    assert_eq!(listing.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), newest, "{}", told("the newest"));
    assert_eq!(listing.more, ids.len() > newest.len(), "{}", told("whether there are more"));
    let total = Total { rows: i64::try_from(ids.len()).unwrap(), is_exact: true };
    assert_eq!(listing.total, total, "{}", told("the quick count"));
    let unfiltered = Selection { filter: &LogFilter::default(), ..selection };
    assert_eq!(listing.in_scope, i64::try_from(reference.rows(unfiltered).len()).unwrap(), "{}", told("the count in scope"));
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
        for entry in &expected {
            *bars.entry(stretch(entry.at, selection.zone, step)).or_default().entry(entry.status).or_default() += 1;
        }
        let found = log_histogram::histogram(&mut view, selection, step).await.unwrap();
        assert!(found.keys().all(|start| step.start(*start, selection.zone) == *start), "{}", told("the starts"));
        let found: BTreeMap<_, _> = found.into_iter().map(|(start, bar)| (stretch(start, selection.zone, step), bar)).collect();
        assert_eq!(found, bars, "{} {step:?}", told("the histogram"));
    }
    drop(view);

    let (mut streamed, mut after) = (Vec::new(), 0);
    loop {
        let rows = log_pages::following(&mut TrailView::open(database).await.unwrap(), selection, after, limit).await.unwrap();
        streamed.extend(rows.iter().map(|row| row.entry.id));
        match rows.last() {
            Some(last) => after = last.entry.id,
            None => break,
        }
    }
    assert_eq!(streamed, ids, "{}", told("the stream"));
}
