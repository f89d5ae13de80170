//! The chain of hashes as it is stored: rows with all that is proved of them, what stays of cleared ones, the head.

use app::model::Timestamp;

use super::log_index::Facts;
use super::{Database, Row, Sql, StoreError, Transaction};
use crate::chain::{Content, Hash, ORIGIN, link};

/// Rows that are read at a time: a few megabytes at most, since few rows have long details.
pub const PAGE: i64 = 1000;

/// A row as it is proved.
pub struct ChainRow {
    pub id: i64,
    /// `None` for a row that cannot be read.
    pub facts: Option<Facts>,
    /// Computed from what is stored now.
    pub leaf: Hash,
    /// As it was stored with the row.
    pub hash: Option<Hash>,
    /// The row's detail, where it is a tombstone or may be.
    pub detail: Option<Vec<u8>>,
}

/// What stays of a row that was cleared.
pub struct ClearedRow {
    pub id: i64,
    /// `None` where it cannot be read.
    pub kept: Option<Kept>,
}

/// What is kept of it.
pub struct Kept {
    pub leaf: Hash,
    pub tombstone: i64,
    pub server_id: Option<i64>,
    /// `None` where it was cleared before there were seals.
    pub seal: Option<Hash>,
}

/// One page of the chain: rows and what stays of cleared ones, by id.
pub struct ChainPage {
    pub rows: Vec<ChainRow>,
    pub cleared: Vec<ClearedRow>,
    /// The highest id up to which the page is complete.
    pub up_to: i64,
}

/// The last id and hash that were given.
pub struct Head {
    pub last_id: i64,
    pub last_hash: Hash,
}

const HEAD: &str = "select last_id, last_hash from log_head where singleton = 1";

pub async fn head(tx: &mut Transaction) -> Result<Head, StoreError> {
    head_of(&tx.fetch_one(Sql::new(HEAD)).await?)
}

fn head_of(row: &Row) -> Result<Head, StoreError> {
    Ok(Head { last_id: row.int("last_id")?, last_hash: optional_hash(row, "last_hash")?.unwrap_or(ORIGIN) })
}

/// At most this many of the next rows after an id, and what was cleared between them, as of one moment. No head, if it cannot be read.
pub async fn page(database: &Database, after: i64, most: i64) -> Result<(ChainPage, Option<Head>), StoreError> {
    let mut tx = database.snapshot().await?;
    let head = tx.fetch_optional(Sql::new(HEAD)).await?.and_then(|row| head_of(&row).ok());
    let rows = page_of(&mut tx, Sql::new(CONTENT), after, most).await?;
    let full = rows.len() == usize::try_from(most).unwrap_or(usize::MAX);
    let sql =
        Sql::new("select id, leaf, tombstone, server_id, seal from cleared_row where id > $1 order by id limit $2").bind(after).bind(most);
    let cleared: Vec<_> = tx.fetch_all(sql).await?.iter().map(cleared_row).collect::<Result<_, _>>()?;
    let cleared_full = cleared.len() == usize::try_from(most).unwrap_or(usize::MAX);
    let ends = [rows.last().filter(|_| full).map(|row| row.id), cleared.last().filter(|_| cleared_full).map(|row| row.id)];
    let up_to = ends.into_iter().flatten().min().unwrap_or(i64::MAX);
    Ok((ChainPage { rows, cleared, up_to }, head))
}

/// Everything of rows that is proved.
pub(super) const CONTENT: &str = "select l.id, l.at, l.status, l.source_type, l.server_id, l.schedule_id, l.run_id, l.point, \
     l.duration_s, l.message, l.detail, l.exit_code, l.year, l.month, l.day, l.hash from log_entry l where 1 = 1";

/// The next rows of a statement that begins with [`CONTENT`].
pub(super) async fn page_of(tx: &mut Transaction, mut sql: Sql, after: i64, most: i64) -> Result<Vec<ChainRow>, StoreError> {
    sql.push(" and l.id > ").push_bind(after).push(" order by l.id limit ").push_bind(most);
    // A row that cannot even be read is not what was written.
    let unreadable = |row: &Row| Ok(ChainRow { id: row.int("id")?, facts: None, leaf: ORIGIN, hash: None, detail: None });
    tx.fetch_all(sql).await?.iter().map(|row| chain_row(row).or_else(|_| unreadable(row))).collect()
}

fn chain_row(row: &Row) -> Result<ChainRow, StoreError> {
    let (run_id, point, message): (Option<String>, Option<String>, String) = (row.get("run_id")?, row.get("point")?, row.text("message")?);
    let detail: Option<Vec<u8>> = row.get("detail")?;
    let content = Content {
        id: row.int("id")?,
        at: row.int("at")?,
        status: row.int("status")?,
        source_type: row.int("source_type")?,
        server_id: row.get("server_id")?,
        schedule_id: row.get("schedule_id")?,
        run_id: run_id.as_deref(),
        point: point.as_deref(),
        duration_s: row.get("duration_s")?,
        message: &message,
        detail: detail.as_deref(),
        exit_code: row.get("exit_code")?,
        year: row.int("year")?,
        month: row.int("month")?,
        day: row.int("day")?,
    };
    let is_system = content.source_type == app::model::SourceType::System as i64;
    let facts = Facts {
        id: content.id,
        at: Timestamp::from_millis(content.at),
        status: content.status,
        source_type: content.source_type,
        server_id: content.server_id,
        schedule_id: content.schedule_id,
    };
    Ok(ChainRow {
        id: content.id,
        facts: Some(facts),
        leaf: content.leaf(),
        hash: optional_hash(row, "hash")?,
        detail: detail.filter(|_| is_system),
    })
}

fn cleared_row(row: &Row) -> Result<ClearedRow, StoreError> {
    Ok(ClearedRow { id: row.int("id")?, kept: kept(row).ok().flatten() })
}

fn kept(row: &Row) -> Result<Option<Kept>, StoreError> {
    let Some(leaf) = optional_hash(row, "leaf")? else { return Ok(None) };
    let (tombstone, server_id, seal) = (row.int("tombstone")?, row.get("server_id")?, optional_hash(row, "seal")?);
    Ok(Some(Kept { leaf, tombstone, server_id, seal }))
}

/// A hash that is stored, if one is; one of another length was not written by Tailback.
pub(super) fn optional_hash(row: &Row, column: &'static str) -> Result<Option<Hash>, StoreError> {
    let Some(bytes) = row.get::<Option<Vec<u8>>>(column)? else { return Ok(None) };
    Ok(Some(Hash::try_from(bytes.as_slice()).unwrap_or([0xff; 32])))
}

/// What a tombstone vouches for: the rows that were cleared with it, in the order of their ids.
pub async fn cleared_by(database: &Database, tombstone: i64, after: i64) -> Result<Vec<ClearedRow>, StoreError> {
    let sql =
        Sql::new("select id, leaf, tombstone, server_id, seal from cleared_row where tombstone = $1 and id > $2 order by id limit $3")
            .bind(tombstone)
            .bind(after)
            .bind(PAGE);
    database.fetch_all(sql).await?.iter().map(cleared_row).collect()
}

/// What is outside the chain: an id that was never given.
pub async fn stray(database: &Database) -> Result<Option<i64>, StoreError> {
    let mut tx = database.snapshot().await?;
    for sql in [
        "select id from log_entry where id < 1 order by id limit 1",
        "select id from cleared_row where id < 1 order by id limit 1",
        "select id from log_entry where id > (select last_id from log_head) order by id limit 1",
        "select id from cleared_row where id > (select last_id from log_head) order by id limit 1",
    ] {
        if let Some(row) = tx.fetch_optional(Sql::new(sql)).await? {
            return row.int("id").map(Some);
        }
    }
    Ok(None)
}

/// Chains rows that were written before there was a chain, when a database from that time is opened; nobody else can append meanwhile.
pub(super) async fn chain_old_rows(database: &Database) -> Result<(), StoreError> {
    let mut tx = database.begin().await?;
    let sql = Sql::new("update log_head set last_id = last_id where singleton = 1 and last_id > 0 and last_hash is null returning last_id");
    if tx.fetch_optional(sql).await?.is_none() {
        return Ok(());
    }
    let (mut last, mut after) = (ORIGIN, 0);
    loop {
        let rows = page_of(&mut tx, Sql::new(CONTENT), after, PAGE).await?;
        let Some(end) = rows.last().map(|row| row.id) else { break };
        for row in rows {
            last = link(&last, &row.leaf);
            tx.execute(Sql::new("update log_entry set hash = $1 where id = $2").bind(last.to_vec()).bind(row.id)).await?;
        }
        after = end;
    }
    tx.execute(Sql::new("update log_head set last_hash = $1 where singleton = 1").bind(last.to_vec())).await?;
    tx.commit().await
}
