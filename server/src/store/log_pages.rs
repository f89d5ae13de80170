//! Rows of the trail by the page, in the order of their ids, for any filter.
//!
//! A page is read part by part: rows that are not indexed yet, then those that are, between the ids that the days of the range
//! leave. Each part is read in order, so the first parts that fill the page are enough.

use app::model::{LogEntry, LogFilter, LogStatus, Named, Place, SourceType, WordQuery};

use super::engine::Dialect;
use super::log_index::{IndexMarks, marks};
use super::selection::Selection;
use super::{Database, Row, Sql, StoreError, Transaction, log_counts, log_words};

/// Rows that are looked through at a time for their words.
const SCAN: u32 = 1000;

/// So few rows are looked through for their words; of more, the words are asked first.
const FEW: i64 = 20_000;

pub(super) const ENTRY_COLUMNS: &str = "select l.id, l.at, l.status, l.source_type, l.server_id, s.name as server_name, s.region, \
     s.account, l.schedule_id, p.name as schedule_name, l.run_id, l.point, l.duration_s, l.message, \
     cast(case when l.detail is null then 0 else 1 end as bigint) as has_detail, l.year, l.month, l.day";

pub(super) const FROM_LOG: &str =
    " from log_entry l left join server s on s.id = l.server_id left join schedule p on p.id = l.schedule_id where 1 = 1";

const NAMES: &str = " left join server s on s.id = l.server_id left join schedule p on p.id = l.schedule_id where 1 = 1";

/// A row with where its server is.
pub struct PlacedEntry {
    pub entry: LogEntry,
    pub place: Place,
}

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
enum Order {
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
}

/// Ids in a row, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) words: Asked,
}

/// Rows newest first.
pub async fn newest(tx: &mut Transaction, selection: Selection<'_>, page: Page) -> Result<Vec<LogEntry>, StoreError> {
    let rows = read(tx, selection, page, Order::Falling).await?;
    Ok(rows.into_iter().map(|row| row.entry).collect())
}

/// Rows oldest first.
pub async fn oldest(tx: &mut Transaction, selection: Selection<'_>, page: Page) -> Result<Vec<LogEntry>, StoreError> {
    let rows = read(tx, selection, page, Order::Rising).await?;
    Ok(rows.into_iter().map(|row| row.entry).collect())
}

/// Rows oldest first, with ids above `after`: what a stream that fell behind still has to see.
pub async fn following(database: &Database, selection: Selection<'_>, after: i64, limit: u32) -> Result<Vec<PlacedEntry>, StoreError> {
    let mut tx = database.snapshot().await?;
    read(&mut tx, selection, Page { after: Some(after), before: None, limit }, Order::Rising).await
}

async fn read(tx: &mut Transaction, selection: Selection<'_>, page: Page, order: Order) -> Result<Vec<PlacedEntry>, StoreError> {
    let mut parts = parts(tx, selection, page).await?;
    if order == Order::Rising {
        parts.reverse();
    }
    let mut rows = Vec::new();
    for part in parts {
        let left = page.limit - u32::try_from(rows.len()).unwrap_or(page.limit);
        if left == 0 {
            break;
        }
        if part.words == Asked::OfRows {
            look_through(tx, selection, part, order, left, &mut rows).await?;
        } else {
            rows.extend(part_of(tx, selection, part, order, left).await?);
        }
    }
    Ok(rows)
}

/// The parts of a selection, newest first.
pub(super) async fn parts(tx: &mut Transaction, selection: Selection<'_>, page: Page) -> Result<Vec<Part>, StoreError> {
    let marks = marks(tx).await?;
    let has_words = !selection.filter.q.is_empty();
    let mark = if has_words { marks.words_to } else { marks.counted_to };
    let unindexed = Part { first: mark + 1, last: i64::MAX, words: if has_words { Asked::OfRows } else { Asked::Not } };
    let mut parts = vec![unindexed];
    if let Some((first, last)) = bounds(tx, selection, &marks, mark).await? {
        let words = if has_words { words_of_index(tx, selection).await? } else { Asked::Not };
        parts.push(Part { first, last: last.min(mark), words });
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
async fn bounds(tx: &mut Transaction, selection: Selection<'_>, marks: &IndexMarks, mark: i64) -> Result<Option<(i64, i64)>, StoreError> {
    let (from, until) = selection.range();
    if (from, until) == (None, None) || marks.counted_to < mark {
        return Ok(Some((0, mark)));
    }
    let mut sql = Sql::new("select min(first_id) as first_id, max(last_id) as last_id from log_day where 1 = 1");
    if let Some(from) = from {
        sql.push(" and end_at > ").push_bind(from);
    }
    if let Some(until) = until {
        sql.push(" and start_at < ").push_bind(until);
    }
    let row = tx.fetch_one(sql).await?;
    let (first, last): (Option<i64>, Option<i64>) = (row.get("first_id")?, row.get("last_id")?);
    Ok(first.zip(last))
}

async fn words_of_index(tx: &mut Transaction, selection: Selection<'_>) -> Result<Asked, StoreError> {
    let filter = selection.filter;
    if filter.run.is_some() || filter.q.only_excludes() {
        return Ok(Asked::OfRows);
    }
    // PostgreSQL knows how common both are and chooses by itself.
    if tx.dialect() == Dialect::Postgres {
        return Ok(Asked::Index);
    }
    let undated = LogFilter { from: None, to: None, ..filter.clone() };
    if (Selection { filter: &undated, ..selection }).asks_for_words_alone() {
        return Ok(Asked::Index);
    }
    let wordless = LogFilter { q: WordQuery::default(), ..filter.clone() };
    // Without words, so that it does not come back here.
    let rows = Box::pin(log_counts::count(tx, Selection { filter: &wordless, ..selection })).await?;
    Ok(if rows <= FEW { Asked::OfRows } else { Asked::Index })
}

/// `select … from … where …` for a part; `names` are joined besides.
pub(super) fn statement(selection: Selection<'_>, dialect: Dialect, part: Part, columns: &'static str, names: bool) -> (Sql, &'static str) {
    let mut sql = Sql::new(columns);
    let words_first = part.words == Asked::Index;
    sql.push(if words_first { log_words::from_words(dialect) } else { " from log_entry l" });
    sql.push(if names { NAMES } else { " where 1 = 1" });
    let id = if words_first { log_words::id_of_hit(dialect) } else { "l.id" };
    if words_first {
        log_words::push_match(&mut sql, dialect, &selection.filter.q);
    }
    push_ids(&mut sql, part, id);
    selection.push(&mut sql);
    (sql, id)
}

/// `select … from … where …` for the words of a part, without its rows.
pub(super) fn words_alone(dialect: Dialect, part: Part, words: &WordQuery, columns: &'static str) -> Sql {
    let mut sql = Sql::new(columns);
    sql.push(" from log_words w where 1 = 1");
    log_words::push_match(&mut sql, dialect, words);
    push_ids(&mut sql, part, log_words::id_of_hit(dialect));
    sql
}

fn push_ids(sql: &mut Sql, part: Part, id: &'static str) {
    if part.first > 0 {
        sql.push(" and ").push(id).push(" >= ").push_bind(part.first);
    }
    if part.last < i64::MAX {
        sql.push(" and ").push(id).push(" <= ").push_bind(part.last);
    }
}

async fn part_of(
    tx: &mut Transaction,
    selection: Selection<'_>,
    part: Part,
    order: Order,
    limit: u32,
) -> Result<Vec<PlacedEntry>, StoreError> {
    let (mut sql, id) = statement(selection, tx.dialect(), part, ENTRY_COLUMNS, true);
    sql.push(" order by ").push(id).push(if order == Order::Falling { " desc limit " } else { " limit " }).push_bind(i64::from(limit));
    tx.fetch_all(sql).await?.iter().map(placed).collect()
}

/// Reads rows and looks at their words here.
async fn look_through(
    tx: &mut Transaction,
    selection: Selection<'_>,
    mut part: Part,
    order: Order,
    limit: u32,
    rows: &mut Vec<PlacedEntry>,
) -> Result<(), StoreError> {
    let enough = rows.len() + limit as usize;
    while rows.len() < enough && part.first <= part.last {
        let read = part_of(tx, selection, part, order, SCAN).await?;
        let full = read.len() == SCAN as usize;
        if let Some(last) = read.last() {
            match order {
                Order::Falling => part.last = last.entry.id - 1,
                Order::Rising => part.first = last.entry.id + 1,
            }
        }
        rows.extend(read.into_iter().filter(|row| selection.filter.q.matches(&row.entry.message)));
        if !full {
            break;
        }
    }
    rows.truncate(enough);
    Ok(())
}

fn placed(row: &Row) -> Result<PlacedEntry, StoreError> {
    Ok(PlacedEntry { entry: entry(row)?, place: Place { region: row.get("region")?, account: row.get("account")? } })
}

pub(super) fn entry(row: &Row) -> Result<LogEntry, StoreError> {
    Ok(LogEntry {
        id: row.int("id")?,
        at: row.time("at")?,
        status: row.numbered("status", LogStatus::from_repr)?,
        source_type: row.numbered("source_type", SourceType::from_repr)?,
        server: named(row, "server_id", "server_name")?,
        schedule: named(row, "schedule_id", "schedule_name")?,
        run_id: row.optional_parsed("run_id")?,
        point: row.get("point")?,
        duration_s: row.get("duration_s")?,
        message: row.get("message")?,
        has_detail: row.flag("has_detail")?,
        year: row.small("year")?,
        month: row.small("month")?,
        day: row.small("day")?,
    })
}

fn named(row: &Row, id: &str, name: &str) -> Result<Option<Named>, StoreError> {
    let (id, name): (Option<i64>, Option<String>) = (row.get(id)?, row.get(name)?);
    // Names of removed servers and schedules are kept; an id without a name can only come from a damaged database.
    Ok(id.map(|id| Named { id, name: name.unwrap_or_else(|| format!("#{id}")) }))
}
