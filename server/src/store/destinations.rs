//! What was found where schedules keep their points.

use app::model::{DestinationState, Scope, SourceType, Timestamp};

use super::scope::push_scope;
use super::{Database, Row, Sql, StoreError, Transaction};

/// What one look found; `None` where it could not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surveyed {
    pub total_bytes: Option<i64>,
    pub free_bytes: Option<i64>,
    pub points: Option<i64>,
    pub newest_point: Option<String>,
    pub leftovers: Vec<String>,
    pub error: Option<String>,
}

/// Writes down a look in place of the one before.
pub async fn record(
    tx: &mut Transaction,
    schedule_id: i64,
    source_type: SourceType,
    path: &str,
    surveyed: &Surveyed,
    now: Timestamp,
) -> Result<(), StoreError> {
    let leftovers = serde_json::to_string(&surveyed.leftovers).unwrap_or_else(|_| unreachable!("texts are JSON"));
    let sql = Sql::new(
        "insert into destination (schedule_id, source_type, path, checked_at, total_bytes, free_bytes, points, newest_point, leftovers, error) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         on conflict (schedule_id, source_type) do update set path = excluded.path, checked_at = excluded.checked_at, \
         total_bytes = excluded.total_bytes, free_bytes = excluded.free_bytes, points = excluded.points, \
         newest_point = excluded.newest_point, leftovers = excluded.leftovers, error = excluded.error",
    )
    .bind(schedule_id)
    .bind(source_type)
    .bind(path)
    .bind(now)
    .bind(surveyed.total_bytes)
    .bind(surveyed.free_bytes)
    .bind(surveyed.points)
    .bind(surveyed.newest_point.clone())
    .bind(leftovers)
    .bind(surveyed.error.clone());
    tx.execute(sql).await?;
    Ok(())
}

const COLUMNS: &str = "select d.schedule_id, d.source_type, d.path, d.checked_at, d.total_bytes, d.free_bytes, d.points, d.newest_point, \
     d.leftovers, d.error from destination d join schedule p on p.id = d.schedule_id where p.deleted_at is null";

/// Every destination of the schedules in scope.
pub async fn list(database: &Database, scope: &Scope) -> Result<Vec<DestinationState>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" order by d.schedule_id, d.source_type");
    database.fetch_all(sql).await?.iter().map(state).collect()
}

/// The destinations of one schedule in scope.
pub async fn of_schedule(database: &Database, scope: &Scope, schedule_id: i64) -> Result<Vec<DestinationState>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" and d.schedule_id = ").push_bind(schedule_id).push(" order by d.source_type");
    database.fetch_all(sql).await?.iter().map(state).collect()
}

/// The destinations of the schedules of one server in scope.
pub async fn of_server(database: &Database, scope: &Scope, server_id: i64) -> Result<Vec<DestinationState>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" and p.server_id = ").push_bind(server_id).push(" order by d.schedule_id, d.source_type");
    database.fetch_all(sql).await?.iter().map(state).collect()
}

fn state(row: &Row) -> Result<DestinationState, StoreError> {
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
