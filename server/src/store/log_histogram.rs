//! How many rows pass over time, by their status.

use std::collections::BTreeMap;

use app::model::{LogFilter, LogStatus, Step, Timestamp};

use super::log_entries::known;
use super::log_index::{DAY, date_of};
use super::log_parts::{Asked, statement};
use super::log_plan::{Rest, difference, is_one_heading, look_through, plan, spans, summary};
use super::packed::fetch_numbers;
use super::selection::Selection;
use super::trail_view::TrailView;
use super::{Sql, StoreError};

/// Rows by where they fall: the histogram as it is gathered.
pub type Bars = BTreeMap<Timestamp, BTreeMap<LogStatus, i64>>;

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
        let (columns, order) = if is_one_heading(selection) {
            ("select bucket, status, n", " order by bucket, status")
        } else {
            ("select bucket, status, cast(sum(n) as bigint) as n", " group by bucket, status order by bucket, status")
        };
        let mut sql = summary(selection, columns, span, first, last);
        sql.push(order);
        let mut bar = None;
        for [bucket, status, n] in fetch_numbers(&mut view.tx, ["bucket", "status", "n"], sql).await? {
            let (_, start) = match bar.filter(|(known, _)| *known == bucket) {
                Some(known) => known,
                None => *bar.insert((bucket, start_of(selection.zone.start_of_day(date_of(bucket))))),
            };
            add(start, known(status), n);
        }
    }
    for Rest { filter, part } in &plan.rest {
        let selection = Selection { filter, ..selection };
        if part.words == Asked::OfRows {
            let found = |at, status| {
                add(start_of(at), status, 1);
                true
            };
            look_through(view, selection, *part, found).await?;
            continue;
        }
        let mut sql = statement(selection, view.tx.dialect(), *part, columns(step));
        sql.push(" group by 1, 2");
        for [at, status, n] in fetch_numbers(&mut view.tx, ["at", "status", "n"], sql).await? {
            add(start_of(Timestamp::from_millis(at)), known(status), n);
        }
    }
    Ok(bars)
}

/// Rows close enough together that no stretch's end is between them: every zone's days and hours begin at a quarter of an hour.
fn columns(step: Step) -> &'static str {
    match step {
        Step::Minute => "select l.at / 60000 * 60000 as at, l.status, count(*) as n",
        Step::Hour | Step::Day | Step::Month => "select l.at / 900000 * 900000 as at, l.status, count(*) as n",
    }
}

/// The first moment of the first day that has rows in the viewer's scope, and the first after the last one.
pub async fn days(view: &mut TrailView, selection: Selection<'_>) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let unfiltered = LogFilter::default();
    let all = Selection { filter: &unfiltered, ..selection };
    let of_days = |columns| summary(all, columns, DAY, i64::MIN, i64::MAX);
    let ends = Sql::side_by_side([("first", of_days("select min(bucket)")), ("last", of_days("select max(bucket)"))]);
    let ends = view.tx.fetch_one(ends).await?;
    let start_of = |day| selection.zone.start_of_day(date_of(day));
    let (first, last): (Option<i64>, Option<i64>) = (ends.get("first")?, ends.get("last")?);
    Ok(first.zip(last).map(|(first, last)| (start_of(first), start_of(last + 1))))
}
