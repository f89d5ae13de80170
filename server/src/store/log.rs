//! Rows of the audit trail: appended by `audit` alone, read by everyone in their scope.

use app::model::{LogEntry, LogFilter, LogStatus, Named, RunId, Scope, SourceType, Timestamp, Zone};

use super::chain::optional_hash;
use super::scope::push_scope;
use super::{Database, Row, Sql, StoreError, Transaction};
use crate::chain::{Content, Hash, ORIGIN, link};

/// A row about to be appended: already cleaned, without an id.
#[derive(Debug, Clone)]
pub struct NewLogEntry {
    pub at: Timestamp,
    pub status: LogStatus,
    pub source_type: SourceType,
    pub server_id: Option<i64>,
    pub schedule_id: Option<i64>,
    pub run_id: Option<RunId>,
    pub point: Option<String>,
    pub duration_s: Option<i64>,
    pub message: String,
    /// Compressed.
    pub detail: Option<Vec<u8>>,
    pub exit_code: Option<i64>,
}

/// Sixteen values a row and PostgreSQL's 65,535 (SQLite's 32,766) values a statement.
const ROWS_PER_INSERT: usize = 512;

/// Takes the next `count` ids and returns the first, with the hash of the row before it. The head row stays locked until the
/// transaction ends, so ids become visible in the order in which they were taken, on both engines, and a rolled-back transaction leaves
/// no hole.
async fn take_ids(tx: &mut Transaction, count: usize) -> Result<(i64, Hash), StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql = Sql::new("update log_head set last_id = last_id + $1 where singleton = 1 returning last_id, last_hash").bind(count);
    let row = tx.fetch_one(sql).await?;
    Ok((row.int("last_id")? - count + 1, optional_hash(&row, "last_hash")?.unwrap_or(ORIGIN)))
}

/// Appends rows in order; they get consecutive ids, the first of which is returned.
pub async fn append(tx: &mut Transaction, entries: &[NewLogEntry], zone: &Zone) -> Result<Option<i64>, StoreError> {
    if entries.is_empty() {
        return Ok(None);
    }
    let (first, mut last_hash) = take_ids(tx, entries.len()).await?;
    for (chunk, id) in entries.chunks(ROWS_PER_INSERT).zip((first..).step_by(ROWS_PER_INSERT)) {
        let mut sql = Sql::new(
            "insert into log_entry (id, at, status, source_type, server_id, schedule_id, run_id, point, duration_s, message, detail, \
             exit_code, year, month, day, hash) values ",
        );
        for (n, (entry, id)) in chunk.iter().zip(id..).enumerate() {
            let local = zone.local(entry.at);
            let (year, month, day) = (i64::from(local.year()), i64::from(local.month()), i64::from(local.day()));
            let run_id = entry.run_id.as_ref().map(RunId::to_string);
            let content = Content {
                id,
                at: entry.at.millis(),
                status: entry.status as i64,
                source_type: entry.source_type as i64,
                server_id: entry.server_id,
                schedule_id: entry.schedule_id,
                run_id: run_id.as_deref(),
                point: entry.point.as_deref(),
                duration_s: entry.duration_s,
                message: &entry.message,
                detail: entry.detail.as_deref(),
                exit_code: entry.exit_code,
                year,
                month,
                day,
            };
            last_hash = link(&last_hash, &content.leaf());
            sql.push(if n == 0 { "(" } else { ", (" });
            sql.push_bind(id).push(", ").push_bind(entry.at).push(", ").push_bind(entry.status);
            sql.push(", ").push_bind(entry.source_type).push(", ").push_bind(entry.server_id).push(", ").push_bind(entry.schedule_id);
            sql.push(", ").push_bind(run_id).push(", ").push_bind(entry.point.clone());
            sql.push(", ").push_bind(entry.duration_s).push(", ").push_bind(entry.message.as_str());
            sql.push(", ").push_bind(entry.detail.clone()).push(", ").push_bind(entry.exit_code);
            sql.push(", ").push_bind(year).push(", ").push_bind(month).push(", ").push_bind(day);
            sql.push(", ").push_bind(last_hash.to_vec()).push(")");
        }
        tx.execute(sql).await?;
    }
    tx.execute(Sql::new("update log_head set last_hash = $1 where singleton = 1").bind(last_hash.to_vec())).await?;
    Ok(Some(first))
}

const ENTRY_COLUMNS: &str = "select l.id, l.at, l.status, l.source_type, l.server_id, s.name as server_name, l.schedule_id, \
     p.name as schedule_name, l.run_id, l.point, l.duration_s, l.message, cast(case when l.detail is null then 0 else 1 end as bigint) as has_detail, \
     l.year, l.month, l.day from log_entry l left join server s on s.id = l.server_id left join schedule p on p.id = l.schedule_id \
     where 1 = 1";

/// Rows newest first, with ids below `before` and above `after`.
pub async fn newest(
    tx: &mut Transaction,
    scope: &Scope,
    filter: &LogFilter,
    zone: &Zone,
    before: Option<i64>,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<LogEntry>, StoreError> {
    let mut sql = Sql::new(ENTRY_COLUMNS);
    push_filter(&mut sql, scope, filter, zone);
    if let Some(before) = before {
        sql.push(" and l.id < ").push_bind(before);
    }
    if let Some(after) = after {
        sql.push(" and l.id > ").push_bind(after);
    }
    sql.push(" order by l.id desc limit ").push_bind(i64::from(limit));
    tx.fetch_all(sql).await?.iter().map(entry).collect()
}

/// Rows oldest first, with ids above `after`: what a stream that fell behind still has to see.
pub async fn following(
    database: &Database,
    scope: &Scope,
    filter: &LogFilter,
    zone: &Zone,
    after: i64,
    limit: u32,
) -> Result<Vec<LogEntry>, StoreError> {
    let mut sql = Sql::new(ENTRY_COLUMNS);
    push_filter(&mut sql, scope, filter, zone);
    sql.push(" and l.id > ").push_bind(after).push(" order by l.id limit ").push_bind(i64::from(limit));
    database.fetch_all(sql).await?.iter().map(entry).collect()
}

/// How many rows pass.
pub async fn count(tx: &mut Transaction, scope: &Scope, filter: &LogFilter, zone: &Zone) -> Result<i64, StoreError> {
    let mut sql = Sql::new("select count(*) as n from log_entry l where 1 = 1");
    push_filter(&mut sql, scope, filter, zone);
    tx.fetch_one(sql).await?.int("n")
}

/// The highest id that was ever given and committed.
pub async fn head(database: &Database) -> Result<i64, StoreError> {
    let row = database.fetch_optional(Sql::new("select last_id from log_head where singleton = 1")).await?;
    row.map_or(Ok(0), |row| row.int("last_id"))
}

/// The same within a transaction.
pub async fn head_in(tx: &mut Transaction) -> Result<i64, StoreError> {
    tx.fetch_one(Sql::new("select last_id from log_head where singleton = 1")).await?.int("last_id")
}

/// A row with its detail still compressed.
pub struct StoredDetail {
    pub entry: LogEntry,
    pub detail: Option<Vec<u8>>,
    pub exit_code: Option<i64>,
}

/// One row in the viewer's scope.
pub async fn find(database: &Database, scope: &Scope, id: i64) -> Result<Option<StoredDetail>, StoreError> {
    let mut tx = database.snapshot().await?;
    let mut sql = Sql::new(ENTRY_COLUMNS);
    push_scope(&mut sql, scope, "l.server_id");
    sql.push(" and l.id = ").push_bind(id);
    let Some(row) = tx.fetch_optional(sql).await? else { return Ok(None) };
    let rest = tx.fetch_one(Sql::new("select detail, exit_code from log_entry where id = $1").bind(id)).await?;
    Ok(Some(StoredDetail { entry: entry(&row)?, detail: rest.get("detail")?, exit_code: rest.get("exit_code")? }))
}

fn push_filter(sql: &mut Sql, scope: &Scope, filter: &LogFilter, zone: &Zone) {
    push_scope(sql, scope, "l.server_id");
    let (from, until) = filter.range(zone);
    if let Some(from) = from {
        sql.push(" and l.at >= ").push_bind(from);
    }
    if let Some(until) = until {
        sql.push(" and l.at < ").push_bind(until);
    }
    if !filter.status.is_empty() {
        sql.push(" and l.status in (").push_list(filter.status.iter().copied()).push(")");
    }
    if !filter.source_type.is_empty() {
        sql.push(" and l.source_type in (").push_list(filter.source_type.iter().copied()).push(")");
    }
    if !filter.server.is_empty() {
        sql.push(" and l.server_id in (").push_list(filter.server.iter().copied()).push(")");
    }
    if !filter.schedule.is_empty() {
        sql.push(" and l.schedule_id in (").push_list(filter.schedule.iter().copied()).push(")");
    }
    if let Some(run) = &filter.run {
        sql.push(" and l.run_id = ").push_bind(run);
    }
}

fn entry(row: &Row) -> Result<LogEntry, StoreError> {
    Ok(LogEntry {
        id: row.int("id")?,
        at: row.time("at")?,
        status: row.numbered("status", LogStatus::from_repr)?,
        source_type: row.numbered("source_type", SourceType::from_repr)?,
        server: named(row, "server_id", "server_name")?,
        schedule: named(row, "schedule_id", "schedule_name")?,
        run_id: row.optional_parsed("run_id")?,
        point: row.get("point")?,
        duration_s: row.get("duration_s")?,
        message: row.get("message")?,
        has_detail: row.flag("has_detail")?,
        year: row.small("year")?,
        month: row.small("month")?,
        day: row.small("day")?,
    })
}

fn named(row: &Row, id: &str, name: &str) -> Result<Option<Named>, StoreError> {
    let (id, name): (Option<i64>, Option<String>) = (row.get(id)?, row.get(name)?);
    // Names of removed servers and schedules are kept; an id without a name can only come from a damaged database.
    Ok(id.map(|id| Named { id, name: name.unwrap_or_else(|| format!("#{id}")) }))
}
