//! People as they come in: by name and password, with a session, a token or a link. Only hashes of secrets come here, and the
//! sealed seeds of second factors.

use app::model::{Permission, Timestamp};

use super::{Database, Row, Sql, StoreError, Transaction};

/// What signing in needs to know of a person.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: i64,
    pub username: String,
    pub password_hash: String,
    /// Until when a password that the panel has made is good; `None`: the owner has chosen it.
    pub password_until: Option<Timestamp>,
    pub enabled: bool,
    /// The seed of the second factor, sealed, and whether it counts already.
    pub totp: Option<(Vec<u8>, bool)>,
}

impl Account {
    /// The seed of a second factor that counts.
    pub fn second_factor(&self) -> Option<&[u8]> {
        self.totp.as_ref().filter(|(_, confirmed)| *confirmed).map(|(sealed, _)| sealed.as_slice())
    }
}

/// A role as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRole {
    pub name: String,
    /// `None`: built in, and known to the panel by its name.
    pub permissions: Option<Vec<Permission>>,
}

/// The enabled account behind a request.
#[derive(Debug, Clone)]
pub struct Holder {
    pub account_id: i64,
    pub username: String,
    pub role: StoredRole,
    /// The servers it is limited to; `None` = all.
    pub servers: Option<Vec<i64>>,
    pub has_factor: bool,
}

/// The account behind a session.
#[derive(Debug, Clone)]
pub struct SessionHolder {
    pub holder: Holder,
    pub last_seen_at: Timestamp,
}

/// The account behind a token, and what the token may do less than the account.
#[derive(Debug, Clone)]
pub struct TokenHolder {
    pub holder: Holder,
    pub token_id: i64,
    pub last_used_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub permissions: Option<Vec<Permission>>,
    pub servers: Option<Vec<i64>>,
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

const ACCOUNT: &str = "select id, username, password_hash, password_until, enabled, totp_secret, totp_confirmed_at from account where ";

pub async fn find_by_name(database: &Database, username: &str) -> Result<Option<Account>, StoreError> {
    let mut sql = Sql::new(ACCOUNT);
    sql.push("username = ").push_bind(username);
    database.fetch_optional(sql).await?.as_ref().map(account).transpose()
}

pub async fn find_by_id(database: &Database, id: i64) -> Result<Option<Account>, StoreError> {
    let mut sql = Sql::new(ACCOUNT);
    sql.push("id = ").push_bind(id);
    database.fetch_optional(sql).await?.as_ref().map(account).transpose()
}

/// Replaces a password; false if it is not the one that was replaced any more.
pub async fn replace_password(tx: &mut Transaction, id: i64, before: &str, hash: &str) -> Result<bool, StoreError> {
    let sql = Sql::new("update account set password_hash = $1 where id = $2 and password_hash = $3").bind(hash).bind(id).bind(before);
    Ok(tx.execute(sql).await? == 1)
}

/// Sets a password and remembers when. One that the panel has made is good until a moment.
pub async fn set_password(tx: &mut Transaction, id: i64, hash: &str, now: Timestamp, until: Option<Timestamp>) -> Result<bool, StoreError> {
    let sql = Sql::new("update account set password_hash = $1, password_changed_at = $2, password_until = $3 where id = $4");
    Ok(tx.execute(sql.bind(hash).bind(now).bind(until).bind(id)).await? == 1)
}

const HOLDER: &str = "a.id, a.username, a.totp_confirmed_at, r.name as role, r.permissions as role_permissions, \
     (select count(*) from account_server l where l.account_id = a.id) as limits";

/// The enabled account behind a session that has neither expired nor been idle since before `seen_after`.
pub async fn find_by_session(
    database: &Database,
    hash: Vec<u8>,
    now: Timestamp,
    seen_after: Timestamp,
) -> Result<Option<SessionHolder>, StoreError> {
    let mut sql = Sql::new("select s.last_seen_at, ");
    sql.push(HOLDER).push(" from session s join account a on a.id = s.account_id join role r on r.id = a.role_id where a.enabled = 1");
    sql.push(" and s.hash = ").push_bind(hash).push(" and s.expires_at > ").push_bind(now);
    sql.push(" and s.last_seen_at > ").push_bind(seen_after);
    let Some(row) = database.fetch_optional(sql).await? else { return Ok(None) };
    Ok(Some(SessionHolder { holder: holder(database, &row).await?, last_seen_at: row.time("last_seen_at")? }))
}

/// The enabled account behind a token that has not expired and whose schedule, if it is bound to one, is still there.
pub async fn find_by_token(database: &Database, hash: Vec<u8>, now: Timestamp) -> Result<Option<TokenHolder>, StoreError> {
    let mut sql = Sql::new("select t.id as token_id, t.last_used_at, t.expires_at, t.schedule_id, t.permissions, p.server_id, ");
    sql.push("(select count(*) from token_server l where l.token_id = t.id) as token_limits, ").push(HOLDER);
    sql.push(" from api_token t join account a on a.id = t.account_id join role r on r.id = a.role_id");
    sql.push(" left join schedule p on p.id = t.schedule_id where a.enabled = 1 and (t.schedule_id is null or p.deleted_at is null)");
    sql.push(" and t.hash = ").push_bind(hash);
    sql.push(" and (t.expires_at is null or t.expires_at > ").push_bind(now).push(")");
    let Some(row) = database.fetch_optional(sql).await? else { return Ok(None) };
    let token_id = row.int("token_id")?;
    let limits = Sql::new("select server_id from token_server where token_id = $1 order by server_id").bind(token_id);
    Ok(Some(TokenHolder {
        holder: holder(database, &row).await?,
        token_id,
        last_used_at: row.optional_time("last_used_at")?,
        expires_at: row.optional_time("expires_at")?,
        permissions: row.optional_json("permissions")?,
        servers: if row.int("token_limits")? == 0 { None } else { Some(server_ids(database, limits).await?) },
        bound_to: row.get::<Option<i64>>("schedule_id")?.zip(row.get("server_id")?),
    }))
}

/// An account as whoever comes in with it.
pub async fn holder_of(database: &Database, id: i64) -> Result<Option<Holder>, StoreError> {
    let mut sql = Sql::new("select ");
    sql.push(HOLDER).push(" from account a join role r on r.id = a.role_id where a.id = ").push_bind(id);
    let Some(row) = database.fetch_optional(sql).await? else { return Ok(None) };
    Ok(Some(holder(database, &row).await?))
}

/// Limits that have gone in between leave nothing to see, not everything.
async fn holder(database: &Database, row: &Row) -> Result<Holder, StoreError> {
    let account_id = row.int("id")?;
    let limits = Sql::new("select server_id from account_server where account_id = $1 order by server_id").bind(account_id);
    Ok(Holder {
        account_id,
        username: row.text("username")?,
        role: StoredRole { name: row.text("role")?, permissions: row.optional_json("role_permissions")? },
        servers: if row.int("limits")? == 0 { None } else { Some(server_ids(database, limits).await?) },
        has_factor: row.optional_time("totp_confirmed_at")?.is_some(),
    })
}

async fn server_ids(database: &Database, sql: Sql) -> Result<Vec<i64>, StoreError> {
    database.fetch_all(sql).await?.iter().map(|row| row.int("server_id")).collect()
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
    let confirmed = row.optional_time("totp_confirmed_at")?.is_some();
    Ok(Account {
        id: row.int("id")?,
        username: row.text("username")?,
        password_hash: row.text("password_hash")?,
        password_until: row.optional_time("password_until")?,
        enabled: row.flag("enabled")?,
        totp: row.get::<Option<Vec<u8>>>("totp_secret")?.map(|sealed| (sealed, confirmed)),
    })
}
