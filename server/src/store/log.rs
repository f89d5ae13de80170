//! Rows of the audit trail: appended by `audit` alone; one row, and the head. Pages of rows are `log_pages`'s.

use app::model::{LogEntry, LogStatus, RunId, Scope, SourceType, Timestamp, Zone};
use tokio::join;

use super::chain::optional_hash;
use super::engine::Dialect;
use super::trail_view::TrailView;
use super::{Database, Sql, StoreError, Transaction, log_pages};
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

/// Sixteen values a row; SQLite takes 32,766 in a statement, PostgreSQL 65,535.
const ROWS_PER_INSERT: usize = 256;

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
    let dialect = tx.dialect();
    let mut chunks = entries.chunks(ROWS_PER_INSERT).zip((first..).step_by(ROWS_PER_INSERT));
    let mut next = || chunks.next().map(|(chunk, id)| insertion(dialect, chunk, id, zone, &mut last_hash));
    let mut insert = next();
    while let Some(sql) = insert {
        // The next statement is put together while the database works on this one.
        let (inserted, following) = join!(tx.execute(sql), async { next() });
        inserted?;
        insert = following;
    }
    tx.execute(Sql::new("update log_head set last_hash = $1 where singleton = 1").bind(last_hash.to_vec())).await?;
    Ok(Some(first))
}

/// Inserts rows that follow a hash, which becomes that of the last of them.
fn insertion(dialect: Dialect, entries: &[NewLogEntry], first: i64, zone: &Zone, last_hash: &mut Hash) -> Sql {
    let mut sql = Sql::new(match dialect {
        // A statement that fails ends the transaction, so SQLite need not be able to take back this one alone.
        Dialect::Sqlite => "insert or fail",
        Dialect::Postgres => "insert",
    });
    sql.push(
        " into log_entry (id, at, status, source_type, server_id, schedule_id, run_id, point, duration_s, message, detail, \
         exit_code, year, month, day, hash) values ",
    );
    for (n, (entry, id)) in entries.iter().zip(first..).enumerate() {
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
        *last_hash = link(last_hash, &content.leaf());
        sql.push(if n == 0 { "(" } else { ", (" });
        sql.push_bind(id).push(", ").push_bind(entry.at).push(", ").push_bind(entry.status);
        sql.push(", ").push_bind(entry.source_type).push(", ").push_bind(entry.server_id).push(", ").push_bind(entry.schedule_id);
        sql.push(", ").push_bind(run_id).push(", ").push_bind(entry.point.clone());
        sql.push(", ").push_bind(entry.duration_s).push(", ").push_bind(entry.message.as_str());
        sql.push(", ").push_bind(entry.detail.clone()).push(", ").push_bind(entry.exit_code);
        sql.push(", ").push_bind(year).push(", ").push_bind(month).push(", ").push_bind(day);
        sql.push(", ").push_bind(last_hash.to_vec()).push(")");
    }
    sql
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
    if id < 1 {
        return Ok(None);
    }
    let mut view = TrailView::open(database).await?;
    let Some(entry) = log_pages::one(&mut view, scope, id).await? else { return Ok(None) };
    let rest = view.tx.fetch_one(Sql::new("select detail, exit_code from log_entry where id = $1").bind(id)).await?;
    Ok(Some(StoredDetail { entry, detail: rest.get("detail")?, exit_code: rest.salvaged_int("exit_code") }))
}
