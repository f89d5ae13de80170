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

/// The statement that somebody would write by hand for these parameters, prepared once.
fn read(connection: &Connection, zone: &Zone, query: &str) -> rusqlite::Result<Vec<BareEntry>> {
    let columns = "select l.id, l.at, l.status, l.source_type, s.name, p.name, l.run_id, l.point, l.duration_s, l.message, \
                   l.detail is not null, l.year, l.month, l.day from ";
    let names = " left join server s on s.id = l.server_id left join schedule p on p.id = l.schedule_id where ";
    let pairs = parse_pairs(query);
    let words = pairs.iter().find(|(key, _)| key == "q").map(|(_, value)| value.clone());
    let (table, id) =
        if words.is_some() { ("log_words w cross join log_entry l on l.id = w.rowid", "w.rowid") } else { ("log_entry l", "l.id") };
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
            "q" => "w.words match ?1".to_owned(),
            _ => continue,
        });
    }
    let filter = LogQuery::parse(query).map(|parsed| parsed.filter).unwrap_or_default();
    let (from, until) = filter.range(zone);
    if let (Some(from), Some(until)) = (from, until) {
        // Ids follow time: whoever writes it by hand knows between which ids the range is.
        let edge = |sql: &str, at: Timestamp| connection.query_row(sql, [at.millis()], |row| row.get::<_, Option<i64>>(0));
        let first = edge("select min(first_id) from log_day where end_at > ?1", from)?.unwrap_or(0);
        let last = edge("select max(last_id) from log_day where start_at < ?1", until)?.unwrap_or(i64::MAX);
        conditions.push(format!("{id} between {first} and {last} and l.at >= {} and l.at < {}", from.millis(), until.millis()));
    }
    let sql = format!("{columns}{table}{names}{} order by {id} desc limit 50", conditions.join(" and "));
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
    match words {
        Some(words) => statement.query_map([words], entry)?.collect(),
        None => statement.query_map([], entry)?.collect(),
    }
}

/// Rows a second that rusqlite inserts, with the same columns and indexes and as many a commit; if wanted with their words in FTS5.
pub(super) fn append(rows: u64, with_words: bool) -> anyhow::Result<f64> {
    let dir = tempfile::tempdir()?;
    let mut connection = Connection::open(dir.path().join("yardstick.db"))?;
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
    let mut generator = Generator::new(rows);
    let began = Instant::now();
    let mut id = 0_i64;
    while id < i64::try_from(rows)? {
        let entries = generator.take(super::BATCH);
        let tx = connection.transaction()?;
        {
            let mut insert = tx.prepare_cached(
                "insert into log_entry (id, at, status, source_type, server_id, schedule_id, duration_s, message, year, month, day, hash) \
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 2025, 3, 4, zeroblob(32))",
            )?;
            let mut insert_words = tx.prepare_cached("insert into log_words (rowid, words) values (?1, ?2)")?;
            for entry in &entries {
                id += 1;
                if with_words {
                    insert_words.execute(rusqlite::params![id, entry.message])?;
                }
                insert.execute(rusqlite::params![
                    id,
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
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    Ok(rows as f64 / began.elapsed().as_secs_f64())
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
