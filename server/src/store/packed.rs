//! Many small rows as one text: rows that come one by one cost more on their way from the engine than in it.

use serde::de::DeserializeOwned;

use super::engine::Dialect;
use super::{Database, Row, Sql, StoreError, Transaction};

/// What stands before a statement whose rows are wanted as one text, each a JSON list of these columns.
macro_rules! packed {
    ($dialect:expr, $columns:literal) => {
        match $dialect {
            $crate::store::engine::Dialect::Sqlite => {
                concat!("select cast(coalesce(json_group_array(json_array(", $columns, ")), '[]') as text) as packed from (")
            }
            $crate::store::engine::Dialect::Postgres => {
                concat!("select cast(coalesce(json_agg(json_build_array(", $columns, ")), '[]') as text) as packed from (")
            }
        }
    };
}

pub(super) use packed;

/// Reads the rows of a statement in its order, packed by `head`. A row is anything that serde makes of a list.
pub(super) async fn fetch_packed<T: DeserializeOwned>(tx: &mut Transaction, head: &'static str, sql: Sql) -> Result<Vec<T>, StoreError> {
    unpack(&tx.fetch_one(packed_by(head, sql)).await?)
}

/// The same for columns that are numbers and never null, which are packed as a list for each column: in half the time on PostgreSQL.
pub(super) async fn fetch_numbers<const N: usize>(
    tx: &mut Transaction,
    columns: [&'static str; N],
    sql: Sql,
) -> Result<Vec<[i64; N]>, StoreError> {
    let (before, after) = match tx.dialect() {
        Dialect::Sqlite => ("cast(json_group_array(", ") as text)"),
        Dialect::Postgres => ("array_agg(", ")"),
    };
    let mut head = Sql::new("select ");
    for (n, column) in columns.into_iter().enumerate() {
        head.push(if n == 0 { "" } else { ", " }).push(before).push(column).push(after);
    }
    head.push(" from (");
    let row = tx.fetch_one(sql.after(head, ") as unpacked")).await?;
    let mut rows: Vec<[i64; N]> = Vec::new();
    for (place, column) in columns.into_iter().enumerate() {
        let numbers = row.numbers(place, column)?;
        if place == 0 {
            rows.resize(numbers.len(), [0; N]);
        }
        if numbers.len() != rows.len() {
            return Err(StoreError::Value { column, value: format!("{} numbers for {} rows", numbers.len(), rows.len()) });
        }
        rows.iter_mut().zip(numbers).for_each(|(row, number)| row[place] = number);
    }
    Ok(rows)
}

/// The same as [`fetch_packed`] outside a transaction.
pub(super) async fn fetch_packed_alone<T: DeserializeOwned>(
    database: &Database,
    head: &'static str,
    sql: Sql,
) -> Result<Vec<T>, StoreError> {
    let row = database.fetch_optional(packed_by(head, sql)).await?;
    unpack(&row.ok_or(StoreError::Sql(sqlx::Error::RowNotFound))?)
}

/// What can be made of a row whatever somebody has put into its columns.
pub(super) trait Salvage: DeserializeOwned {
    fn salvage(row: &Row) -> Result<Self, StoreError>;
}

/// The same where somebody may have damaged a row: then all of these come one by one, each with what can be read of it.
pub(super) async fn fetch_packed_or_salvage<T: Salvage>(tx: &mut Transaction, head: &'static str, sql: Sql) -> Result<Vec<T>, StoreError> {
    match fetch_packed(tx, head, sql.clone()).await {
        Err(cause) if may_be_damage(tx) => salvage(tx, sql, cause).await,
        fetched => fetched,
    }
}

/// The same beside other columns, whose row is given too.
pub(super) async fn fetch_packed_beside<T: Salvage>(
    tx: &mut Transaction,
    head: &'static str,
    sql: Sql,
    columns: Sql,
) -> Result<(Vec<T>, Row), StoreError> {
    let fetched = tx.fetch_one(columns.clone().beside("packed", packed_by(head, sql.clone()))).await;
    match fetched.and_then(|row| Ok((unpack(&row)?, row))) {
        Err(cause) if may_be_damage(tx) => {
            let rows = salvage(tx, sql, cause).await?;
            Ok((rows, tx.fetch_one(columns).await?))
        }
        fetched => fetched,
    }
}

/// PostgreSQL takes nothing that is not of a column's type, and nothing more after a statement that failed.
fn may_be_damage(tx: &Transaction) -> bool {
    tx.dialect() == Dialect::Sqlite
}

async fn salvage<T: Salvage>(tx: &mut Transaction, sql: Sql, cause: StoreError) -> Result<Vec<T>, StoreError> {
    let rows = tx.fetch_all(sql).await?.iter().map(T::salvage).collect();
    tracing::warn!(error = &cause as &dyn std::error::Error, "a row of the trail is damaged; read what can be read of it");
    rows
}

fn packed_by(head: &'static str, sql: Sql) -> Sql {
    sql.within(head, ") as unpacked")
}

fn unpack<T: DeserializeOwned>(row: &Row) -> Result<Vec<T>, StoreError> {
    let text = row.text("packed")?;
    serde_json::from_str(&text).map_err(|cause| StoreError::Value { column: "packed", value: cause.to_string() })
}
