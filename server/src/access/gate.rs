//! Asks each request for what its route takes.

use app::model::Viewer;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::needs::{Need, methods_of, need_of};
use crate::api::Problem;
use crate::auth::Caller;
use crate::doors;
use crate::state::Panel;

/// The middleware. It stands inside the one that puts the viewer into the request.
pub async fn require_need(State(panel): State<Panel>, request: Request, next: Next) -> Response {
    // Without a route there is nothing to decide: a file of the site, or not found.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let Some(need) = need_of(request.method().as_str(), path.as_str()) else {
        return unknown(request.method(), path.as_str());
    };
    // Server functions tell their caller in their own words.
    if path.as_str().starts_with("/api/sf/") || is_met(need, &request) {
        return next.run(request).await;
    }
    if path.as_str().starts_with("/api/") {
        return Problem::forbidden().into_response();
    }
    doors::forbidden(&panel, request).await
}

fn is_met(need: Need, request: &Request) -> bool {
    let viewer = request.extensions().get::<Viewer>();
    let in_person = matches!(request.extensions().get(), Some(Caller::Session(_)));
    need.is_met(in_person, |permission| viewer.is_some_and(|viewer| viewer.may(permission)))
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
