//! The page's URL: the filter and page of rows it shows, or the row whose neighbours it shows, and the row whose message is open. Pure.

use crate::model::{LogFilter, LogQuery, TimeBound, parse_pairs};

/// The query string of `/logs`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsAddress {
    /// What narrows the rows, as [`LogQuery`] reads it. Nothing does around a row.
    query: String,
    entry: Option<i64>,
    around: Option<Around>,
}

/// A row and all that was written before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Around {
    id: i64,
    /// The query of the page that one came from.
    back: String,
}

impl LogsAddress {
    pub fn parse(search: &str) -> Self {
        let mut rest = parse_pairs(search);
        rest.retain(|(key, _)| key != "said");
        let entries: Vec<_> = rest.extract_if(.., |(key, _)| key == "entry").collect();
        let around: Vec<_> = rest.extract_if(.., |(key, value)| key == "around" && LogQuery::parse_id(value).is_ok()).collect();
        keep_last(&mut rest, "from");
        keep_last(&mut rest, "to");
        // An `entry` that is no number is an entry that does not exist.
        let entry = entries.last().map(|(_, value)| value.parse().unwrap_or(-1));
        let query = print(&rest);
        match around.last().and_then(|(_, value)| value.parse().ok()) {
            Some(id) => Self { query: String::new(), entry, around: Some(Around { id, back: query }) },
            None => Self { query, entry, around: None },
        }
    }

    /// The query string without the open row.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The row whose message is open.
    pub fn entry(&self) -> Option<i64> {
        self.entry
    }

    /// The row whose neighbours are shown, whatever they are.
    pub fn around(&self) -> Option<i64> {
        self.around.as_ref().map(|around| around.id)
    }

    /// The filter; of one with a mistake in it, what can be read.
    pub fn filter(&self) -> LogFilter {
        self.read().filter
    }

    /// Whether the page begins further back than the newest row.
    pub(super) fn is_paged(&self) -> bool {
        let read = self.read();
        read.before.is_some() || read.after.is_some()
    }

    fn read(&self) -> LogQuery {
        LogQuery::read(&self.query).0
    }

    /// What the URL says for this parameter, the last time it says it.
    pub fn given(&self, key: &str) -> Option<String> {
        parse_pairs(&self.query).into_iter().rfind(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The page without the open row.
    pub(super) fn href(&self) -> String {
        href(&self.here())
    }

    /// The page with this row's message open.
    pub(super) fn entry_href(&self, id: i64) -> String {
        let here = uncounted(&self.here());
        let separator = if here.is_empty() { "" } else { "&" };
        format!("/logs?{here}{separator}entry={id}")
    }

    /// The query string without the open row.
    fn here(&self) -> String {
        match &self.around {
            Some(Around { id, back }) => around_query(back, *id),
            None => self.query.clone(),
        }
    }

    /// The rows before and after this one, with no filter and a way back here.
    pub(super) fn around_href(&self, id: i64) -> String {
        let back = uncounted(self.around.as_ref().map_or(&self.query, |around| &around.back));
        // Where the browser scrolls to.
        format!("{}#{}", href(&around_query(&back, id)), Self::anchor(id))
    }

    /// What the row is called in the page of its neighbours.
    pub(super) fn anchor(id: i64) -> String {
        format!("row-{id}")
    }

    /// From the rows around one back to those that were shown before.
    pub(super) fn back_href(&self) -> String {
        href(self.around.as_ref().map_or(&self.query, |around| &around.back))
    }

    /// The page of rows older than this one.
    pub(super) fn before_href(&self, before: i64) -> String {
        let mut pairs = self.pairs_without(&["before", "count"]);
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

    /// A file of what the filter gives.
    pub(super) fn export_href(&self, format: &str) -> String {
        let mut pairs = self.pairs_without(&["before", "after", "limit", "count"]);
        pairs.insert(0, ("format".to_owned(), format.to_owned()));
        format!("/api/v1/logs/export?{}", print(&pairs))
    }

    /// What a saved view keeps: the same text for the same filter, however its form was sent.
    pub(super) fn filter_query(&self) -> String {
        self.filter().to_query()
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

/// Without any query the page would open with the view that its reader has chosen for that.
fn href(query: &str) -> String {
    format!("/logs?{}", if query.is_empty() { "status=" } else { query })
}

fn around_query(back: &str, id: i64) -> String {
    let separator = if back.is_empty() { "" } else { "&" };
    format!("{back}{separator}around={id}")
}

/// Counting every row was asked for once, and takes its time: a link to one row or to older ones does not ask for it again.
fn uncounted(query: &str) -> String {
    let mut pairs = parse_pairs(query);
    pairs.retain(|(key, _)| key != "count");
    print(&pairs)
}

/// A form sends the moment that is in force and the day that was chosen over it.
fn keep_last(pairs: &mut Vec<(String, String)>, key: &str) {
    if let Some(last) = pairs.iter().rposition(|(name, value)| name == key && !value.is_empty()) {
        let mut place = 0..;
        pairs.retain(|(name, _)| place.next() == Some(last) || name != key);
    }
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
    }

    #[test]
    fn what_means_everything_does_not_open_the_first_view() {
        assert_eq!(LogsAddress::parse("before=90").newest_href(), "/logs?status=");
        assert_eq!(LogsAddress::parse("entry=9").href(), "/logs?status=");
        assert_eq!(LogsAddress::parse("from=2026-11-22T02:00:00Z").without_href("from"), "/logs?status=");
    }

    #[test]
    fn a_day_takes_the_place_of_the_moment_it_was_chosen_over() {
        let moment = "2026-11-22T02%3A00%3A00Z";
        for (sent, kept) in [
            (format!("q=x&from={moment}&from=2026-11-20&to="), "q=x&from=2026-11-20&to=".to_owned()),
            (format!("from={moment}&from=&status=error"), format!("from={moment}&status=error")),
            ("from=&to=".to_owned(), "from=&to=".to_owned()),
        ] {
            assert_eq!(LogsAddress::parse(&sent).query(), kept, "{sent}");
        }
    }

    #[test]
    fn around_a_row_there_is_no_filter_and_a_way_back() {
        let from = LogsAddress::parse("status=error&before=90&entry=7");
        assert_eq!(from.around_href(7), "/logs?status=error&before=90&around=7#row-7");
        let address = LogsAddress::parse("status=error&before=90&around=7");
        assert_eq!((address.around(), address.query(), address.filter()), (Some(7), "", LogFilter::default()));
        assert_eq!(address.back_href(), "/logs?status=error&before=90");
        assert_eq!(address.entry_href(8), "/logs?status=error&before=90&around=7&entry=8");
        assert_eq!(address.around_href(8), "/logs?status=error&before=90&around=8#row-8");
        assert_eq!(address.before_href(3), "/logs?before=3");
        assert_eq!(LogsAddress::parse("entry=7").around_href(7), "/logs?around=7#row-7");
        assert_eq!(LogsAddress::parse("around=7").back_href(), "/logs?status=");
        assert_eq!(LogsAddress::parse("around=x").around(), None);
    }

    #[test]
    fn every_row_is_counted_once_and_not_for_each_link_from_there() {
        let address = LogsAddress::parse("status=error&count=exact");
        assert_eq!(address.entry_href(7), "/logs?status=error&entry=7");
        assert_eq!(address.before_href(40), "/logs?status=error&before=40");
        assert_eq!(address.around_href(7), "/logs?status=error&around=7#row-7");
        assert_eq!(LogsAddress::parse("count=exact&around=7").entry_href(8), "/logs?around=7&entry=8");
        assert_eq!(address.href(), "/logs?status=error&count=exact");
    }

    #[test]
    fn a_filter_is_the_same_however_its_form_was_sent() {
        let sent = LogsAddress::parse("q=disk&status=error&status=warning&from=2026-01-01&to=&limit=5");
        assert_eq!(sent.filter_query(), "from=2026-01-01&status=error%2Cwarning&q=disk");
    }

    #[test]
    fn a_quick_range_replaces_both_ends() {
        let address = LogsAddress::parse("from=2026-01-01&to=2026-01-02&server=3&before=9");
        assert_eq!(address.since_href("2026-11-22".parse().unwrap()), "/logs?from=2026-11-22&server=3");
        assert_eq!(address.without_href("server"), "/logs?from=2026-01-01&to=2026-01-02");
    }
}
