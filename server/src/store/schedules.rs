//! Schedules and the cron times that have been dealt with.

use app::model::{CatchUp, Schedule, ScheduleDraft, ScheduleKind, Scope, Timestamp};

use super::scope::push_scope;
use super::{Database, Row, Sql, StoreError, Transaction};

const COLUMNS: &str = "select p.id, p.server_id, p.name, p.kind, p.enabled, p.cron, p.timezone, p.catch_up, p.grace_minutes, \
     p.long_run_hours, p.target_hours, p.files, p.mysql, p.command, p.watch, p.watch_seen, p.due_after from schedule p where p.deleted_at is null";

/// Every schedule in scope, by name.
pub async fn list(database: &Database, scope: &Scope) -> Result<Vec<Schedule>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" order by p.name, p.id");
    database.fetch_all(sql).await?.iter().map(schedule).collect()
}

pub async fn find(database: &Database, scope: &Scope, id: i64) -> Result<Option<Schedule>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "p.server_id");
    sql.push(" and p.id = ").push_bind(id);
    database.fetch_optional(sql).await?.as_ref().map(schedule).transpose()
}

/// A schedule that cron starts, with the moment up to which its due times are dealt with.
pub struct Timed {
    pub schedule: Schedule,
    pub due_after: Timestamp,
}

/// Every enabled schedule with a cron expression.
pub async fn timed(database: &Database) -> Result<Vec<Timed>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" and p.enabled = 1 and p.cron is not null order by p.id");
    let timed = |row: &Row| Ok(Timed { schedule: schedule(row)?, due_after: row.time("due_after")? });
    database.fetch_all(sql).await?.iter().map(timed).collect()
}

/// Enabled schedules of a server that watch a job, with what the last look found.
pub async fn watched_on(database: &Database, server_id: i64) -> Result<Vec<(Schedule, Option<String>)>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" and p.enabled = 1 and p.kind = 2 and p.server_id = ").push_bind(server_id).push(" order by p.id");
    let watched = |row: &Row| Ok((schedule(row)?, row.get("watch_seen")?));
    database.fetch_all(sql).await?.iter().map(watched).collect()
}

/// Replaces what the last look at a watched job found; false if somebody else has looked in between.
pub async fn note_seen(tx: &mut Transaction, id: i64, before: Option<&str>, seen: &str) -> Result<bool, StoreError> {
    let sql = Sql::new("update schedule set watch_seen = $1 where id = $2 and coalesce(watch_seen, '') = $3")
        .bind(seen)
        .bind(id)
        .bind(before.unwrap_or_default());
    Ok(tx.execute(sql).await? == 1)
}

/// Moves the moment up to which due times are dealt with; false if somebody else has moved it already.
pub async fn advance(tx: &mut Transaction, id: i64, from: Timestamp, to: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update schedule set due_after = $1 where id = $2 and due_after = $3").bind(to).bind(id).bind(from);
    Ok(tx.execute(sql).await? == 1)
}

/// Stores a new schedule and returns its id. Cron times up to `now` do not count.
pub async fn insert(tx: &mut Transaction, draft: &ScheduleDraft, now: Timestamp) -> Result<i64, StoreError> {
    let sql = Sql::new(
        "insert into schedule (server_id, name, kind, enabled, cron, timezone, catch_up, grace_minutes, long_run_hours, target_hours, files, \
         mysql, command, watch, due_after, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15) returning id",
    );
    tx.fetch_one(bind_draft(sql, draft).bind(now)).await?.int("id")
}

/// Replaces a schedule. Cron times up to `now` do not count any more, and what a watched job left so far is not news.
pub async fn update(tx: &mut Transaction, id: i64, draft: &ScheduleDraft, now: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new(
        "update schedule set server_id = $1, name = $2, kind = $3, enabled = $4, cron = $5, timezone = $6, catch_up = $7, \
         grace_minutes = $8, long_run_hours = $9, target_hours = $10, files = $11, mysql = $12, command = $13, watch = $14, due_after = $15, \
         watch_seen = null where id = $16 and deleted_at is null",
    );
    Ok(tx.execute(bind_draft(sql, draft).bind(now).bind(id)).await? == 1)
}

/// Removes a schedule; its rows in the trail keep its name.
pub async fn remove(tx: &mut Transaction, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update schedule set deleted_at = $1, enabled = 0 where id = $2 and deleted_at is null").bind(now).bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// Whether a server has schedules.
pub async fn any_on(tx: &mut Transaction, server_id: i64) -> Result<bool, StoreError> {
    let sql = Sql::new("select id from schedule where server_id = $1 and deleted_at is null limit 1").bind(server_id);
    Ok(tx.fetch_optional(sql).await?.is_some())
}

fn bind_draft(sql: Sql, draft: &ScheduleDraft) -> Sql {
    sql.bind(draft.server_id)
        .bind(draft.name.as_str())
        .bind(draft.kind)
        .bind(draft.enabled)
        .bind(draft.cron.clone())
        .bind(draft.timezone.clone())
        .bind(draft.catch_up)
        .bind(i64::from(draft.grace_minutes))
        .bind(json(&draft.long_run_hours))
        .bind(draft.target_hours.map(i64::from))
        .bind(draft.files.as_ref().map(json))
        .bind(draft.mysql.as_ref().map(json))
        .bind(draft.command.as_ref().map(json))
        .bind(draft.watch.as_ref().map(json))
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| unreachable!("strings and numbers are JSON"))
}

fn schedule(row: &Row) -> Result<Schedule, StoreError> {
    let policy = ScheduleDraft {
        name: row.text("name")?,
        server_id: row.int("server_id")?,
        kind: row.numbered("kind", ScheduleKind::from_repr)?,
        enabled: row.flag("enabled")?,
        cron: row.get("cron")?,
        timezone: row.get("timezone")?,
        catch_up: row.numbered("catch_up", CatchUp::from_repr)?,
        grace_minutes: row.small("grace_minutes")?,
        long_run_hours: row.optional_json("long_run_hours")?.unwrap_or_default(),
        target_hours: row.optional_small("target_hours")?,
        files: row.optional_json("files")?,
        mysql: row.optional_json("mysql")?,
        command: row.optional_json("command")?,
        watch: row.optional_json("watch")?,
    };
    Ok(Schedule { id: row.int("id")?, policy })
}
