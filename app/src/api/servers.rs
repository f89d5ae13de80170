//! The servers the panel looks after.

use leptos::prelude::server;
use leptos::server_fn::codec::Json;

use crate::error::AppError;
use crate::model::Server;

/// Every server the viewer may see, by name.
#[server(prefix = "/api/sf", endpoint = "list_servers", input = Json, output = Json)]
pub async fn list_servers() -> Result<Vec<Server>, AppError> {
    use crate::auth;
    use crate::model::Permission;

    let viewer = auth::require(Permission::ViewServersPage)?;
    let ports = auth::ports()?;
    ports.servers.list(&viewer).await
}
