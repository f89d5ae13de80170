//! A page with its counts, in as few statements as can be: most take less than the way to the engine and back.

use app::model::{LogEntry, LogFilter};

use super::engine::Dialect;
use super::log_counts::{Counted, Effort, MOST_HITS, Passing, Total};
use super::log_pages::{Page, newest_beside};
use super::log_parts::{Part, words_alone};
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Row, Sql, StoreError};

/// So many hits are counted along with the page, the oldest first.
const GLANCE: i64 = 1_000;

/// In a trail that is no longer than this whatever has the words is counted to the end within some milliseconds.
const SHORT: i64 = 30_000;

/// Where there are so many times what would be counted, nobody counts further.
const FAR_MORE: i64 = 3;

/// Fewer hits say nothing about how dense they are.
const FEW: i64 = 20;

/// A page of the trail and how much there is.
pub struct Listing {
    /// Newest first.
    pub entries: Vec<LogEntry>,
    /// Whether older ones pass too.
    pub more: bool,
    pub total: Total,
    /// Rows in the viewer's scope, whatever passes.
    pub in_scope: i64,
}

/// The newest rows of a page, and the counts.
pub async fn list(view: &mut TrailView, selection: Selection<'_>, page: Page, effort: Effort) -> Result<Listing, StoreError> {
    let effort = if view.head() <= SHORT { Effort::ToTheEnd } else { effort };
    let unfiltered = LogFilter::default();
    let everything = Passing::of(view, Selection { filter: &unfiltered, ..selection }).await?;
    let passing = if *selection.filter == unfiltered { None } else { Some(Passing::of(view, selection).await?) };
    let glanced = match (&passing, view.tx.dialect(), effort) {
        (Some(passing), Dialect::Sqlite, Effort::AMoment) => passing.of_words_alone(selection),
        _ => None,
    };
    let known = passing.as_ref().map_or_else(|| Sql::sum([]), Passing::sum);
    let mut columns = Sql::side_by_side([("in_scope", everything.sum()), ("known", known)]);
    if let Some(part) = glanced {
        columns = columns.beside("glance", glance(selection, part));
    }
    let (mut entries, row) = newest_beside(view, selection, Page { limit: page.limit + 1, ..page }, columns).await?;
    let more = entries.len() > page.limit as usize;
    entries.truncate(page.limit as usize);

    let in_scope = row.int("in_scope")?;
    let seen = i64::try_from(entries.len()).unwrap_or(i64::MAX) + i64::from(more);
    let total = match passing {
        _ if !more && page.before.is_none() && page.after.is_none() => Total { rows: seen, is_exact: true },
        None => Total { rows: in_scope, is_exact: true },
        Some(passing) => match glanced.map(|_| Glance::read(&row)).transpose()? {
            Some(glance) if glance.hits > GLANCE && glance.promises_more(&entries) => Total { rows: GLANCE, is_exact: false },
            Some(glance) => passing.find(view, selection, effort, Some(glance.counted())).await?,
            None => passing.total(view, selection, row.int("known")?, effort).await?,
        },
    };
    Ok(Listing { entries, more, total: Total { rows: total.rows.max(seen), ..total }, in_scope })
}

/// The oldest hits of a part, as far as they are counted.
#[derive(Debug, Clone, Copy)]
struct Glance {
    hits: i64,
    first: i64,
    last: i64,
}

fn glance(selection: Selection<'_>, part: Part) -> Sql {
    let mut sql = words_alone(Dialect::Sqlite, part, &selection.filter.q, "select w.id as id");
    sql.push(" order by w.id limit ").push_bind(GLANCE + 1);
    sql.within("select json_array(count(*), coalesce(min(id), 0), coalesce(max(id), 0)) from (", ") as hits")
}

impl Glance {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let text = row.text("glance")?;
        let (hits, first, last) =
            serde_json::from_str(&text).map_err(|cause| StoreError::Value { column: "glance", value: cause.to_string() })?;
        Ok(Self { hits, first, last })
    }

    fn counted(self) -> Counted {
        Counted { hits: self.hits, up_to: self.last, are_all: self.hits <= GLANCE }
    }

    /// Whether hits are so dense, where they begin and on the page, that there must be far more between than would be counted.
    fn promises_more(self, newest: &[LogEntry]) -> bool {
        let (Some(first), Some(last)) = (newest.first(), newest.last()) else { return false };
        let between = last.id - self.last;
        let expected = |hits: i64, among: i64| if hits < FEW { 0 } else { hits.saturating_mul(between) / among.max(1) };
        let on_page = expected(i64::try_from(newest.len()).unwrap_or(i64::MAX), first.id - last.id);
        expected(self.hits, self.last - self.first).min(on_page) > MOST_HITS * FAR_MORE
    }
}
