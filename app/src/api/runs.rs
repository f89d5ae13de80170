//! Runs that are not over yet.

use leptos::prelude::server;
use leptos::server_fn::codec::Json;

use crate::error::AppError;
use crate::model::{Run, RunId};

/// Every run that is not over, oldest first.
#[server(prefix = "/api/sf", endpoint = "list_active_runs", input = Json, output = Json)]
pub async fn list_active_runs() -> Result<Vec<Run>, AppError> {
    use crate::auth;
    use crate::model::Permission;

    let viewer = auth::require(Permission::ViewMonitorPage)?;
    let ports = auth::ports()?;
    ports.runs.list_active(&viewer).await
}

/// Asks for a run to be stopped. Takes a form, so that the button works before any script has arrived.
#[server(prefix = "/api/sf", endpoint = "stop_run")]
pub async fn stop_run(id: RunId) -> Result<(), AppError> {
    use crate::auth;
    use crate::model::Permission;

    let viewer = auth::require(Permission::StopRunningSchedule)?;
    let ports = auth::ports()?;
    ports.runs.stop(&viewer, id).await
}
