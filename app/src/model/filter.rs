//! Which rows of the trail someone wants: parsed from a query string, printed back into one, and matched against a row.

use std::fmt::Display;
use std::str::FromStr;

use super::{FieldError, LogEntry, LogStatus, Place, RunId, SourceType, TimeBound, Timestamp, WordQuery, Zone};

/// A filter over the trail. An empty list filters nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Inclusive.
    pub from: Option<TimeBound>,
    /// Inclusive; a day counts to its last millisecond.
    pub to: Option<TimeBound>,
    pub status: Vec<LogStatus>,
    pub source_type: Vec<SourceType>,
    pub server: Vec<i64>,
    pub schedule: Vec<i64>,
    /// Where the row's server is.
    pub region: Vec<String>,
    /// Whose the row's server is.
    pub account: Vec<String>,
    pub run: Option<RunId>,
    /// Words of the message.
    pub q: WordQuery,
}

/// A filter and the keyset page of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    pub filter: LogFilter,
    /// Only rows with smaller ids.
    pub before: Option<i64>,
    /// Only rows with greater ids.
    pub after: Option<i64>,
    /// 1 to 500.
    pub limit: u32,
    /// All rows are counted, however many there are.
    pub counts_all: bool,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self { filter: LogFilter::default(), before: None, after: None, limit: Self::DEFAULT_LIMIT, counts_all: false }
    }
}

impl LogQuery {
    pub const DEFAULT_LIMIT: u32 = 100;
    pub const MAX_LIMIT: u32 = 500;

    /// Reads a query string. Every bad or unknown parameter is reported, not only the first.
    pub fn parse(query: &str) -> Result<Self, Vec<FieldError>> {
        let (read, problems) = Self::read(query);
        if problems.is_empty() { Ok(read) } else { Err(problems) }
    }

    /// What of a query string can be read, and what is wrong with the rest.
    pub fn read(query: &str) -> (Self, Vec<FieldError>) {
        let (mut before, mut after, mut rows, mut counts_all) = (None, None, Self::DEFAULT_LIMIT, false);
        let (filter, problems) = LogFilter::read_beside(query, |key, value| {
            Some(match key {
                "before" => Self::parse_id(value).map(|id| before = Some(id)),
                "after" => Self::parse_id(value).map(|id| after = Some(id)),
                "limit" => limit(value).map(|limit| rows = limit),
                "count" if value == "exact" => {
                    counts_all = true;
                    Ok(())
                }
                "count" => Err("expected exact".to_owned()),
                _ => return None,
            })
        });
        (Self { filter, before, after, limit: rows, counts_all }, problems)
    }

    /// Reads the id of a row.
    pub fn parse_id(value: &str) -> Result<i64, String> {
        value.parse().ok().filter(|id| *id >= 0).ok_or_else(|| "expected the id of a row".to_owned())
    }
}

impl LogFilter {
    /// The parameters a filter understands.
    pub const KEYS: [&'static str; 10] = ["from", "to", "status", "type", "server", "schedule", "region", "account", "run", "q"];

    /// Those that may be given several times.
    const LISTS: [&'static str; 6] = ["status", "type", "server", "schedule", "region", "account"];

    /// Reads a query string that has other parameters besides: `other` takes those it knows.
    pub fn parse_beside(query: &str, other: impl FnMut(&str, &str) -> Option<Result<(), String>>) -> Result<Self, Vec<FieldError>> {
        let (filter, problems) = Self::read_beside(query, other);
        if problems.is_empty() { Ok(filter) } else { Err(problems) }
    }

    fn read_beside(query: &str, mut other: impl FnMut(&str, &str) -> Option<Result<(), String>>) -> (Self, Vec<FieldError>) {
        let mut filter = Self::default();
        let mut problems = Vec::new();
        let mut once = Vec::new();
        for (key, value) in parse_pairs(query) {
            if value.is_empty() && Self::KEYS.contains(&key.as_str()) {
                continue; // A form sends its empty fields too.
            }
            if !Self::LISTS.contains(&key.as_str()) {
                if once.contains(&key) {
                    problems.push(FieldError::new(&key, "is given twice"));
                    continue;
                }
                once.push(key.clone());
            }
            let outcome = other(&key, &value).unwrap_or_else(|| filter.set(&key, &value));
            problems.extend(outcome.err().map(|reason| FieldError::new(&key, reason)));
        }
        problems.extend(filter.range_problem());
        (filter, problems)
    }

    /// Prints the query string that parses back to this filter; empty for no filter.
    pub fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut put = |key, value: String| {
            if !value.is_empty() {
                query.append_pair(key, &value);
            }
        };
        put("from", self.from.map(|bound| bound.to_string()).unwrap_or_default());
        put("to", self.to.map(|bound| bound.to_string()).unwrap_or_default());
        put("status", join(&self.status));
        put("type", join(&self.source_type));
        put("server", join(&self.server));
        put("schedule", join(&self.schedule));
        put("region", listed_names(&self.region));
        put("account", listed_names(&self.account));
        put("run", self.run.as_ref().map(RunId::to_string).unwrap_or_default());
        put("q", self.q.to_string());
        query.finish()
    }

    /// How many of its parameters are in use.
    pub fn active_count(&self) -> usize {
        parse_pairs(&self.to_query()).len()
    }

    /// First moment and first moment after the range, on the panel's clock.
    pub fn range(&self, zone: &Zone) -> (Option<Timestamp>, Option<Timestamp>) {
        let from = self.from.map(|bound| match bound {
            TimeBound::Day(day) => zone.start_of_day(day),
            TimeBound::Moment(at) => at,
        });
        let until = self.to.map(|bound| match bound {
            TimeBound::Day(day) => day.succ_opt().map_or(Timestamp(i64::MAX), |next| zone.start_of_day(next)),
            TimeBound::Moment(at) => at.plus_millis(1),
        });
        (from, until)
    }

    /// Whether a row passes, whose server is at `place`; the same answer as the database gives.
    pub fn matches(&self, entry: &LogEntry, place: &Place, zone: &Zone) -> bool {
        let (from, until) = self.range(zone);
        let one_of =
            |ids: &[i64], named: &Option<super::Named>| ids.is_empty() || named.as_ref().is_some_and(|named| ids.contains(&named.id));
        let at_one_of =
            |names: &[String], name: &Option<String>| names.is_empty() || name.as_ref().is_some_and(|name| names.contains(name));
        from.is_none_or(|from| entry.at >= from)
            && until.is_none_or(|until| entry.at < until)
            && (self.status.is_empty() || self.status.contains(&entry.status))
            && (self.source_type.is_empty() || self.source_type.contains(&entry.source_type))
            && one_of(&self.server, &entry.server)
            && one_of(&self.schedule, &entry.schedule)
            && at_one_of(&self.region, &place.region)
            && at_one_of(&self.account, &place.account)
            && self.run.as_ref().is_none_or(|run| entry.run_id.as_ref() == Some(run))
            && self.q.matches(&entry.message)
    }

    /// Takes one parameter; the error says what was expected.
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "from" => self.from = Some(value.parse().map_err(str::to_owned)?),
            "to" => self.to = Some(value.parse().map_err(str::to_owned)?),
            "status" => {
                extend(
                    &mut self.status,
                    value,
                    "a status: started, completed, warning, error, stopped, running, connection, info, missed",
                )?;
            }
            "type" => extend(&mut self.source_type, value, "a type: FILES, MYSQL, ORACLE, MSSQL, HANA, VM, NAS, OSS, OTHER, SYSTEM")?,
            "server" => extend(&mut self.server, value, "the id of a server")?,
            "schedule" => extend(&mut self.schedule, value, "the id of a schedule")?,
            "region" => extend_names(&mut self.region, value, "the name of a region")?,
            "account" => extend_names(&mut self.account, value, "the name of an account")?,
            "q" => self.q = value.parse()?,
            "run" => self.run = Some(value.parse().map_err(|error: super::run::NotARunId| error.to_string())?),
            _ => return Err("unknown parameter".to_owned()),
        }
        Ok(())
    }

    fn range_problem(&self) -> Option<FieldError> {
        // Where a day begins only the panel's zone knows; no zone is further from UTC than this.
        const FURTHEST: i64 = 14 * 3_600_000;
        let (Some(from), Some(until)) = self.range(&Zone::utc()) else { return None };
        let backwards = match (self.from, self.to) {
            (Some(TimeBound::Moment(_)), Some(TimeBound::Day(_))) => from >= until.plus_millis(FURTHEST),
            (Some(TimeBound::Day(_)), Some(TimeBound::Moment(_))) => from.plus_millis(-FURTHEST) >= until,
            _ => from >= until,
        };
        backwards.then(|| FieldError::new("to", "is before the beginning of the range"))
    }
}

/// The decoded pairs of a query string, in order.
pub fn parse_pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), value.trim().to_owned())).collect()
}

fn extend<T: FromStr + PartialEq>(list: &mut Vec<T>, value: &str, expected: &str) -> Result<(), String> {
    if value.chars().any(char::is_control) || value.chars().all(|c| c == ',' || c.is_whitespace()) {
        return Err(format!("expected {expected}"));
    }
    for word in value.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let item = word.parse().map_err(|_| format!("{word:?} is not {expected}"))?;
        if !list.contains(&item) {
            list.push(item);
        }
    }
    Ok(())
}

/// Names may have commas in them: `\,` is one, and `\\` a backslash.
fn extend_names(list: &mut Vec<String>, value: &str, expected: &str) -> Result<(), String> {
    if value.chars().any(char::is_control) {
        return Err(format!("expected {expected}"));
    }
    let mut names = vec![String::new()];
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let name = names.last_mut().unwrap_or_else(|| unreachable!("there is always a last one"));
        match c {
            '\\' => name.extend(chars.next()),
            ',' => names.push(String::new()),
            other => name.push(other),
        }
    }
    let names: Vec<_> = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(format!("expected {expected}"));
    }
    for name in names {
        if !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    }
    Ok(())
}

/// A name as it stands in such a list.
pub fn listed_name(name: &str) -> String {
    name.replace('\\', "\\\\").replace(',', "\\,")
}

/// Names as a list that parses back to them.
pub fn listed_names(names: &[String]) -> String {
    names.iter().map(|name| listed_name(name)).collect::<Vec<_>>().join(",")
}

fn join<T: Display>(list: &[T]) -> String {
    list.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

fn limit(value: &str) -> Result<u32, String> {
    value
        .parse()
        .ok()
        .filter(|limit| (1..=LogQuery::MAX_LIMIT).contains(limit))
        .ok_or_else(|| format!("expected 1 to {}", LogQuery::MAX_LIMIT))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;
    use strum::VariantArray;

    use super::*;

    fn bounds() -> impl Strategy<Value = Option<TimeBound>> {
        prop_oneof![
            Just(None),
            (0_i64..20_000)
                .prop_map(|days| NaiveDate::from_ymd_opt(1970, 1, 2).map(|day| TimeBound::Day(day + chrono::Duration::days(days)))),
            (0_i64..4_000_000_000_000).prop_map(|millis| Some(TimeBound::Moment(Timestamp(millis)))),
        ]
    }

    fn filters() -> impl Strategy<Value = LogFilter> {
        let statuses = proptest::sample::subsequence(LogStatus::VARIANTS, 0..4);
        let types = proptest::sample::subsequence(SourceType::VARIANTS, 0..4);
        (bounds(), statuses, types, proptest::collection::btree_set(0_i64..99, 0..3), any::<bool>()).prop_map(
            |(from, status, source_type, servers, run)| LogFilter {
                from,
                to: None,
                status: status.clone(),
                source_type,
                server: servers.into_iter().collect(),
                schedule: vec![],
                region: if run { vec!["eu, west".to_owned(), "us east".to_owned(), "\\,".to_owned()] } else { vec![] },
                account: vec![],
                run: run.then(|| "01KAMZ3V7S9B3J1Q6Y1C2D3E4F".parse().unwrap()),
                q: if run { "-rsync \"disk full\"".parse().unwrap() } else { WordQuery::default() },
            },
        )
    }

    proptest! {
        #[test]
        fn a_filter_survives_its_query_string(filter in filters()) {
            let parsed = LogQuery::parse(&filter.to_query());
            prop_assert_eq!(parsed, Ok(LogQuery { filter, ..LogQuery::default() }));
        }
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let problems = LogQuery::parse("from=yesterday&status=error,bad&limit=501&colour=red&before=-1").unwrap_err();
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["from", "status", "limit", "colour", "before"]);
    }

    #[test]
    fn what_can_be_read_is_read_beside_what_cannot() {
        let (read, problems) = LogQuery::read("status=error,bad&server=3&from=2026-11-22&to=2026-11-21&q=--&before=x&limit=5");
        assert_eq!(read.filter.to_query(), "from=2026-11-22&to=2026-11-21&status=error&server=3");
        assert_eq!((read.before, read.limit), (None, 5));
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["status", "q", "before", "to"]);
    }

    #[test]
    fn lists_that_name_nothing_or_cannot_be_are_refused() {
        for query in ["server=,", "region=,", "region=%00eu", "status=%20,%20", "server=1%0a2"] {
            assert!(LogQuery::parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn empty_form_fields_filter_nothing() {
        assert_eq!(LogQuery::parse("from=&to=&status="), Ok(LogQuery::default()));
    }

    #[test]
    fn the_to_day_is_whole() {
        let filter = LogQuery::parse("from=2026-11-22&to=2026-11-22").unwrap().filter;
        let (from, until) = filter.range(&Zone::utc());
        assert_eq!(until.unwrap().millis_since(from.unwrap()), 86_400_000);
    }

    #[test]
    fn a_range_must_not_run_backwards() {
        let problems = LogQuery::parse("from=2026-11-22&to=2026-11-21").unwrap_err();
        assert_eq!(problems, [FieldError::new("to", "is before the beginning of the range")]);
        for query in ["from=2018-12-01T00:00:00Z&to=2018-11-01", "from=2018-12-01&to=2018-11-01T00:00:00Z"] {
            assert_eq!(LogQuery::parse(query).unwrap_err(), problems, "{query}");
        }
        assert!(LogQuery::parse("from=2018-12-01T13:00:00Z&to=2018-11-30").is_ok(), "that day may still go on somewhere");
    }

    #[test]
    fn what_has_one_value_is_given_once() {
        let problems = LogQuery::parse("q=disk&q=full&limit=1&limit=2&status=error&status=warning&from=&from=2026-11-22").unwrap_err();
        assert_eq!(problems, [FieldError::new("q", "is given twice"), FieldError::new("limit", "is given twice")]);
    }
}
