//! The page's URL: the filter and page of rows it shows, and the row whose message is open. Pure.

use crate::model::{LogFilter, LogQuery, TimeBound, parse_pairs};

/// The query string of `/logs`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsAddress {
    /// Everything but `entry`, as [`LogQuery`] reads it.
    query: String,
    entry: Option<i64>,
}

impl LogsAddress {
    pub fn parse(search: &str) -> Self {
        let (entry, rest): (Vec<_>, Vec<_>) = parse_pairs(search).into_iter().partition(|(key, _)| key == "entry");
        let rest: Vec<_> = rest.into_iter().filter(|(key, _)| key != "said").collect();
        // An `entry` that is no number is an entry that does not exist.
        let entry = entry.last().map(|(_, value)| value.parse().unwrap_or(-1));
        Self { query: print(&rest), entry }
    }

    /// The query string without the open row.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The row whose message is open.
    pub fn entry(&self) -> Option<i64> {
        self.entry
    }

    /// The filter, or an empty one while the URL has a mistake in it.
    pub(super) fn filter(&self) -> LogFilter {
        self.parsed().map(|parsed| parsed.filter).unwrap_or_default()
    }

    /// Whether the page begins further back than the newest row.
    pub(super) fn is_paged(&self) -> bool {
        self.parsed().is_some_and(|parsed| parsed.before.is_some() || parsed.after.is_some())
    }

    fn parsed(&self) -> Option<LogQuery> {
        LogQuery::parse(&self.query).ok()
    }

    /// What the URL says for this parameter, the last time it says it.
    pub(super) fn given(&self, key: &str) -> Option<String> {
        parse_pairs(&self.query).into_iter().rfind(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The page without the open row.
    pub(super) fn href(&self) -> String {
        href(&self.query)
    }

    /// The page with this row's message open.
    pub(super) fn entry_href(&self, id: i64) -> String {
        let separator = if self.query.is_empty() { "" } else { "&" };
        format!("/logs?{}{separator}entry={id}", self.query)
    }

    /// The page of rows older than this one.
    pub(super) fn before_href(&self, before: i64) -> String {
        let mut pairs = self.pairs_without(&["before"]);
        pairs.push(("before".to_owned(), before.to_string()));
        href(&print(&pairs))
    }

    /// The newest rows of the same filter.
    pub(super) fn newest_href(&self) -> String {
        href(&print(&self.pairs_without(&["before", "after"])))
    }

    /// The same page with every row counted, however long that takes.
    pub(super) fn counted_href(&self) -> String {
        let mut pairs = self.pairs_without(&["count"]);
        pairs.push(("count".to_owned(), "exact".to_owned()));
        href(&print(&pairs))
    }

    /// The same filter from this moment on, and with no end.
    pub(super) fn since_href(&self, from: TimeBound) -> String {
        let mut pairs = self.pairs_without(&["before", "after", "from", "to"]);
        pairs.insert(0, ("from".to_owned(), from.to_string()));
        href(&print(&pairs))
    }

    /// The same filter between two moments.
    pub(super) fn between_href(&self, from: TimeBound, to: TimeBound) -> String {
        let mut pairs = self.pairs_without(&["before", "after", "from", "to"]);
        pairs.splice(0..0, [("from".to_owned(), from.to_string()), ("to".to_owned(), to.to_string())]);
        href(&print(&pairs))
    }

    /// Every row around this one, newest first, with it open.
    pub(super) fn around_href(id: i64, above: i64) -> String {
        format!("/logs?before={}&entry={id}", id + above)
    }

    /// A file of what the filter gives.
    pub(super) fn export_href(&self, format: &str) -> String {
        let mut pairs = self.pairs_without(&["before", "after", "limit", "count"]);
        pairs.insert(0, ("format".to_owned(), format.to_owned()));
        format!("/api/v1/logs/export?{}", print(&pairs))
    }

    /// What a saved view keeps.
    pub(super) fn filter_query(&self) -> String {
        print(&self.pairs_without(&["before", "after", "limit", "count"]))
    }

    /// The same filter without this parameter.
    pub(super) fn without_href(&self, key: &str) -> String {
        href(&print(&self.pairs_without(&["before", "after", key])))
    }

    fn pairs_without(&self, keys: &[&str]) -> Vec<(String, String)> {
        let mut pairs = parse_pairs(&self.query);
        pairs.retain(|(key, value)| !keys.contains(&key.as_str()) && !value.is_empty());
        pairs
    }
}

fn href(query: &str) -> String {
    if query.is_empty() { "/logs".to_owned() } else { format!("/logs?{query}") }
}

fn print(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_row_is_no_part_of_the_query() {
        let address = LogsAddress::parse("status=error&status=warning&entry=12&before=90");
        assert_eq!(address.query(), "status=error&status=warning&before=90");
        assert_eq!(address.entry(), Some(12));
        assert_eq!(address.entry_href(13), "/logs?status=error&status=warning&before=90&entry=13");
        assert_eq!(address.href(), "/logs?status=error&status=warning&before=90");
        assert_eq!(LogsAddress::parse("entry=x").entry(), Some(-1));
        assert_eq!(LogsAddress::parse("").entry_href(1), "/logs?entry=1");
    }

    #[test]
    fn paging_keeps_the_filter() {
        let address = LogsAddress::parse("status=error&before=90&from=");
        assert!(address.is_paged());
        assert_eq!(address.before_href(40), "/logs?status=error&before=40");
        assert_eq!(address.newest_href(), "/logs?status=error");
        assert_eq!(LogsAddress::parse("before=90").newest_href(), "/logs");
    }

    #[test]
    fn a_quick_range_replaces_both_ends() {
        let address = LogsAddress::parse("from=2026-01-01&to=2026-01-02&server=3&before=9");
        assert_eq!(address.since_href("2026-11-22".parse().unwrap()), "/logs?from=2026-11-22&server=3");
        assert_eq!(address.without_href("server"), "/logs?from=2026-01-01&to=2026-01-02");
    }
}
