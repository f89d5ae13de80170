//! What people do to runs.

use leptos::prelude::server;

use crate::error::AppError;
use crate::model::RunId;

/// Asks for a run to be stopped. Takes a form, so that the button works before any script has arrived.
#[server(prefix = "/api/sf", endpoint = "stop_run")]
pub async fn stop_run(id: RunId) -> Result<(), AppError> {
    use crate::auth;
    use crate::model::Permission;

    let viewer = auth::require(Permission::StopRunningSchedule)?;
    let ports = auth::ports()?;
    ports.runs.stop(&viewer, id).await
}
