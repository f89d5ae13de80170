//! Users.

use app::model::{User, UserDraft};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::List;
use crate::api::{JsonBody, Problem};
use crate::people::Actor;
use crate::state::Panel;

/// A user with the password that was made: told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct UserWithPassword {
    #[serde(flatten)]
    user: User,
    password: String,
}

/// Every user, by name; for somebody who is limited to servers, those who see nothing else.
#[utoipa::path(get, path = "/api/v1/users", responses((status = 200, body = List<User>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(State(panel): State<Panel>, actor: Actor) -> Result<Json<List<User>>, Problem> {
    let users = panel.people.users(&actor).await?;
    Ok(Json(List::whole(users)))
}

/// Add a user; the answer has the password, which is never told again.
#[utoipa::path(post, path = "/api/v1/users", request_body = UserDraft,
    responses((status = 201, body = UserWithPassword), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn create(
    State(panel): State<Panel>,
    actor: Actor,
    JsonBody(draft): JsonBody<UserDraft>,
) -> Result<(StatusCode, Json<UserWithPassword>), Problem> {
    let (user, password) = panel.people.add_user(&actor, draft).await?;
    Ok((StatusCode::CREATED, Json(UserWithPassword { user, password })))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{id}", params(("id" = i64, Path)),
    responses((status = 200, body = User), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn find(State(panel): State<Panel>, actor: Actor, Path(id): Path<String>) -> Result<Json<User>, Problem> {
    Ok(Json(panel.people.user(&actor, number(&id)).await?))
}

/// Replace a user, all but the name. What is taken away is gone with the next request.
#[utoipa::path(put, path = "/api/v1/users/{id}", params(("id" = i64, Path)), request_body = UserDraft,
    responses((status = 200, body = User), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn update(
    State(panel): State<Panel>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(draft): JsonBody<UserDraft>,
) -> Result<Json<User>, Problem> {
    Ok(Json(panel.people.change_user(&actor, number(&id), draft).await?))
}

/// Remove a user, with sessions and tokens.
#[utoipa::path(delete, path = "/api/v1/users/{id}", params(("id" = i64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove(State(panel): State<Panel>, actor: Actor, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    panel.people.remove_user(&actor, number(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a user a new password and end every session; the answer has it, once.
#[utoipa::path(post, path = "/api/v1/users/{id}/password", params(("id" = i64, Path)),
    responses((status = 200, body = UserWithPassword), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn reset_password(
    State(panel): State<Panel>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<UserWithPassword>, Problem> {
    let (user, password) = panel.people.reset_password(&actor, number(&id)).await?;
    Ok(Json(UserWithPassword { user, password }))
}

/// End every session of a user.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", params(("id" = i64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn end_sessions(State(panel): State<Panel>, actor: Actor, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    panel.people.end_sessions(&actor, number(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take the second factor away from a user who has lost it.
#[utoipa::path(delete, path = "/api/v1/users/{id}/totp", params(("id" = i64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove_factor(State(panel): State<Panel>, actor: Actor, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    panel.people.remove_factor_of(&actor, number(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is no number is nobody's; but first it is told whether one may ask at all.
pub(super) fn number(id: &str) -> i64 {
    id.parse().unwrap_or(-1)
}
