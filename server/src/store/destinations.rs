//! What was found where schedules keep their points.

use app::model::{DestinationState, Scope, SourceType};

use super::scope::push_scope;
use super::{Database, Row, Sql, StoreError};

const COLUMNS: &str = "select d.schedule_id, d.source_type, d.path, d.checked_at, d.total_bytes, d.free_bytes, d.points, d.newest_point, \
     d.leftovers, d.error from destination d join schedule p on p.id = d.schedule_id where p.deleted_at is null";

/// The destinations of one schedule.
pub async fn of_schedule(database: &Database, scope: &Scope, schedule_id: i64) -> Result<Vec<DestinationState>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" and d.schedule_id = ").push_bind(schedule_id).push(" order by d.source_type");
    database.fetch_all(sql).await?.iter().map(destination).collect()
}

/// The destinations of every schedule of one server.
pub async fn of_server(database: &Database, scope: &Scope, server_id: i64) -> Result<Vec<DestinationState>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" and p.server_id = ").push_bind(server_id).push(" order by d.path, d.schedule_id, d.source_type");
    database.fetch_all(sql).await?.iter().map(destination).collect()
}

/// Every destination in scope.
pub async fn list(database: &Database, scope: &Scope) -> Result<Vec<DestinationState>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" order by d.path, d.schedule_id, d.source_type");
    database.fetch_all(sql).await?.iter().map(destination).collect()
}

fn destination(row: &Row) -> Result<DestinationState, StoreError> {
    Ok(DestinationState {
        schedule_id: row.int("schedule_id")?,
        source_type: row.numbered("source_type", SourceType::from_repr)?,
        path: row.text("path")?,
        checked_at: row.time("checked_at")?,
        total_bytes: row.get("total_bytes")?,
        free_bytes: row.get("free_bytes")?,
        points: row.get("points")?,
        newest_point: row.get("newest_point")?,
        leftovers: row.optional_json("leftovers")?.unwrap_or_default(),
        error: row.get("error")?,
    })
}
