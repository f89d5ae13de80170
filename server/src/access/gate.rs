//! Asks each request for what its route takes: when its head is there, and again when its body is, since somebody may have taken a
//! right away meanwhile.

use app::error::AppError;
use app::model::{FieldError, Viewer, parse_pairs};
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tokio::time::Instant;

use super::needs::{Need, methods_of, need_of};
use crate::api::{Problem, is_for_programs};
use crate::auth::{Caller, StreamGuard};
use crate::doors;
use crate::perimeter::Client;
use crate::state::Panel;

/// The longest body that any route takes; most take less and say so themselves.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024 + 1;

/// Routes of the API whose GET reads a query; every parameter of another, or of another method, is unknown.
const QUERIED: [&str; 5] = ["/api/v1/logs", "/api/v1/logs/histogram", "/api/v1/logs/export", "/api/v1/logs/stream", "/api/v1/runs"];

/// The middleware. It stands inside the one that puts the viewer into the request.
pub async fn require_need(State(panel): State<Panel>, mut request: Request, next: Next) -> Response {
    // Without a route there is nothing to decide: a file of the site, or not found.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let Some(need) = need_of(request.method().as_str(), path.as_str()) else {
        return unknown(request.method(), path.as_str());
    };
    if need != Need::Open
        && request.extensions().get::<Viewer>().is_some_and(|viewer| viewer.owes_factor)
        && !is_way_to_factor(path.as_str())
    {
        return to_factor(request.method(), path.as_str());
    }
    if !is_met(need, &request) {
        return refuse(&panel, path.as_str(), request).await;
    }
    let is_queried = *request.method() == Method::GET && QUERIED.contains(&path.as_str());
    if path.as_str().starts_with("/api/v1/") && !is_queried {
        let unknown: Vec<_> = parse_pairs(request.uri().query().unwrap_or_default())
            .into_iter()
            .map(|(key, _)| FieldError::new(key, "unknown parameter"))
            .collect();
        if !unknown.is_empty() {
            return Problem::invalid(unknown).into_response();
        }
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) && request.extensions().get::<StreamGuard>().is_some() {
        request = match with_body(request).await {
            Ok(request) => request,
            Err(problem) if problem.status() == StatusCode::UNAUTHORIZED && path.as_str().starts_with("/api/sf/") => {
                return (StatusCode::UNAUTHORIZED, axum::Json(AppError::SignedOut)).into_response();
            }
            Err(problem) => return problem.into_response(),
        };
        if !is_met(need, &request) {
            return refuse(&panel, path.as_str(), request).await;
        }
    }
    next.run(request).await
}

/// What opens for somebody who owes the second factor that the panel demands.
fn is_way_to_factor(path: &str) -> bool {
    ["/profile", "/profile/password", "/sign-out", "/api/v1/session"].contains(&path) || path.starts_with("/profile/two-factor")
}

fn to_factor(method: &Method, path: &str) -> Response {
    if path.starts_with("/api/sf/") {
        // Loaded anew, the page leads to the profile.
        return (StatusCode::FORBIDDEN, axum::Json(AppError::Forbidden)).into_response();
    }
    if method == Method::GET && !is_for_programs(path) {
        return Redirect::to("/profile").into_response();
    }
    Problem::new(StatusCode::FORBIDDEN, "this panel demands a second factor: set one up in Profile first").into_response()
}

/// The request with its body in hand, and the viewer as they are now.
async fn with_body(request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let too_large = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or broke off");
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(too_large)?;
    if let Some(guard) = parts.extensions.get::<StreamGuard>().cloned() {
        let ended = || Problem::new(StatusCode::UNAUTHORIZED, "you were signed out before the request was complete");
        let mut viewer = guard.viewer().await?.ok_or_else(ended)?;
        viewer.address = parts.extensions.get::<Client>().map(|client| client.address.to_string());
        parts.extensions.insert(viewer);
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn is_met(need: Need, request: &Request) -> bool {
    let viewer = request.extensions().get::<Viewer>();
    let in_person = matches!(request.extensions().get(), Some(Caller::Session(_)));
    need.is_met(in_person, |permission| viewer.is_some_and(|viewer| viewer.may(permission)))
}

/// Says no, in the words of the route, and tells the trail.
async fn refuse(panel: &Panel, path: &str, request: Request) -> Response {
    if let (Some(viewer), Some(client)) = (request.extensions().get::<Viewer>(), request.extensions().get::<Client>()) {
        let what = format!("refused {} {} to {}: not allowed", request.method(), request.uri().path(), viewer.username);
        panel.perimeter.tell(panel, "permission", client, Instant::now(), &what);
    }
    if path.starts_with("/api/sf/") {
        return (StatusCode::FORBIDDEN, axum::Json(AppError::Forbidden)).into_response();
    }
    if is_for_programs(path) {
        return Problem::forbidden().into_response();
    }
    doors::forbidden(panel, request).await
}

fn unknown(method: &Method, path: &str) -> Response {
    let methods = methods_of(path);
    if methods.is_empty() {
        tracing::error!(%method, path, "nobody has decided what this route takes, so it answers nobody");
        return Problem::not_found().into_response();
    }
    let allowed = methods.join(", ");
    let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{path} answers to {allowed}")).into_response();
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
