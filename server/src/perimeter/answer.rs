//! How a refusal looks: a problem for programs, a page for people. Whatever refuses, a route that is not there or a body that is
//! too large, it has the same form.

use app::components::sentence;
use app::pages::alone::Alone;
use app::site::Theme;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::{Problem, is_for_programs};
use crate::auth::cookie;

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Programs: problem details.
    Problem,
    /// People: a page in their colours.
    Page(Theme),
    /// Leptos or a health check on the other side, which have forms of their own.
    Own,
}

impl Face {
    pub(super) fn of(request: &Request) -> Self {
        let path = request.uri().path();
        if path.starts_with("/api/sf/") || matches!(path, "/healthz" | "/readyz") {
            Self::Own
        } else if (is_for_programs(path) && !is_a_file_for_people(path, request.headers())) || wants_json(request.headers()) {
            Self::Problem
        } else {
            Self::Page(cookie(request.headers(), Theme::COOKIE).and_then(|theme| theme.parse().ok()).unwrap_or_default())
        }
    }

    /// Gives an answer its form, if it is a refusal that has none yet.
    pub(super) fn dress(self, response: Response) -> Response {
        let status = response.status();
        let bare = status.is_client_error() || status.is_server_error();
        let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_vec()).unwrap_or_default();
        let plain = kind.is_empty() || kind.starts_with(b"text/plain");
        let problem = response.extensions().get::<Problem>().cloned();
        match self {
            Self::Problem if bare && plain => with_body(response, Problem::new(status, words(status).1).into_response()),
            Self::Page(theme) if bare && (plain || problem.is_some()) => {
                let detail = problem.map(|problem| sentence(problem.detail()));
                with_body(response, page(status, detail, theme))
            }
            _ => response,
        }
    }
}

/// The pages lead to files of the API too, and a browser that gets none shows what it gets.
fn is_a_file_for_people(path: &str, headers: &HeaderMap) -> bool {
    path == "/api/v1/logs/export" && accepts(headers).contains("text/html")
}

fn wants_json(headers: &HeaderMap) -> bool {
    accepts(headers).contains("json") && !accepts(headers).contains("text/html")
}

fn accepts(headers: &HeaderMap) -> &str {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The same answer with another body.
fn with_body(response: Response, dressed: Response) -> Response {
    let (mut head, _) = response.into_parts();
    let (new_head, body) = dressed.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    if let Some(kind) = new_head.headers.get(header::CONTENT_TYPE) {
        head.headers.insert(header::CONTENT_TYPE, kind.clone());
    }
    Response::from_parts(head, body)
}

fn page(status: StatusCode, detail: Option<String>, theme: Theme) -> Response {
    let (heading, text) = words(status);
    let text = detail.unwrap_or_else(|| sentence(text));
    let html = Alone { heading, text: &text, theme }.render(&crate::site::assets());
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], Body::from(html)).into_response()
}

/// What a status means here, as a heading and as the detail of a problem.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::UNAUTHORIZED => ("Sign in first", "sign in, or send a token as `Authorization: Bearer …`"),
        StatusCode::FORBIDDEN => ("That is not allowed", "this is not allowed"),
        StatusCode::NOT_FOUND => ("There is nothing here", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => ("That does not work here", "this address does not take that method"),
        StatusCode::REQUEST_TIMEOUT => ("That took too long", "the request did not arrive in time"),
        StatusCode::PAYLOAD_TOO_LARGE => ("That is too much", "the body is too large"),
        StatusCode::URI_TOO_LONG => ("That address is too long", "the address of the request is too long"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("That form is not understood", "the body is not of a media type that this address takes"),
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => {
            ("That was not understood", "the request is not complete or not well-formed")
        }
        StatusCode::TOO_MANY_REQUESTS => ("Too fast", "too many requests; try again in a moment"),
        StatusCode::SERVICE_UNAVAILABLE => ("The panel could not answer", "try again in a moment; the panel's log says more"),
        status if status.is_server_error() => ("Something went wrong in the panel", "something went wrong; the panel's log says more"),
        _ => ("That did not work", "the request was refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_form_of_whoever_asks() {
        let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
        for (path, accept, face) in [
            ("/logs", browser, Face::Page(Theme::default())),
            ("/logs", "application/json", Face::Problem),
            ("/api/v1/logs", browser, Face::Problem),
            ("/api/v1/logs/export?format=csv", "*/*", Face::Problem),
            ("/api/v1/logs/export?format=csv", browser, Face::Page(Theme::default())),
            ("/healthz", browser, Face::Own),
        ] {
            let request = Request::builder().uri(path).header(header::ACCEPT, accept).body(Body::empty()).unwrap();
            assert_eq!(Face::of(&request), face, "{path} {accept}");
        }
    }
}
