//! Seeds of second factors, sealed; the steps whose codes were used; hashes of recovery codes.

use app::model::Timestamp;

use super::{Database, Sql, StoreError, Transaction};

/// Keeps a seed that does not count yet. One that counts stays.
pub async fn propose(tx: &mut Transaction, account_id: i64, sealed: Vec<u8>) -> Result<bool, StoreError> {
    let sql = Sql::new("update account set totp_secret = $1, totp_step = 0 where id = $2 and totp_confirmed_at is null");
    Ok(tx.execute(sql.bind(sealed).bind(account_id)).await? == 1)
}

/// Lets the seed count whose code was shown; false if another one is there by now.
pub async fn confirm(tx: &mut Transaction, account_id: i64, sealed: &[u8], step: i64, now: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new(
        "update account set totp_confirmed_at = $1, totp_step = $2 where id = $3 and totp_secret = $4 and totp_confirmed_at is null",
    );
    Ok(tx.execute(sql.bind(now).bind(step).bind(account_id).bind(sealed.to_vec())).await? == 1)
}

/// Takes the second factor away, with its recovery codes.
pub async fn remove(tx: &mut Transaction, account_id: i64) -> Result<bool, StoreError> {
    tx.execute(Sql::new("delete from recovery_code where account_id = $1").bind(account_id)).await?;
    let sql = Sql::new(
        "update account set totp_secret = null, totp_confirmed_at = null, totp_step = 0 where id = $1 and totp_secret is not null",
    );
    Ok(tx.execute(sql.bind(account_id)).await? == 1)
}

/// Uses a step up; false if it, or a later one, was used already.
pub async fn use_step(tx: &mut Transaction, account_id: i64, sealed: &[u8], step: i64) -> Result<bool, StoreError> {
    let sql = Sql::new("update account set totp_step = $1 where id = $2 and totp_secret = $3 and totp_step < $1");
    Ok(tx.execute(sql.bind(step).bind(account_id).bind(sealed.to_vec())).await? == 1)
}

/// Replaces the recovery codes.
pub async fn set_recovery_codes(tx: &mut Transaction, account_id: i64, hashes: Vec<Vec<u8>>) -> Result<(), StoreError> {
    tx.execute(Sql::new("delete from recovery_code where account_id = $1").bind(account_id)).await?;
    for hash in hashes {
        tx.execute(Sql::new("insert into recovery_code (account_id, hash) values ($1, $2)").bind(account_id).bind(hash)).await?;
    }
    Ok(())
}

/// Uses a recovery code up; false if there is none such, or no more.
pub async fn use_recovery_code(tx: &mut Transaction, account_id: i64, hash: Vec<u8>, now: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update recovery_code set used_at = $1 where account_id = $2 and hash = $3 and used_at is null");
    Ok(tx.execute(sql.bind(now).bind(account_id).bind(hash)).await? == 1)
}

/// How many recovery codes are left.
pub async fn recovery_codes_left(database: &Database, account_id: i64) -> Result<i64, StoreError> {
    let sql = Sql::new("select count(*) as n from recovery_code where account_id = $1 and used_at is null").bind(account_id);
    database.fetch_optional(sql).await?.map_or(Ok(0), |row| row.int("n"))
}
