//! Puts the viewer into every request and lets nobody else in: nothing is open by omission.

use app::error::AppError;
use app::model::{Timestamp, Viewer};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Accounts, session};
use crate::access::{Need, need_of};
use crate::api::{Problem, is_for_programs};
use crate::perimeter::{Client, Key};
use crate::state::Panel;
use crate::store::StoreError;

/// What proves who is asking. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    Session(String),
    Token(String),
}

impl Credential {
    fn of(headers: &HeaderMap, client: &Client) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(token) = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) {
            return Some(Self::Token(token.trim().to_owned()));
        }
        session(headers, client).map(|value| Self::Session(value.to_owned()))
    }

    async fn viewer(&self, accounts: &Accounts) -> Result<Option<(Viewer, Caller)>, StoreError> {
        Ok(match self {
            Self::Session(session) => {
                let caller = Caller::Session(super::hash(session));
                accounts.by_session(session).await?.map(|viewer| (viewer, caller))
            }
            Self::Token(token) => accounts.by_token(token).await?.map(|(viewer, token)| {
                let whole = token.permissions.is_none() && token.servers.is_none();
                (viewer, Caller::Token { whole, expires_at: token.expires_at })
            }),
        })
    }
}

/// What a request came with: some things are for those who have signed in themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// By the hash of its cookie.
    Session(Vec<u8>),
    Token {
        /// It may do whatever its owner may.
        whole: bool,
        expires_at: Option<Timestamp>,
    },
}

/// A credential that a long-lived stream asks about again.
#[derive(Clone)]
pub struct StreamGuard {
    credential: Credential,
    accounts: Accounts,
}

impl StreamGuard {
    /// Tells whenever something has changed in this process that may concern the viewer.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.accounts.changes.subscribe()
    }

    /// The viewer as they are now; `None` once they may not see anything any more.
    pub async fn viewer(&self) -> Result<Option<Viewer>, StoreError> {
        Ok(self.credential.viewer(&self.accounts).await?.map(|(viewer, _)| viewer))
    }
}

/// Everything that answers without a viewer.
fn is_open(method: &Method, path: &str) -> bool {
    need_of(method.as_str(), path) == Some(Need::Open) || crate::site::is_asset(path)
}

/// The middleware.
pub async fn require_viewer(
    State(panel): State<Panel>,
    Extension(client): Extension<Client>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let credential = Credential::of(request.headers(), &client);
    let viewer = match &credential {
        Some(credential) if !crate::site::is_asset(path) => match credential.viewer(&panel.accounts).await {
            Ok(viewer) => viewer,
            Err(cause) => return Problem::from(cause).into_response(),
        },
        _ => None,
    };
    match (viewer, credential) {
        (Some((mut viewer, caller)), Some(credential)) if viewer.reports.is_none() || is_for_reports(request.method(), path) => {
            let _place = match panel.perimeter.admit_viewer(&viewer) {
                Ok(place) => place,
                Err(problem) => return problem.into_response(),
            };
            viewer.address = Some(client.address.to_string());
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(StreamGuard { credential, accounts: panel.accounts.clone() });
            request.extensions_mut().insert(viewer);
            next.run(request).await
        }
        (None, Some(Credential::Token(_))) => match panel.perimeter.throttle.check(Key::Token(client.origin()), Instant::now()) {
            // Only what is no token waits: whoever has one never does.
            Ok(_wrong) => {
                panel.perimeter.tell(&panel, "token", &client, Instant::now(), "refused a token that is not one, or not any more");
                refuse(&request)
            }
            Err(throttled) => Problem::from(throttled).into_response(),
        },
        _ if is_open(request.method(), path) => next.run(request).await,
        (Some(_), _) => Problem::new(StatusCode::FORBIDDEN, "this token may only report runs of its schedule").into_response(),
        _ => refuse(&request),
    }
}

/// The one thing that a token bound to a schedule is for.
fn is_for_reports(method: &Method, path: &str) -> bool {
    path == "/api/v1/ingest/runs" && method == Method::POST
}

fn refuse(request: &Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/sf/") {
        return (StatusCode::UNAUTHORIZED, axum::Json(AppError::SignedOut)).into_response();
    }
    let wants_page = request.method() == Method::GET && !is_for_programs(path);
    if !wants_page {
        return (Problem::new(StatusCode::UNAUTHORIZED, "sign in, or send a token as `Authorization: Bearer …`")).into_response();
    }
    let next = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    let target = if next == "/" { "/sign-in".to_owned() } else { format!("/sign-in?{query}") };
    Redirect::to(&target).into_response()
}
