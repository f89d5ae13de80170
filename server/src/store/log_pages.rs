//! Rows of the trail by the page, in the order of their ids, for any filter.
//!
//! A page is read part by part: rows that are not indexed yet, then those that are, between the ids that the days of the range
//! leave. Each part is read in order, so the first parts that fill the page are enough.

use app::model::{LogEntry, LogFilter, Scope, WordQuery, Zone};

use super::engine::Dialect;
use super::log_days::Bounds;
use super::log_entries::{ENTRIES, OF_IDS, Packed, PlacedEntry, packed_entries, placed};
use super::log_without::{countable, past_those_with};
use super::packed::{fetch_packed_beside, fetch_packed_or_salvage};
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Row, Sql, StoreError, log_counts, log_words};

/// Rows that are looked through at a time for their words.
const SCAN: u32 = 1000;

/// As many rows as are looked through at a time lie close together if they are among fewer ids than this.
const CLOSE: i64 = 8 * SCAN as i64;

/// Rows in which words are counted to learn whether they are common on PostgreSQL, and how many then are: to go through rows in order until
/// a page is full takes it less than to fetch all that have words which are not rarer.
const SAMPLE: i64 = 2000;
const COMMON: i64 = 8;

/// Between so few ids PostgreSQL goes through the rows in order, however rare their words may be: it would fetch all that have them anywhere.
const SHORT: i64 = 10_000;

/// So few rows are looked through for their words, or put in order for a page; of more, the words are asked first, or the newest looked at.
const FEW: i64 = 20_000;

/// Which rows of a selection, and how many.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Only rows with greater ids.
    pub after: Option<i64>,
    /// Only rows with smaller ids.
    pub before: Option<i64>,
    pub limit: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Rising,
    Falling,
}

/// How the words of a part are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// There are none.
    Not,
    /// Of each row that passes otherwise: it is not indexed yet, or there are few, or most will pass.
    OfRows,
    /// Of the index, and then whether those rows pass otherwise.
    Index,
    /// Of the words of each row in order, which are so common that the first will do. So many of the indexed part have them at least.
    InOrder { at_least: i64 },
}

/// Ids in a row, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) words: Asked,
    /// Whether all its rows are known to be of the range, so that nobody has to look when each was written.
    pub(super) in_range: bool,
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
        let mut parts = parts(self.view, self.selection, page).await?;
        if self.order == Order::Rising {
            parts.reverse();
        }
        let mut rows = Vec::new();
        for part in parts {
            let left = page.limit - u32::try_from(rows.len()).unwrap_or(page.limit);
            if left == 0 {
                break;
            }
            if part.words == Asked::OfRows {
                self.look_through(part, left, &mut rows).await?;
            } else {
                rows.extend(self.part(part, left).await?);
            }
        }
        Ok(rows)
    }

    /// Reads rows and looks at their words here.
    async fn look_through(&mut self, mut part: Part, limit: u32, rows: &mut Vec<PlacedEntry>) -> Result<(), StoreError> {
        let words = &self.selection.filter.q;
        let without = countable(words);
        let enough = rows.len() + limit as usize;
        while rows.len() < enough && part.first <= part.last {
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
        rows.truncate(enough);
        Ok(())
    }

    async fn part(&mut self, part: Part, limit: u32) -> Result<Vec<PlacedEntry>, StoreError> {
        let dialect = self.view.tx.dialect();
        let direction = if self.order == Order::Falling { " desc" } else { "" };
        // Which rows, and only then what they say: many may have to be put in order for a few.
        let words = &self.selection.filter.q;
        let mut sql = match (words_decide(self.selection, part), dialect, part.words) {
            (true, Dialect::Postgres, Asked::InOrder { .. }) => {
                log_words::in_order("select w.id", words, (part.first, part.last), direction, None)
            }
            (true, ..) => words_alone(dialect, part, words, "select w.id"),
            (false, ..) => statement(self.selection, dialect, part, "select l.id"),
        };
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

/// The parts of a selection, newest first.
pub(super) async fn parts(view: &mut TrailView, selection: Selection<'_>, page: Page) -> Result<Vec<Part>, StoreError> {
    let marks = view.marks.clone();
    let has_words = !selection.filter.q.is_empty();
    let mark = if has_words { marks.words_to } else { marks.counted_to };
    let words = if has_words { Asked::OfRows } else { Asked::Not };
    let unindexed = Part { first: mark + 1, last: marks.head, words, in_range: false };
    let mut parts = vec![unindexed];
    if let Some(Bounds { first, last, is_exact }) = bounds(view, selection, mark).await? {
        let indexed = Part { first, last: last.min(mark), words: Asked::Not, in_range: is_exact };
        let words = if has_words { words_of_index_once(view, selection, indexed).await? } else { Asked::Not };
        parts.push(Part { words, ..indexed });
    }
    let (above, below) = (page.after.unwrap_or(0), page.before.unwrap_or(i64::MAX));
    let clipped = parts.into_iter().map(|part| Part {
        first: part.first.max(above.saturating_add(1)),
        last: part.last.min(below.saturating_sub(1)),
        ..part
    });
    Ok(clipped.filter(|part| part.first <= part.last).collect())
}

/// Between which indexed ids the rows of the range are; `None` if there are none.
async fn bounds(view: &mut TrailView, selection: Selection<'_>, mark: i64) -> Result<Option<Bounds>, StoreError> {
    let range = selection.range();
    let is_endless = range == (None, None);
    if is_endless || view.marks.counted_to < mark {
        return Ok(Some(Bounds { first: 0, last: mark, is_exact: is_endless }));
    }
    let (from, until) = selection.moments();
    Ok(view.days().await?.bounds(from, until))
}

/// How the words of an indexed part are asked for, which both a count and its page want to know.
async fn words_of_index_once(view: &mut TrailView, selection: Selection<'_>, part: Part) -> Result<Asked, StoreError> {
    if let Some((scope, filter, (first, last), asked)) = &view.asked
        && (scope, filter, *first, *last) == (selection.scope, selection.filter, part.first, part.last)
    {
        return Ok(*asked);
    }
    let asked = words_of_index(view, selection, part).await?;
    view.asked = Some((selection.scope.clone(), selection.filter.clone(), (part.first, part.last), asked));
    Ok(asked)
}

async fn words_of_index(view: &mut TrailView, selection: Selection<'_>, part: Part) -> Result<Asked, StoreError> {
    let filter = selection.filter;
    if filter.run.is_some() || filter.q.only_excludes() {
        return Ok(Asked::OfRows);
    }
    if view.tx.dialect() == Dialect::Postgres {
        // It guesses how common words are, and goes through all rows for rare ones where it takes them for common.
        if part.len() <= SHORT {
            return Ok(Asked::InOrder { at_least: 0 });
        }
        let found = view.tx.fetch_one(log_words::sample(&filter.q, (part.first, part.last), SAMPLE)).await?.int("n")?;
        return Ok(if found >= COMMON { Asked::InOrder { at_least: found } } else { Asked::Index });
    }
    if selection.asks_for_words_alone() {
        return Ok(Asked::Index);
    }
    let wordless = LogFilter { q: WordQuery::default(), ..filter.clone() };
    // Without words, so that it does not come back here.
    let rows = Box::pin(log_counts::count(view, Selection { filter: &wordless, ..selection })).await?;
    Ok(if rows <= FEW { Asked::OfRows } else { Asked::Index })
}

/// `select … from … where …` for a part.
pub(super) fn statement(selection: Selection<'_>, dialect: Dialect, part: Part, columns: &'static str) -> Sql {
    let mut sql = Sql::new(columns);
    if part.in_range && selection.is_in_order() {
        sql = sql.with_one_plan();
    }
    if part.asks_words() {
        push_words(&mut sql, dialect, part, &selection.filter.q, log_words::join(dialect));
    } else {
        sql.push(" from log_entry l where 1 = 1");
        push_ids(&mut sql, part, "l.id");
    }
    if !part.in_range {
        selection.push_range(&mut sql);
    }
    selection.push_rest(&mut sql);
    sql
}

impl Part {
    /// How many ids there are in it.
    fn len(self) -> i64 {
        self.last - self.first + 1
    }

    /// What comes after a row of it.
    fn beyond(self, order: Order, id: i64) -> Self {
        match order {
            Order::Falling => Self { last: id - 1, ..self },
            Order::Rising => Self { first: id + 1, ..self },
        }
    }

    /// So many ids at its beginning, and what comes after them.
    pub(super) fn split(self, order: Order, ids: i64) -> (Self, Self) {
        let ids = ids.min(self.len());
        match order {
            Order::Falling => (Self { first: self.last + 1 - ids, ..self }, Self { last: self.last - ids, ..self }),
            Order::Rising => (Self { last: self.first + ids - 1, ..self }, Self { first: self.first + ids, ..self }),
        }
    }

    /// Whether the database is asked for words.
    pub(super) fn asks_words(self) -> bool {
        matches!(self.words, Asked::Index | Asked::InOrder { .. })
    }

    /// What its rows are ordered by.
    fn id(self) -> &'static str {
        if self.asks_words() { "w.id" } else { "l.id" }
    }
}

/// `select … from … where …` for the words of a part, without its rows.
pub(super) fn words_alone(dialect: Dialect, part: Part, words: &WordQuery, columns: &'static str) -> Sql {
    let mut sql = Sql::new(columns);
    if part.words == Asked::Index {
        sql = sql.with_one_plan();
    }
    push_words(&mut sql, dialect, part, words, " where 1 = 1");
    sql
}

/// The hits of a part as `w`, and what they are joined with.
fn push_words(sql: &mut Sql, dialect: Dialect, part: Part, words: &WordQuery, joined: &'static str) {
    sql.push(" from (select ").push(log_words::id_of_row(dialect)).push(" as id from log_words w where ");
    log_words::push_match(sql, dialect, words);
    if (dialect, part.words) == (Dialect::Postgres, Asked::Index) {
        // It would rather go through all of the ids if it knew of them, or of the order.
        sql.push(" offset 0) w").push(joined);
        push_ids(sql, part, "w.id");
    } else {
        push_ids(sql, part, log_words::id_of_row(dialect));
        sql.push(") w").push(joined);
    }
}

/// Whether the rows of a part that have the words pass.
pub(super) fn words_decide(selection: Selection<'_>, part: Part) -> bool {
    part.asks_words() && part.in_range && selection.asks_for_words_alone()
}

fn push_ids(sql: &mut Sql, part: Part, id: &'static str) {
    if part.first > 0 {
        sql.push(" and ").push(id).push(" >= ").push_bind(part.first);
    }
    if part.last < i64::MAX {
        sql.push(" and ").push(id).push(" <= ").push_bind(part.last);
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
