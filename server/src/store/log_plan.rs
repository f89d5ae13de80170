//! What is counted of a selection from the summary, and what has to be read: the days that are wanted as a whole, and the rest. Both are read in
//! one transaction, so their sum is that of one moment.

use app::model::{LogFilter, LogStatus, TimeBound, Timestamp, WordQuery};

use super::log_entries::known;
use super::log_index::{DAY, Level, MONTH, date_of, day_number, month_of};
use super::log_parts::{Asked, Part, parts, statement};
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Sql, StoreError};

/// Rows that are looked through at a time for their words.
const SCAN: i64 = 5000;

/// What the summary knows of a selection, and what has to be read.
pub(super) struct Plan {
    /// Days of which the whole is wanted, by number, both ends included.
    pub(super) whole: Option<(i64, i64)>,
    pub(super) rest: Vec<Rest>,
}

/// Rows that have to be read, of a day that is wanted in part or not indexed yet.
pub(super) struct Rest {
    pub(super) filter: LogFilter,
    pub(super) part: Part,
}

/// There is no index of what messages do not have: a query that only excludes is all rows without those that have it.
pub(super) fn difference(selection: Selection<'_>) -> Option<(LogFilter, LogFilter)> {
    let filter = selection.filter;
    let with = |q| LogFilter { q, ..filter.clone() };
    filter.q.only_excludes().then(|| (with(WordQuery::default()), with(filter.q.excluded())))
}

/// What is known of a selection. `by_days`: days are not told apart any further.
pub(super) async fn plan(view: &mut TrailView, selection: Selection<'_>, by_days: bool) -> Result<Plan, StoreError> {
    let marks = view.marks.clone();
    let all = |part| Rest { filter: selection.filter.clone(), part };
    if !by_days || !selection.is_summarised() || marks.zone != selection.zone.name {
        let parts = parts(view, selection).await?;
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
pub(super) fn spans((first, last): (i64, i64)) -> Vec<(i64, i64, i64)> {
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
fn level(selection: Selection<'_>) -> Level {
    let LogFilter { schedule, source_type, .. } = selection.filter;
    match (schedule.is_empty(), selection.narrows_servers(), source_type.is_empty()) {
        (false, ..) => Level::Schedule,
        (true, true, false) => Level::ServerByType,
        (true, false, false) => Level::AllByType,
        (true, true, true) => Level::Server,
        (true, false, true) => Level::All,
    }
}

/// Whether of each bucket and status the summary has one row at most for the selection, so that nothing has to be added up.
pub(super) fn is_one_heading(selection: Selection<'_>) -> bool {
    let LogFilter { server, source_type, .. } = selection.filter;
    match level(selection) {
        Level::All => true,
        Level::AllByType => source_type.len() == 1,
        Level::Server => server.len() == 1,
        Level::ServerByType => server.len() == 1 && source_type.len() == 1,
        Level::Schedule => false,
    }
}

/// What the summary has of a selection.
pub(super) fn summary(selection: Selection<'_>, columns: &'static str, span: i64, first: i64, last: i64) -> Sql {
    let level = level(selection);
    let mut sql = Sql::new(columns).with_one_plan();
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

/// Reads rows of a part and looks at their words here, for as long as `found` wants more of those that have them.
pub(super) async fn look_through(
    view: &mut TrailView,
    selection: Selection<'_>,
    mut part: Part,
    mut found: impl FnMut(Timestamp, LogStatus) -> bool,
) -> Result<(), StoreError> {
    loop {
        let mut sql = statement(selection, view.tx.dialect(), part, "select l.id, l.at, l.status, l.message");
        sql.push(" order by l.id limit ").push_bind(SCAN);
        let rows = view.tx.fetch_all(sql).await?;
        for row in &rows {
            if selection.filter.q.matches(&row.text("message")?) && !found(row.time("at")?, known(row.int("status")?)) {
                return Ok(());
            }
        }
        match rows.last() {
            Some(last) => part.first = last.int("id")? + 1,
            None => return Ok(()),
        }
    }
}
