//! How many rows pass: to the end, or as far as a moment is enough.

use super::engine::Dialect;
use super::log_parts::{Asked, FEW, Order, Part, passing, statement, words_alone, words_decide};
use super::log_plan::{Rest, difference, look_through, plan, spans, summary};
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Sql, StoreError};

/// So many hits are counted in a millisecond or two where only the words are asked for, …
pub(super) const MOST_HITS: i64 = 10_000;

/// … and so many where each row has to be looked at as well.
const MOST_ROWS: i64 = 2_000;

/// Where PostgreSQL goes through rows in order, it counts so many, …
const MOST_IN_ORDER: i64 = 500;

/// … and looks at the words of so many for it, which takes it some milliseconds, or where an index says which of them pass otherwise, at …
const MOST_LOOKED_AT: i64 = 10_000;

/// … those of so many.
const MOST_AMONG: i64 = 50_000;

/// How many rows pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    pub rows: i64,
    /// Otherwise there are more.
    pub is_exact: bool,
}

/// The oldest hits of the indexed part, which were counted before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) hits: i64,
    /// The id of the last of them.
    pub(super) up_to: i64,
    /// Whether there are no others.
    pub(super) are_all: bool,
}

/// How far hits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    ToTheEnd,
    AMoment,
}

/// How many rows pass, counted to the end.
pub async fn count(view: &mut TrailView, selection: Selection<'_>) -> Result<i64, StoreError> {
    let passing = Passing::of(view, selection).await?;
    let known = if passing.sums.is_empty() { 0 } else { view.tx.fetch_one(Sql::side_by_side([("n", passing.sum())])).await?.int("n")? };
    Ok(passing.total(view, selection, known, Effort::ToTheEnd).await?.rows)
}

/// What a count is made of: rows that the database adds up without words, and rows that are found by their words.
pub(super) struct Passing {
    sums: Vec<Sql>,
    by_words: Vec<Rest>,
    /// Whether those that are found are those that do not pass.
    are_excluded: bool,
}

impl Passing {
    pub(super) async fn of(view: &mut TrailView, selection: Selection<'_>) -> Result<Self, StoreError> {
        if let Some((all, excluded)) = difference(selection) {
            let all = Box::pin(Self::of(view, Selection { filter: &all, ..selection })).await?;
            let excluded = Box::pin(Self::of(view, Selection { filter: &excluded, ..selection })).await?;
            return Ok(Self { by_words: excluded.by_words, are_excluded: true, ..all });
        }
        let plan = plan(view, selection, true).await?;
        let of_days = |(span, first, last)| summary(selection, "select cast(coalesce(sum(n), 0) as bigint)", span, first, last);
        let mut sums: Vec<_> = plan.whole.map(spans).unwrap_or_default().into_iter().map(of_days).collect();
        let mut by_words = Vec::new();
        for rest in plan.rest {
            if rest.part.words == Asked::Not {
                let selection = Selection { filter: &rest.filter, ..selection };
                sums.push(statement(selection, view.tx.dialect(), rest.part, "select count(*)"));
            } else {
                by_words.push(rest);
            }
        }
        Ok(Self { sums, by_words, are_excluded: false })
    }

    /// How many the database adds up.
    pub(super) fn sum(&self) -> Sql {
        Sql::sum(self.sums.iter().cloned())
    }

    /// The indexed part, if the index of words alone knows which of its rows pass.
    pub(super) fn of_words_alone(&self, selection: Selection<'_>) -> Option<Part> {
        let parts = self.by_words.iter().map(|rest| rest.part);
        if self.are_excluded { None } else { parts.into_iter().find(|part| words_decide(selection, *part)) }
    }

    /// How many pass, if the database has added up `known`.
    pub(super) async fn total(
        &self,
        view: &mut TrailView,
        selection: Selection<'_>,
        known: i64,
        effort: Effort,
    ) -> Result<Total, StoreError> {
        let found = self.find(view, selection, effort, None).await?;
        Ok(match (self.are_excluded, found.is_exact) {
            (false, _) => Total { rows: known + found.rows, ..found },
            (true, true) => Total { rows: known - found.rows, is_exact: true },
            (true, false) => Total { rows: 0, is_exact: false },
        })
    }

    /// How many have the words, if some of the indexed part are counted already.
    pub(super) async fn find(
        &self,
        view: &mut TrailView,
        selection: Selection<'_>,
        effort: Effort,
        counted: Option<Counted>,
    ) -> Result<Total, StoreError> {
        let mut total = Total { rows: 0, is_exact: true };
        for Rest { filter, part } in &self.by_words {
            let selection = Selection { filter, ..selection };
            let dialect = view.tx.dialect();
            match (part.words, effort) {
                (Asked::OfRows | Asked::Not, _) => {
                    let most = if effort == Effort::ToTheEnd { i64::MAX } else { total.rows + FEW };
                    let found = |_, _| {
                        total.rows += 1;
                        total.rows < most
                    };
                    look_through(view, selection, *part, found).await?;
                    total.is_exact &= total.rows < most;
                }
                (Asked::Index | Asked::InOrder { .. }, Effort::ToTheEnd) => {
                    total.rows += view.tx.fetch_one(hits(selection, dialect, *part, "select count(*) as n")).await?.int("n")?;
                }
                // Those that were found when the words were looked at are enough.
                (Asked::InOrder { at_least }, Effort::AMoment) if at_least > MOST_IN_ORDER && words_decide(selection, *part) => {
                    total = Total { rows: total.rows + MOST_IN_ORDER, is_exact: false };
                }
                (Asked::Index | Asked::InOrder { .. }, Effort::AMoment) if counted.is_some_and(|counted| counted.are_all) => {
                    total.rows += counted.map_or(0, |counted| counted.hits);
                }
                (Asked::InOrder { .. }, Effort::AMoment) => {
                    let (sql, are_all) = newest_hits(selection, *part);
                    let found = view.tx.fetch_one(sql).await?.int("n")?;
                    total.rows += found.min(MOST_IN_ORDER);
                    total.is_exact &= found <= MOST_IN_ORDER && are_all;
                }
                (Asked::Index, Effort::AMoment) => {
                    let most = if words_decide(selection, *part) { MOST_HITS } else { MOST_ROWS };
                    let (before, first) = counted.map_or((0, part.first), |counted| (counted.hits, part.first.max(counted.up_to + 1)));
                    let sql = counted_up_to(hits(selection, dialect, Part { first, ..*part }, "select 1 as hit"), most - before);
                    let found = before + view.tx.fetch_one(sql).await?.int("n")?;
                    total.rows += found.min(most);
                    total.is_exact &= found <= most;
                }
            }
        }
        Ok(total)
    }
}

/// Counts hits, and stops where there are more than so many.
pub(super) fn counted_up_to(mut hits: Sql, most: i64) -> Sql {
    hits.push(" limit ").push_bind(most + 1);
    hits.within("select count(*) as n from (", ") as hits")
}

/// Counts the newest hits of a part where PostgreSQL goes through rows in order, and says whether all its rows are looked at for that.
fn newest_hits(selection: Selection<'_>, part: Part) -> (Sql, bool) {
    let looked_at = if words_decide(selection, part) { MOST_LOOKED_AT } else { MOST_AMONG };
    let (newest, rest) = part.split(Order::Falling, looked_at);
    let hits = passing(selection, Dialect::Postgres, newest, Order::Falling, "select 1 as hit");
    (counted_up_to(hits, MOST_IN_ORDER), rest.is_empty())
}

/// The rows of a part, to be counted: without looking at them, where the words decide.
fn hits(selection: Selection<'_>, dialect: Dialect, part: Part, columns: &'static str) -> Sql {
    if words_decide(selection, part) {
        words_alone(dialect, part, &selection.filter.q, columns)
    } else {
        statement(selection, dialect, part, columns)
    }
}

/// The same without the summary: what it has to agree with.
pub async fn count_live(view: &mut TrailView, selection: Selection<'_>) -> Result<i64, StoreError> {
    let mut sql = Sql::new("select count(*) as n from log_entry l where 1 = 1");
    selection.push(&mut sql);
    view.tx.fetch_one(sql).await?.int("n")
}
