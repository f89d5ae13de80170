//! The parts of a selection: which rows are not indexed yet, between which ids the others are, and how the words of each are asked for.

use std::ops::RangeInclusive;

use app::model::{LogFilter, WordQuery};

use super::engine::Dialect;
use super::log_days::Bounds;
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Sql, StoreError, log_counts, log_words};

/// Rows in which words are counted to learn whether they are common on PostgreSQL, and how many then are: to go through rows in order until
/// a page is full takes it less than to fetch all that have words which are not rarer.
const SAMPLE: i64 = 2000;
const COMMON: i64 = 8;

/// Between so few ids PostgreSQL goes through the rows in order, however rare their words may be: it would fetch all that have them anywhere.
const SHORT: i64 = 10_000;

/// Ids between which PostgreSQL goes through rows in order before words are counted again, at least and at most: words that are common here
/// may not be there at all.
const STRETCH: RangeInclusive<i64> = 4_000..=20_000;

/// So few rows are looked through for their words, or put in order for a page; of more, the words are asked first, or the newest looked at.
pub(super) const FEW: i64 = 20_000;

/// So many are, where many more have the words: few rows that pass otherwise may have them, or none.
const FEWER: i64 = 100_000;

/// In which order rows are read, by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Rising,
    Falling,
}

impl Order {
    /// As it is written behind a column.
    pub(super) fn direction(self) -> &'static str {
        match self {
            Self::Rising => "",
            Self::Falling => " desc",
        }
    }
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
    /// Of the words of each row in order, which are so common that the first will do. So many rows have them at least where it begins.
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

/// The parts of a selection that have ids, newest first.
pub(super) async fn parts(view: &mut TrailView, selection: Selection<'_>) -> Result<Vec<Part>, StoreError> {
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
    parts.retain(|part| !part.is_empty());
    Ok(parts)
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
    let asked = match view.tx.dialect() {
        Dialect::Postgres => how_common(view, &filter.q, part, Order::Falling).await?,
        Dialect::Sqlite => Asked::Index,
    };
    if selection.asks_for_words_alone() {
        return Ok(asked);
    }
    let wordless = LogFilter { q: WordQuery::default(), ..filter.clone() };
    // Without words, so that it does not come back here.
    let rows = Box::pin(log_counts::count(view, Selection { filter: &wordless, ..selection })).await?;
    let are_fewer = match asked {
        // It puts a few hits in order sooner than many rows that pass otherwise.
        Asked::Index if view.tx.dialect() == Dialect::Postgres => false,
        Asked::Index if (FEW..=FEWER).contains(&rows) => {
            let most = 2 * rows;
            let hits = words_alone(view.tx.dialect(), Part { words: asked, ..part }, &filter.q, "select 1 as hit");
            view.tx.fetch_one(log_counts::counted_up_to(hits, most)).await?.int("n")? > most
        }
        Asked::Index => rows <= FEW,
        _ => rows <= FEWER,
    };
    Ok(if are_fewer { Asked::OfRows } else { asked })
}

/// How PostgreSQL is asked for the words of a part, by how common they are where it begins. It guesses that itself, and goes through all
/// rows for rare words that it takes for common.
pub(super) async fn how_common(view: &mut TrailView, words: &WordQuery, part: Part, order: Order) -> Result<Asked, StoreError> {
    if part.len() <= SHORT {
        return Ok(Asked::InOrder { at_least: 0 });
    }
    let sample = log_words::in_order("select count(*) as n", words, (part.first, part.last), order.direction(), Some(SAMPLE));
    let found = view.tx.fetch_one(sample).await?.int("n")?;
    Ok(if found >= COMMON { Asked::InOrder { at_least: found } } else { Asked::Index })
}

/// The rows of a part that pass, found in the way that is said of its words: without looking at the rows, where the words decide.
pub(super) fn passing(selection: Selection<'_>, dialect: Dialect, part: Part, order: Order, columns: &'static str) -> Sql {
    let words = &selection.filter.q;
    match (words_decide(selection, part), dialect, part.words) {
        (true, Dialect::Postgres, Asked::InOrder { .. }) => {
            log_words::in_order(columns, words, (part.first, part.last), order.direction(), None)
        }
        (true, ..) => words_alone(dialect, part, words, columns),
        (false, ..) => statement(selection, dialect, part, columns),
    }
}

/// `select … from … where …` for a part.
pub(super) fn statement(selection: Selection<'_>, dialect: Dialect, part: Part, columns: &'static str) -> Sql {
    let mut sql = Sql::new(columns);
    if part.asks_words() {
        push_words(&mut sql, dialect, part, &selection.filter.q, log_words::join(dialect));
    } else {
        // By their ids, and not by what is common.
        if selection.asks_for_words_alone() && (part.in_range || selection.range() == (None, None)) {
            sql = sql.with_one_plan();
        }
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
    pub(super) fn len(self) -> i64 {
        self.last - self.first + 1
    }

    /// What is left of it above and below other ids.
    pub(super) fn between(self, above: Option<i64>, below: Option<i64>) -> Option<Self> {
        let first = above.map_or(self.first, |above| self.first.max(above.saturating_add(1)));
        let last = below.map_or(self.last, |below| self.last.min(below.saturating_sub(1)));
        (first <= last).then_some(Self { first, last, ..self })
    }

    /// What comes after a row of it.
    pub(super) fn beyond(self, order: Order, id: i64) -> Self {
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

    /// So much of it at its beginning as rows with words that are common there will be found in, and what comes after that.
    pub(super) fn stretch(self, order: Order, rows: u32, at_least: i64) -> (Self, Self) {
        let twice = 2 * i64::from(rows) * SAMPLE / at_least.max(1);
        self.split(order, twice.clamp(*STRETCH.start(), *STRETCH.end()))
    }

    /// Whether it has no ids.
    pub(super) fn is_empty(self) -> bool {
        self.first > self.last
    }

    /// Whether the database is asked for words.
    pub(super) fn asks_words(self) -> bool {
        matches!(self.words, Asked::Index | Asked::InOrder { .. })
    }

    /// What its rows are ordered by.
    pub(super) fn id(self) -> &'static str {
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
