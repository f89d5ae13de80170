//! Tokens of whoever asks.

use app::model::{ApiToken, TokenDraft};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::List;
use super::users::number;
use crate::api::{JsonBody, Problem};
use crate::people::Actor;
use crate::state::Panel;

/// A token with its secret: told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenWithSecret {
    #[serde(flatten)]
    described: ApiToken,
    token: String,
}

/// One's own tokens, the newest first.
#[utoipa::path(get, path = "/api/v1/tokens", responses((status = 200, body = List<ApiToken>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(State(panel): State<Panel>, actor: Actor) -> Result<Json<List<ApiToken>>, Problem> {
    Ok(Json(List::whole(panel.people.tokens(&actor).await?)))
}

/// Make a token for oneself; the answer has its secret, which is never told again.
#[utoipa::path(post, path = "/api/v1/tokens", request_body = TokenDraft,
    responses((status = 201, body = TokenWithSecret), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn create(
    State(panel): State<Panel>,
    actor: Actor,
    JsonBody(draft): JsonBody<TokenDraft>,
) -> Result<(StatusCode, Json<TokenWithSecret>), Problem> {
    let (described, token) = panel.people.add_token(&actor, draft).await?;
    Ok((StatusCode::CREATED, Json(TokenWithSecret { described, token: token.text().to_owned() })))
}

/// One token, without its secret.
#[utoipa::path(get, path = "/api/v1/tokens/{id}", params(("id" = i64, Path)),
    responses((status = 200, body = ApiToken), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn find(State(panel): State<Panel>, actor: Actor, Path(id): Path<String>) -> Result<Json<ApiToken>, Problem> {
    Ok(Json(panel.people.token(&actor, number(&id)).await?))
}

/// Another name. What a token may do is settled when it is made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenName {
    name: String,
}

/// Give a token another name.
#[utoipa::path(put, path = "/api/v1/tokens/{id}", params(("id" = i64, Path)), request_body = TokenName,
    responses((status = 200, body = ApiToken), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn update(
    State(panel): State<Panel>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(TokenName { name }): JsonBody<TokenName>,
) -> Result<Json<ApiToken>, Problem> {
    Ok(Json(panel.people.rename_token(&actor, number(&id), &name).await?))
}

/// Revoke a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", params(("id" = i64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn remove(State(panel): State<Panel>, actor: Actor, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    panel.people.revoke_token(&actor, number(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
