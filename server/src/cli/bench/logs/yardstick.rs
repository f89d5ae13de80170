//! What the panel is measured beside: rusqlite in a bare axum handler, rusqlite that inserts, and the sqlite3 shell.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use app::model::{LogQuery, LogStatus, Timestamp, Zone, parse_pairs};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use super::client::Client;
use super::generator::Generator;
use crate::clock::zone_table;

/// A row as the API gives it.
#[derive(Serialize)]
struct BareEntry {
    id: i64,
    at: Timestamp,
    status: Option<LogStatus>,
    source_type: i64,
    server: Option<String>,
    schedule: Option<String>,
    run_id: Option<String>,
    point: Option<String>,
    duration_s: Option<i64>,
    message: String,
    has_detail: bool,
    year: i64,
    month: i64,
    day: i64,
}

struct Bare {
    connection: Mutex<Connection>,
    zone: Zone,
}

/// Serves `/bare?…` with the parameters of the list.
pub(super) async fn serve(path: &Path) -> anyhow::Result<Client> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).context("open the file beside the panel")?;
    let bare = Bare { connection: Mutex::new(connection), zone: zone_table(chrono_tz::Europe::Berlin) };
    let router = Router::new().route("/bare", get(rows)).with_state(Arc::new(bare));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(Client::new(address, None))
}

async fn rows(State(bare): State<Arc<Bare>>, RawQuery(query): RawQuery) -> Result<Json<Vec<BareEntry>>, (StatusCode, String)> {
    let failed = |cause: rusqlite::Error| (StatusCode::INTERNAL_SERVER_ERROR, cause.to_string());
    let connection = bare.connection.lock().unwrap_or_else(PoisonError::into_inner);
    read(&connection, &bare.zone, &query.unwrap_or_default()).map(Json).map_err(failed)
}

/// Which words a statement is in, where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// The statement that somebody would write by hand for the parameters of the list.
pub(super) fn statement(dialect: Dialect, zone: &Zone, query: &str) -> String {
    let columns = "select l.id, l.at, l.status, l.source_type, s.name, p.name, l.run_id, l.point, l.duration_s, l.message, \
                   l.detail is not null, l.year, l.month, l.day from ";
    let names = " left join server s on s.id = l.server_id left join schedule p on p.id = l.schedule_id where ";
    let pairs = parse_pairs(query);
    let (table, id) = match (pairs.iter().any(|(key, _)| key == "q"), dialect) {
        (false, _) => ("log_entry l", "l.id"),
        (true, Dialect::Sqlite) => ("log_words w cross join log_entry l on l.id = w.rowid", "w.rowid"),
        (true, Dialect::Postgres) => ("log_words w join log_entry l on l.id = w.id", "w.id"),
    };
    let mut conditions = vec!["1 = 1".to_owned()];
    for (key, value) in &pairs {
        conditions.push(match key.as_str() {
            "status" => {
                let numbers: Vec<_> =
                    value.split(',').filter_map(|word| word.parse::<LogStatus>().ok()).map(|status| (status as u8).to_string()).collect();
                format!("l.status in ({})", numbers.join(","))
            }
            "server" => format!("l.server_id = {value}"),
            "schedule" => format!("l.schedule_id = {value}"),
            "before" => format!("{id} < {value}"),
            "q" if dialect == Dialect::Sqlite => format!("w.words match '{value}'"),
            "q" => format!("w.words @@ '{value}'::tsquery"),
            _ => continue,
        });
    }
    let filter = LogQuery::parse(query).map(|parsed| parsed.filter).unwrap_or_default();
    if let (Some(from), Some(until)) = filter.range(zone) {
        let (from, until) = (from.millis(), until.millis());
        if dialect == Dialect::Sqlite {
            // Ids follow time: whoever writes it by hand knows between which ids the range is.
            conditions.push(format!(
                "{id} between (select min(first_id) from log_day where end_at > {from}) and (select max(last_id) from log_day where start_at < {until})"
            ));
        }
        conditions.push(format!("l.at >= {from} and l.at < {until}"));
    }
    format!("{columns}{table}{names}{} order by {id} desc limit 50", conditions.join(" and "))
}

/// The rows of a statement, prepared once.
fn read(connection: &Connection, zone: &Zone, query: &str) -> rusqlite::Result<Vec<BareEntry>> {
    let sql = statement(Dialect::Sqlite, zone, query);
    let mut statement = connection.prepare_cached(&sql)?;
    let entry = |row: &rusqlite::Row<'_>| {
        Ok(BareEntry {
            id: row.get(0)?,
            at: Timestamp::from_millis(row.get(1)?),
            status: LogStatus::from_repr(row.get(2)?),
            source_type: row.get(3)?,
            server: row.get(4)?,
            schedule: row.get(5)?,
            run_id: row.get(6)?,
            point: row.get(7)?,
            duration_s: row.get(8)?,
            message: row.get(9)?,
            has_detail: row.get(10)?,
            year: row.get(11)?,
            month: row.get(12)?,
            day: row.get(13)?,
        })
    };
    statement.query_map([], entry)?.collect()
}

/// A file that rusqlite inserts into, with the same columns and indexes and as many rows a commit; if wanted with their words in FTS5.
pub(in super::super) struct Inserts {
    connection: Connection,
    generator: Generator,
    with_words: bool,
    last_id: i64,
    _dir: tempfile::TempDir,
}

impl Inserts {
    pub(in super::super) fn new(rows: u64, with_words: bool) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let connection = Connection::open(dir.path().join("yardstick.db"))?;
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full;
             create table log_entry (id integer primary key, at integer not null, status integer not null, source_type integer not null,
                 server_id integer, schedule_id integer, run_id text, point text, duration_s integer, message text not null, detail blob,
                 exit_code integer, year integer not null, month integer not null, day integer not null, hash blob);
             create index log_entry_at on log_entry (at, id);
             create index log_entry_status on log_entry (status, id);
             create index log_entry_server on log_entry (server_id, id);
             create index log_entry_schedule on log_entry (schedule_id, id);
             create index log_entry_run on log_entry (run_id, id) where run_id is not null;
             create index log_entry_server_status on log_entry (server_id, status, id);
             create virtual table log_words using fts5 (words, content = '', contentless_delete = 1);",
        )?;
        Ok(Self { connection, generator: Generator::new(rows), with_words, last_id: 0, _dir: dir })
    }

    /// Inserts so many more rows; gives how long it took.
    pub(in super::super) fn add(&mut self, rows: usize) -> anyhow::Result<Duration> {
        let began = Instant::now();
        for entries in std::iter::repeat_with(|| self.generator.take(super::BATCH)).take(rows / super::BATCH) {
            let tx = self.connection.transaction()?;
            {
                let mut insert = tx.prepare_cached(
                    "insert into log_entry (id, at, status, source_type, server_id, schedule_id, duration_s, message, year, month, day, hash) \
                     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 2025, 3, 4, zeroblob(32))",
                )?;
                let mut insert_words = tx.prepare_cached("insert into log_words (rowid, words) values (?1, ?2)")?;
                for entry in &entries {
                    self.last_id += 1;
                    if self.with_words {
                        insert_words.execute(rusqlite::params![self.last_id, entry.message])?;
                    }
                    insert.execute(rusqlite::params![
                        self.last_id,
                        entry.at.millis(),
                        entry.status as u8,
                        entry.source_type as u8,
                        entry.server_id,
                        entry.schedule_id,
                        entry.duration_s,
                        entry.message
                    ])?;
                }
            }
            tx.commit()?;
        }
        Ok(began.elapsed())
    }
}

/// How long the sqlite3 shell takes for the same rows as CSV; `None` where there is none.
pub(super) fn export(path: &Path) -> anyhow::Result<Option<Duration>> {
    let zone = zone_table(chrono_tz::Europe::Berlin);
    let day = |text: &str| anyhow::Ok(zone.start_of_day(text.parse()?).millis());
    let sql = format!(
        "select l.id, l.at, datetime(l.at / 1000, 'unixepoch', 'localtime'), l.status, l.source_type, l.server_id, s.name, l.schedule_id, p.name, \
         l.run_id, l.point, l.duration_s, l.message from log_entry l left join server s on s.id = l.server_id \
         left join schedule p on p.id = l.schedule_id where l.at >= {} and l.at < {} order by l.id",
        day("2025-03-01")?,
        day("2025-06-01")?
    );
    let began = Instant::now();
    let shell = Command::new("sqlite3").arg("-csv").arg("-readonly").arg(path).arg(sql).stdout(Stdio::null()).status();
    Ok(shell.is_ok_and(|status| status.success()).then(|| began.elapsed()))
}
