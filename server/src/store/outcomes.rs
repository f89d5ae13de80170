//! How runs ended: what strips, standings and comparisons are made of. `outcome` keeps how a run ended also when its point has
//! expired since.

use app::model::{LastGood, PastRun, Run, RunId, RunOrigin, RunState, Scope, SourceType};

use super::scope::push_scope;
use super::{Database, Row, Sql, StoreError, runs};

/// The last runs of every schedule in scope, or of one, oldest first: at most so many of each.
pub async fn recent(database: &Database, scope: &Scope, schedule_id: Option<i64>, most: i64) -> Result<Vec<PastRun>, StoreError> {
    // Where the first of them begins is looked up once a schedule, so the index is read no further back than that.
    let mut sql = Sql::new(
        "select r.id, r.schedule_id, r.source_type, r.state, r.outcome, r.created_at, r.started_at, r.finished_at from \
         (select p.id as schedule_id, coalesce((select x.id from run x where x.schedule_id = p.id order by x.id desc limit 1 offset $1), '') \
         as from_id from schedule p where p.deleted_at is null",
    )
    .bind(most - 1);
    push_scope(&mut sql, scope, "p.server_id");
    if let Some(id) = schedule_id {
        sql.push(" and p.id = ").push_bind(id);
    }
    sql.push(") as since join run r on r.schedule_id = since.schedule_id and r.id >= since.from_id order by r.schedule_id, r.id");
    database.fetch_all(sql).await?.iter().map(past_run).collect()
}

/// When each schedule in scope, or one, last had a good run of each type.
pub async fn last_good(database: &Database, scope: &Scope, schedule_id: Option<i64>) -> Result<Vec<LastGood>, StoreError> {
    // Each pair is one look into the index of good runs.
    let mut sql = Sql::new(
        "select good.schedule_id, good.source_type, good.finished_at from \
         (select p.id as schedule_id, t.source_type as source_type, (select max(r.finished_at) from run r where r.schedule_id = p.id and \
         r.source_type = t.source_type and r.outcome = 4) as finished_at from schedule p cross join (select cast(1 as bigint) as source_type union all \
         select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7 union all select 8 union \
         all select 9) as t where p.deleted_at is null",
    );
    push_scope(&mut sql, scope, "p.server_id");
    if let Some(id) = schedule_id {
        sql.push(" and p.id = ").push_bind(id);
    }
    sql.push(") as good where good.finished_at is not null");
    let read = |row: &Row| {
        Ok(LastGood {
            schedule_id: row.int("schedule_id")?,
            source_type: row.numbered("source_type", SourceType::from_repr)?,
            finished_at: row.time("finished_at")?,
        })
    };
    database.fetch_all(sql).await?.iter().map(read).collect()
}

/// The last good run of the same schedule and type before this one.
pub async fn last_good_before(database: &Database, scope: &Scope, run: &Run) -> Result<Option<Run>, StoreError> {
    let mut sql = Sql::new(runs::COLUMNS);
    push_scope(&mut sql, scope, "r.server_id");
    sql.push(" and r.schedule_id = ").push_bind(run.schedule.id).push(" and r.source_type = ").push_bind(run.source_type);
    sql.push(" and r.outcome = 4 and r.id < ").push_bind(&run.id).push(" order by r.finished_at desc limit 1");
    database.fetch_optional(sql).await?.as_ref().map(runs::run).transpose()
}

/// What made a run begin, who wants it stopped and how it ended.
pub async fn origin(database: &Database, scope: &Scope, id: &RunId) -> Result<Option<RunOrigin>, StoreError> {
    let mut sql = Sql::new("select r.due_at, r.stop_by, r.stop_at, r.outcome from run r where 1 = 1");
    push_scope(&mut sql, scope, "r.server_id");
    sql.push(" and r.id = ").push_bind(id);
    let Some(row) = database.fetch_optional(sql).await? else { return Ok(None) };
    let stop = row.get::<Option<String>>("stop_by")?.zip(row.optional_time("stop_at")?);
    Ok(Some(RunOrigin { due_at: row.optional_time("due_at")?, stop, outcome: outcome(&row)? }))
}

fn past_run(row: &Row) -> Result<PastRun, StoreError> {
    let (started_at, finished_at) = (row.optional_time("started_at")?, row.optional_time("finished_at")?);
    let state = row.numbered("state", RunState::from_repr)?;
    Ok(PastRun {
        id: row.parsed("id")?,
        schedule_id: row.int("schedule_id")?,
        source_type: row.numbered("source_type", SourceType::from_repr)?,
        outcome: outcome(row)?.unwrap_or(state),
        at: finished_at.map_or_else(|| row.time("created_at"), Ok)?,
        duration_s: started_at.zip(finished_at).map(|(from, to)| to.millis_since(from).max(0) / 1000),
    })
}

fn outcome(row: &Row) -> Result<Option<RunState>, StoreError> {
    if row.get::<Option<i64>>("outcome")?.is_none() {
        return Ok(None);
    }
    row.numbered("outcome", RunState::from_repr).map(Some)
}
