//! People, their sessions and tokens. Only hashes of secrets come here.

use app::model::Timestamp;

use super::{Database, Row, Sql, StoreError, Transaction};

/// A person who may sign in.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: i64,
    pub username: String,
    pub password_hash: String,
    pub role: String,
    pub enabled: bool,
}

/// A one-time (or, in the demonstration, reusable) way in.
#[derive(Debug, Clone)]
pub struct SignInLink {
    /// Whom it signs in; `None` makes the first administrator.
    pub account_id: Option<i64>,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

pub async fn count(database: &Database) -> Result<i64, StoreError> {
    let row = database.fetch_optional(Sql::new("select count(*) as n from account")).await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// The same within a transaction.
pub async fn count_in(tx: &mut Transaction) -> Result<i64, StoreError> {
    tx.fetch_one(Sql::new("select count(*) as n from account")).await?.int("n")
}

pub async fn insert(tx: &mut Transaction, username: &str, password_hash: &str, role: &str, now: Timestamp) -> Result<i64, StoreError> {
    let sql = Sql::new("insert into account (username, password_hash, role, created_at) values ($1, $2, $3, $4) returning id")
        .bind(username)
        .bind(password_hash)
        .bind(role)
        .bind(now);
    tx.fetch_one(sql).await?.int("id")
}

pub async fn find_by_name(database: &Database, username: &str) -> Result<Option<Account>, StoreError> {
    let sql = Sql::new("select id, username, password_hash, role, enabled from account where username = $1").bind(username);
    database.fetch_optional(sql).await?.as_ref().map(account).transpose()
}

pub async fn find_by_id(database: &Database, id: i64) -> Result<Option<Account>, StoreError> {
    let sql = Sql::new("select id, username, password_hash, role, enabled from account where id = $1").bind(id);
    database.fetch_optional(sql).await?.as_ref().map(account).transpose()
}

/// Opens a session.
pub async fn insert_session(
    tx: &mut Transaction,
    hash: Vec<u8>,
    account_id: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = Sql::new("insert into session (hash, account_id, created_at, expires_at) values ($1, $2, $3, $4)")
        .bind(hash)
        .bind(account_id)
        .bind(now)
        .bind(expires_at);
    tx.execute(sql).await?;
    tx.execute(Sql::new("delete from session where expires_at < $1").bind(now)).await?;
    Ok(())
}

/// The enabled account behind a live session.
pub async fn find_by_session(database: &Database, hash: Vec<u8>, now: Timestamp) -> Result<Option<Account>, StoreError> {
    let sql = Sql::new(
        "select a.id, a.username, a.password_hash, a.role, a.enabled from session s join account a on a.id = s.account_id \
         where s.hash = $1 and s.expires_at > $2 and a.enabled = 1",
    )
    .bind(hash)
    .bind(now);
    database.fetch_optional(sql).await?.as_ref().map(account).transpose()
}

/// Ends a session.
pub async fn remove_session(tx: &mut Transaction, hash: Vec<u8>) -> Result<(), StoreError> {
    tx.execute(Sql::new("delete from session where hash = $1").bind(hash)).await?;
    Ok(())
}

/// Stores a token's hash.
pub async fn insert_token(tx: &mut Transaction, account_id: i64, name: &str, hash: Vec<u8>, now: Timestamp) -> Result<i64, StoreError> {
    let sql = Sql::new("insert into api_token (account_id, name, hash, created_at) values ($1, $2, $3, $4) returning id")
        .bind(account_id)
        .bind(name)
        .bind(hash)
        .bind(now);
    tx.fetch_one(sql).await?.int("id")
}

/// The enabled account behind a token that has not expired.
pub async fn find_by_token(database: &Database, hash: Vec<u8>, now: Timestamp) -> Result<Option<Account>, StoreError> {
    let sql = Sql::new(
        "select a.id, a.username, a.password_hash, a.role, a.enabled from api_token t join account a on a.id = t.account_id \
         where t.hash = $1 and (t.expires_at is null or t.expires_at > $2) and a.enabled = 1",
    )
    .bind(hash)
    .bind(now);
    database.fetch_optional(sql).await?.as_ref().map(account).transpose()
}

/// Stores a sign-in link. Making a new first-start link ends the earlier ones.
pub async fn insert_link(tx: &mut Transaction, hash: Vec<u8>, account_id: Option<i64>, expires_at: Timestamp) -> Result<(), StoreError> {
    if account_id.is_none() {
        tx.execute(Sql::new("delete from sign_in_link where account_id is null")).await?;
    }
    let sql = Sql::new("insert into sign_in_link (hash, account_id, expires_at) values ($1, $2, $3)")
        .bind(hash)
        .bind(account_id)
        .bind(expires_at);
    tx.execute(sql).await?;
    Ok(())
}

pub async fn find_link(database: &Database, hash: Vec<u8>) -> Result<Option<SignInLink>, StoreError> {
    let sql = Sql::new("select account_id, expires_at, used_at from sign_in_link where hash = $1").bind(hash);
    let Some(row) = database.fetch_optional(sql).await? else { return Ok(None) };
    Ok(Some(SignInLink { account_id: row.get("account_id")?, expires_at: row.time("expires_at")?, used_at: row.optional_time("used_at")? }))
}

/// Uses a link up; false if it was used already.
pub async fn use_link(tx: &mut Transaction, hash: Vec<u8>, now: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update sign_in_link set used_at = $1 where hash = $2 and used_at is null and expires_at > $1").bind(now).bind(hash);
    Ok(tx.execute(sql).await? == 1)
}

fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.int("id")?,
        username: row.text("username")?,
        password_hash: row.text("password_hash")?,
        role: row.text("role")?,
        enabled: row.flag("enabled")?,
    })
}
