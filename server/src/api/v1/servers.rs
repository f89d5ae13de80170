//! Servers.

use app::model::{HostKey, Server, ServerDraft, Viewer};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::List;
use crate::api::{JsonBody, Problem};
use crate::inventory::ConnectionTest;
use crate::state::Panel;
use crate::store::servers;

/// Every server in scope, by name.
#[utoipa::path(get, path = "/api/v1/servers", responses((status = 200, body = List<Server>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(State(panel): State<Panel>, Extension(viewer): Extension<Viewer>) -> Result<Json<List<Server>>, Problem> {
    Ok(Json(List::whole(servers::list(&panel.database, &viewer.scope).await?)))
}

/// Add a server.
#[utoipa::path(post, path = "/api/v1/servers", request_body = ServerDraft,
    responses((status = 201, body = Server), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn create(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    JsonBody(draft): JsonBody<ServerDraft>,
) -> Result<(StatusCode, Json<Server>), Problem> {
    Ok((StatusCode::CREATED, Json(panel.inventory.add_server(&viewer, draft).await?)))
}

/// One server.
#[utoipa::path(get, path = "/api/v1/servers/{id}", params(("id" = i64, Path)),
    responses((status = 200, body = Server), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn find(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Json<Server>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    servers::find(&panel.database, &viewer.scope, id).await?.map(Json).ok_or_else(Problem::not_found)
}

/// Replace a server. Without `host_key` the pinned key stays as long as host and port do.
#[utoipa::path(put, path = "/api/v1/servers/{id}", params(("id" = i64, Path)), request_body = ServerDraft,
    responses((status = 200, body = Server), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn update(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    JsonBody(draft): JsonBody<ServerDraft>,
) -> Result<Json<Server>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(Json(panel.inventory.change_server(&viewer, id, draft).await?))
}

/// Remove a server on which nothing runs. Its rows in the trail stay.
#[utoipa::path(delete, path = "/api/v1/servers/{id}", params(("id" = i64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    panel.inventory.remove_server(&viewer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The fingerprint that a person has checked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pin {
    host_key: HostKey,
}

/// Pin a server's host key.
#[utoipa::path(post, path = "/api/v1/servers/{id}/pin", params(("id" = i64, Path)), request_body = Pin,
    responses((status = 200, body = Server), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn pin(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    JsonBody(Pin { host_key }): JsonBody<Pin>,
) -> Result<Json<Server>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(Json(panel.inventory.pin_server(&viewer, id, host_key).await?))
}

/// Try to reach a server: shows the fingerprint it offers and, where that one is pinned, whether signing in works.
#[utoipa::path(post, path = "/api/v1/servers/{id}/test", params(("id" = i64, Path)),
    responses((status = 200, body = ConnectionTest), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn test(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Json<ConnectionTest>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(Json(panel.inventory.test_server(&viewer, id).await?))
}
