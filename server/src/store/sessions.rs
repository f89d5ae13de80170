//! Sessions, and sign-ins that still owe a code.

use app::model::{OpenSession, Timestamp};

use super::{Database, Row, Sql, StoreError, Transaction};

/// A session about to be opened.
pub struct NewSession<'s> {
    pub hash: Vec<u8>,
    pub account_id: i64,
    pub now: Timestamp,
    pub expires_at: Timestamp,
    pub address: &'s str,
    pub browser: &'s str,
}

/// Opens a session, if the account is still enabled and its password still the one that was checked. The account's row stays
/// locked until the transaction ends, so a password that is changed meanwhile ends this session too.
pub async fn open(tx: &mut Transaction, session: NewSession<'_>, password_hash: &str) -> Result<bool, StoreError> {
    let NewSession { hash, account_id, now, expires_at, address, browser } = session;
    let held = Sql::new("update account set enabled = 1 where id = $1 and password_hash = $2 and enabled = 1");
    if tx.execute(held.bind(account_id).bind(password_hash)).await? != 1 {
        return Ok(false);
    }
    let sql = Sql::new(
        "insert into session (hash, account_id, created_at, expires_at, last_seen_at, address, browser) values ($1, $2, $3, $4, $3, $5, $6)",
    );
    tx.execute(sql.bind(hash).bind(account_id).bind(now).bind(expires_at).bind(address).bind(browser)).await?;
    tx.execute(Sql::new("delete from session where expires_at < $1").bind(now)).await?;
    tx.execute(Sql::new("delete from pending_sign_in where expires_at < $1").bind(now)).await?;
    Ok(true)
}

/// Ends a session.
pub async fn end(tx: &mut Transaction, hash: Vec<u8>) -> Result<u64, StoreError> {
    tx.execute(Sql::new("delete from session where hash = $1").bind(hash)).await
}

/// Ends one session of an account.
pub async fn end_of(tx: &mut Transaction, account_id: i64, hash: Vec<u8>) -> Result<bool, StoreError> {
    let sql = Sql::new("delete from session where hash = $1 and account_id = $2").bind(hash).bind(account_id);
    Ok(tx.execute(sql).await? == 1)
}

/// Ends every session of an account and every sign-in under way, but for one session.
pub async fn end_all(tx: &mut Transaction, account_id: i64, but: Option<Vec<u8>>) -> Result<u64, StoreError> {
    tx.execute(Sql::new("delete from pending_sign_in where account_id = $1").bind(account_id)).await?;
    let sql = Sql::new("delete from session where account_id = $1 and hash <> $2").bind(account_id).bind(but.unwrap_or_default());
    tx.execute(sql).await
}

/// Notes that a session was used.
pub async fn note_use(tx: &mut Transaction, hash: Vec<u8>, now: Timestamp) -> Result<(), StoreError> {
    let sql = Sql::new("update session set last_seen_at = $1 where hash = $2 and last_seen_at < $1").bind(now).bind(hash);
    tx.execute(sql).await?;
    Ok(())
}

/// Live sessions of an account, the one that was used last first. `current` is the hash of the one that asks.
pub async fn list(
    database: &Database,
    account_id: i64,
    current: Option<&[u8]>,
    now: Timestamp,
    seen_after: Timestamp,
) -> Result<Vec<OpenSession>, StoreError> {
    let sql = Sql::new(
        "select hash, created_at, last_seen_at, address, browser from session \
         where account_id = $1 and expires_at > $2 and last_seen_at > $3 order by last_seen_at desc, created_at desc",
    );
    let session = |row: &Row| {
        let hash: Vec<u8> = row.get("hash")?;
        Ok(OpenSession {
            current: current == Some(hash.as_slice()),
            id: crate::random::hex_of(&hash),
            created_at: row.time("created_at")?,
            last_seen_at: row.time("last_seen_at")?,
            address: row.text("address")?,
            browser: row.text("browser")?,
        })
    };
    database.fetch_all(sql.bind(account_id).bind(now).bind(seen_after)).await?.iter().map(session).collect()
}

/// Remembers somebody who has given the right password and owes a code.
pub async fn insert_pending(tx: &mut Transaction, hash: Vec<u8>, account_id: i64, expires_at: Timestamp) -> Result<(), StoreError> {
    let sql = Sql::new("insert into pending_sign_in (hash, account_id, expires_at) values ($1, $2, $3)");
    tx.execute(sql.bind(hash).bind(account_id).bind(expires_at)).await?;
    Ok(())
}

/// Whose sign-in it is, while it may go on.
pub async fn find_pending(database: &Database, hash: Vec<u8>, now: Timestamp) -> Result<Option<i64>, StoreError> {
    let sql = Sql::new("select account_id from pending_sign_in where hash = $1 and expires_at > $2");
    database.fetch_optional(sql.bind(hash).bind(now)).await?.map(|row| row.int("account_id")).transpose()
}

/// Counts an attempt before its code is looked at, so that many at once are still counted; false once there were `most`.
pub async fn count_attempt(tx: &mut Transaction, hash: Vec<u8>, most: i64) -> Result<bool, StoreError> {
    let sql = Sql::new("update pending_sign_in set attempts = attempts + 1 where hash = $1 and attempts < $2");
    Ok(tx.execute(sql.bind(hash).bind(most)).await? == 1)
}

/// Uses a pending sign-in up; false if it is gone.
pub async fn remove_pending(tx: &mut Transaction, hash: Vec<u8>) -> Result<bool, StoreError> {
    Ok(tx.execute(Sql::new("delete from pending_sign_in where hash = $1").bind(hash)).await? == 1)
}

/// From where each account is signed in.
pub async fn places(database: &Database, now: Timestamp) -> Result<Vec<(String, String)>, StoreError> {
    let sql =
        Sql::new("select distinct a.username, s.address from session s join account a on a.id = s.account_id where s.expires_at > $1");
    let place = |row: &Row| Ok((row.text("username")?, row.text("address")?));
    database.fetch_all(sql.bind(now)).await?.iter().map(place).collect()
}
