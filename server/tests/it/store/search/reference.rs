//! The rows as they were made, before any database had them, and a plain look at each: what every way of reading has to give.
//! Nothing here asks the panel's own filter, zone or words.

use std::sync::LazyLock;

use app::model::{LogFilter, Scope, TimeBound, Timestamp};
use chrono::DateTime;
use chrono_tz::Tz;
use regex::Regex;
use server::store::log::NewLogEntry;

use super::drawn::PLACES;

/// What the panel should have of its trail.
#[derive(Default)]
pub struct Reference {
    rows: Vec<(i64, NewLogEntry)>,
    last_id: i64,
}

impl Reference {
    /// Takes rows in the order in which they are appended, which gives them their ids.
    pub fn append(&mut self, rows: &[NewLogEntry]) {
        for row in rows {
            self.last_id += 1;
            self.rows.push((self.last_id, row.clone()));
        }
    }

    pub fn last_id(&self) -> i64 {
        self.last_id
    }

    /// Forgets rows, and gives their ids.
    pub fn clear(&mut self, goes: impl Fn(&NewLogEntry) -> bool) -> Vec<i64> {
        self.rows.extract_if(.., |(_, row)| goes(row)).map(|(id, _)| id).collect()
    }

    /// The rows that pass, in the order of their ids.
    pub fn rows(&self, scope: &Scope, filter: &LogFilter, zone: Tz) -> Vec<&(i64, NewLogEntry)> {
        self.rows.iter().filter(|(_, row)| is_in_scope(row, scope) && passes(row, filter, zone)).collect()
    }
}

/// What a clock on the wall shows.
pub fn local(at: Timestamp, zone: Tz) -> DateTime<Tz> {
    DateTime::from_timestamp_millis(at.millis()).unwrap().with_timezone(&zone)
}

fn is_in_scope(row: &NewLogEntry, scope: &Scope) -> bool {
    match scope {
        Scope::All => true,
        Scope::Servers(ids) => row.server_id.is_some_and(|id| ids.contains(&id)),
    }
}

fn passes(row: &NewLogEntry, filter: &LogFilter, zone: Tz) -> bool {
    let (region, account) = row.server_id.map_or((None, None), |id| PLACES[usize::try_from(id - 1).unwrap()]);
    let begins = match filter.from {
        None => true,
        Some(TimeBound::Day(day)) => local(row.at, zone).date_naive() >= day,
        Some(TimeBound::Moment(at)) => row.at >= at,
    };
    let ends = match filter.to {
        None => true,
        Some(TimeBound::Day(day)) => local(row.at, zone).date_naive() <= day,
        Some(TimeBound::Moment(at)) => row.at <= at,
    };
    begins
        && ends
        && is_one_of(Some(&row.status), &filter.status)
        && is_one_of(Some(&row.source_type), &filter.source_type)
        && is_one_of(row.server_id.as_ref(), &filter.server)
        && is_one_of(row.schedule_id.as_ref(), &filter.schedule)
        && is_one_of(region, &filter.region.iter().map(String::as_str).collect::<Vec<_>>())
        && is_one_of(account, &filter.account.iter().map(String::as_str).collect::<Vec<_>>())
        && (filter.run.is_none() || filter.run == row.run_id)
        && has_words(&row.message, &filter.q.to_string())
}

/// Whether something is among what is asked for, if that is anything.
fn is_one_of<T: PartialEq + ?Sized>(found: Option<&T>, asked: &[impl std::borrow::Borrow<T>]) -> bool {
    asked.is_empty() || found.is_some_and(|found| asked.iter().any(|one| one.borrow() == found))
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Whether a message has what is written for it: `word`, `"a phrase"`, `begin*`, and none of what has a `-` before it.
fn has_words(message: &str, written: &str) -> bool {
    static TERM: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(-?)(?:"([^"]*)"|([^ "*]+))(\*?)"#).unwrap());
    let message = words(message);
    TERM.captures_iter(written).all(|term| {
        let wanted = words(term.get(2).or_else(|| term.get(3)).unwrap().as_str());
        let (last, before) = wanted.split_last().unwrap();
        let is_there = message.windows(wanted.len()).any(|place| {
            let (end, begin) = place.split_last().unwrap();
            begin == before && if &term[4] == "*" { end.starts_with(last) } else { end == last }
        });
        is_there != (&term[1] == "-")
    })
}

#[test]
fn the_plain_look_takes_words_as_they_are_documented() {
    let message = "No space left on /srv/www: rsync 23";
    for written in ["", "SPACE left", "\"left on\"", "-disk", "-\"on left\"", "sp*", "\"no sp\"*", "srv/www", "/srv/www", "-ww left"] {
        assert!(has_words(message, written), "{written}");
    }
    for written in ["disk", "space -left", "\"on left\"", "spac", "-sp*", "www/srv", "ww", "no* 2"] {
        assert!(!has_words(message, written), "{written}");
    }
}
