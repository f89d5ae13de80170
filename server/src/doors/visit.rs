//! One request for a document: who asks, where, and the answers it can get.

use app::components::Piece;
use app::model::{Permission, Timestamp, Viewer};
use app::pages::document::Document;
use app::pages::refusal;
use app::site::{Density, PageContext, Theme};
use axum::Extension;
use axum::extract::{FromRequestParts, RawQuery, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use leptos::nonce::Nonce;

use crate::auth::{cookie, rights_of};
use crate::inventory::InventoryError;
use crate::jobs::RunError;
use crate::people::PeopleError;
use crate::perimeter::Client;
use crate::state::Panel;
use crate::store::StoreError;

/// How much of the zone a page carries: rows as old as this print in the right local time.
const ZONE_YEARS_MS: i64 = 12 * 366 * 86_400_000;

/// Who asks for which page.
pub(super) struct Visit {
    pub(super) panel: Panel,
    pub(super) viewer: Viewer,
    page: PageContext,
    nonce: Option<Nonce>,
    path: String,
    query: String,
    /// It asks for the page and changes nothing, so it can be asked again.
    reads: bool,
    origin: String,
}

/// A whole page that says no.
pub(super) struct Refused(Box<Response>);

/// What a door of documents gives.
pub(super) type Answer = Result<Response, Refused>;

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl FromRequestParts<Panel> for Visit {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, panel: &Panel) -> Result<Self, StatusCode> {
        // The layer around the router has let nobody else in.
        let Ok(Extension(viewer)) = Extension::<Viewer>::from_request_parts(parts, panel).await else {
            return Err(StatusCode::UNAUTHORIZED);
        };
        let Ok(RawQuery(query)) = RawQuery::from_request_parts(parts, panel).await;
        Ok(Self {
            page: page_context(panel, &parts.headers, &parts.extensions),
            nonce: parts.extensions.get().cloned(),
            panel: panel.clone(),
            viewer,
            path: parts.uri.path().to_owned(),
            query: query.unwrap_or_default(),
            reads: parts.method.is_safe(),
            origin: origin(panel, &parts.headers, parts.extensions.get()),
        })
    }
}

impl Visit {
    /// The moment at which the page is made: what its ages count from.
    pub(super) fn now(&self) -> Timestamp {
        self.page.now
    }

    /// One parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = app::model::parse_pairs(&self.query);
        pairs.into_iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value)
    }

    /// Where the panel is, as this browser calls it.
    pub(super) fn panel_url(&self) -> String {
        self.origin.clone()
    }

    pub(super) fn query(&self) -> &str {
        &self.query
    }

    /// Refuses whoever may not do this.
    pub(super) fn require(&self, permission: Permission) -> Result<(), Refused> {
        if self.viewer.may(permission) { Ok(()) } else { Err(self.forbidden()) }
    }

    /// What a look-up found; what is not there and what may not be seen answer alike.
    pub(super) fn found<T>(&self, read: Result<Option<T>, StoreError>) -> Result<T, Refused> {
        self.read(read)?.ok_or_else(|| self.not_found())
    }

    /// What a read gave.
    pub(super) fn read<T>(&self, read: Result<T, StoreError>) -> Result<T, Refused> {
        read.map_err(|cause| self.unavailable(&cause))
    }

    /// The number in a path.
    pub(super) fn id(&self, text: &str) -> Result<i64, Refused> {
        text.parse().map_err(|_| self.not_found())
    }

    pub(super) fn page(&self, title: &str, content: impl FnOnce() -> Piece) -> Response {
        self.page_with(StatusCode::OK, title, content)
    }

    /// A form that came back: it shows what was filled in and what is wrong.
    pub(super) fn form_again(&self, title: &str, content: impl FnOnce() -> Piece) -> Response {
        self.page_with(StatusCode::UNPROCESSABLE_ENTITY, title, content)
    }

    pub(super) fn page_with(&self, status: StatusCode, title: &str, content: impl FnOnce() -> Piece) -> Response {
        let html =
            Document { here: &self.path, title, nonce: self.nonce.clone() }.render(self.page.clone(), &crate::site::assets(), content);
        let html = ([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], html);
        (status, html).into_response()
    }

    pub(super) fn not_found(&self) -> Refused {
        self.refusal(StatusCode::NOT_FOUND, "Not found", refusal::not_found)
    }

    pub(super) fn forbidden(&self) -> Refused {
        self.refusal(StatusCode::FORBIDDEN, "Not allowed", refusal::forbidden)
    }

    pub(super) fn conflict(&self, reason: impl Into<String>, back: String) -> Refused {
        let reason = reason.into();
        self.refusal(StatusCode::CONFLICT, "Not now", || refusal::conflict(reason, back))
    }

    fn unavailable(&self, cause: &StoreError) -> Refused {
        tracing::error!(error = cause as &dyn std::error::Error, "a page could not be answered");
        self.refusal(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", || refusal::unavailable(self.again()))
    }

    /// Where what has failed can be tried again; what was sent with a form is only with the browser.
    fn again(&self) -> Option<String> {
        let separator = if self.query.is_empty() { "" } else { "?" };
        self.reads.then(|| format!("{}{separator}{}", self.path, self.query))
    }

    fn refusal(&self, status: StatusCode, title: &str, content: impl FnOnce() -> Piece) -> Refused {
        Refused(Box::new(self.page_with(status, title, content)))
    }

    /// Problems of the fields come back as they are; everything else is a page of its own.
    pub(super) fn problems(&self, cause: InventoryError, back: &str) -> Result<Vec<app::model::FieldError>, Refused> {
        match cause {
            InventoryError::Invalid(problems) => Ok(problems),
            InventoryError::NotFound => Err(self.not_found()),
            InventoryError::Forbidden => Err(self.forbidden()),
            InventoryError::Busy => Err(self.conflict("A run is still going. Stop it first, or wait for its end.", back.to_owned())),
            InventoryError::Store(cause) => Err(self.unavailable(&cause)),
        }
    }

    /// The same where there is no form to show them beside.
    pub(super) fn refuse(&self, cause: InventoryError, back: &str) -> Refused {
        match self.problems(cause, back) {
            Ok(problems) => {
                let reasons: Vec<_> = problems.into_iter().map(|problem| problem.reason).collect();
                self.conflict(app::components::sentence(&reasons.join("; ")), back.to_owned())
            }
            Err(refused) => refused,
        }
    }

    /// What a change of people gave, where there is no form to show problems beside.
    pub(super) fn people<T>(&self, made: Result<T, impl Into<PeopleError>>, back: &str) -> Result<T, Refused> {
        made.map_err(|cause| match self.people_problems(cause.into(), back) {
            Ok(problems) => {
                let reasons: Vec<_> = problems.into_iter().map(|problem| problem.reason).collect();
                self.conflict(app::components::sentence(&reasons.join("; ")), back.to_owned())
            }
            Err(refused) => refused,
        })
    }

    /// Problems of the fields come back as they are; everything else is a page of its own.
    pub(super) fn people_problems(&self, cause: PeopleError, back: &str) -> Result<Vec<app::model::FieldError>, Refused> {
        let sentence = |reason: &str| app::components::sentence(reason);
        match cause {
            PeopleError::Invalid(problems) => Ok(problems),
            PeopleError::NotFound => Err(self.not_found()),
            PeopleError::Forbidden => Err(self.forbidden()),
            PeopleError::Beyond(reason) => {
                let page = || refusal::beyond(sentence(&reason), back.to_owned());
                Err(self.refusal(StatusCode::FORBIDDEN, "Not allowed", page))
            }
            PeopleError::Conflict(reason) => Err(self.conflict(sentence(reason), back.to_owned())),
            PeopleError::Store(cause) => Err(self.unavailable(&cause)),
            PeopleError::Password(cause) => Err(self.broken(&cause)),
            PeopleError::Factor(cause) => Err(self.broken(&cause)),
        }
    }

    fn broken(&self, cause: &(dyn std::error::Error + 'static)) -> Refused {
        tracing::error!(error = cause, "a page could not be answered");
        self.refusal(StatusCode::INTERNAL_SERVER_ERROR, "Unavailable", || refusal::unavailable(self.again()))
    }

    /// Why no run was made or stopped.
    pub(super) fn refuse_run(&self, cause: RunError, back: &str) -> Refused {
        match cause {
            RunError::NotFound => self.not_found(),
            RunError::Forbidden => self.forbidden(),
            RunError::Store(cause) => self.unavailable(&cause),
            RunError::Invalid(problem) => self.conflict(app::components::sentence(&problem.reason), back.to_owned()),
            RunError::Over | RunError::NotOurs(_) | RunError::Overlap { .. } => {
                self.conflict(app::components::sentence(&cause.to_string()), back.to_owned())
            }
        }
    }
}

/// The page for whoever may not do what a request asks.
pub async fn forbidden(panel: &Panel, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match Visit::from_request_parts(&mut parts, panel).await {
        Ok(visit) => visit.forbidden().into_response(),
        Err(status) => status.into_response(),
    }
}

/// Leads on after something was done; `said` is a word that the next page turns into a sentence.
pub(super) fn see(path: &str, said: &str) -> Response {
    Redirect::to(&format!("{path}?said={said}")).into_response()
}

/// The origin of a request, fit to be shown in a command; a host that is none is left to the reader.
fn origin(panel: &Panel, headers: &HeaderMap, client: Option<&Client>) -> String {
    if let Some(url) = &panel.perimeter.settings.public_url {
        return url.as_str().to_owned();
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let plain = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    let host = text(header::HOST).filter(plain).unwrap_or("PANEL");
    let scheme = if client.is_some_and(|client| client.encrypted) { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// What a page needs to know while it is rendered.
pub fn page_context(panel: &Panel, headers: &HeaderMap, extensions: &Extensions) -> PageContext {
    let theme = cookie(headers, Theme::COOKIE).and_then(|theme| theme.parse().ok()).unwrap_or_default();
    let now = panel.clock.now();
    let zone = panel.zone.between(Timestamp::from_millis(now.millis() - ZONE_YEARS_MS), now.plus_millis(2 * 366 * 86_400_000));
    let in_the_clear = extensions.get::<Client>().is_some_and(|client| !client.encrypted && !client.is_local());
    let density = cookie(headers, Density::COOKIE).and_then(|density| density.parse().ok()).unwrap_or_default();
    let viewer = extensions.get::<Viewer>();
    let rights = viewer.map(rights_of).unwrap_or_default();
    PageContext { rights, in_the_clear, density, ..PageContext::new(theme, zone, crate::build_id(), now, viewer) }
}
