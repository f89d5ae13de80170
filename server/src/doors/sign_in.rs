//! Signing in, signing out, the first start: plain forms that work before any script. And the cookie they set.

use app::components::Piece;
use app::model::Viewer;
use app::pages::{self, document::Document};
use axum::Extension;
use axum::extract::{Form, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use tokio::time::Instant;

use crate::api::Problem;
use crate::auth::{AccountError, Token, Visitor, clear_cookie, session, session_cookie};
use crate::perimeter::{Attempt, CLEAR_SITE_DATA, Client, Key};
use crate::state::Panel;

/// The fields of the sign-in form.
#[derive(Deserialize)]
pub(super) struct SignIn {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`
pub(super) async fn show(State(panel): State<Panel>, headers: HeaderMap, extensions: Extensions, Query(shown): Query<Shown>) -> Response {
    let content = || pages::sign_in::sign_in(local_target(&shown.next), shown.error.as_deref());
    alone(&panel, &headers, &extensions, StatusCode::OK, "Sign in", content)
}

/// What the URL of these pages may say.
#[derive(Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    next: String,
    #[serde(default)]
    token: String,
    error: Option<String>,
}

/// A page outside the frame.
fn alone(
    panel: &Panel,
    headers: &HeaderMap,
    extensions: &Extensions,
    status: StatusCode,
    title: &str,
    content: impl FnOnce() -> Piece,
) -> Response {
    let document = Document { here: "", title, nonce: extensions.get().cloned() };
    let page = super::page_context(panel, headers, extensions);
    (status, Html(document.render_alone(page, &crate::site::assets(), content))).into_response()
}

pub(super) async fn sign_in(
    State(panel): State<Panel>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<SignIn>,
) -> Result<Response, Problem> {
    let attempt = panel.perimeter.throttle.password(&form.username, &client, Instant::now())?;
    let answer = panel.accounts.sign_in(&form.username, form.password, Visitor::of(&headers, &client)).await;
    match judged(&panel, &client, attempt, answer) {
        Ok(token) => Ok(signed_in(&client, &token, &form.next)),
        Err(AccountError::CodeNeeded(pending)) => Ok(ask_code(&panel, &headers, &extensions, pending.text(), &form.next, false)),
        Err(AccountError::Credentials) => Ok(back("/sign-in", &[("error", "credentials"), ("next", &form.next)])),
        Err(AccountError::Expired) => Ok(back("/sign-in", &[("error", "expired"), ("next", &form.next)])),
        Err(other) => Err(other.into()),
    }
}

/// The second page: the password was right, a code is needed. There is no session yet.
fn ask_code(panel: &Panel, headers: &HeaderMap, extensions: &Extensions, pending: &str, next: &str, wrong: bool) -> Response {
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    alone(panel, headers, extensions, status, "Sign in", || pages::sign_in_code::sign_in_code(pending, next, wrong))
}

/// The fields of the second page.
#[derive(Deserialize)]
pub(super) struct SecondStep {
    pending: String,
    code: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn give_code(
    State(panel): State<Panel>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<SecondStep>,
) -> Result<Response, Problem> {
    // Too late, or too often: from the start.
    let from_the_start = || back("/sign-in", &[("error", "code"), ("next", &form.next)]);
    let account = match panel.accounts.awaited_account(&form.pending).await {
        Err(AccountError::Credentials) => return Ok(from_the_start()),
        found => found?,
    };
    let attempt = panel.perimeter.throttle.check(Key::Code(account), Instant::now())?;
    let answer = panel.accounts.finish_sign_in(&form.pending, &form.code, Visitor::of(&headers, &client)).await;
    match judged(&panel, &client, attempt, answer) {
        Ok(token) => Ok(signed_in(&client, &token, &form.next)),
        Err(AccountError::Code) => Ok(ask_code(&panel, &headers, &extensions, &form.pending, &form.next, true)),
        Err(AccountError::Credentials) => Ok(from_the_start()),
        Err(other) => Err(other.into()),
    }
}

/// `GET /sign-in/code`: whoever comes without a password starts at the first page.
pub(super) async fn start_again() -> Redirect {
    Redirect::to("/sign-in")
}

pub(super) async fn sign_out(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(session) = session(&headers, &client) {
        panel.accounts.sign_out(session, &viewer).await?;
    }
    Ok(([(header::SET_COOKIE, clear_cookie(&client)), CLEAR_SITE_DATA], Redirect::to("/sign-in")).into_response())
}

/// The fields of the first-start form.
#[derive(Deserialize)]
pub(super) struct Welcome {
    token: String,
    username: String,
    password: String,
    password_again: String,
}

/// `GET /welcome`
pub(super) async fn show_welcome(
    State(panel): State<Panel>,
    headers: HeaderMap,
    extensions: Extensions,
    Query(shown): Query<Shown>,
) -> Response {
    let content = || pages::welcome::welcome(&shown.token, "", shown.error.as_deref());
    alone(&panel, &headers, &extensions, StatusCode::OK, "Welcome", content)
}

pub(super) async fn welcome(
    State(panel): State<Panel>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<Welcome>,
) -> Result<Response, Problem> {
    // The link is still good, so it goes into no URL, which histories keep.
    let again = |error: &str| {
        let content = || pages::welcome::welcome(&form.token, &form.username, Some(error));
        alone(&panel, &headers, &extensions, StatusCode::UNPROCESSABLE_ENTITY, "Welcome", content)
    };
    if form.password != form.password_again {
        return Ok(again("mismatch"));
    }
    let attempt = panel.perimeter.throttle.check(Key::Link(client.origin()), Instant::now())?;
    let answer = panel.accounts.welcome(&form.token, &form.username, form.password.clone(), Visitor::of(&headers, &client)).await;
    match judged(&panel, &client, attempt, answer) {
        Ok(token) => Ok(signed_in(&client, &token, "/")),
        Err(AccountError::Link) => Ok(back("/welcome", &[("error", "token")])),
        Err(AccountError::Invalid(problem)) => Ok(again(&problem.field)),
        Err(other) => Err(other.into()),
    }
}

/// The token of a link.
#[derive(Deserialize)]
pub(super) struct Link {
    token: String,
}

/// The link of the demonstration: signs in and goes to the first page.
pub(super) async fn follow_link(
    State(panel): State<Panel>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    Query(link): Query<Link>,
) -> Result<Response, Problem> {
    let attempt = panel.perimeter.throttle.check(Key::Link(client.origin()), Instant::now())?;
    let answer = panel.accounts.sign_in_by_link(&link.token, Visitor::of(&headers, &client)).await;
    match judged(&panel, &client, attempt, answer) {
        Ok(token) => Ok(signed_in(&client, &token, "/")),
        Err(AccountError::Link) => Ok(Redirect::to("/sign-in").into_response()),
        Err(other) => Err(other.into()),
    }
}

/// Counts a guess for what it was.
pub fn judged<T>(panel: &Panel, client: &Client, attempt: Attempt, answer: Result<T, AccountError>) -> Result<T, AccountError> {
    match &answer {
        Ok(_) => attempt.succeeded(),
        Err(AccountError::Credentials | AccountError::Code | AccountError::Link) => {
            if attempt.leads_to_a_wait() {
                panel.perimeter.tell(panel, "guesses", client, Instant::now(), "wrong guesses have to wait from now on");
            }
        }
        Err(_) => attempt.forgiven(),
    }
    answer
}

fn signed_in(client: &Client, token: &Token, next: &str) -> Response {
    ([(header::SET_COOKIE, session_cookie(client, token.text()))], Redirect::to(local_target(next))).into_response()
}

fn back(path: &str, query: &[(&str, &str)]) -> Response {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(query.iter().filter(|(_, value)| !value.is_empty())).finish();
    Redirect::to(&format!("{path}?{query}")).into_response()
}

/// Only a path of this panel; anything else could lead elsewhere.
fn local_target(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control);
    if local { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_never_leads_out_of_the_panel() {
        assert_eq!(local_target("/logs?status=error"), "/logs?status=error");
        for elsewhere in ["", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"] {
            assert_eq!(local_target(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
