//! Every URL in one place, and the layers around them.

use app::app::{App, shell};
use app::model::Viewer;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower::ServiceBuilder;

use crate::access::require_need;
use crate::auth::require_viewer;
use crate::perimeter::{csrf, guard};
use crate::state::Panel;
use crate::{api, doors, site};

/// The longest body: a server with its private key, by far.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The whole site.
pub fn router(panel: Panel) -> anyhow::Result<Router> {
    let routes = generate_route_list(App);
    let context = {
        let panel = panel.clone();
        move || provide_page_context(&panel)
    };
    let assets = site::assets();
    let router = Router::new()
        .merge(doors::routes())
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .merge(api::v1::routes())
        .leptos_routes_with_context(&panel, routes, context, move || shell(assets.clone()))
        .fallback(site::serve)
        .layer(from_fn_with_state(panel.clone(), require_need))
        .layer(from_fn_with_state(panel.clone(), require_viewer))
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(panel.clone(), guard))
                .layer(csrf(panel.perimeter.settings.public_url.as_ref())?)
                .layer(DefaultBodyLimit::max(MAX_BODY_BYTES)),
        )
        .with_state(panel);
    Ok(router)
}

/// What a page needs to know while it is rendered.
fn provide_page_context(panel: &Panel) {
    let parts = use_context::<Parts>();
    let (headers, extensions) = parts.map(|parts| (parts.headers, parts.extensions)).unwrap_or_default();
    provide_context(doors::page_context(panel, &headers, &extensions));
    provide_context(panel.ports.clone());
    if let Some(viewer) = extensions.get::<Viewer>() {
        provide_context(viewer.clone());
    }
    // In place of Leptos's own: the one that the answer's policy names.
    if let Some(nonce) = extensions.get::<Nonce>() {
        provide_context(nonce.clone());
    }
}
