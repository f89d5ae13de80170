//! Reads of the audit trail.

use leptos::prelude::server;
use leptos::server_fn::codec::Json;

use crate::error::AppError;
use crate::model::{LogEntryDetail, LogPage};

/// A page of the trail for a query string as [`crate::model::LogQuery`] reads it.
#[server(prefix = "/api/sf", endpoint = "list_logs", input = Json, output = Json)]
pub async fn list_logs(query: String) -> Result<LogPage, AppError> {
    use crate::auth;
    use crate::model::{LogQuery, Permission};

    let viewer = auth::require(Permission::ViewBackupLogsPage)?;
    let ports = auth::ports()?;
    let query = LogQuery::parse(&query).map_err(AppError::Invalid)?;
    ports.audit_trail.list(&viewer, query).await
}

/// One row with its detail; `None` if the viewer can see none of that id.
#[server(prefix = "/api/sf", endpoint = "find_log_entry", input = Json, output = Json)]
pub async fn find_log_entry(id: i64) -> Result<Option<LogEntryDetail>, AppError> {
    use crate::auth;
    use crate::model::Permission;

    let viewer = auth::require(Permission::ViewBackupLogsPage)?;
    let ports = auth::ports()?;
    ports.audit_trail.find(&viewer, id).await
}
