//! Roles.

use app::model::{Role, RoleDraft};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::List;
use super::users::number;
use crate::api::{JsonBody, Problem};
use crate::people::Actor;
use crate::state::Panel;

/// Every role, the built-in ones first.
#[utoipa::path(get, path = "/api/v1/roles", responses((status = 200, body = List<Role>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(State(panel): State<Panel>, actor: Actor) -> Result<Json<List<Role>>, Problem> {
    let roles = panel.people.list_roles(&actor).await?;
    Ok(Json(List::whole(roles)))
}

/// Add a role, out of permissions that one has.
#[utoipa::path(post, path = "/api/v1/roles", request_body = RoleDraft,
    responses((status = 201, body = Role), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn create(
    State(panel): State<Panel>,
    actor: Actor,
    JsonBody(draft): JsonBody<RoleDraft>,
) -> Result<(StatusCode, Json<Role>), Problem> {
    Ok((StatusCode::CREATED, Json(panel.people.add_role(&actor, draft).await?)))
}

/// One role.
#[utoipa::path(get, path = "/api/v1/roles/{id}", params(("id" = i64, Path)),
    responses((status = 200, body = Role), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn find(State(panel): State<Panel>, actor: Actor, Path(id): Path<String>) -> Result<Json<Role>, Problem> {
    Ok(Json(panel.people.role(&actor, number(&id)).await?))
}

/// Replace a role that is not built in.
#[utoipa::path(put, path = "/api/v1/roles/{id}", params(("id" = i64, Path)), request_body = RoleDraft,
    responses((status = 200, body = Role), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn update(
    State(panel): State<Panel>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(draft): JsonBody<RoleDraft>,
) -> Result<Json<Role>, Problem> {
    Ok(Json(panel.people.change_role(&actor, number(&id), draft).await?))
}

/// Remove a role that nobody has.
#[utoipa::path(delete, path = "/api/v1/roles/{id}", params(("id" = i64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove(State(panel): State<Panel>, actor: Actor, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    panel.people.remove_role(&actor, number(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
