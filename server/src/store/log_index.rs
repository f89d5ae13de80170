//! What makes the trail quick to search, made from its rows a moment after they were committed: how many there are of each kind in
//! each day and month, and their words. Whoever reads takes rows beyond the marks as they are, so no answer is ever stale.

use std::collections::HashMap;

use app::model::{Timestamp, Zone};
use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;
use tokio::join;

use super::index_audit::Key;
use super::packed::{Salvage, fetch_packed_or_salvage, packed};
use super::{Database, Row, Sql, StoreError, Transaction, log_words};

/// Rows that are indexed in one transaction: less than a tenth of a second, for which whoever appends waits.
const BATCH: i64 = 4000;

/// Eight values a row of the summary.
const SUMMARY_ROWS: usize = 256;

/// How far the trail is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexMarks {
    pub counted_to: i64,
    pub words_to: i64,
    /// The zone whose days are counted.
    pub zone: String,
    /// The highest id there is.
    pub head: i64,
}

/// A row as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub id: i64,
    pub at: Timestamp,
    pub status: i64,
    pub source_type: i64,
    pub server_id: Option<i64>,
    pub schedule_id: Option<i64>,
}

/// A row that is to be indexed, as it is packed: a list, in this order.
#[derive(Deserialize)]
struct Unindexed {
    id: i64,
    at: i64,
    status: i64,
    source_type: i64,
    server_id: Option<i64>,
    schedule_id: Option<i64>,
    message: String,
}

impl Salvage for Unindexed {
    fn salvage(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int("id")?,
            at: row.salvaged_int("at").unwrap_or_default(),
            status: row.salvaged_int("status").unwrap_or_default(),
            source_type: row.salvaged_int("source_type").unwrap_or_default(),
            server_id: row.salvaged_int("server_id"),
            schedule_id: row.salvaged_int("schedule_id"),
            message: row.salvaged_text("message").unwrap_or_default(),
        })
    }
}

/// What rows are counted under. The fewer headings an answer is added up from, the sooner it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i64)]
pub(super) enum Level {
    /// All rows, by the type of source.
    AllByType = 0,
    /// Those of a server, by the type of source.
    ServerByType = 1,
    /// Those of a schedule, which has servers and types of its own.
    Schedule = 2,
    /// All rows, of whatever type.
    All = 3,
    /// Those of a server, of whatever type.
    Server = 4,
}

/// How many rows are counted under which heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Heading {
    level: Level,
    span: i64,
    schedule_id: i64,
    server_id: i64,
    bucket: i64,
    status: i64,
    source_type: i64,
}

impl Heading {
    /// In the order of the summary's key.
    fn key(&self) -> Key {
        [self.level as i64, self.span, self.schedule_id, self.server_id, self.bucket, self.status, self.source_type]
    }
}

/// Spans of the summary.
pub(super) const DAY: i64 = 0;
pub(super) const MONTH: i64 = 1;

/// Days are numbered from 1970-01-01.
pub(super) fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - i64::from(NaiveDate::default().num_days_from_ce())
}

/// A day that there cannot be, which only a damaged database names, is the last one there is.
pub(super) fn date_of(day: i64) -> NaiveDate {
    let date = chrono::Duration::try_days(day).and_then(|days| NaiveDate::default().checked_add_signed(days));
    date.filter(|date| (1..=9999).contains(&date.year())).or(NaiveDate::from_ymd_opt(9999, 12, 31)).unwrap_or_default()
}

/// The first day of its month.
pub(super) fn month_of(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

pub(super) async fn marks(tx: &mut Transaction) -> Result<IndexMarks, StoreError> {
    let sql = Sql::new("select i.counted_to, i.words_to, i.zone, h.last_id from log_index i cross join log_head h");
    let row = tx.fetch_one(sql.with_one_plan()).await?;
    let (counted_to, words_to) = (row.int("counted_to")?, row.int("words_to")?);
    Ok(IndexMarks { counted_to, words_to, zone: row.text("zone")?, head: row.int("last_id")? })
}

/// Indexes the next rows; false once there are none. Days are counted anew when the panel's zone has changed.
pub async fn index_batch(database: &Database, zone: &Zone) -> Result<bool, StoreError> {
    let mut tx = database.begin().await?;
    lock(&mut tx).await?;
    let mut marks = marks(&mut tx).await?;
    if marks.zone != zone.name {
        tx.execute(Sql::new("delete from log_summary")).await?;
        tx.execute(Sql::new("delete from log_day")).await?;
        database.known_days().forget();
        marks = IndexMarks { counted_to: 0, zone: zone.name.clone(), ..marks };
    }
    let sql =
        Sql::new("select id, at, status, source_type, server_id, schedule_id, message from log_entry where id > $1 order by id limit $2")
            .bind(marks.counted_to.min(marks.words_to))
            .bind(BATCH);
    let head = packed!(tx.dialect(), "id, at, status, source_type, server_id, schedule_id, message");
    let rows: Vec<Unindexed> = fetch_packed_or_salvage(&mut tx, head, sql).await?;
    let is_end = rows.is_empty();
    let (mut counts, mut words) = (Counts::default(), Vec::new());
    for Unindexed { id, at, status, source_type, server_id, schedule_id, message } in rows {
        if id > marks.counted_to {
            let at = Timestamp::from_millis(at);
            counts.add(&Facts { id, at, status, source_type, server_id, schedule_id }, zone.local(at).date(), 1);
            marks.counted_to = id;
        }
        if id > marks.words_to {
            words.push((id, message));
            marks.words_to = id;
        }
    }
    // Words are cut while the database counts.
    let dialect = tx.dialect();
    let (counted, insertion) = join!(counts.write(&mut tx, zone), async { log_words::insertion(dialect, &words) });
    counted?;
    tx.execute(insertion).await?;
    let sql = Sql::new("update log_index set counted_to = $1, words_to = $2, zone = $3 where singleton = 1");
    tx.execute(sql.bind(marks.counted_to).bind(marks.words_to).bind(marks.zone)).await?;
    tx.commit().await?;
    Ok(!is_end)
}

/// Has everything counted anew if the levels of the summary do not agree: a panel of an earlier build, that did not know of all of them,
/// may have gone on beside the one that made them.
pub async fn check(database: &Database) -> Result<(), StoreError> {
    let mut tx = database.begin().await?;
    lock(&mut tx).await?;
    let sql =
        Sql::new("select level, cast(sum(n) as bigint) as n from log_summary where level in ($1, $2, $3, $4) and span = $5 group by level")
            .bind(Level::AllByType as i64)
            .bind(Level::ServerByType as i64)
            .bind(Level::All as i64)
            .bind(Level::Server as i64)
            .bind(MONTH);
    let rows = tx.fetch_all(sql).await?;
    let rows: HashMap<i64, i64> = rows.iter().map(|row| Ok((row.int("level")?, row.int("n")?))).collect::<Result<_, StoreError>>()?;
    let are_equal = |a: Level, b: Level| rows.get(&(a as i64)) == rows.get(&(b as i64));
    if !are_equal(Level::AllByType, Level::All) || !are_equal(Level::ServerByType, Level::Server) {
        tracing::warn!("the summary of the trail does not agree with itself: counting anew");
        // As if in another zone.
        tx.execute(Sql::new("update log_index set zone = '' where singleton = 1")).await?;
    }
    tx.commit().await
}

/// One indexes at a time, and nobody while rows are cleared.
pub(super) async fn lock(tx: &mut Transaction) -> Result<(), StoreError> {
    tx.execute(Sql::new("update log_index set words_to = words_to where singleton = 1")).await?;
    Ok(())
}

/// What the index forgets of rows that are about to be removed.
pub struct Forgetting {
    marks: IndexMarks,
    days: Vec<(i64, Timestamp, Timestamp)>,
    counts: Counts,
}

impl Forgetting {
    /// Keeps everyone else from indexing until the transaction ends.
    pub async fn begin(tx: &mut Transaction) -> Result<Self, StoreError> {
        lock(tx).await?;
        let marks = marks(tx).await?;
        let days = tx.fetch_all(Sql::new("select day, start_at, end_at from log_day order by start_at")).await?;
        let days = days.iter().map(|row| Ok((row.int("day")?, row.time("start_at")?, row.time("end_at")?)));
        Ok(Self { marks, days: days.collect::<Result<_, StoreError>>()?, counts: Counts::default() })
    }

    pub fn add(&mut self, facts: &Facts) {
        let place = self.days.partition_point(|(_, _, end)| *end <= facts.at);
        let day = self.days.get(place).filter(|(_, start, _)| *start <= facts.at);
        if let (Some((day, ..)), true) = (day, facts.id <= self.marks.counted_to) {
            self.counts.add(facts, date_of(*day), -1);
        }
    }

    /// `tombstone` names the rows, whose hashes are kept and which are still there.
    pub async fn finish(mut self, tx: &mut Transaction, tombstone: i64) -> Result<(), StoreError> {
        self.counts.days.clear();
        self.counts.write(tx, &Zone::utc()).await?;
        tx.execute(Sql::new("delete from log_summary where n <= 0")).await?;
        log_words::remove(tx, tombstone, self.marks.words_to).await
    }
}

#[derive(Default)]
pub(super) struct Counts {
    by_heading: HashMap<Heading, i64>,
    /// First and last id of each day.
    days: HashMap<NaiveDate, (i64, i64)>,
}

impl Counts {
    /// First and last id of each day.
    pub(super) fn days(&self) -> &HashMap<NaiveDate, (i64, i64)> {
        &self.days
    }

    /// The counts as they are stored.
    pub(super) fn by_key(self) -> HashMap<Key, i64> {
        self.by_heading.into_iter().map(|(heading, n)| (heading.key(), n)).collect()
    }

    pub(super) fn add(&mut self, facts: &Facts, date: NaiveDate, n: i64) {
        let Facts { id, status, source_type, .. } = *facts;
        let ids = self.days.entry(date).or_insert((id, id));
        *ids = (ids.0.min(id), ids.1.max(id));
        let (server_id, schedule_id) = (facts.server_id.unwrap_or(0), facts.schedule_id.unwrap_or(0));
        for (span, date) in [(DAY, date), (MONTH, month_of(date))] {
            let bucket = day_number(date);
            let by_type = Heading { level: Level::AllByType, span, schedule_id: 0, server_id: 0, bucket, status, source_type };
            let all = Heading { level: Level::All, source_type: 0, ..by_type };
            let of_server = facts.server_id.map(|_| Heading { level: Level::Server, server_id, ..all });
            let of_server_by_type = facts.server_id.map(|_| Heading { level: Level::ServerByType, server_id, ..by_type });
            let of_schedule = facts.schedule_id.map(|_| Heading { level: Level::Schedule, server_id, schedule_id, ..by_type });
            for heading in [Some(all), Some(by_type), of_server, of_server_by_type, of_schedule].into_iter().flatten() {
                *self.by_heading.entry(heading).or_default() += n;
            }
        }
    }

    async fn write(self, tx: &mut Transaction, zone: &Zone) -> Result<(), StoreError> {
        let mut headings: Vec<_> = self.by_heading.into_iter().collect();
        // In the order of the key, which is how they are stored.
        headings.sort_unstable_by_key(|(heading, _)| heading.key());
        for chunk in headings.chunks(SUMMARY_ROWS) {
            let mut sql = Sql::new("insert into log_summary (level, span, schedule_id, server_id, bucket, status, source_type, n) values ");
            for (n, (heading, count)) in chunk.iter().enumerate() {
                sql.push(if n == 0 { "(" } else { ", (" });
                sql.push_list(heading.key().into_iter().chain([*count])).push(")");
            }
            sql.push(
                " on conflict (level, span, schedule_id, server_id, bucket, status, source_type) do update set n = log_summary.n + excluded.n",
            );
            tx.execute(sql).await?;
        }
        for (date, (first, last)) in self.days {
            let (start, end) =
                (zone.start_of_day(date), date.succ_opt().map_or(Timestamp::from_millis(i64::MAX), |next| zone.start_of_day(next)));
            let sql = Sql::new(
                "insert into log_day (day, start_at, end_at, first_id, last_id) values ($1, $2, $3, $4, $5) on conflict (day) do update set \
                 first_id = case when excluded.first_id < log_day.first_id then excluded.first_id else log_day.first_id end, \
                 last_id = case when excluded.last_id > log_day.last_id then excluded.last_id else log_day.last_id end",
            );
            tx.execute(sql.bind(day_number(date)).bind(start).bind(end).bind(first).bind(last)).await?;
        }
        Ok(())
    }
}
