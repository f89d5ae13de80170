//! Signing in, signing out, the first start: plain forms that work before any script. And the cookie they set.

use std::net::SocketAddr;

use app::model::Viewer;
use app::pages::document::Document;
use app::pages::sign_in_code::sign_in_code;
use axum::Extension;
use axum::extract::{ConnectInfo, Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::api::Problem;
use crate::auth::{AccountError, SESSION_COOKIE, SESSION_LASTS_MS, Token, Visitor, cookie};
use crate::state::Panel;

/// The fields of the sign-in form.
#[derive(Deserialize)]
pub(super) struct SignIn {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn sign_in(
    State(panel): State<Panel>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Result<Response, Problem> {
    match panel.accounts.sign_in(&form.username, form.password, Visitor::of(&headers, peer)).await {
        Ok(token) => Ok(signed_in(&headers, &token, &form.next)),
        Err(AccountError::CodeNeeded(pending)) => Ok(ask_code(&panel, &headers, pending.text(), &form.next, false)),
        Err(AccountError::Credentials) => Ok(back("/sign-in", &[("error", "credentials"), ("next", &form.next)])),
        Err(other) => Err(other.into()),
    }
}

/// The second page: the password was right, a code is needed. There is no session yet.
fn ask_code(panel: &Panel, headers: &HeaderMap, pending: &str, next: &str, wrong: bool) -> Response {
    let document = Document { here: "/sign-in/code", title: "Sign in" };
    let page = super::page_context(panel, headers, None);
    let html = document.render_alone(page, &crate::site::assets(), || sign_in_code(pending, next, wrong));
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    (status, Html(html)).into_response()
}

/// The fields of the second page.
#[derive(Deserialize)]
pub(super) struct Code {
    pending: String,
    code: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn give_code(
    State(panel): State<Panel>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Result<Response, Problem> {
    match panel.accounts.finish_sign_in(&form.pending, &form.code, Visitor::of(&headers, peer)).await {
        Ok(token) => Ok(signed_in(&headers, &token, &form.next)),
        Err(AccountError::Code) => Ok(ask_code(&panel, &headers, &form.pending, &form.next, true)),
        // Too late, or too often: from the start.
        Err(AccountError::Credentials) => Ok(back("/sign-in", &[("error", "code"), ("next", &form.next)])),
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
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(session) = cookie(&headers, SESSION_COOKIE) {
        panel.accounts.sign_out(session, &viewer.username).await?;
    }
    let clear = [
        (header::SET_COOKIE, clear_cookie(&headers)),
        (header::HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\"")),
    ];
    Ok((clear, Redirect::to("/sign-in")).into_response())
}

/// The fields of the first-start form.
#[derive(Deserialize)]
pub(super) struct Welcome {
    token: String,
    username: String,
    password: String,
    password_again: String,
}

pub(super) async fn welcome(
    State(panel): State<Panel>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<Welcome>,
) -> Result<Response, Problem> {
    let again = |error: &str| back("/welcome", &[("token", &form.token), ("error", error)]);
    if form.password != form.password_again {
        return Ok(again("mismatch"));
    }
    match panel.accounts.welcome(&form.token, &form.username, form.password.clone(), Visitor::of(&headers, peer)).await {
        Ok(token) => Ok(signed_in(&headers, &token, "/")),
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
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(link): Query<Link>,
) -> Result<Response, Problem> {
    match panel.accounts.sign_in_by_link(&link.token, Visitor::of(&headers, peer)).await {
        Ok(token) => Ok(signed_in(&headers, &token, "/")),
        Err(AccountError::Link) => Ok(Redirect::to("/sign-in").into_response()),
        Err(other) => Err(other.into()),
    }
}

fn signed_in(headers: &HeaderMap, token: &Token, next: &str) -> Response {
    ([(header::SET_COOKIE, session_cookie(headers, token.text()))], Redirect::to(local_target(next))).into_response()
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

/// The cookie of a session. Secure when the page came over TLS, directly or through a proxy that says so.
pub fn session_cookie(headers: &HeaderMap, token: &str) -> HeaderValue {
    let seconds = SESSION_LASTS_MS / 1000;
    cookie_value(format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{}", secure(headers)))
}

/// The cookie that ends a session.
pub fn clear_cookie(headers: &HeaderMap) -> HeaderValue {
    cookie_value(format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{}", secure(headers)))
}

fn secure(headers: &HeaderMap) -> &'static str {
    let tls = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    if tls { "; Secure" } else { "" }
}

fn cookie_value(text: String) -> HeaderValue {
    HeaderValue::from_str(&text).unwrap_or_else(|_| unreachable!("a cookie of hexadecimal digits is a header"))
}

/// Whether a browser says that a page of this panel asks; clients that are no browsers say nothing.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let origin_host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    origin_host.is_some() && origin_host == host
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

    #[test]
    fn only_this_panel_counts_as_the_same_origin() {
        let headers = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "panel:3000".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            headers
        };
        assert!(is_same_origin(&headers(None)));
        assert!(is_same_origin(&headers(Some("http://panel:3000"))));
        for other in ["http://panel", "http://evil.example", "null"] {
            assert!(!is_same_origin(&headers(Some(other))), "{other}");
        }
    }
}
