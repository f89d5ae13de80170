//! Rows of the trail by the page, in the order of their ids, for any filter.
//!
//! A page is read part by part: rows that are not indexed yet, then those that are, between the ids that the days of the range
//! leave. Each part is read in order, so the first parts that fill the page are enough.

use app::model::{LogEntry, LogFilter, Scope, Zone};

use super::engine::Dialect;
use super::log_entries::{ENTRIES, OF_IDS, Packed, PlacedEntry, packed_entries, placed};
use super::log_parts::{Asked, FEW, Order, Part, how_common, parts, passing, words_decide};
use super::log_without::{countable, past_those_with};
use super::packed::{fetch_packed_beside, fetch_packed_or_salvage};
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Row, Sql, StoreError, log_counts};

/// Rows that are looked through at a time for their words.
const SCAN: u32 = 1000;

/// As many rows as are looked through at a time lie close together if they are among fewer ids than this.
const CLOSE: i64 = 8 * SCAN as i64;

/// Which rows of a selection, and how many.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Only rows with greater ids.
    pub after: Option<i64>,
    /// Only rows with smaller ids.
    pub before: Option<i64>,
    pub limit: u32,
}

/// Rows newest first.
pub async fn newest(view: &mut TrailView, selection: Selection<'_>, page: Page) -> Result<Vec<LogEntry>, StoreError> {
    let rows = Reading::new(view, selection, Order::Falling).page(page).await?;
    Ok(rows.into_iter().map(|row| row.entry).collect())
}

/// The same, and a row of other columns of the same moment.
pub(super) async fn newest_beside(
    view: &mut TrailView,
    selection: Selection<'_>,
    page: Page,
    columns: Sql,
) -> Result<(Vec<LogEntry>, Row), StoreError> {
    let mut reading = Reading::new(view, selection, Order::Falling);
    reading.beside = Some(Beside::Asked(columns));
    let rows = reading.page(page).await?;
    let row = match reading.beside {
        Some(Beside::Answered(row)) => row,
        // No row had to be read.
        Some(Beside::Asked(columns)) => view.tx.fetch_one(columns).await?,
        None => return Err(StoreError::Sql(sqlx::Error::RowNotFound)),
    };
    Ok((rows.into_iter().map(|row| row.entry).collect(), row))
}

/// Rows oldest first.
pub async fn oldest(view: &mut TrailView, selection: Selection<'_>, page: Page) -> Result<Vec<LogEntry>, StoreError> {
    let rows = oldest_placed(view, selection, page).await?;
    Ok(rows.into_iter().map(|row| row.entry).collect())
}

/// Rows oldest first, with ids above `after`: what a stream that fell behind still has to see.
pub async fn following(view: &mut TrailView, selection: Selection<'_>, after: i64, limit: u32) -> Result<Vec<PlacedEntry>, StoreError> {
    oldest_placed(view, selection, Page { after: Some(after), before: None, limit }).await
}

/// Rows oldest first, with where their servers are.
pub async fn oldest_placed(view: &mut TrailView, selection: Selection<'_>, page: Page) -> Result<Vec<PlacedEntry>, StoreError> {
    Reading::new(view, selection, Order::Rising).page(page).await
}

/// One row in the viewer's scope.
pub(super) async fn one(view: &mut TrailView, scope: &Scope, id: i64) -> Result<Option<LogEntry>, StoreError> {
    let (filter, zone) = (LogFilter::default(), Zone::utc());
    let part = Part { first: id, last: id, words: Asked::Not, in_range: true };
    let selection = Selection { scope, filter: &filter, zone: &zone };
    let rows = Reading::new(view, selection, Order::Rising).part(part, 1).await?;
    Ok(rows.into_iter().next().map(|row| row.entry))
}

/// Reads rows of a selection in order.
struct Reading<'a> {
    view: &'a mut TrailView,
    selection: Selection<'a>,
    order: Order,
    beside: Option<Beside>,
}

/// What else is asked for in the statement that reads the first rows.
enum Beside {
    Asked(Sql),
    Answered(Row),
}

impl<'a> Reading<'a> {
    fn new(view: &'a mut TrailView, selection: Selection<'a>, order: Order) -> Self {
        Self { view, selection, order, beside: None }
    }

    async fn page(&mut self, page: Page) -> Result<Vec<PlacedEntry>, StoreError> {
        let mut parts = parts(self.view, self.selection).await?;
        if self.order == Order::Rising {
            parts.reverse();
        }
        let mut rows = Vec::new();
        for part in parts.into_iter().filter_map(|part| part.between(page.after, page.before)) {
            if rows.len() >= page.limit as usize {
                break;
            }
            match part.words {
                Asked::OfRows => self.look_through(part, page.limit, &mut rows).await?,
                Asked::InOrder { at_least } if words_decide(self.selection, part) => {
                    self.go_through(part, at_least, page.limit, &mut rows).await?;
                }
                // As many as if there were none yet: a statement for each number that may be missing would be planned for each.
                _ => rows.extend(self.part(part, page.limit).await?),
            }
        }
        rows.truncate(page.limit as usize);
        Ok(rows)
    }

    /// Reads rows whose words are common at the beginning of a part, a stretch at a time, and where they are not, by their index.
    async fn go_through(&mut self, mut part: Part, mut at_least: i64, limit: u32, rows: &mut Vec<PlacedEntry>) -> Result<(), StoreError> {
        loop {
            let (stretch, rest) = part.stretch(self.order, limit, at_least);
            rows.extend(self.part(stretch, limit).await?);
            if rows.len() >= limit as usize || rest.is_empty() {
                return Ok(());
            }
            let words = how_common(self.view, &self.selection.filter.q, rest, self.order).await?;
            part = Part { words, ..rest };
            let Asked::InOrder { at_least: there } = words else {
                rows.extend(self.part(part, limit).await?);
                return Ok(());
            };
            at_least = there;
        }
    }

    /// Reads rows and looks at their words here.
    async fn look_through(&mut self, mut part: Part, limit: u32, rows: &mut Vec<PlacedEntry>) -> Result<(), StoreError> {
        let words = &self.selection.filter.q;
        let without = countable(words);
        while rows.len() < limit as usize && !part.is_empty() {
            let read = self.part(part, SCAN).await?;
            let full = read.len() == SCAN as usize;
            let rest = read.last().map_or(part, |last| part.beyond(self.order, last.entry.id));
            let lay_close = rest.len() > part.len() - CLOSE;
            let before = rows.len();
            part = rest;
            rows.extend(read.into_iter().filter(|row| words.matches(&row.entry.message)));
            if !full {
                break;
            }
            // Where nearly all rows have a word, those without it would be looked for row by row to the other end of the trail.
            if let Some(without) = &without
                && rows.len() == before
                && lay_close
                && part.last <= self.view.marks.words_to
            {
                part = past_those_with(self.view, without, self.order, part).await?;
            }
        }
        Ok(())
    }

    async fn part(&mut self, part: Part, limit: u32) -> Result<Vec<PlacedEntry>, StoreError> {
        let dialect = self.view.tx.dialect();
        let direction = self.order.direction();
        // Which rows, and only then what they say: many may have to be put in order for a few.
        let columns = if part.asks_words() { "select w.id" } else { "select l.id" };
        let mut sql = passing(self.selection, dialect, part, self.order, columns);
        sql.push(if are_few(self.view, self.selection, part).await? { " order by +" } else { " order by " });
        sql.push(part.id()).push(direction).push(" limit ").push_bind(i64::from(limit));
        let mut sql = sql.within(ENTRIES, ") k");
        sql.push(match dialect {
            // The ids first.
            Dialect::Sqlite => " cross join",
            Dialect::Postgres => " join",
        });
        sql.push(OF_IDS).push(direction);
        let head = packed_entries(dialect);
        let rows: Vec<Packed> = if let Some(Beside::Asked(columns)) = self.beside.take_if(|beside| matches!(beside, Beside::Asked(_))) {
            let (rows, row) = fetch_packed_beside(&mut self.view.tx, head, sql, columns).await?;
            self.beside = Some(Beside::Answered(row));
            rows
        } else {
            fetch_packed_or_salvage(&mut self.view.tx, head, sql).await?
        };
        Ok(rows.into_iter().map(placed).collect())
    }
}

/// Whether an index alone knows which rows pass, and these are few. SQLite would rather go through all rows of the servers in order and
/// look at the status of each; the plus keeps it from that.
async fn are_few(view: &mut TrailView, selection: Selection<'_>, part: Part) -> Result<bool, StoreError> {
    let filter = selection.filter;
    let is_indexed = filter.schedule.is_empty() && filter.source_type.is_empty() && filter.run.is_none() && part.in_range;
    let is_narrow = selection.narrows_servers() && !filter.status.is_empty();
    if view.tx.dialect() == Dialect::Postgres || part.words != Asked::Not || !is_indexed || !is_narrow {
        return Ok(false);
    }
    Ok(Box::pin(log_counts::count(view, selection)).await? <= FEW)
}
