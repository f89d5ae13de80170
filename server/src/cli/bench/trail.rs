//! Appending to the trail, beside plain inserts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use app::model::{LogStatus, SourceType, Zone};

use super::super::say;
use crate::audit::{LogRow, Trail};
use crate::clock::Clock;
use crate::store::{Database, Sql};

/// An empty trail.
pub(super) async fn run(rows: usize, writers: usize) -> anyhow::Result<()> {
    let dir = tempfile::tempdir().context("make a temporary directory")?;
    let database = Database::open(&format!("sqlite://{}", dir.path().join("trail.db").display())).await?;
    let trail = Trail::start(database.clone(), Clock::machine(), Arc::new(Zone::utc()), Arc::default());
    beside_plain_file(&trail, rows, writers).await?;
    database.close().await;
    Ok(())
}

/// Appends rows by many writers, beside plain inserts into an empty file of their own.
pub(super) async fn beside_plain_file(trail: &Trail, rows: usize, writers: usize) -> anyhow::Result<()> {
    let dir = tempfile::tempdir().context("make a temporary directory")?;
    let plain = Database::open(&format!("sqlite://{}", dir.path().join("plain.db").display())).await?;
    say("Trail: SQLite, WAL, every commit synchronised to disk.");
    beside_plain(&plain, trail, rows, writers).await?;
    plain.close().await;
    Ok(())
}

/// Appends rows by many writers, beside plain inserts into a table of their own.
pub(super) async fn beside_plain(plain: &Database, trail: &Trail, rows: usize, writers: usize) -> anyhow::Result<()> {
    let alone = one_commit_each(plain, rows / 20).await?;
    report("yardstick: one plain insert a commit, one writer", rows / 20, alone, None);
    let shared = appended_by_many(trail, rows, writers).await?;
    let per_row = |took: Duration, rows: usize| took.as_secs_f64() / f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
    let ratio = per_row(alone, rows / 20) / per_row(shared, rows);
    report(&format!("trail: {writers} writers, each row acknowledged after commit"), rows, shared, Some(ratio));
    Ok(())
}

fn report(what: &str, rows: usize, took: Duration, ratio: Option<f64>) {
    let rate = f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / took.as_secs_f64();
    let ratio = ratio.map(|ratio| format!("  {ratio:.1} times the yardstick")).unwrap_or_default();
    say(format!("{rate:>9.0} rows/s  {what}{ratio}"));
}

/// The bare statement in a transaction of its own.
async fn one_commit_each(database: &Database, rows: usize) -> anyhow::Result<Duration> {
    let mut tx = database.begin().await?;
    tx.execute(Sql::new("create table yardstick (id integer primary key, at bigint, message text)")).await?;
    tx.commit().await?;
    let began = Instant::now();
    for n in 0..i64::try_from(rows)? {
        let mut tx = database.begin().await?;
        tx.execute(
            Sql::new("insert into yardstick (id, at, message) values ($1, $2, $3)").bind(n).bind(n).bind("FILES web site started on web-1"),
        )
        .await?;
        tx.commit().await?;
    }
    let took = began.elapsed();
    let mut tx = database.begin().await?;
    tx.execute(Sql::new("drop table yardstick")).await?;
    tx.commit().await?;
    Ok(took)
}

async fn appended_by_many(trail: &Trail, rows: usize, writers: usize) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let each = rows / writers.max(1);
    let tasks: Vec<_> = (0..writers.max(1))
        .map(|_| {
            let trail = trail.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    trail
                        .append(LogRow::new(LogStatus::Started, SourceType::Files, "FILES web site started on web-1").server(1).schedule(1))
                        .await?;
                }
                Ok::<_, Arc<crate::store::StoreError>>(())
            })
        })
        .collect();
    for task in tasks {
        task.await?.map_err(|cause| anyhow::anyhow!(crate::words::cause_words(&*cause)))?;
    }
    Ok(began.elapsed())
}
