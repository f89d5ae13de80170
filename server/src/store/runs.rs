//! Runs and their states. Every change names the states it may start from, so that whoever comes second changes nothing.

use app::model::{Named, Progress, Run, RunId, RunState, Scope, SourceType, Timestamp, Trigger};

use super::scope::push_scope;
use super::{Database, Row, Sql, StoreError, Transaction};
use crate::jobs::Job;

/// A run about to be recorded, which happens before its server is touched.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub id: RunId,
    pub schedule_id: i64,
    pub server_id: i64,
    pub trigger: Trigger,
    pub created_at: Timestamp,
    /// The cron time it answers; a second run for the same time is refused by the database.
    pub due_at: Option<Timestamp>,
    /// When waiting for the server ends and the run counts as missed.
    pub start_by: Timestamp,
    pub job: Job,
}

/// A run with what the checker needs besides.
#[derive(Debug, Clone)]
pub struct ActiveRun {
    pub run: Run,
    pub job: Job,
    pub start_by: Timestamp,
    /// Whether the server may have seen the start. Once true, only the server knows whether the job began.
    pub start_sent: bool,
    /// Who asked for it to be stopped, and when.
    pub stop: Option<StopRequest>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopRequest {
    pub by: String,
    pub at: Timestamp,
}

/// What a run did in the end; each `None` until the tool has said it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunStatistics {
    pub bytes_done: Option<i64>,
    pub bytes_total: Option<i64>,
    pub bytes_written: Option<i64>,
    pub files_done: Option<i64>,
    pub files_total: Option<i64>,
    pub files_written: Option<i64>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    pub state: RunState,
    pub finished_at: Timestamp,
    pub exit_code: Option<i64>,
    pub statistics: RunStatistics,
    pub point: Option<String>,
    pub error: Option<String>,
}

pub(super) const COLUMNS: &str = "select r.id, r.schedule_id, p.name as schedule_name, r.server_id, s.name as server_name, r.source_type, \
     r.trigger_kind, r.state, r.created_at, r.start_by, r.start_sent, r.started_at, r.finished_at, r.exit_code, r.bytes_done, r.bytes_total, \
     r.bytes_written, r.files_done, r.files_total, r.files_written, r.point, r.error, r.progress, r.checked_at, r.stop_by, r.stop_at, r.job, \
     r.told_hours, p.long_run_hours from run r join schedule p on p.id = r.schedule_id join server s on s.id = r.server_id where 1 = 1";

/// How a run stands when it is first recorded.
pub(super) struct First<'r> {
    pub(super) state: RunState,
    pub(super) started_at: Option<Timestamp>,
    pub(super) checked_at: Option<Timestamp>,
    pub(super) told_silent: i64,
    pub(super) error: Option<&'r str>,
}

impl First<'_> {
    pub(super) fn of(state: RunState) -> Self {
        Self { state, started_at: None, checked_at: None, told_silent: 0, error: None }
    }
}

/// Records a run. A unique index refuses it (`StoreError::is_duplicate`) when its due time is dealt with already.
pub async fn insert(tx: &mut Transaction, run: &NewRun) -> Result<(), StoreError> {
    insert_as(tx, run, First::of(RunState::Queued)).await
}

/// Records a run that was due and did not begin.
pub async fn insert_skipped(tx: &mut Transaction, run: &NewRun, reason: &str) -> Result<(), StoreError> {
    insert_as(tx, run, First { error: Some(reason), ..First::of(RunState::Skipped) }).await
}

/// Records a run that has begun elsewhere.
pub async fn insert_running(tx: &mut Transaction, run: &NewRun, started_at: Option<Timestamp>) -> Result<(), StoreError> {
    insert_as(tx, run, First { started_at, checked_at: Some(run.created_at), ..First::of(RunState::Running) }).await
}

pub(super) async fn insert_as(tx: &mut Transaction, run: &NewRun, first: First<'_>) -> Result<(), StoreError> {
    let job = serde_json::to_string(&run.job).unwrap_or_else(|_| unreachable!("a job of strings and numbers is JSON"));
    let is_skipped = first.state == RunState::Skipped;
    let sql = Sql::new(
        "insert into run (id, schedule_id, server_id, source_type, trigger_kind, state, due_at, created_at, start_by, job, started_at, \
         checked_at, told_silent, finished_at, error, outcome) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(&run.id)
    .bind(run.schedule_id)
    .bind(run.server_id)
    .bind(run.job.source_type())
    .bind(run.trigger)
    .bind(first.state)
    .bind(run.due_at)
    .bind(run.created_at)
    .bind(run.start_by)
    .bind(job)
    .bind(first.started_at)
    .bind(first.checked_at)
    .bind(first.told_silent)
    .bind(is_skipped.then_some(run.created_at))
    .bind(first.error.map(str::to_owned))
    .bind(is_skipped.then_some(first.state as i64));
    tx.execute(sql).await?;
    Ok(())
}

/// The active run of a schedule and type, if there is one.
pub async fn active_of(tx: &mut Transaction, schedule_id: i64, source_type: SourceType) -> Result<Option<RunId>, StoreError> {
    let sql = Sql::new("select id from run where schedule_id = $1 and source_type = $2 and state in (1, 2, 3, 7)")
        .bind(schedule_id)
        .bind(source_type);
    tx.fetch_optional(sql).await?.map(|row| row.parsed("id")).transpose()
}

/// Remembers that the server is about to be asked to begin.
pub async fn mark_start_sent(tx: &mut Transaction, id: &RunId) -> Result<bool, StoreError> {
    let sql = Sql::new("update run set start_sent = 1 where id = $1 and state in (1, 2)").bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// A queued run has begun.
pub async fn mark_running(tx: &mut Transaction, id: &RunId, started_at: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update run set state = $1, started_at = $2, checked_at = $2 where id = $3 and state in (1, 2)")
        .bind(RunState::Running)
        .bind(started_at)
        .bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// What the checker saw of a run that goes on, and its state; `None` once it is over.
pub async fn record_progress(
    tx: &mut Transaction,
    id: &RunId,
    progress: &Progress,
    checked_at: Timestamp,
) -> Result<Option<RunState>, StoreError> {
    let json = serde_json::to_string(progress).unwrap_or_else(|_| unreachable!("progress of strings and finite numbers is JSON"));
    let sql = Sql::new("update run set progress = $1, checked_at = $2 where id = $3 and state in (3, 7) returning state")
        .bind(json)
        .bind(checked_at)
        .bind(id);
    tx.fetch_optional(sql).await?.map(|row| row.numbered("state", RunState::from_repr)).transpose()
}

/// Ends an active run, or one that was given up because nothing more was heard of it; false if it has ended already.
pub async fn finish(tx: &mut Transaction, id: &RunId, ending: &Ending) -> Result<bool, StoreError> {
    let sql = Sql::new(
        "update run set state = $1, outcome = $1, finished_at = $2, exit_code = $3, bytes_done = $4, bytes_total = $5, bytes_written = $6, \
         files_done = $7, files_total = $8, files_written = $9, point = $10, error = $11, progress = null, checked_at = $2, \
         told_silent = 0 where id = $12 and (state in (1, 2, 3, 7) or told_silent = 2)",
    )
    .bind(ending.state)
    .bind(ending.finished_at)
    .bind(ending.exit_code)
    .bind(ending.statistics.bytes_done)
    .bind(ending.statistics.bytes_total)
    .bind(ending.statistics.bytes_written)
    .bind(ending.statistics.files_done)
    .bind(ending.statistics.files_total)
    .bind(ending.statistics.files_written)
    .bind(ending.point.clone())
    .bind(ending.error.clone())
    .bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// A run that goes on, and when it counts as long.
pub struct LongRun {
    pub run: Run,
    pub long_run_hours: Vec<u32>,
    /// The threshold that the trail has spoken of last.
    pub told_hours: i64,
}

/// Every run that has begun and is not over.
pub async fn running_with_thresholds(database: &Database) -> Result<Vec<LongRun>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" and r.state in (3, 7) and r.started_at is not null order by r.id");
    let long = |row: &Row| {
        let long_run_hours = row.optional_json("long_run_hours")?.unwrap_or_default();
        Ok(LongRun { run: run(row)?, long_run_hours, told_hours: row.int("told_hours")? })
    };
    database.fetch_all(sql).await?.iter().map(long).collect()
}

/// Notes that the trail speaks of a threshold; false if it has already.
pub async fn tell_hours(tx: &mut Transaction, id: &RunId, hours: i64) -> Result<bool, StoreError> {
    let sql = Sql::new("update run set told_hours = $1 where id = $2 and told_hours < $1 and state in (3, 7)").bind(hours).bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// Whether a schedule has a run of this type that began, or was heard or seen of, at or after a moment. Who reports a run may name
/// another type than the schedule does.
pub async fn any_since(tx: &mut Transaction, schedule_id: i64, source_type: SourceType, since: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new(
        "select id from run where schedule_id = $1 and (source_type = $2 or trigger_kind = 3) and state <> 10 and \
         (state in (3, 7) or coalesce(started_at, finished_at, created_at) >= $3) limit 1",
    )
    .bind(schedule_id)
    .bind(source_type)
    .bind(since);
    Ok(tx.fetch_optional(sql).await?.is_some())
}

/// Runs of a server that ended before a moment and whose directories there have not been removed.
pub async fn unswept(database: &Database, server_id: i64, before: Timestamp, limit: i64) -> Result<Vec<RunId>, StoreError> {
    let sql = Sql::new(
        "select id from run where server_id = $1 and finished_at < $2 and swept = 0 and start_sent = 1 and state not in (1, 2, 3, 7) \
         order by finished_at limit $3",
    )
    .bind(server_id)
    .bind(before)
    .bind(limit);
    database.fetch_all(sql).await?.iter().map(|row| row.parsed("id")).collect()
}

/// Notes that the directory of a run has been removed from its server.
pub async fn mark_swept(tx: &mut Transaction, id: &RunId) -> Result<(), StoreError> {
    tx.execute(Sql::new("update run set swept = 1 where id = $1").bind(id)).await?;
    Ok(())
}

/// Marks the run that made this point as expired; false if there is none.
pub async fn expire(tx: &mut Transaction, schedule_id: i64, source_type: SourceType, point: &str) -> Result<Option<RunId>, StoreError> {
    let sql =
        Sql::new("update run set state = $1 where schedule_id = $2 and source_type = $3 and point = $4 and state in (4, 5) returning id")
            .bind(RunState::Expired)
            .bind(schedule_id)
            .bind(source_type)
            .bind(point);
    tx.fetch_optional(sql).await?.map(|row| row.parsed("id")).transpose()
}

/// Asks for a stop; false if the run is over or being stopped already.
pub async fn request_stop(tx: &mut Transaction, id: &RunId, by: &str, at: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update run set state = $1, stop_by = $2, stop_at = $3 where id = $4 and state in (1, 2, 3)")
        .bind(RunState::Canceling)
        .bind(by)
        .bind(at)
        .bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// Every run of one server that is not over, oldest first. Of those that somebody reports, the server itself knows nothing.
pub async fn active_on(database: &Database, server_id: i64) -> Result<Vec<ActiveRun>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" and r.state in (1, 2, 3, 7) and r.trigger_kind <> 3 and r.server_id = ").push_bind(server_id).push(" order by r.id");
    database.fetch_all(sql).await?.iter().map(active_run).collect()
}

/// Every run in scope that is not over, oldest first.
pub async fn active(database: &Database, scope: &Scope) -> Result<Vec<Run>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "r.server_id");
    sql.push(" and r.state in (1, 2, 3, 7) order by r.id");
    database.fetch_all(sql).await?.iter().map(run).collect()
}

/// Whether a server or a schedule still has runs that are not over.
pub async fn any_active(tx: &mut Transaction, server_id: Option<i64>, schedule_id: Option<i64>) -> Result<bool, StoreError> {
    let sql = Sql::new("select id from run where state in (1, 2, 3, 7) and (server_id = $1 or schedule_id = $2) limit 1")
        .bind(server_id)
        .bind(schedule_id);
    Ok(tx.fetch_optional(sql).await?.is_some())
}

/// Which runs a list shows. Empty lists filter nothing.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    pub state: Vec<RunState>,
    pub source_type: Vec<SourceType>,
    pub server: Vec<i64>,
    pub schedule: Vec<i64>,
}

/// A keyset page of runs, newest first, and how many match in all.
pub async fn list(
    database: &Database,
    scope: &Scope,
    filter: &RunFilter,
    before: Option<&RunId>,
    limit: u32,
) -> Result<(Vec<Run>, i64), StoreError> {
    let mut tx = database.snapshot().await?;
    let mut count = Sql::new("select count(*) as n from run r where 1 = 1");
    push_filter(&mut count, scope, filter);
    let total = tx.fetch_one(count).await?.int("n")?;
    let mut sql = Sql::new(COLUMNS);
    push_filter(&mut sql, scope, filter);
    if let Some(before) = before {
        sql.push(" and r.id < ").push_bind(before);
    }
    sql.push(" order by r.id desc limit ").push_bind(i64::from(limit));
    let runs = tx.fetch_all(sql).await?.iter().map(run).collect::<Result<_, _>>()?;
    Ok((runs, total))
}

/// One run in scope.
pub async fn find(database: &Database, scope: &Scope, id: &RunId) -> Result<Option<Run>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    push_scope(&mut sql, scope, "r.server_id");
    sql.push(" and r.id = ").push_bind(id);
    database.fetch_optional(sql).await?.as_ref().map(run).transpose()
}

/// Servers that have runs which are not over.
pub async fn busy_servers(database: &Database) -> Result<Vec<i64>, StoreError> {
    let rows = database.fetch_all(Sql::new("select distinct server_id from run where state in (1, 2, 3, 7)")).await?;
    rows.iter().map(|row| row.int("server_id")).collect()
}

fn push_filter(sql: &mut Sql, scope: &Scope, filter: &RunFilter) {
    push_scope(sql, scope, "r.server_id");
    if !filter.state.is_empty() {
        sql.push(" and r.state in (").push_list(filter.state.iter().copied()).push(")");
    }
    if !filter.source_type.is_empty() {
        sql.push(" and r.source_type in (").push_list(filter.source_type.iter().copied()).push(")");
    }
    if !filter.server.is_empty() {
        sql.push(" and r.server_id in (").push_list(filter.server.iter().copied()).push(")");
    }
    if !filter.schedule.is_empty() {
        sql.push(" and r.schedule_id in (").push_list(filter.schedule.iter().copied()).push(")");
    }
}

pub(super) fn active_run(row: &Row) -> Result<ActiveRun, StoreError> {
    let job = row.optional_json("job")?.ok_or_else(|| StoreError::Value { column: "job", value: String::new() })?;
    let stop = match (row.get::<Option<String>>("stop_by")?, row.optional_time("stop_at")?) {
        (Some(by), Some(at)) => Some(StopRequest { by, at }),
        _ => None,
    };
    Ok(ActiveRun { run: run(row)?, job, start_by: row.time("start_by")?, start_sent: row.flag("start_sent")?, stop })
}

pub(super) fn run(row: &Row) -> Result<Run, StoreError> {
    let started_at = row.optional_time("started_at")?;
    let finished_at = row.optional_time("finished_at")?;
    Ok(Run {
        id: row.parsed("id")?,
        schedule: Named { id: row.int("schedule_id")?, name: row.text("schedule_name")? },
        server: Named { id: row.int("server_id")?, name: row.text("server_name")? },
        source_type: row.numbered("source_type", SourceType::from_repr)?,
        trigger: row.numbered("trigger_kind", Trigger::from_repr)?,
        state: row.numbered("state", RunState::from_repr)?,
        created_at: row.time("created_at")?,
        started_at,
        finished_at,
        duration_s: started_at.zip(finished_at).map(|(from, to)| to.millis_since(from).max(0) / 1000),
        exit_code: row.get("exit_code")?,
        bytes_done: row.get("bytes_done")?,
        bytes_total: row.get("bytes_total")?,
        bytes_written: row.get("bytes_written")?,
        files_done: row.get("files_done")?,
        files_total: row.get("files_total")?,
        files_written: row.get("files_written")?,
        point: row.get("point")?,
        error: row.get("error")?,
        progress: row.optional_json("progress")?,
        long_run_hours: Some(row.int("told_hours")?).filter(|hours| *hours > 0),
        checked_at: row.optional_time("checked_at")?,
    })
}
