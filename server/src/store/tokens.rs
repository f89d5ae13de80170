//! Tokens of the API: hashes, and what each may do less than its owner.

use app::model::{ApiToken, Permission, Timestamp, TokenDraft};

use super::{Database, Row, Sql, StoreError, Transaction};

/// Stores a token's hash and what it may do.
pub async fn insert(tx: &mut Transaction, account_id: i64, draft: &TokenDraft, hash: Vec<u8>, now: Timestamp) -> Result<i64, StoreError> {
    let sql = Sql::new(
        "insert into api_token (account_id, name, hash, schedule_id, permissions, expires_at, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7) returning id",
    )
    .bind(account_id)
    .bind(draft.name.as_str())
    .bind(hash)
    .bind(draft.schedule_id)
    .bind(draft.permissions.as_deref().map(json))
    .bind(draft.expires_at)
    .bind(now);
    let id = tx.fetch_one(sql).await?.int("id")?;
    for server_id in &draft.servers {
        let sql = Sql::new("insert into token_server (token_id, server_id) values ($1, $2) on conflict do nothing");
        tx.execute(sql.bind(id).bind(*server_id)).await?;
    }
    Ok(id)
}

pub(super) fn json(permissions: &[Permission]) -> String {
    serde_json::to_string(permissions).unwrap_or_else(|_| unreachable!("names are JSON"))
}

const COLUMNS: &str = "select t.id, t.name, t.schedule_id, t.permissions, t.created_at, t.expires_at, t.last_used_at from api_token t \
     left join schedule p on p.id = t.schedule_id where p.deleted_at is null and t.account_id = ";

/// The tokens of an account, the newest first.
pub async fn list(database: &Database, account_id: i64) -> Result<Vec<ApiToken>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    sql.push_bind(account_id).push(" order by t.id desc");
    let rows = database.fetch_all(sql).await?;
    let limits = Sql::new(
        "select l.token_id, l.server_id from token_server l join api_token t on t.id = l.token_id where t.account_id = $1 \
         order by l.server_id",
    );
    let limits = database.fetch_all(limits.bind(account_id)).await?;
    let limits = limits.iter().map(|row| Ok((row.int("token_id")?, row.int("server_id")?))).collect::<Result<Vec<_>, StoreError>>()?;
    rows.iter().map(|row| token(row, &limits)).collect()
}

pub async fn find(database: &Database, account_id: i64, id: i64) -> Result<Option<ApiToken>, StoreError> {
    Ok(list(database, account_id).await?.into_iter().find(|token| token.id == id))
}

fn token(row: &Row, limits: &[(i64, i64)]) -> Result<ApiToken, StoreError> {
    let id = row.int("id")?;
    Ok(ApiToken {
        id,
        name: row.text("name")?,
        permissions: row.optional_json("permissions")?,
        servers: limits.iter().filter(|(token, _)| *token == id).map(|(_, server)| *server).collect(),
        schedule_id: row.get("schedule_id")?,
        created_at: row.time("created_at")?,
        expires_at: row.optional_time("expires_at")?,
        last_used_at: row.optional_time("last_used_at")?,
    })
}

/// Gives a token another name.
pub async fn rename(tx: &mut Transaction, account_id: i64, id: i64, name: &str) -> Result<bool, StoreError> {
    let sql = Sql::new("update api_token set name = $1 where id = $2 and account_id = $3").bind(name).bind(id).bind(account_id);
    Ok(tx.execute(sql).await? == 1)
}

/// Ends a token of an account.
pub async fn remove(tx: &mut Transaction, account_id: i64, id: i64) -> Result<bool, StoreError> {
    let sql = Sql::new("delete from api_token where id = $1 and account_id = $2").bind(id).bind(account_id);
    Ok(tx.execute(sql).await? == 1)
}

/// Ends every token that is bound to a schedule.
pub async fn remove_of_schedule(tx: &mut Transaction, schedule_id: i64) -> Result<u64, StoreError> {
    tx.execute(Sql::new("delete from api_token where schedule_id = $1").bind(schedule_id)).await
}

/// Notes that a token was used.
pub async fn note_use(tx: &mut Transaction, token_id: i64, now: Timestamp) -> Result<(), StoreError> {
    let sql = Sql::new("update api_token set last_used_at = $1 where id = $2 and coalesce(last_used_at, 0) < $1").bind(now).bind(token_id);
    tx.execute(sql).await?;
    Ok(())
}
