//! Which rows of the trail a statement is about: the viewer's scope and a filter, as conditions on `log_entry l`.

use app::model::{LogFilter, LogStatus, Scope, SourceType, Timestamp, Zone};

use super::Sql;
use super::scope::push_scope;

/// A filter in a viewer's scope, on the panel's clock.
#[derive(Clone, Copy)]
pub struct Selection<'q> {
    pub scope: &'q Scope,
    pub filter: &'q LogFilter,
    pub zone: &'q Zone,
}

impl Selection<'_> {
    /// First moment and first moment after the range.
    pub(super) fn range(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        self.filter.range(self.zone)
    }

    /// The same, from before all time to after it where the range has no end.
    pub(super) fn moments(&self) -> (Timestamp, Timestamp) {
        let (from, until) = self.range();
        (from.unwrap_or(Timestamp::from_millis(i64::MIN)), until.unwrap_or(Timestamp::from_millis(i64::MAX)))
    }

    /// Adds everything but the words.
    pub(super) fn push(&self, sql: &mut Sql) {
        self.push_range(sql);
        self.push_rest(sql);
    }

    /// Adds when a row was written.
    pub(super) fn push_range(&self, sql: &mut Sql) {
        let (from, until) = self.range();
        if let Some(from) = from {
            sql.push(" and l.at >= ").push_bind(from);
        }
        if let Some(until) = until {
            sql.push(" and l.at < ").push_bind(until);
        }
    }

    /// Adds everything but when a row was written and the words.
    pub(super) fn push_rest(&self, sql: &mut Sql) {
        self.push_kinds(sql, "l.status", "l.source_type");
        self.push_servers(sql, "l.server_id");
        self.push_schedules(sql, "l.schedule_id");
        if let Some(run) = &self.filter.run {
            sql.push(" and l.run_id = ").push_bind(run);
        }
    }

    pub(super) fn push_kinds(&self, sql: &mut Sql, status: &'static str, source_type: &'static str) {
        if !self.filter.status.is_empty() {
            sql.push(" and ").push(status).push(" in (").push_list::<LogStatus>(self.filter.status.iter().copied()).push(")");
        }
        if !self.filter.source_type.is_empty() {
            sql.push(" and ").push(source_type).push(" in (").push_list::<SourceType>(self.filter.source_type.iter().copied()).push(")");
        }
    }

    pub(super) fn push_servers(&self, sql: &mut Sql, column: &'static str) {
        push_scope(sql, self.scope, column);
        if !self.filter.server.is_empty() {
            sql.push(" and ").push(column).push(" in (").push_list(self.filter.server.iter().copied()).push(")");
        }
        for (names, of) in [(&self.filter.region, "region"), (&self.filter.account, "account")] {
            if !names.is_empty() {
                sql.push(" and ").push(column).push(" in (select id from server where ").push(of).push(" in (");
                sql.push_list(names.iter().map(String::as_str)).push("))");
            }
        }
    }

    pub(super) fn push_schedules(&self, sql: &mut Sql, column: &'static str) {
        if !self.filter.schedule.is_empty() {
            sql.push(" and ").push(column).push(" in (").push_list(self.filter.schedule.iter().copied()).push(")");
        }
    }

    /// Whether only some servers' rows pass.
    pub(super) fn narrows_servers(&self) -> bool {
        let LogFilter { server, region, account, .. } = self.filter;
        *self.scope != Scope::All || !(server.is_empty() && region.is_empty() && account.is_empty())
    }

    /// Whether of the rows of the range the message alone decides.
    pub(super) fn asks_for_words_alone(&self) -> bool {
        let LogFilter { from, to, q, .. } = self.filter;
        *self.scope == Scope::All && *self.filter == LogFilter { from: *from, to: *to, q: q.clone(), ..LogFilter::default() }
    }

    /// Whether the summary knows enough to count it.
    pub(super) fn is_summarised(&self) -> bool {
        self.filter.run.is_none() && self.filter.q.is_empty()
    }
}
