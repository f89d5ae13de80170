//! Many small rows as one text: rows that come one by one cost more on their way from the engine than in it.

use serde::de::DeserializeOwned;

use super::{Sql, StoreError, Transaction};

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
    let row = tx.fetch_one(sql.within(head, ") as unpacked")).await?;
    let text = row.text("packed")?;
    serde_json::from_str(&text).map_err(|cause| StoreError::Value { column: "packed", value: cause.to_string() })
}
