//! Everything Monitor begins with, in one answer.

use leptos::prelude::server;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::model::{Glance, LogEntry, LogPage, Run, Server};

/// What Monitor shows. A part the viewer may not see, or that could not be read, says so in its place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MonitorSnapshot {
    pub runs: Vec<Run>,
    pub servers: Result<Vec<Server>, AppError>,
    pub newest: Result<LogPage, AppError>,
    pub glance: Result<Glance, AppError>,
}

/// What is running, every server, and this many of the newest rows that pass a filter, as a query string.
#[server(prefix = "/api/sf", endpoint = "read_monitor", input = Json, output = Json)]
pub async fn read_monitor(rows: u32, #[server(default)] filter: String) -> Result<MonitorSnapshot, AppError> {
    use crate::auth;
    use crate::model::{LogFilter, LogQuery, Permission};

    let viewer = auth::require(Permission::ViewMonitorPage)?;
    let may_see_servers = auth::require(Permission::ViewServersPage);
    let may_see_logs = auth::require(Permission::ViewBackupLogsPage);
    let ports = auth::ports()?;
    let limit = rows.clamp(1, LogQuery::MAX_LIMIT);
    let query = LogFilter::parse_beside(&filter, |_, _| None).map(|filter| LogQuery { filter, limit, ..LogQuery::default() });
    Ok(MonitorSnapshot {
        runs: ports.runs.list_active(&viewer).await?,
        servers: match may_see_servers {
            Ok(viewer) => ports.servers.list(&viewer).await,
            Err(refusal) => Err(refusal),
        },
        newest: match (may_see_logs, query) {
            (Ok(viewer), Ok(query)) => ports.audit_trail.list(&viewer, query).await,
            (Ok(_), Err(problems)) => Err(AppError::Invalid(problems)),
            (Err(refusal), _) => Err(refusal),
        },
        glance: ports.glances.glance(&viewer).await,
    })
}

/// Rows after one, oldest first. Fewer than [`ROWS_AT_A_TIME`]: there were no more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RowsAfter {
    pub rows: Vec<LogEntry>,
    /// Between which ids rows were cleared that nobody has been told of, both ends included.
    pub gaps: Vec<(i64, i64)>,
    /// Where the trail ended when they were read.
    pub head: i64,
    /// Whether rows up to that one were cleared since it was the newest.
    pub cleared: bool,
    /// A name for what the viewer may do and see.
    pub rights: String,
    /// Which build answers.
    pub build: String,
}

/// Rows that one answer of [`read_rows`] has at most.
pub const ROWS_AT_A_TIME: u32 = 500;

/// New rows for a browser that the stream does not reach.
#[server(prefix = "/api/sf", endpoint = "read_rows", input = Json, output = Json)]
pub async fn read_rows(after: i64, #[server(default)] filter: String) -> Result<RowsAfter, AppError> {
    use crate::auth;
    use crate::model::{LogFilter, Permission};

    let viewer = auth::require(Permission::ViewBackupLogsPage)?;
    let filter = LogFilter::parse_beside(&filter, |_, _| None).map_err(AppError::Invalid)?;
    auth::ports()?.audit_trail.after(&viewer, &filter, after.max(0), ROWS_AT_A_TIME).await
}

/// Rows before one, newest first, for a feed that is read further back.
#[server(prefix = "/api/sf", endpoint = "read_older", input = Json, output = Json)]
pub async fn read_older(before: i64, #[server(default)] filter: String) -> Result<LogPage, AppError> {
    use crate::auth;
    use crate::model::{LogFilter, LogQuery, Permission};

    let viewer = auth::require(Permission::ViewBackupLogsPage)?;
    let filter = LogFilter::parse_beside(&filter, |_, _| None).map_err(AppError::Invalid)?;
    let query = LogQuery { filter, before: Some(before.max(0)), ..LogQuery::default() };
    auth::ports()?.audit_trail.list(&viewer, query).await
}
