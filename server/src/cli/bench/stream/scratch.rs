//! An empty database on the same PostgreSQL server for each panel that is measured.

use std::str::FromStr as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool};

use super::super::logs::{PostgresInserts, SLICE};
use crate::store::Database;

/// One at a time: what a measurement that was cut off has left is removed by the next.
const NAME: &str = "tailback_bench_stream";

/// Makes it anew; gives where it is.
pub(super) async fn make(beside: &str) -> Result<String> {
    remove(beside).await?;
    execute(beside, format!("create database {NAME}")).await?;
    Ok(options(beside)?.database(NAME).to_url_lossy().to_string())
}

pub(super) async fn remove(beside: &str) -> Result<()> {
    execute(beside, format!("drop database if exists {NAME}")).await
}

async fn execute(beside: &str, sql: String) -> Result<()> {
    let mut connection = options(beside)?.connect().await.context("connect to PostgreSQL")?;
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

fn options(url: &str) -> Result<PgConnectOptions> {
    PgConnectOptions::from_str(url).context("read the address of the PostgreSQL database")
}

/// Rows a second of a plain `unnest`, with their words.
#[expect(clippy::cast_precision_loss, reason = "a rate")]
pub(super) async fn inserted(beside: &str, seconds: u32) -> Result<f64> {
    let url = make(beside).await?;
    Database::open(&url).await?.close().await;
    let pool = PgPool::connect(&url).await?;
    let mut inserts = PostgresInserts::new(&pool, 10_000_000, "with_words").await?;
    let (began, mut rows) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(u64::from(seconds)) {
        inserts.add(SLICE, true).await?;
        rows += SLICE;
    }
    let rate = rows as f64 / began.elapsed().as_secs_f64();
    pool.close().await;
    remove(beside).await?;
    Ok(rate)
}
