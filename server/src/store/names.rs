//! What servers and schedules are called, those that were removed too, and where servers are.

use app::model::Place;

use super::{Database, Sql, StoreError};

/// A server's name, region and account.
pub async fn of_server(database: &Database, id: i64) -> Result<Option<(String, Place)>, StoreError> {
    let row = database.fetch_optional(Sql::new("select name, region, account from server where id = $1").bind(id)).await?;
    row.map(|row| Ok((row.text("name")?, Place { region: row.get("region")?, account: row.get("account")? }))).transpose()
}

pub async fn of_schedule(database: &Database, id: i64) -> Result<Option<String>, StoreError> {
    let row = database.fetch_optional(Sql::new("select name from schedule where id = $1").bind(id)).await?;
    row.map(|row| row.text("name")).transpose()
}
