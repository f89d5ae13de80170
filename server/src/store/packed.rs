//! Many small rows as one text: rows that come one by one cost more on their way from the engine than in it.

use serde::de::DeserializeOwned;

use super::{Row, Sql, StoreError, Transaction};

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

/// The same beside other columns, whose row is given too.
pub(super) async fn fetch_packed_beside<T: DeserializeOwned>(
    tx: &mut Transaction,
    head: &'static str,
    sql: Sql,
    columns: Sql,
) -> Result<(Vec<T>, Row), StoreError> {
    let row = tx.fetch_one(columns.beside("packed", packed_by(head, sql))).await?;
    Ok((unpack(&row)?, row))
}

fn packed_by(head: &'static str, sql: Sql) -> Sql {
    sql.within(head, ") as unpacked")
}

fn unpack<T: DeserializeOwned>(row: &Row) -> Result<Vec<T>, StoreError> {
    let text = row.text("packed")?;
    serde_json::from_str(&text).map_err(|cause| StoreError::Value { column: "packed", value: cause.to_string() })
}
