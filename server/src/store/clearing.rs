//! Rows that may be cleared: of schedules that are not running, and of schedules that were removed.

use std::collections::{BTreeSet, HashSet};

use app::model::{Scope, Timestamp};

use super::chain::{self, ChainRow, Head};
use super::scope::push_scope;
use super::{Database, Selection, Sql, StoreError, Transaction};
use crate::chain::{ORIGIN, seal};
use crate::clearing::ClearingCounts;

/// Keeps everyone else from appending until the transaction ends.
pub async fn lock(tx: &mut Transaction) -> Result<Head, StoreError> {
    tx.execute(Sql::new("update log_head set last_id = last_id where singleton = 1")).await?;
    chain::head(tx).await
}

const RUNNING: &str = "l.schedule_id in (select schedule_id from run where state in (1, 2, 3, 7))";

/// What there is of it up to an id.
pub async fn count(tx: &mut Transaction, scope: &Scope, last: i64) -> Result<ClearingCounts, StoreError> {
    let mut sql = Sql::new("select cast(coalesce(sum(case when ");
    sql.push(RUNNING).push(" then 0 else 1 end), 0) as bigint) as deleted, cast(coalesce(sum(case when ").push(RUNNING);
    sql.push(" then 1 else 0 end), 0) as bigint) as kept, cast(coalesce(sum(case when p.deleted_at is not null and not (").push(RUNNING);
    sql.push(") then 1 else 0 end), 0) as bigint) as orphans from log_entry l left join schedule p on p.id = l.schedule_id ");
    sql.push("where l.schedule_id is not null and l.id <= ").push_bind(last);
    push_scope(&mut sql, scope, "l.server_id");
    let row = tx.fetch_one(sql).await?;
    Ok(ClearingCounts { deleted: row.int("deleted")?, orphans: row.int("orphans")?, kept: row.int("kept")? })
}

/// The schedules that were removed.
pub async fn removed_schedules(tx: &mut Transaction) -> Result<HashSet<i64>, StoreError> {
    let rows = tx.fetch_all(Sql::new("select id from schedule where deleted_at is not null")).await?;
    rows.iter().map(|row| row.int("id")).collect()
}

/// Which rows go.
#[derive(Debug, Clone)]
pub enum Doomed {
    /// Of schedules that are not running, in a viewer's scope, with ids up to `last`.
    Backups { scope: Scope, last: i64 },
    /// Written before this moment, with ids up to `last`. Rows that tell of a clearing stay: they vouch for what is gone.
    Old { before: Timestamp, last: i64 },
}

/// The next rows that go.
pub async fn rows_to_clear(tx: &mut Transaction, doomed: &Doomed, after: i64) -> Result<Vec<ChainRow>, StoreError> {
    let mut sql = Sql::new(chain::CONTENT);
    match doomed {
        Doomed::Backups { scope, last } => {
            sql.push(" and l.schedule_id is not null and not (").push(RUNNING).push(") and l.id <= ").push_bind(*last);
            push_scope(&mut sql, scope, "l.server_id");
        }
        Doomed::Old { before, last } => {
            sql.push(" and l.at < ").push_bind(*before).push(" and l.id <= ").push_bind(*last);
            sql.push(" and not exists (select 1 from cleared_row c where c.tombstone = l.id)");
        }
    }
    chain::page_of(tx, sql, after, chain::PAGE).await
}

/// The highest id that an indexed row from before a moment can have.
pub async fn last_before(tx: &mut Transaction, before: Timestamp) -> Result<Option<i64>, StoreError> {
    let sql = Sql::new("select max(last_id) as last_id from log_day where start_at < $1").bind(before);
    tx.fetch_one(sql).await?.get("last_id")
}

/// Keeps what the chain needs of rows that go.
pub async fn keep_leaves(tx: &mut Transaction, rows: &[ChainRow], tombstone: i64) -> Result<(), StoreError> {
    let mut sql = Sql::new("insert into cleared_row (id, leaf, tombstone, server_id, seal) values ");
    for (n, row) in rows.iter().enumerate() {
        sql.push(if n == 0 { "(" } else { ", (" });
        let server_id = row.facts.and_then(|facts| facts.server_id);
        // Of the hash that was stored with the row: if the row is not what was written, its seal will tell.
        let seal = seal(&row.hash.unwrap_or(ORIGIN), row.id, server_id, tombstone);
        sql.push_bind(row.id).push(", ").push_bind(row.leaf.to_vec()).push(", ").push_bind(tombstone);
        sql.push(", ").push_bind(server_id).push(", ").push_bind(seal.to_vec()).push(")");
    }
    tx.execute(sql).await?;
    Ok(())
}

/// Removes the rows whose hashes were kept.
pub async fn remove(tx: &mut Transaction, tombstone: i64) -> Result<u64, StoreError> {
    tx.execute(Sql::new("delete from log_entry where id in (select id from cleared_row where tombstone = $1)").bind(tombstone)).await
}

/// Up to which id a row tells of a clearing, and of which servers, where it does.
pub async fn told_by(database: &Database, id: i64) -> Result<Option<(i64, BTreeSet<Option<i64>>)>, StoreError> {
    let sql = Sql::new("select server_id, max(id) as up_to from cleared_row where tombstone = $1 group by server_id").bind(id);
    let rows = database.fetch_all(sql).await?;
    let servers = rows.iter().map(|row| row.get("server_id")).collect::<Result<_, _>>()?;
    let up_to: Option<i64> = rows.iter().map(|row| row.int("up_to")).collect::<Result<Vec<_>, _>>()?.into_iter().max();
    Ok(up_to.map(|up_to| (up_to, servers)))
}

/// Whether clearings after a row took rows of a scope up to it, so that who has seen them shows what is gone.
pub async fn reached_back(tx: &mut Transaction, scope: &Scope, id: i64) -> Result<bool, StoreError> {
    let mut sql = Sql::new("select id from cleared_row where tombstone > ");
    sql.push_bind(id).push(" and id <= ").push_bind(id);
    push_scope(&mut sql, scope, "server_id");
    sql.push(" limit 1");
    Ok(tx.fetch_optional(sql).await?.is_some())
}

/// Rows that were there and are not, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub from: i64,
    pub to: i64,
}

/// Where rows of a viewer's servers were cleared among these rows, which are all that a selection has after an id and up to another.
/// What kind of rows they were is not known any more.
pub async fn gaps(tx: &mut Transaction, selection: Selection<'_>, after: i64, up_to: i64, rows: &[i64]) -> Result<Vec<Gap>, StoreError> {
    let mut gaps = Vec::new();
    let mut after = after;
    while let Some(from) = cleared(tx, "min", selection, after, up_to).await? {
        let next = rows.iter().copied().find(|row| *row > from);
        let to = cleared(tx, "max", selection, from, next.unwrap_or(up_to)).await?.unwrap_or(from);
        gaps.push(Gap { from, to });
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    Ok(gaps)
}

/// The first or last id of a cleared row after an id and up to another.
async fn cleared(
    tx: &mut Transaction,
    which: &'static str,
    selection: Selection<'_>,
    after: i64,
    up_to: i64,
) -> Result<Option<i64>, StoreError> {
    let mut sql = Sql::new("select ");
    sql.push(which).push("(id) as id from cleared_row where id > ").push_bind(after).push(" and id <= ").push_bind(up_to);
    push_scope(&mut sql, selection.scope, "server_id");
    if !selection.filter.server.is_empty() {
        sql.push(" and server_id in (").push_list(selection.filter.server.iter().copied()).push(")");
    }
    tx.fetch_one(sql).await?.get("id")
}
