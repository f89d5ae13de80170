//! What servers and schedules are called, those that were removed too, and where servers are.

use app::model::{Place, Scope};

use super::packed::{fetch_packed_alone, packed};
use super::scope::push_scope;
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

/// Something that rows can be filtered by.
pub struct Known {
    pub id: i64,
    pub name: String,
    pub is_removed: bool,
}

/// Id, name, whether it was removed, region and account.
type Placed = (i64, String, i64, Option<String>, Option<String>);

/// Servers in scope and where they are, by name: those there are, and those that were removed and still have rows.
pub async fn servers(database: &Database, scope: &Scope) -> Result<Vec<(Known, Place)>, StoreError> {
    let mut sql = Sql::new(
        "select s.id, s.name, s.region, s.account, cast(case when s.deleted_at is null then 0 else 1 end as bigint) as removed from server s \
         where (s.deleted_at is null or exists (select 1 from log_entry l where l.server_id = s.id))",
    );
    push_scope(&mut sql, scope, "s.id");
    sql.push(" order by s.name, s.id");
    let head = packed!(database.dialect(), "id, name, removed, region, account");
    let rows: Vec<Placed> = fetch_packed_alone(database, head, sql).await?;
    let named = |(id, name, removed, region, account)| (known((id, name, removed)), Place { region, account });
    Ok(rows.into_iter().map(named).collect())
}

/// Schedules in the same way.
pub async fn schedules(database: &Database, scope: &Scope) -> Result<Vec<Known>, StoreError> {
    let mut sql = Sql::new(
        "select p.id, p.name, cast(case when p.deleted_at is null then 0 else 1 end as bigint) as removed from schedule p \
         where (p.deleted_at is null or exists (select 1 from log_entry l where l.schedule_id = p.id))",
    );
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" order by p.name, p.id");
    let head = packed!(database.dialect(), "id, name, removed");
    Ok(fetch_packed_alone(database, head, sql).await?.into_iter().map(known).collect())
}

fn known((id, name, removed): (i64, String, i64)) -> Known {
    Known { id, name, is_removed: removed != 0 }
}
