//! How many rows pass, at all and over time: from the summary where it knows, from the rows where it does not. Both parts are read in
//! one transaction, so the sum is that of one moment.

use std::collections::BTreeMap;

use app::model::{LogEntry, LogFilter, LogStatus, Step, TimeBound, Timestamp, WordQuery};

use super::engine::Dialect;
use super::log_index::{DAY, Level, MONTH, date_of, day_number, month_of};
use super::log_pages::{Asked, Page, Part, parts, statement, words_alone, words_decide};
use super::packed::{fetch_packed, packed};
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Sql, StoreError};

/// Rows that are looked through at a time for their words.
const SCAN: i64 = 5000;

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

/// Rows by where they fall: the histogram as it is gathered.
pub type Bars = BTreeMap<Timestamp, BTreeMap<LogStatus, i64>>;

/// What the summary knows of a selection, and what has to be read.
struct Plan {
    /// Days of which the whole is wanted, by number, both ends included.
    whole: Option<(i64, i64)>,
    rest: Vec<Rest>,
}

/// Rows that have to be read, of a day that is wanted in part or not indexed yet.
struct Rest {
    filter: LogFilter,
    part: Part,
}

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

/// There is no index of what messages do not have: a query that only excludes is all rows without those that have it.
fn difference(selection: Selection<'_>) -> Option<(LogFilter, LogFilter)> {
    let filter = selection.filter;
    let with = |q| LogFilter { q, ..filter.clone() };
    filter.q.only_excludes().then(|| (with(WordQuery::default()), with(filter.q.excluded())))
}

/// The same without the summary: what it has to agree with.
pub async fn count_live(view: &mut TrailView, selection: Selection<'_>) -> Result<i64, StoreError> {
    let mut sql = Sql::new("select count(*) as n from log_entry l where 1 = 1");
    selection.push(&mut sql);
    view.tx.fetch_one(sql).await?.int("n")
}

/// How many rows of each status there are in each stretch of time, by its first moment; stretches without rows are left out.
pub async fn histogram(view: &mut TrailView, selection: Selection<'_>, step: Step) -> Result<Bars, StoreError> {
    if let Some((all, excluded)) = difference(selection) {
        let mut bars = Box::pin(histogram(view, Selection { filter: &all, ..selection }, step)).await?;
        for (start, counts) in Box::pin(histogram(view, Selection { filter: &excluded, ..selection }, step)).await? {
            let bar = bars.entry(start).or_default();
            for (status, n) in counts {
                *bar.entry(status).or_default() -= n;
            }
            bar.retain(|_, n| *n != 0);
        }
        bars.retain(|_, bar| !bar.is_empty());
        return Ok(bars);
    }
    let plan = plan(view, selection, matches!(step, Step::Day | Step::Month)).await?;
    let mut bars = Bars::new();
    let mut add = |start: Timestamp, status: LogStatus, n: i64| *bars.entry(start).or_default().entry(status).or_default() += n;
    let start_of = |at: Timestamp| step.start(at, selection.zone);
    let spans = match plan.whole {
        Some((first, last)) if step == Step::Day => vec![(DAY, first, last)],
        whole => whole.map(spans).unwrap_or_default(),
    };
    for (span, first, last) in spans {
        let mut sql = summary(selection, "select bucket, status, cast(sum(n) as bigint) as n", span, first, last);
        sql.push(" group by bucket, status order by bucket, status");
        let head = packed!(view.tx.dialect(), "bucket, status, n");
        let mut bar = None;
        for (bucket, status, n) in fetch_packed::<(i64, u8, i64)>(&mut view.tx, head, sql).await? {
            let (_, start) = match bar.filter(|(known, _)| *known == bucket) {
                Some(known) => known,
                None => *bar.insert((bucket, start_of(selection.zone.start_of_day(date_of(bucket))))),
            };
            add(start, known(status)?, n);
        }
    }
    for Rest { filter, part } in &plan.rest {
        let selection = Selection { filter, ..selection };
        if part.words == Asked::OfRows {
            look_through(view, selection, *part, |at, status| add(start_of(at), status, 1)).await?;
            continue;
        }
        let mut sql = statement(selection, view.tx.dialect(), *part, columns(step));
        sql.push(" group by 1, 2");
        let head = packed!(view.tx.dialect(), "at, status, n");
        for (at, status, n) in fetch_packed::<(i64, u8, i64)>(&mut view.tx, head, sql).await? {
            add(start_of(Timestamp::from_millis(at)), known(status)?, n);
        }
    }
    Ok(bars)
}

fn known(status: u8) -> Result<LogStatus, StoreError> {
    LogStatus::from_repr(status).ok_or_else(|| StoreError::Value { column: "status", value: status.to_string() })
}

/// Rows close enough together that no stretch's end is between them: every zone's days and hours begin at a quarter of an hour.
fn columns(step: Step) -> &'static str {
    match step {
        Step::Minute => "select l.at / 60000 * 60000 as at, l.status, count(*) as n",
        Step::Hour | Step::Day | Step::Month => "select l.at / 900000 * 900000 as at, l.status, count(*) as n",
    }
}

/// The first moment of the first day that has rows, and the first after the last one.
pub async fn days(view: &mut TrailView) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    Ok(view.days().await?.ends())
}

async fn plan(view: &mut TrailView, selection: Selection<'_>, by_days: bool) -> Result<Plan, StoreError> {
    let marks = view.marks.clone();
    let all = |part| Rest { filter: selection.filter.clone(), part };
    if !by_days || !selection.is_summarised() || marks.zone != selection.zone.name {
        let parts = parts(view, selection, Page { after: None, before: None, limit: 0 }).await?;
        return Ok(Plan { whole: None, rest: parts.into_iter().map(all).collect() });
    }
    let unindexed = Part { first: marks.counted_to + 1, last: marks.head, words: Asked::Not, in_range: false };
    let mut rest: Vec<_> = (unindexed.first <= unindexed.last).then(|| all(unindexed)).into_iter().collect();
    if selection.range() == (None, None) {
        return Ok(Plan { whole: Some((i64::MIN, i64::MAX)), rest });
    }
    let (from, until) = selection.moments();
    let days = view.days().await?;
    let (whole, cut) = days.whole_and_cut(from, until);
    for day in cut {
        // Rows of another day may be among these ids: they are counted with their own.
        let first = from.max(Timestamp::from_millis(day.start));
        let last = until.min(Timestamp::from_millis(day.end)).plus_millis(-1);
        let filter = LogFilter { from: Some(TimeBound::Moment(first)), to: Some(TimeBound::Moment(last)), ..selection.filter.clone() };
        rest.push(Rest { filter, part: Part { first: day.first_id, last: day.last_id, words: Asked::Not, in_range: false } });
    }
    Ok(Plan { whole, rest })
}

/// Days as whole months and the days before and after them: span, first and last bucket.
fn spans((first, last): (i64, i64)) -> Vec<(i64, i64, i64)> {
    if (first, last) == (i64::MIN, i64::MAX) {
        return vec![(MONTH, first, last)];
    }
    let next_month = |day: i64| {
        let date = date_of(day);
        let month = month_of(date);
        if month == date { day } else { day_number(month_of(month + chrono::Duration::days(31))) }
    };
    let (months_from, months_until) = (next_month(first), day_number(month_of(date_of(last + 1))));
    if months_from >= months_until {
        return vec![(DAY, first, last)];
    }
    let spans = [(DAY, first, months_from - 1), (MONTH, months_from, months_until - 1), (DAY, months_until, last)];
    spans.into_iter().filter(|(_, first, last)| first <= last).collect()
}

/// The widest level of the summary that still tells apart what the selection does.
fn summary(selection: Selection<'_>, columns: &'static str, span: i64, first: i64, last: i64) -> Sql {
    let LogFilter { schedule, source_type, .. } = selection.filter;
    let level = match (schedule.is_empty(), selection.narrows_servers(), source_type.is_empty()) {
        (false, ..) => Level::Schedule,
        (true, true, false) => Level::ServerByType,
        (true, false, false) => Level::AllByType,
        (true, true, true) => Level::Server,
        (true, false, true) => Level::All,
    };
    let mut sql = Sql::new(columns);
    sql.push(" from log_summary where level = ").push_bind(level as i64).push(" and span = ").push_bind(span);
    match level {
        Level::Schedule => selection.push_schedules(&mut sql, "schedule_id"),
        _ => {
            sql.push(" and schedule_id = 0");
        }
    }
    match level {
        Level::All | Level::AllByType => {
            sql.push(" and server_id = 0");
        }
        _ => selection.push_servers(&mut sql, "server_id"),
    }
    if first > i64::MIN {
        sql.push(" and bucket >= ").push_bind(first);
    }
    if last < i64::MAX {
        sql.push(" and bucket <= ").push_bind(last);
    }
    selection.push_kinds(&mut sql, "status", "source_type");
    sql
}

/// Reads rows whose words are not indexed yet, and looks at them here.
async fn look_through(
    view: &mut TrailView,
    selection: Selection<'_>,
    mut part: Part,
    mut found: impl FnMut(Timestamp, LogStatus),
) -> Result<(), StoreError> {
    loop {
        let mut sql = statement(selection, view.tx.dialect(), part, "select l.id, l.at, l.status, l.message");
        sql.push(" order by l.id limit ").push_bind(SCAN);
        let rows = view.tx.fetch_all(sql).await?;
        for row in &rows {
            if selection.filter.q.matches(&row.text("message")?) {
                found(row.time("at")?, row.numbered("status", LogStatus::from_repr)?);
            }
        }
        match rows.last() {
            Some(last) => part.first = last.int("id")? + 1,
            None => return Ok(()),
        }
    }
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
