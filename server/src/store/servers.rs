//! Servers and what is known of the way to them.

use app::model::{HostKey, Link, LinkState, Scope, Server, ServerDraft, Timestamp};

use super::scope::push_scope;
use super::{Database, Row, Sql, StoreError, Transaction};

const COLUMNS: &str = "select s.id, s.name, s.host, s.port, s.username, s.region, s.account, s.host_key, s.link_state, s.link_since, \
     s.link_checked_at, s.link_error, s.clock_skew_s from server s where s.deleted_at is null";

/// Every server in scope, by name.
pub async fn list(database: &Database, scope: &Scope) -> Result<Vec<Server>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "s.id");
    sql.push(" order by s.name, s.id");
    database.fetch_all(sql).await?.iter().map(server).collect()
}

pub async fn find(database: &Database, scope: &Scope, id: i64) -> Result<Option<Server>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "s.id");
    sql.push(" and s.id = ").push_bind(id);
    database.fetch_optional(sql).await?.as_ref().map(server).transpose()
}

/// The sealed private key of a server that has one of its own.
pub async fn private_key(database: &Database, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let row = database.fetch_optional(Sql::new("select private_key from server where id = $1").bind(id)).await?;
    row.map_or(Ok(None), |row| row.get("private_key"))
}

/// Stores a new server and returns its id.
pub async fn insert(tx: &mut Transaction, draft: &ServerDraft, now: Timestamp) -> Result<i64, StoreError> {
    let sql = Sql::new(
        "insert into server (name, host, port, username, region, account, host_key, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8) \
         returning id",
    )
    .bind(draft.name.as_str())
    .bind(draft.host.as_str())
    .bind(i64::from(draft.port))
    .bind(draft.user.as_str())
    .bind(draft.region.clone())
    .bind(draft.account.clone())
    .bind(draft.host_key.as_ref().map(HostKey::to_string))
    .bind(now);
    tx.fetch_one(sql).await?.int("id")
}

/// Replaces what a person may change. The pinned key goes when `host_key` is absent and the address has changed.
pub async fn update(tx: &mut Transaction, id: i64, draft: &ServerDraft, host_key: Option<&HostKey>) -> Result<bool, StoreError> {
    let sql = Sql::new(
        "update server set name = $1, host = $2, port = $3, username = $4, region = $5, account = $6, host_key = $7 \
         where id = $8 and deleted_at is null",
    )
    .bind(draft.name.as_str())
    .bind(draft.host.as_str())
    .bind(i64::from(draft.port))
    .bind(draft.user.as_str())
    .bind(draft.region.clone())
    .bind(draft.account.clone())
    .bind(host_key.map(HostKey::to_string))
    .bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// Stores a sealed private key.
pub async fn set_private_key(tx: &mut Transaction, id: i64, sealed: Vec<u8>) -> Result<(), StoreError> {
    tx.execute(Sql::new("update server set private_key = $1 where id = $2").bind(sealed).bind(id)).await?;
    Ok(())
}

/// Pins a host key; the link is unknown again until the next check.
pub async fn pin(tx: &mut Transaction, id: i64, host_key: &HostKey) -> Result<bool, StoreError> {
    let sql = Sql::new("update server set host_key = $1 where id = $2 and deleted_at is null").bind(host_key.as_str()).bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// Removes a server; its rows in the trail keep its name.
pub async fn remove(tx: &mut Transaction, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update server set deleted_at = $1, private_key = null where id = $2 and deleted_at is null").bind(now).bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// What is known of a link, and when the trail last spoke of its being down.
pub struct LinkRecord {
    pub link: Link,
    pub told_at: Option<Timestamp>,
}

/// Reads the link for a change; on PostgreSQL and SQLite alike the transaction that follows decides.
pub async fn link(tx: &mut Transaction, id: i64) -> Result<Option<LinkRecord>, StoreError> {
    let sql = Sql::new("select link_state, link_since, link_checked_at, link_error, link_told_at from server where id = $1").bind(id);
    let Some(row) = tx.fetch_optional(sql).await? else { return Ok(None) };
    Ok(Some(LinkRecord { link: read_link(&row)?, told_at: row.optional_time("link_told_at")? }))
}

/// Writes the link.
pub async fn set_link(tx: &mut Transaction, id: i64, record: &LinkRecord) -> Result<(), StoreError> {
    let sql = Sql::new(
        "update server set link_state = $1, link_since = $2, link_checked_at = $3, link_error = $4, link_told_at = $5 where id = $6",
    )
    .bind(record.link.state)
    .bind(record.link.since)
    .bind(record.link.checked_at)
    .bind(record.link.error.clone())
    .bind(record.told_at)
    .bind(id);
    tx.execute(sql).await?;
    Ok(())
}

/// Writes down by how much a server's clock is ahead.
pub async fn set_clock_skew(tx: &mut Transaction, id: i64, seconds: i64) -> Result<(), StoreError> {
    tx.execute(Sql::new("update server set clock_skew_s = $1 where id = $2").bind(seconds).bind(id)).await?;
    Ok(())
}

fn server(row: &Row) -> Result<Server, StoreError> {
    Ok(Server {
        id: row.int("id")?,
        name: row.text("name")?,
        host: row.text("host")?,
        port: row.small("port")?,
        user: row.text("username")?,
        region: row.get("region")?,
        account: row.get("account")?,
        host_key: row.optional_parsed("host_key")?,
        link: read_link(row)?,
        clock_skew_s: row.get("clock_skew_s")?,
    })
}

fn read_link(row: &Row) -> Result<Link, StoreError> {
    Ok(Link {
        state: row.numbered("link_state", LinkState::from_repr)?,
        since: row.optional_time("link_since")?,
        checked_at: row.optional_time("link_checked_at")?,
        error: row.get("link_error")?,
    })
}
