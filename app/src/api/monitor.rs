//! Everything Monitor begins with, in one answer.

use leptos::prelude::server;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::model::{LogPage, Run, Server};

/// What Monitor shows. A part the viewer may not see, or that could not be read, says so in its place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MonitorSnapshot {
    pub runs: Vec<Run>,
    pub servers: Result<Vec<Server>, AppError>,
    pub newest: Result<LogPage, AppError>,
}

/// What is running, every server, and this many of the newest rows.
#[server(prefix = "/api/sf", endpoint = "read_monitor", input = Json, output = Json)]
pub async fn read_monitor(rows: u32) -> Result<MonitorSnapshot, AppError> {
    use crate::auth;
    use crate::model::{LogQuery, Permission};

    let viewer = auth::require(Permission::ViewMonitorPage)?;
    let may_see_servers = auth::require(Permission::ViewServersPage);
    let may_see_logs = auth::require(Permission::ViewBackupLogsPage);
    let ports = auth::ports()?;
    let query = LogQuery { limit: rows.clamp(1, LogQuery::MAX_LIMIT), ..LogQuery::default() };
    Ok(MonitorSnapshot {
        runs: ports.runs.list_active(&viewer).await?,
        servers: match may_see_servers {
            Ok(viewer) => ports.servers.list(&viewer).await,
            Err(refusal) => Err(refusal),
        },
        newest: match may_see_logs {
            Ok(viewer) => ports.audit_trail.list(&viewer, query).await,
            Err(refusal) => Err(refusal),
        },
    })
}
