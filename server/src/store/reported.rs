//! Runs that others report: heard of from time to time, silent, given up. `told_silent` is 0 while a run is heard of, 1 once the
//! trail has said that it is silent, and 2 when it was ended on a guess: then its real end still counts.

use app::model::{RunId, RunState, SourceType, Timestamp};

use super::runs::{self, ActiveRun, First, NewRun};
use super::{Database, Row, Sql, StoreError, Transaction};

/// Reports of one schedule wait for each other from here to the end of the transaction; false if there is no such schedule.
pub async fn lock_schedule(tx: &mut Transaction, schedule_id: i64) -> Result<bool, StoreError> {
    let sql = Sql::new("update schedule set due_after = due_after where id = $1 and deleted_at is null").bind(schedule_id);
    Ok(tx.execute(sql).await? == 1)
}

/// Records a run of which nothing was heard before its end, which follows in the same transaction.
pub async fn insert_unheard(tx: &mut Transaction, run: &NewRun, started_at: Option<Timestamp>) -> Result<(), StoreError> {
    let checked_at = Some(run.created_at);
    runs::insert_as(tx, run, First { started_at, checked_at, told_silent: 2, ..First::of(RunState::Partial) }).await
}

/// A run, over or not.
pub async fn find(tx: &mut Transaction, id: &RunId) -> Result<Option<ActiveRun>, StoreError> {
    let mut sql = Sql::new(runs::COLUMNS);
    sql.push(" and r.id = ").push_bind(id);
    tx.fetch_optional(sql).await?.as_ref().map(runs::active_run).transpose()
}

/// The run of a schedule that is not over, of one type or of any; the newest where there are several.
pub async fn active_of(tx: &mut Transaction, schedule_id: i64, source_type: Option<SourceType>) -> Result<Option<ActiveRun>, StoreError> {
    let mut sql = Sql::new(runs::COLUMNS);
    sql.push(" and r.state in (1, 2, 3, 7) and r.schedule_id = ").push_bind(schedule_id);
    if let Some(source_type) = source_type {
        sql.push(" and r.source_type = ").push_bind(source_type);
    }
    sql.push(" order by r.id desc limit 1");
    tx.fetch_optional(sql).await?.as_ref().map(runs::active_run).transpose()
}

/// Notes that a run was heard of; false if it is over. Who writes about the run next has it alone until the transaction ends.
pub async fn hear(tx: &mut Transaction, id: &RunId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update run set checked_at = $1, told_silent = 0 where id = $2 and state in (3, 7)").bind(now).bind(id);
    Ok(tx.execute(sql).await? == 1)
}

/// A run that goes on, and how long it may be silent.
pub struct Quiet {
    pub run: ActiveRun,
    pub grace_minutes: i64,
}

/// Reported runs that go on, were last heard of before a moment, and of whose silence the trail has not spoken, or that were asked to
/// stop.
pub async fn quiet_since(database: &Database, moment: Timestamp) -> Result<Vec<Quiet>, StoreError> {
    let mut sql = Sql::new(runs::COLUMNS);
    sql.push(" and r.trigger_kind = 3 and ((r.state = 3 and r.told_silent = 0) or r.state = 7) and r.checked_at < ").push_bind(moment);
    sql.push(" order by r.id");
    let mut quiet = Vec::new();
    for row in database.fetch_all(sql).await? {
        let run = runs::active_run(&row)?;
        let sql = Sql::new("select grace_minutes from schedule where id = $1").bind(run.run.schedule.id);
        let Some(schedule) = database.fetch_optional(sql).await? else { continue };
        quiet.push(Quiet { run, grace_minutes: schedule.int("grace_minutes")? });
    }
    Ok(quiet)
}

/// Notes that the trail speaks of a run's silence; false if it has already, or the run was heard of meanwhile.
pub async fn mark_silent(tx: &mut Transaction, id: &RunId, last_heard: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("update run set told_silent = 1 where id = $1 and told_silent = 0 and state = 3 and checked_at = $2")
        .bind(id)
        .bind(last_heard);
    Ok(tx.execute(sql).await? == 1)
}

/// Notes that a run was ended on a guess.
pub async fn mark_given_up(tx: &mut Transaction, id: &RunId) -> Result<(), StoreError> {
    tx.execute(Sql::new("update run set told_silent = 2 where id = $1").bind(id)).await?;
    Ok(())
}

/// The end of what a run has printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptOutput {
    /// Bytes that it has printed in all.
    pub size: i64,
    pub tail: Vec<u8>,
}

pub async fn output(tx: &mut Transaction, id: &RunId) -> Result<Option<KeptOutput>, StoreError> {
    let sql = Sql::new("select size, tail from run_output where run_id = $1").bind(id);
    let kept = |row: Row| Ok(KeptOutput { size: row.int("size")?, tail: row.get("tail")? });
    tx.fetch_optional(sql).await?.map(kept).transpose()
}

pub async fn set_output(tx: &mut Transaction, id: &RunId, output: KeptOutput) -> Result<(), StoreError> {
    let sql = Sql::new(
        "insert into run_output (run_id, size, tail) values ($1, $2, $3) \
         on conflict (run_id) do update set size = excluded.size, tail = excluded.tail",
    )
    .bind(id)
    .bind(output.size)
    .bind(output.tail);
    tx.execute(sql).await?;
    Ok(())
}

/// Forgets the output of a run that is over: its row carries it now.
pub async fn remove_output(tx: &mut Transaction, id: &RunId) -> Result<(), StoreError> {
    tx.execute(Sql::new("delete from run_output where run_id = $1").bind(id)).await?;
    Ok(())
}
