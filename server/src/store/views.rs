//! Saved views: everybody's own.

use app::model::SavedView;

use super::{Database, Row, Sql, StoreError, Transaction};

/// By name.
pub async fn list(database: &Database, account_id: i64) -> Result<Vec<SavedView>, StoreError> {
    let sql = Sql::new("select id, name, query, is_default from saved_view where account_id = $1 order by name, id").bind(account_id);
    database.fetch_all(sql).await?.iter().map(view).collect()
}

/// The query that Logs opens with.
pub async fn default_query(database: &Database, account_id: i64) -> Result<Option<String>, StoreError> {
    let sql = Sql::new("select query from saved_view where account_id = $1 and is_default = 1").bind(account_id);
    database.fetch_optional(sql).await?.map(|row| row.text("query")).transpose()
}

/// Whether there is one of this name.
pub async fn is_known(tx: &mut Transaction, account_id: i64, name: &str) -> Result<bool, StoreError> {
    let sql = Sql::new("select 1 as n from saved_view where account_id = $1 and name = $2");
    Ok(tx.fetch_optional(sql.bind(account_id).bind(name)).await?.is_some())
}

/// Saves a view; one of the same name gets the new query.
pub async fn save(tx: &mut Transaction, account_id: i64, name: &str, query: &str) -> Result<i64, StoreError> {
    let sql = Sql::new(
        "insert into saved_view (account_id, name, query, is_default) values ($1, $2, $3, 0) \
         on conflict (account_id, name) do update set query = excluded.query returning id",
    );
    tx.fetch_one(sql.bind(account_id).bind(name).bind(query)).await?.int("id")
}

/// Makes one view the first, or none.
pub async fn open_with(tx: &mut Transaction, account_id: i64, id: Option<i64>) -> Result<(), StoreError> {
    let sql = Sql::new("update saved_view set is_default = case when id = $2 then 1 else 0 end where account_id = $1");
    tx.execute(sql.bind(account_id).bind(id.unwrap_or(0))).await?;
    Ok(())
}

/// False if there was none.
pub async fn remove(tx: &mut Transaction, account_id: i64, id: i64) -> Result<bool, StoreError> {
    let sql = Sql::new("delete from saved_view where account_id = $1 and id = $2");
    Ok(tx.execute(sql.bind(account_id).bind(id)).await? == 1)
}

pub async fn count(tx: &mut Transaction, account_id: i64) -> Result<i64, StoreError> {
    tx.fetch_one(Sql::new("select count(*) as n from saved_view where account_id = $1").bind(account_id)).await?.int("n")
}

fn view(row: &Row) -> Result<SavedView, StoreError> {
    Ok(SavedView { id: row.int("id")?, name: row.text("name")?, query: row.text("query")?, is_default: row.flag("is_default")? })
}
