//! The same trail in PostgreSQL: writing it beside a plain `unnest`, reading it beside what psql says its own statements take.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use app::model::Zone;
use sqlx::{AssertSqlSafe, PgPool};

use super::super::trail;
use super::client::Times;
use super::generator::{Generator, make_schedules};
use super::yardstick::{Dialect, statement};
use super::{BATCH, BESIDE, OTHERS, Pace, SLICE, TIMES, WRITERS, WRITTEN_SINGLY, Writer, client_of, config, counts, lists, resident_mib};
use crate::cli::say;
use crate::clock::{Clock, zone_table};
use crate::serve::Serving;
use crate::store::log::NewLogEntry;
use crate::store::{Database, log};

/// How often psql runs each statement, …
const PSQL_TIMES: usize = 100;

/// … and how often one that goes through much of the trail, which more would take an hour.
const PSQL_SLOW_TIMES: usize = 5;
const SLOW: Duration = Duration::from_millis(200);

/// Makes the trail in an empty database and leaves it there.
pub(in super::super) async fn run(rows: u64, url: String) -> anyhow::Result<()> {
    let database = Database::open(&url).await?;
    let zone = zone_table(chrono_tz::Europe::Berlin);
    let there = u64::try_from(log::head(&database).await?)?;
    if there == 0 {
        make_schedules(&database).await?;
        let yardstick = PgPool::connect(&url).await?;
        let (mut alone, mut with_words) =
            (Inserts::new(&yardstick, rows, "alone").await?, Inserts::new(&yardstick, rows, "with_words").await?);
        let mut writer = Writer::new(&database, &zone, rows);
        let mut pace = Pace::default();
        while writer.left > 0 {
            if writer.written < BESIDE {
                pace.alone += alone.add(SLICE, false).await?;
                pace.with_words += with_words.add(SLICE, true).await?;
                pace.rows += SLICE;
            }
            writer.add(SLICE).await?;
            pace.note(&writer);
        }
        say(format!("writing {rows} rows, {BATCH} a commit, PostgreSQL; yardsticks: unnest, the same columns and indexes:"));
        pace.tell(&writer);
        alone.remove().await?;
        with_words.remove().await?;
        sqlx::query("vacuum analyze").execute(&yardstick).await?;
        yardstick.close().await;
    } else {
        ensure!(there >= rows, "the database has {there} rows, not {rows}: give an empty one");
        say(format!("{there} rows are there already"));
    }
    database.close().await;

    let dir = tempfile::tempdir().context("make a temporary directory")?;
    let serving = Serving::start(&config(dir.path(), url.clone())?, Clock::machine()).await?;
    let panel = client_of(&serving).await?;
    say("reading pages of 50, p50 and p99 in ms: panel over HTTP (rows and both counts), psql (rows alone)");
    for (what, query) in &lists(rows) {
        let ours = panel.times(&format!("/api/v1/logs?{query}"), TIMES).await?;
        let theirs = psql(&url, &zone, query)?;
        say(format!("  {what:<28} {ours}   psql {theirs}   p99 {:.2} times", ours.p99 / theirs.p99));
    }
    for (what, path) in OTHERS {
        say(format!("  {what:<28} {}", panel.times(path, TIMES).await?));
    }
    counts(&serving.panel.database, &serving.panel.zone).await?;
    say("Trail: PostgreSQL, every commit synchronised to disk.");
    trail::beside_plain(&serving.panel.database, &serving.panel.trail, WRITTEN_SINGLY, WRITERS).await?;
    say(format!("memory: {} MiB resident, everything read", resident_mib()?));
    serving.stop().await;
    Ok(())
}

/// What psql says that a statement takes.
fn psql(url: &str, zone: &Zone, query: &str) -> anyhow::Result<Times> {
    let sql = statement(Dialect::Postgres, zone, query);
    let some = psql_times(url, &sql, PSQL_SLOW_TIMES)?;
    let is_slow = some.iter().min().is_some_and(|fastest| *fastest > SLOW);
    Ok(Times::of(if is_slow { some } else { psql_times(url, &sql, PSQL_TIMES)? }))
}

fn psql_times(url: &str, sql: &str, times: usize) -> anyhow::Result<Vec<Duration>> {
    let dir = tempfile::tempdir()?;
    let script = dir.path().join("script.sql");
    // The first one reads what the others find in memory.
    std::fs::write(&script, format!("\\o /dev/null\n{sql};\n\\timing on\n{}", format!("{sql};\n").repeat(times)))?;
    let output = Command::new("psql").arg("-X").arg("-q").arg("-d").arg(url).arg("-f").arg(&script).stdin(Stdio::null()).output();
    let output = output.context("run psql")?;
    ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    let told = said.lines().filter_map(|line| line.strip_prefix("Time: ")?.split(' ').next()?.parse::<f64>().ok());
    let told: Vec<_> = told.map(|millis| Duration::from_secs_f64(millis / 1000.0)).collect();
    ensure!(told.len() == times, "psql told {} times, not {times}", told.len());
    Ok(told)
}

/// Tables that a plain `unnest` inserts into, with the same columns and indexes and as many rows a commit.
pub(in super::super) struct Inserts<'p> {
    pool: &'p PgPool,
    generator: Generator,
    last_id: i64,
    name: &'static str,
}

impl<'p> Inserts<'p> {
    pub(in super::super) async fn new(pool: &'p PgPool, rows: u64, name: &'static str) -> anyhow::Result<Self> {
        let inserts = Self { pool, generator: Generator::new(rows), last_id: 0, name };
        for table in ["entry", "words"] {
            inserts.execute(format!("create table yardstick_{name}_{table} (like log_{table} including all)")).await?;
        }
        Ok(inserts)
    }

    async fn execute(&self, sql: String) -> anyhow::Result<()> {
        sqlx::query(AssertSqlSafe(sql)).execute(self.pool).await?;
        Ok(())
    }

    /// Inserts so many more rows, if wanted with their words; gives how long it took.
    pub(in super::super) async fn add(&mut self, rows: usize, with_words: bool) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let insert = format!(
            "insert into yardstick_{}_entry (id, at, status, source_type, server_id, schedule_id, duration_s, message, year, month, day, hash) \
             select *, 2025, 3, 4, decode(repeat('00', 32), 'hex') from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], \
             $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])",
            self.name
        );
        let insert_words = format!(
            "insert into yardstick_{}_words (id, words) select id, to_tsvector('simple', message) from unnest($1::bigint[], $2::text[]) as t(id, message)",
            self.name
        );
        for entries in std::iter::repeat_with(|| self.generator.take(BATCH)).take(rows / BATCH) {
            let ids: Vec<_> = (self.last_id + 1..).take(entries.len()).collect();
            self.last_id += i64::try_from(entries.len())?;
            let messages: Vec<_> = entries.iter().map(|entry| entry.message.clone()).collect();
            let column = |of: fn(&NewLogEntry) -> Option<i64>| entries.iter().map(of).collect::<Vec<_>>();
            let mut tx = self.pool.begin().await?;
            sqlx::query(AssertSqlSafe(insert.clone()))
                .bind(&ids)
                .bind(column(|entry| Some(entry.at.millis())))
                .bind(column(|entry| Some(entry.status as i64)))
                .bind(column(|entry| Some(entry.source_type as i64)))
                .bind(column(|entry| entry.server_id))
                .bind(column(|entry| entry.schedule_id))
                .bind(column(|entry| entry.duration_s))
                .bind(&messages)
                .execute(&mut *tx)
                .await?;
            if with_words {
                sqlx::query(AssertSqlSafe(insert_words.clone())).bind(&ids).bind(&messages).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        }
        Ok(began.elapsed())
    }

    async fn remove(self) -> anyhow::Result<()> {
        self.execute(format!("drop table yardstick_{0}_entry, yardstick_{0}_words", self.name)).await
    }
}
