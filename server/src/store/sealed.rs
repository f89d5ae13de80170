//! Where sealed secrets are. Whoever adds a column with one adds it here, and rotation includes it.

use super::{Sql, StoreError, Transaction};

/// A column with sealed secrets.
pub struct SealedColumn {
    /// Names `id` and `sealed`.
    select: &'static str,
    /// Takes the new value, the id and the value that was read: one that has changed since is not overwritten.
    update: &'static str,
    /// What a row's secret is bound to.
    pub place: fn(i64) -> String,
}

/// All of them.
pub const COLUMNS: &[SealedColumn] = &[
    SealedColumn {
        select: "select id, private_key as sealed from server where private_key is not null order by id",
        update: "update server set private_key = $1 where id = $2 and private_key = $3",
        place: crate::keys::place,
    },
    SealedColumn {
        select: "select id, totp_secret as sealed from account where totp_secret is not null order by id",
        update: "update account set totp_secret = $1 where id = $2 and totp_secret = $3",
        place: crate::auth::seed_place,
    },
];

/// Every value of a column, with its row.
pub async fn all(tx: &mut Transaction, column: &SealedColumn) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let rows = tx.fetch_all(Sql::new(column.select)).await?;
    rows.iter().map(|row| Ok((row.int("id")?, row.get("sealed")?))).collect()
}

/// Puts a newly sealed value in the place of the old one.
pub async fn replace(tx: &mut Transaction, column: &SealedColumn, id: i64, old: &[u8], new: Vec<u8>) -> Result<u64, StoreError> {
    tx.execute(Sql::new(column.update).bind(new).bind(id).bind(old.to_vec())).await
}
