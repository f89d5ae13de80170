//! Version 1: the routes under `/api/v1` and the document that describes them.

mod ingest;
mod logs;
mod roles;
mod runs;
mod schedules;
mod servers;
mod session;
mod tokens;
mod users;

use axum::Json;
use axum::extract::DefaultBodyLimit;
use serde::Serialize;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::runs::RunQuery;
use crate::state::Panel;

#[derive(OpenApi)]
#[openapi(
    info(title = "Tailback", description = "What happened to every backup: the panel's API."),
    modifiers(&Security),
    security(("session" = []), ("token" = []))
)]
struct Description;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(crate::auth::SESSION_COOKIE)));
        components.add_security_scheme("session", cookie);
        components.add_security_scheme("token", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()));
    }
}

/// A list that is not the trail.
#[derive(Serialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    /// How many there are in the viewer's scope.
    pub total: i64,
    /// Pass as `before` to get the next page; `null` on the last.
    pub next_before: Option<String>,
}

impl<T> List<T> {
    /// A list that fits on one page.
    fn whole(items: Vec<T>) -> Self {
        Self { total: i64::try_from(items.len()).unwrap_or(i64::MAX), items, next_before: None }
    }
}

/// Every route of version 1.
pub fn routes() -> axum::Router<Panel> {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(logs::list, logs::clear))
        .routes(routes!(logs::count_clearing))
        .routes(routes!(logs::histogram))
        .routes(routes!(logs::export))
        .routes(routes!(logs::stream))
        .routes(routes!(logs::find))
        .routes(routes!(servers::list, servers::create))
        .routes(routes!(servers::find, servers::update, servers::remove))
        .routes(routes!(servers::pin))
        .routes(routes!(servers::test))
        .routes(routes!(schedules::list, schedules::create))
        .routes(routes!(schedules::find, schedules::update, schedules::remove))
        .routes(routes!(schedules::run))
        .routes(routes!(runs::list))
        .routes(routes!(runs::find))
        .routes(routes!(runs::stop))
        .routes(routes!(runs::log))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::find, users::update, users::remove))
        .routes(routes!(users::reset_password))
        .routes(routes!(users::end_sessions))
        .routes(routes!(users::remove_factor))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::find, roles::update, roles::remove))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::find, tokens::update, tokens::remove))
        .merge(OpenApiRouter::new().routes(routes!(ingest::report)).layer(DefaultBodyLimit::max(ingest::MAX_BODY_BYTES)))
        .split_for_parts();
    router.route("/api/v1/openapi.json", axum::routing::get(move || std::future::ready(Json(description.clone()))))
}
