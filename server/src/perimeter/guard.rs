//! The outermost layer: finds out who is at the other end, lets in whoever may come and has not asked for too much, and sees to it
//! that every answer, also to whoever is refused and after a panic, has the right form and the headers that protect it.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use app::model::{LogStatus, Viewer};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use leptos::nonce::Nonce;
use tokio::time::Instant;

use super::answer::Face;
use super::client::{Client, origin_of};
use super::gauge::Place;
use super::headers::secure;
use super::origin::CrossSite;
use super::{Perimeter, Throttled};
use crate::api::Problem;
use crate::audit::LogRow;
use crate::state::Panel;

/// The longest path and query together: a filter with every server chosen has a tenth of it.
const MAX_TARGET_BYTES: usize = 8 * 1024;

/// Longer than whoever clears a trail has to wait.
const FOR_LONG: Duration = Duration::from_hours(2);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware.
pub async fn guard(State(panel): State<Panel>, ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    let settings = &panel.perimeter.settings;
    let client = Client::of(peer.ip(), request.headers(), settings);
    let id = request_id(&request, settings.trusted_proxies.iter().any(|proxy| proxy.contains(&peer.ip().to_canonical())));
    let nonce = Nonce::new();
    request.headers_mut().insert(REQUEST_ID, id.clone());
    request.extensions_mut().insert(client.clone());
    request.extensions_mut().insert(nonce.clone());
    let face = Face::of(&request);
    let response = match panel.perimeter.admit(&panel, &client, &request) {
        Ok(_place) => {
            let within = if is_long(request.method(), request.uri().path()) { FOR_LONG } else { settings.limits.request_timeout };
            answer(&id, within, request, next).await
        }
        Err(problem) => problem.into_response(),
    };
    if response.extensions().get::<CrossSite>().is_some() {
        panel.perimeter.tell(&panel, "cross-site", &client, Instant::now(), "refused a request that a page of another site has sent");
    }
    let mut response = face.dress(response);
    secure(response.headers_mut(), &client, &nonce);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Whether a request may be under way for very long. Millions of rows are cleared whether anybody waits or not, and whoever does is to be
/// told how many went.
fn is_long(method: &Method, path: &str) -> bool {
    matches!((method.as_str(), path), ("DELETE", "/api/v1/logs") | ("POST", "/logs/clear"))
}

async fn answer(id: &HeaderValue, within: Duration, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let request_id = String::from_utf8_lossy(id.as_bytes()).into_owned();
    match tokio::time::timeout(within, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!(request.id = request_id, path, "a request panicked; the place is told above");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => {
            tracing::warn!(request.id = request_id, path, "a request took longer than request_timeout_seconds and was given up");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the request took too long and was given up").into_response()
        }
    }
}

/// The proxy's id, if it is one, or a new one: what a client makes up would end in the log.
fn request_id(request: &Request, trusted: bool) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        (1..=64).contains(&value.len()) && value.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    let given = request.headers().get(REQUEST_ID).filter(|_| trusted).filter(plain).cloned();
    given.unwrap_or_else(|| {
        HeaderValue::from_str(&crate::random::hex(16)).unwrap_or_else(|_| unreachable!("hexadecimal digits are a header"))
    })
}

impl Perimeter {
    fn admit(&self, panel: &Panel, client: &Client, request: &Request) -> Result<Place, Problem> {
        let now = Instant::now();
        if !self.allows(client.address) {
            self.tell(panel, "network", client, now, "a client outside allow_networks was refused");
            return Err(Problem::new(StatusCode::FORBIDDEN, "this panel does not serve your network"));
        }
        if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET_BYTES) {
            return Err(Problem::new(StatusCode::URI_TOO_LONG, "the address of the request is too long"));
        }
        self.requests_by_address.take(client.origin(), now).map_err(|wait| {
            self.tell(panel, "rate", client, now, "a client was slowed down: more than requests_per_minute requests");
            too_fast(wait)
        })?;
        let place = self.open_by_address.enter(client.origin()).ok_or_else(|| {
            self.tell(panel, "open", client, now, "a client was slowed down: more than open_requests requests at the same time");
            too_many("requests under way")
        })?;
        if is_sign_in(request) && !client.may_sign_in(self.settings.insecure_http) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "this connection is not encrypted, and a password would travel on it in the clear. Reach the panel by https (a proxy in \
                 front of it must be in `trusted_proxies` and set `X-Forwarded-Proto`), or through a tunnel to its own machine; where the \
                 network is trusted, `insecure_http = true` lets people sign in like this",
            ));
        }
        Ok(place)
    }

    fn allows(&self, address: IpAddr) -> bool {
        let networks = &self.settings.allow_networks;
        networks.is_empty() || networks.iter().any(|network| network.contains(&address))
    }

    /// Lets a connection begin; those of proxies carry everybody's requests and are not counted.
    pub fn admit_connection(&self, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        if self.settings.trusted_proxies.iter().any(|proxy| proxy.contains(&peer)) {
            return Some(Place::FREE);
        }
        self.connections.enter(origin_of(peer))
    }

    /// Lets a viewer's request in, wherever it comes from.
    pub fn admit_viewer(&self, viewer: &Viewer) -> Result<Place, Problem> {
        self.requests_by_viewer.take(viewer.user_id, Instant::now()).map_err(too_fast)?;
        self.open_by_viewer.enter(viewer.user_id).ok_or_else(|| too_many("requests under way"))
    }

    /// Lets a stream begin. Both places are taken until it has ended.
    pub fn admit_stream(&self, client: &Client, viewer: &Viewer) -> Result<(Place, Place), Problem> {
        let refused = || too_many("streams open");
        let place = self.streams_by_address.enter(client.origin()).ok_or_else(refused)?;
        Ok((place, self.streams_by_viewer.enter(viewer.user_id).ok_or_else(refused)?))
    }

    /// Notes from where an account is signed in, so that guesses from elsewhere do not make its owner wait there.
    pub fn know_place(&self, username: &str, address: &str) {
        if let Ok(address) = address.parse() {
            self.throttle.know(username, origin_of(address));
        }
    }

    /// Tells the trail, but not all day.
    pub fn tell(&self, panel: &Panel, what: &'static str, client: &Client, now: Instant, message: &str) {
        if self.refusals.is_news(what, client.origin(), now) {
            let row = LogRow::system(LogStatus::Warning, format!("{message}, from {}", client.address));
            let trail = panel.trail.clone();
            tokio::spawn(async move {
                if let Err(cause) = trail.append(row).await {
                    tracing::warn!(error = &cause as &dyn std::error::Error, "the trail could not be told of a refusal");
                }
            });
        }
    }
}

fn is_sign_in(request: &Request) -> bool {
    let path = request.uri().path();
    matches!(path, "/sign-in" | "/sign-in/link" | "/welcome") || (path == "/api/v1/session" && request.method() == Method::POST)
}

fn too_fast(wait: Duration) -> Problem {
    Throttled { wait }.into()
}

fn too_many(what: &str) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, format!("too many {what}; end some of them first")).retry_after(1)
}

impl From<Throttled> for Problem {
    fn from(throttled: Throttled) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, throttled.to_string()).retry_after(throttled.seconds())
    }
}

#[cfg(test)]
mod tests {
    use app::site::Theme;
    use axum::Router;
    use axum::body::Body;
    use axum::http::header;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_without_internals() {
        let guarded =
            async |request: Request, next: Next| answer(&HeaderValue::from_static("id"), Duration::from_secs(5), request, next).await;
        let panics = async || -> StatusCode { panic!("secret internals") };
        for (face, kind) in [(Face::Problem, "application/problem+json"), (Face::Page(Theme::Dark), "text/html; charset=utf-8")] {
            let router = Router::new().route("/", get(panics)).layer(from_fn(guarded));
            let response = face.dress(router.oneshot(Request::new(Body::empty())).await.unwrap());
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(response.headers()[header::CONTENT_TYPE], kind);
            let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("internals"));
        }
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_given_up() {
        let guarded =
            async |request: Request, next: Next| answer(&HeaderValue::from_static("id"), Duration::from_millis(20), request, next).await;
        let router = Router::new().route("/", get(std::future::pending::<StatusCode>)).layer(from_fn(guarded));
        assert_eq!(router.oneshot(Request::new(Body::empty())).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
