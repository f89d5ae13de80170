//! Users and roles as people make and change them.

use app::model::{Permission, Role, Timestamp, User, UserDraft};

use super::tokens::json;
use super::{Database, Row, Sql, StoreError, Transaction};

/// Waits until nobody else changes users, roles or tokens, and keeps others waiting until the transaction ends. What is read
/// after this is true until then.
pub async fn lock(tx: &mut Transaction) -> Result<(), StoreError> {
    tx.execute(Sql::new("update people_lock set changes = changes + 1 where singleton = 1")).await?;
    Ok(())
}

/// How often users, roles or tokens have been changed, in whatever process.
pub async fn changes(tx: &mut Transaction) -> Result<i64, StoreError> {
    tx.fetch_one(Sql::new("select changes from people_lock where singleton = 1")).await?.int("changes")
}

const USERS: &str = "select a.id, a.username, a.email, r.name as role, a.enabled, a.totp_confirmed_at, a.created_at, \
     (select max(s.last_seen_at) from session s where s.account_id = a.id) as last_seen_at \
     from account a join role r on r.id = a.role_id";
const LIMITS: &str = "select account_id, server_id from account_server order by server_id";

/// Every user, by name.
pub async fn users(database: &Database) -> Result<Vec<User>, StoreError> {
    let mut sql = Sql::new(USERS);
    sql.push(" order by a.username");
    let rows = database.fetch_all(sql).await?;
    with_limits(&rows, &database.fetch_all(Sql::new(LIMITS)).await?)
}

/// The same within a transaction.
pub async fn users_in(tx: &mut Transaction) -> Result<Vec<User>, StoreError> {
    let mut sql = Sql::new(USERS);
    sql.push(" order by a.username");
    let rows = tx.fetch_all(sql).await?;
    with_limits(&rows, &tx.fetch_all(Sql::new(LIMITS)).await?)
}

fn with_limits(rows: &[Row], limits: &[Row]) -> Result<Vec<User>, StoreError> {
    let limits = limits.iter().map(|row| Ok((row.int("account_id")?, row.int("server_id")?))).collect::<Result<Vec<_>, StoreError>>()?;
    let user = |row: &Row| {
        let id = row.int("id")?;
        Ok(User {
            id,
            username: row.text("username")?,
            email: row.get("email")?,
            role: row.text("role")?,
            servers: limits.iter().filter(|(account, _)| *account == id).map(|(_, server)| *server).collect(),
            enabled: row.flag("enabled")?,
            two_factor: row.optional_time("totp_confirmed_at")?.is_some(),
            created_at: row.time("created_at")?,
            last_seen_at: row.optional_time("last_seen_at")?,
        })
    };
    rows.iter().map(user).collect()
}

/// Stores a new user and returns the id.
pub async fn insert_user(
    tx: &mut Transaction,
    draft: &UserDraft,
    role_id: i64,
    password_hash: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let sql = Sql::new(
        "insert into account (username, email, password_hash, role_id, enabled, created_at, password_changed_at) \
         values ($1, $2, $3, $4, $5, $6, $6) returning id",
    )
    .bind(draft.username.as_str())
    .bind(draft.email.clone())
    .bind(password_hash)
    .bind(role_id)
    .bind(draft.enabled)
    .bind(now);
    let id = tx.fetch_one(sql).await?.int("id")?;
    limit_to(tx, id, &draft.servers).await?;
    Ok(id)
}

/// Replaces what may be changed of a user.
pub async fn update_user(tx: &mut Transaction, id: i64, draft: &UserDraft, role_id: i64) -> Result<(), StoreError> {
    let sql = Sql::new("update account set email = $1, role_id = $2, enabled = $3 where id = $4");
    tx.execute(sql.bind(draft.email.clone()).bind(role_id).bind(draft.enabled).bind(id)).await?;
    tx.execute(Sql::new("delete from account_server where account_id = $1").bind(id)).await?;
    limit_to(tx, id, &draft.servers).await
}

async fn limit_to(tx: &mut Transaction, id: i64, servers: &[i64]) -> Result<(), StoreError> {
    for server_id in servers {
        let sql = Sql::new("insert into account_server (account_id, server_id) values ($1, $2) on conflict do nothing");
        tx.execute(sql.bind(id).bind(*server_id)).await?;
    }
    Ok(())
}

/// Lets a user sign in, or not.
pub async fn set_enabled(tx: &mut Transaction, id: i64, enabled: bool) -> Result<(), StoreError> {
    tx.execute(Sql::new("update account set enabled = $1 where id = $2").bind(enabled).bind(id)).await?;
    Ok(())
}

/// Removes a user with sessions, tokens and links.
pub async fn remove_user(tx: &mut Transaction, id: i64) -> Result<(), StoreError> {
    tx.execute(Sql::new("delete from account where id = $1").bind(id)).await?;
    Ok(())
}

/// A role as it is stored.
pub struct RoleRecord {
    pub id: i64,
    pub name: String,
    /// `None`: built in, and known to the panel by its name.
    pub permissions: Option<Vec<Permission>>,
    pub users: i64,
}

impl RoleRecord {
    /// The role as people see it, given what a built-in one allows.
    pub fn told(self, built_in: impl Fn(&str) -> Vec<Permission>) -> Role {
        let is_built_in = self.permissions.is_none();
        let permissions = self.permissions.unwrap_or_else(|| built_in(&self.name));
        Role { id: self.id, permissions, name: self.name, built_in: is_built_in, users: self.users }
    }
}

const ROLES: &str = "select r.id, r.name, r.permissions, (select count(*) from account a where a.role_id = r.id) as users \
     from role r order by case when r.permissions is null then 0 else 1 end, case when r.permissions is null then r.id else 0 end, r.name";

/// Every role, the built-in ones first.
pub async fn roles(database: &Database) -> Result<Vec<RoleRecord>, StoreError> {
    database.fetch_all(Sql::new(ROLES)).await?.iter().map(role).collect()
}

/// The same within a transaction.
pub async fn roles_in(tx: &mut Transaction) -> Result<Vec<RoleRecord>, StoreError> {
    tx.fetch_all(Sql::new(ROLES)).await?.iter().map(role).collect()
}

fn role(row: &Row) -> Result<RoleRecord, StoreError> {
    Ok(RoleRecord { id: row.int("id")?, name: row.text("name")?, permissions: row.optional_json("permissions")?, users: row.int("users")? })
}

/// Stores a new role and returns its id.
pub async fn insert_role(tx: &mut Transaction, name: &str, permissions: &[Permission], now: Timestamp) -> Result<i64, StoreError> {
    let sql = Sql::new("insert into role (name, permissions, created_at) values ($1, $2, $3) returning id");
    tx.fetch_one(sql.bind(name).bind(json(permissions)).bind(now)).await?.int("id")
}

/// Replaces a role that is not built in.
pub async fn update_role(tx: &mut Transaction, id: i64, name: &str, permissions: &[Permission]) -> Result<bool, StoreError> {
    let sql = Sql::new("update role set name = $1, permissions = $2 where id = $3 and permissions is not null");
    Ok(tx.execute(sql.bind(name).bind(json(permissions)).bind(id)).await? == 1)
}

/// Removes a role that is not built in.
pub async fn remove_role(tx: &mut Transaction, id: i64) -> Result<bool, StoreError> {
    Ok(tx.execute(Sql::new("delete from role where id = $1 and permissions is not null").bind(id)).await? == 1)
}
