//! Signing in and out with JSON.

use app::model::Viewer;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::api::{JsonBody, Problem};
use crate::auth::{AccountError, Visitor, clear_cookie, session, session_cookie};
use crate::doors::judged;
use crate::perimeter::{CLEAR_SITE_DATA, Client, Key};
use crate::state::Panel;

/// A user name, a password, and a code where one is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    username: String,
    password: String,
    /// The code of the authenticator, or a recovery code.
    #[serde(default)]
    totp: Option<String>,
}

/// Sign in; the answer sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", request_body = Credentials, security(()), responses(
    (status = 204, description = "signed in"), (status = 401, body = Problem), (status = 400, body = Problem),
    (status = 403, description = "the connection is not encrypted", body = Problem),
    (status = 429, description = "too many wrong attempts; `Retry-After` says for how long", body = Problem)))]
pub(super) async fn sign_in(
    State(panel): State<Panel>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    JsonBody(Credentials { username, password, totp }): JsonBody<Credentials>,
) -> Result<Response, Problem> {
    let visitor = Visitor::of(&headers, &client);
    let attempt = panel.perimeter.throttle.password(&username, &client, Instant::now())?;
    let token = match (panel.accounts.sign_in(&username, password, visitor.clone()).await, totp) {
        (Err(AccountError::CodeNeeded(pending)), Some(code)) => {
            // The password was right; the code is a guess of its own.
            attempt.forgiven();
            let account = panel.accounts.awaited_account(pending.text()).await?;
            let guess = panel.perimeter.throttle.check(Key::Code(account), Instant::now())?;
            judged(&panel, &client, guess, panel.accounts.finish_sign_in(pending.text(), &code, visitor).await)?
        }
        (signed_in, _) => judged(&panel, &client, attempt, signed_in)?,
    };
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, session_cookie(&client, token.text()))]).into_response())
}

/// Sign out.
#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204, description = "signed out"), (status = 401, body = Problem)))]
pub(super) async fn sign_out(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(session) = session(&headers, &client) {
        panel.accounts.sign_out(session, &viewer).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, clear_cookie(&client)), CLEAR_SITE_DATA]).into_response())
}
