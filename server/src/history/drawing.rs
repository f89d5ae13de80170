//! The trail as a picture: how many rows of each status there are over time, alone or beside a page of them.

use std::collections::BTreeMap;

use app::model::{Bar, FieldError, Histogram, LogFilter, LogPage, LogQuery, LogStatus, Step, Timestamp, Viewer, sum_by_status};

use super::History;
use crate::store::{Selection, StoreError, TrailView, log_histogram};

/// Bars of one histogram; more are no picture.
const MOST_STRETCHES: i64 = 2000;

/// A picture of rows, or what is wrong with what was asked for.
pub type Drawn = Result<Histogram, FieldError>;

/// What the page Logs shows of a query, all of one moment.
pub struct Overview {
    pub page: LogPage,
    /// Why there is none, where there are rows to draw. One run's rows are a story, not a picture.
    pub histogram: Option<Result<Histogram, String>>,
    /// What choosing a status would give, where that is known.
    pub by_status: Option<BTreeMap<LogStatus, i64>>,
}

impl History {
    /// A page and its picture.
    pub async fn overview(&self, viewer: &Viewer, query: LogQuery, now: Timestamp) -> Result<Overview, StoreError> {
        let filter = query.filter.clone();
        let _turn = if query.counts_all { self.turn_to_count(&filter).await } else { None };
        let mut view = self.view().await?;
        let page = self.list_in(&mut view, viewer, query).await?;
        let histogram = if !page.total_is_exact {
            Some(Err("More rows have these words than can be drawn at once.".to_owned()))
        } else if filter.run.is_some() {
            None
        } else {
            let drawn = self.histogram_in(&mut view, viewer, &filter, None, now).await?;
            Some(drawn.map_err(|problem| problem.reason))
        };
        let by_status = match &histogram {
            Some(Ok(histogram)) if filter.status.is_empty() => Some(histogram.by_status()),
            // Words are looked for once, for the rows.
            _ if filter.q.is_empty() => {
                let any = LogFilter { status: Vec::new(), ..filter };
                let selection = Selection { scope: &viewer.scope, filter: &any, zone: &self.zone };
                let bars = log_histogram::histogram(&mut view, selection, Step::Day).await?;
                Some(sum_by_status(bars.into_values()))
            }
            _ => None,
        };
        Ok(Overview { page, histogram, by_status })
    }

    /// How many rows of each status there are over time. Without a step, one that fits the range.
    pub async fn histogram(&self, viewer: &Viewer, filter: &LogFilter, step: Option<Step>, now: Timestamp) -> Result<Drawn, StoreError> {
        let _turn = self.turn_to_count(filter).await;
        self.histogram_in(&mut self.view().await?, viewer, filter, step, now).await
    }

    async fn histogram_in(
        &self,
        view: &mut TrailView,
        viewer: &Viewer,
        filter: &LogFilter,
        step: Option<Step>,
        now: Timestamp,
    ) -> Result<Drawn, StoreError> {
        let selection = Selection { scope: &viewer.scope, filter, zone: &self.zone };
        let step_of = |from, until| step.unwrap_or_else(|| Step::fitting(from, until));
        let is_too_wide = |from, until| step_of(from, until).stretches(from, until) > MOST_STRETCHES;
        let (from, until) = match filter.range(&self.zone) {
            (Some(from), Some(until)) if !is_too_wide(from, until) => (from, until),
            (from, until) => {
                let (first, end) = log_histogram::days(view, selection).await?.unwrap_or((now, now));
                let (first, end) = (first.min(now), end.max(now.plus_millis(1)));
                let from = from.unwrap_or(first);
                let until = until.unwrap_or_else(|| now.plus_millis(1).max(from));
                // Millennia: there is nothing to draw before the trail and after it.
                if step.is_none() && is_too_wide(from, until) { (from.clamp(first, end), until.clamp(first, end)) } else { (from, until) }
            }
        };
        let step = step_of(from, until);
        if is_too_wide(from, until) {
            let reason = format!("gives more than {MOST_STRETCHES} bars over this range; take a longer one or a shorter range");
            return Ok(Err(FieldError::new("bucket", reason)));
        }
        let bars = log_histogram::histogram(view, selection, step).await?;
        let buckets = bars.into_iter().map(|(start, counts)| Bar { start, counts }).collect();
        Ok(Ok(Histogram { bucket: step, zone: self.zone.name.clone(), from, until, buckets }))
    }
}
