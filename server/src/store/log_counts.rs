//! How many rows pass: to the end, or as far as a moment is enough.

use app::model::{LogEntry, LogFilter};

use super::engine::Dialect;
use super::log_pages::{Asked, Part, statement, words_alone, words_decide};
use super::log_plan::{Rest, difference, look_through, plan, spans, summary};
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Sql, StoreError};

/// So many hits are counted in a millisecond or two where only the words are asked for, …
const MOST_HITS: i64 = 10_000;

/// … and so many where each row has to be looked at as well.
const MOST_ROWS: i64 = 2_000;

/// Where PostgreSQL goes through rows in order, it goes through so many, which takes it about a tenth of a second.
const MOST_LOOKED_AT: i64 = 100_000;

/// Where there are far more, only this part of it is counted.
const PART_OF_MANY: i64 = 10;

/// Fewer hits say nothing about how dense they are.
const GLIMPSE: i64 = 20;

/// So many times what would be counted is far more.
const FAR_MORE: i64 = 10;

/// How many rows pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    pub rows: i64,
    /// Otherwise there are more.
    pub is_exact: bool,
}

/// How many rows pass, counted to the end.
pub async fn count(view: &mut TrailView, selection: Selection<'_>) -> Result<i64, StoreError> {
    let tally = Box::pin(tally(view, selection, Effort::ToTheEnd)).await?;
    Ok(tally.finish(view).await?.rows)
}

/// How many rows pass, and how many there are in the viewer's scope at all.
pub async fn totals(view: &mut TrailView, selection: Selection<'_>, effort: Effort) -> Result<(Total, i64), StoreError> {
    let unfiltered = LogFilter::default();
    let in_scope = tally(view, Selection { filter: &unfiltered, ..selection }, Effort::ToTheEnd).await?;
    if *selection.filter == unfiltered {
        let total = in_scope.finish(view).await?;
        return Ok((total, total.rows));
    }
    let passing = tally(view, selection, effort).await?;
    let [sum, some] = passing.statements();
    let [sum, some, all] = added_up(view, [sum, some, in_scope.sums]).await?;
    Ok((passing.total(sum, some), in_scope.counted + all))
}

/// How far hits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    ToTheEnd,
    AMoment(Glimpse),
}

/// What is known of hits before they are counted: the newest were found among so many ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Glimpse {
    pub hits: i64,
    pub among: i64,
    pub newest: i64,
}

impl Glimpse {
    /// Of the rows of a page, newest first.
    pub fn of(rows: &[LogEntry]) -> Self {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Self::default() };
        Self { hits: i64::try_from(rows.len()).unwrap_or(i64::MAX), among: first.id - last.id, newest: first.id }
    }

    /// Whether there are far more than would be counted, if hits are as dense among so many ids. A few rows say nothing about that.
    fn promises_more(self, ids: i64, most: i64) -> bool {
        self.hits >= GLIMPSE && self.hits.saturating_mul(ids) / self.among.max(1) > most.saturating_mul(FAR_MORE)
    }
}

/// What has been counted of a selection, and the statements that count the rest.
#[derive(Default)]
struct Tally {
    counted: i64,
    sums: Vec<Sql>,
    /// Hits of which no more than so many are counted.
    some: Option<(Sql, i64)>,
    /// There are more rows than were looked at.
    is_partial: bool,
    /// Nothing is known: it would take too long.
    is_unknown: bool,
}

async fn tally(view: &mut TrailView, selection: Selection<'_>, effort: Effort) -> Result<Tally, StoreError> {
    if let Some((all, excluded)) = difference(selection) {
        let all = Box::pin(tally(view, Selection { filter: &all, ..selection }, Effort::ToTheEnd)).await?;
        // What was seen of the others says nothing of these.
        let effort = if effort == Effort::ToTheEnd { effort } else { Effort::AMoment(Glimpse::default()) };
        let excluded = Box::pin(tally(view, Selection { filter: &excluded, ..selection }, effort)).await?.finish(view).await?;
        return Ok(if excluded.is_exact {
            Tally { counted: all.counted - excluded.rows, ..all }
        } else {
            Tally { is_unknown: true, ..Tally::default() }
        });
    }
    let plan = plan(view, selection, true).await?;
    let mut tally = Tally::default();
    for (span, first, last) in plan.whole.map(spans).unwrap_or_default() {
        tally.sums.push(summary(selection, "select cast(coalesce(sum(n), 0) as bigint)", span, first, last));
    }
    for Rest { filter, part } in &plan.rest {
        let selection = Selection { filter, ..selection };
        let dialect = view.tx.dialect();
        match (part.words, effort) {
            (Asked::OfRows, _) => look_through(view, selection, *part, |_, _| tally.counted += 1).await?,
            // There is one such part: the one that is indexed.
            (Asked::Index | Asked::InOrder, Effort::AMoment(glimpse)) => {
                let first = part.first;
                let most = if words_decide(selection, *part) { MOST_HITS } else { MOST_ROWS };
                let many = are_far_more(view, selection, *part, glimpse, most).await?;
                let most = if many { most / PART_OF_MANY } else { most };
                let part = match part.words {
                    Asked::InOrder => Part { first: part.first.max(part.last - MOST_LOOKED_AT), ..*part },
                    _ => *part,
                };
                let mut sql = hits(selection, dialect, part, "select count(*) from (select 1 as hit");
                sql.push(" limit ").push_bind(most + 1).push(") as hits");
                tally.some = Some((sql, most));
                tally.is_partial = part.first > first;
            }
            (Asked::Index | Asked::InOrder | Asked::Not, _) => tally.sums.push(hits(selection, dialect, *part, "select count(*)")),
        }
    }
    Ok(tally)
}

/// Whether hits are so dense, and have been there for so long, that there must be far more than would be counted.
async fn are_far_more(view: &mut TrailView, selection: Selection<'_>, part: Part, glimpse: Glimpse, most: i64) -> Result<bool, StoreError> {
    let dialect = view.tx.dialect();
    // Only SQLite knows where the first one is without a long look.
    if dialect == Dialect::Postgres || !glimpse.promises_more(glimpse.newest - part.first.max(0), most) {
        return Ok(false);
    }
    let mut sql = words_alone(dialect, part, &selection.filter.q, "select w.id as id");
    sql.push(" order by w.id limit 1");
    let Some(oldest) = view.tx.fetch_optional(sql).await? else { return Ok(false) };
    Ok(glimpse.promises_more(glimpse.newest - oldest.int("id")?, most))
}

impl Tally {
    /// Those that count to the end, and those that do not.
    fn statements(&self) -> [Vec<Sql>; 2] {
        [self.sums.clone(), self.some.iter().map(|(sql, _)| sql.clone()).collect()]
    }

    async fn finish(self, view: &mut TrailView) -> Result<Total, StoreError> {
        let [sum, some] = added_up(view, self.statements()).await?;
        Ok(self.total(sum, some))
    }

    /// `sum` is what the statements have counted, `some` what those have that do not count to the end.
    fn total(&self, sum: i64, some: i64) -> Total {
        let most = self.some.as_ref().map_or(some, |(_, most)| *most);
        let rows = if self.is_unknown { 0 } else { self.counted + sum + some.min(most) };
        Total { rows, is_exact: !(self.is_unknown || self.is_partial) && some <= most }
    }
}

/// What each list of statements counts, all in one.
async fn added_up<const N: usize>(view: &mut TrailView, sums: [Vec<Sql>; N]) -> Result<[i64; N], StoreError> {
    let mut found = [0; N];
    if sums.iter().any(|of| !of.is_empty()) {
        let row = view.tx.fetch_one(Sql::sums(sums)).await?;
        for (found, name) in found.iter_mut().zip(Sql::SUMS) {
            *found = row.int(name)?;
        }
    }
    Ok(found)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_everywhere_are_not_counted_for_long() {
        // Hits, among how many ids, of how many; and whether there are far more than 10,000.
        let cases = [
            ((51, 50), 10_000_000, true),
            ((51, 5_000), 10_000_000, true),
            ((51, 6_000), 10_000_000, false),
            ((51, 50), 90_000, false),
            ((0, 0), 10_000_000, false),
            ((1, 0), 10_000_000, false),
        ];
        for ((hits, among), ids, expected) in cases {
            let glimpse = Glimpse { hits, among, newest: ids };
            assert_eq!(glimpse.promises_more(ids, 10_000), expected, "{hits} among {among} of {ids}");
        }
    }
}
