//! How many rows pass, at all and over time: from the summary where it knows, from the rows where it does not. Both parts are read in
//! one transaction, so the sum is that of one moment.

use std::collections::BTreeMap;

use app::model::{LogFilter, LogStatus, Step, TimeBound, Timestamp, WordQuery};

use super::engine::Dialect;
use super::log_index::{DAY, MONTH, date_of, day_number, month_of};
use super::log_pages::{Asked, Page, Part, parts, statement, words_alone, words_decide};
use super::packed::{fetch_packed, packed};
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Sql, StoreError};

/// Rows that are looked through at a time for their words.
const SCAN: i64 = 5000;

/// So many hits are counted in a few milliseconds where only the words are asked for, …
const MOST_WORDS: i64 = 10_000;

/// … and so many where each row has to be looked at as well.
const MOST_ROWS: i64 = 2_000;

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
    Ok(count_up_to(view, selection, Effort::ToTheEnd).await?.rows)
}

/// How many rows pass, as far as a moment is enough to count those that have the words.
pub async fn count_quickly(view: &mut TrailView, selection: Selection<'_>) -> Result<Total, StoreError> {
    count_up_to(view, selection, Effort::AMoment).await
}

/// How far hits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    ToTheEnd,
    AMoment,
}

async fn count_up_to(view: &mut TrailView, selection: Selection<'_>, effort: Effort) -> Result<Total, StoreError> {
    if let Some((all, excluded)) = difference(selection) {
        let all = Box::pin(count_up_to(view, Selection { filter: &all, ..selection }, Effort::ToTheEnd)).await?.rows;
        let excluded = Box::pin(count_up_to(view, Selection { filter: &excluded, ..selection }, effort)).await?;
        let rows = if excluded.is_exact { all - excluded.rows } else { 0 };
        return Ok(Total { rows, ..excluded });
    }
    let plan = plan(view, selection, true).await?;
    let mut total = 0;
    for (span, first, last) in plan.whole.map(spans).unwrap_or_default() {
        let sql = summary(selection, "select cast(coalesce(sum(n), 0) as bigint) as n", span, first, last);
        total += view.tx.fetch_one(sql).await?.int("n")?;
    }
    let mut is_exact = true;
    for Rest { filter, part } in &plan.rest {
        let selection = Selection { filter, ..selection };
        match (part.words, effort) {
            (Asked::OfRows, _) => look_through(view, selection, *part, |_, _| total += 1).await?,
            (Asked::Index | Asked::InOrder, Effort::AMoment) => {
                let most = if words_decide(selection, *part) { MOST_WORDS } else { MOST_ROWS };
                let mut sql = hits(selection, view.tx.dialect(), *part, "select count(*) as n from (select 1 as hit");
                sql.push(" limit ").push_bind(most + 1).push(") as hits");
                let found = view.tx.fetch_one(sql).await?.int("n")?;
                is_exact &= found <= most;
                total += found.min(most);
            }
            (Asked::Index | Asked::InOrder | Asked::Not, _) => {
                let sql = hits(selection, view.tx.dialect(), *part, "select count(*) as n");
                total += view.tx.fetch_one(sql).await?.int("n")?;
            }
        }
    }
    Ok(Total { rows: total, is_exact })
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
        sql.push(" group by bucket, status order by bucket");
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
    let row = view.tx.fetch_one(Sql::new("select min(start_at) as start_at, max(end_at) as end_at from log_day")).await?;
    Ok(row.optional_time("start_at")?.zip(row.optional_time("end_at")?))
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
    let (from, until) = selection.range();
    if (from, until) == (None, None) {
        return Ok(Plan { whole: Some((i64::MIN, i64::MAX)), rest });
    }
    let (from, until) = (from.unwrap_or(Timestamp::from_millis(i64::MIN)), until.unwrap_or(Timestamp::from_millis(i64::MAX)));
    let sql = Sql::new("select min(day) as first, max(day) as last from log_day where start_at >= $1 and end_at <= $2");
    let row = view.tx.fetch_one(sql.bind(from).bind(until)).await?;
    let whole = row.get::<Option<i64>>("first")?.zip(row.get::<Option<i64>>("last")?);
    let sql = Sql::new(
        "select start_at, end_at, first_id, last_id from log_day where end_at > $1 and start_at < $2 and not (start_at >= $1 and end_at <= $2)",
    );
    for row in view.tx.fetch_all(sql.bind(from).bind(until)).await? {
        // Rows of another day may be among these ids, where the clock was set: they are counted with their own.
        let (first, last) = (from.max(row.time("start_at")?), until.min(row.time("end_at")?).plus_millis(-1));
        let filter = LogFilter { from: Some(TimeBound::Moment(first)), to: Some(TimeBound::Moment(last)), ..selection.filter.clone() };
        rest.push(Rest {
            filter,
            part: Part { first: row.int("first_id")?, last: row.int("last_id")?, words: Asked::Not, in_range: false },
        });
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
    let level = match (selection.filter.schedule.is_empty(), selection.narrows_servers()) {
        (false, _) => 2_i64,
        (true, true) => 1,
        (true, false) => 0,
    };
    let mut sql = Sql::new(columns);
    sql.push(" from log_summary where level = ").push_bind(level).push(" and span = ").push_bind(span);
    match level {
        2 => selection.push_schedules(&mut sql, "schedule_id"),
        _ => {
            sql.push(" and schedule_id = 0");
        }
    }
    match level {
        0 => {
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
