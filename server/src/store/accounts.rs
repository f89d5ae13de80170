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

/// The account behind a token, and what the token may do less than the account.
#[derive(Debug, Clone)]
pub struct TokenHolder {
    pub account: Account,
    pub token_id: i64,
    pub last_used_at: Option<Timestamp>,
    /// The schedule whose runs it may report, and that schedule's server, where that is all it may do.
    pub bound_to: Option<(i64, i64)>,
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

/// Stores a token's hash. One that is bound to a schedule may only report its runs.
pub async fn insert_token(
    tx: &mut Transaction,
    account_id: i64,
    name: &str,
    hash: Vec<u8>,
    schedule_id: Option<i64>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let sql = Sql::new("insert into api_token (account_id, name, hash, schedule_id, created_at) values ($1, $2, $3, $4, $5) returning id")
        .bind(account_id)
        .bind(name)
        .bind(hash)
        .bind(schedule_id)
        .bind(now);
    tx.fetch_one(sql).await?.int("id")
}

/// The enabled account behind a token that has not expired and whose schedule, if it is bound to one, is still there.
pub async fn find_by_token(database: &Database, hash: Vec<u8>, now: Timestamp) -> Result<Option<TokenHolder>, StoreError> {
    let sql = Sql::new(
        "select a.id, a.username, a.password_hash, a.role, a.enabled, t.id as token_id, t.last_used_at, t.schedule_id, p.server_id \
         from api_token t join account a on a.id = t.account_id left join schedule p on p.id = t.schedule_id \
         where t.hash = $1 and (t.expires_at is null or t.expires_at > $2) and a.enabled = 1 \
         and (t.schedule_id is null or p.deleted_at is null)",
    )
    .bind(hash)
    .bind(now);
    let Some(row) = database.fetch_optional(sql).await? else { return Ok(None) };
    Ok(Some(TokenHolder {
        account: account(&row)?,
        token_id: row.int("token_id")?,
        last_used_at: row.optional_time("last_used_at")?,
        bound_to: row.get::<Option<i64>>("schedule_id")?.zip(row.get("server_id")?),
    }))
}

/// Notes that a token was used.
pub async fn note_token_use(tx: &mut Transaction, token_id: i64, now: Timestamp) -> Result<(), StoreError> {
    let sql = Sql::new("update api_token set last_used_at = $1 where id = $2 and coalesce(last_used_at, 0) < $1").bind(now).bind(token_id);
    tx.execute(sql).await?;
    Ok(())
}

/// Ends every token that is bound to a schedule.
pub async fn remove_tokens_of(tx: &mut Transaction, schedule_id: i64) -> Result<u64, StoreError> {
    tx.execute(Sql::new("delete from api_token where schedule_id = $1").bind(schedule_id)).await
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
