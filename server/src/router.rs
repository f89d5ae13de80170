//! Every URL in one place, and the layers around them.

use app::app::{App, shell};
use app::model::Viewer;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower::ServiceBuilder;
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::auth::require_viewer;
use crate::state::Panel;
use crate::{api, doors, site};

/// The longest body: a server with its private key, by far.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The whole site.
pub fn router(panel: Panel) -> Router {
    let routes = generate_route_list(App);
    let context = {
        let panel = panel.clone();
        move || provide_page_context(&panel)
    };
    let assets = site::assets();
    Router::new()
        .merge(doors::routes())
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .merge(api::v1::routes())
        .leptos_routes_with_context(&panel, routes, context, move || shell(assets.clone()))
        .fallback(site::serve)
        .layer(from_fn_with_state(panel.clone(), require_viewer))
        .layer(
            ServiceBuilder::new()
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(PropagateRequestIdLayer::x_request_id())
                .layer(constant_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .layer(constant_header(header::X_FRAME_OPTIONS, "DENY"))
                .layer(constant_header(header::REFERRER_POLICY, "same-origin"))
                .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
                .layer(CsrfLayer::new())
                .layer(DefaultBodyLimit::max(MAX_BODY_BYTES)),
        )
        .with_state(panel)
}

fn constant_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// What a page needs to know while it is rendered.
fn provide_page_context(panel: &Panel) {
    let parts = use_context::<Parts>();
    let viewer = parts.as_ref().and_then(|parts| parts.extensions.get::<Viewer>().cloned());
    let headers = parts.map(|parts| parts.headers).unwrap_or_default();
    provide_context(doors::page_context(panel, &headers, viewer.as_ref()));
    provide_context(panel.ports.clone());
    if let Some(viewer) = viewer {
        provide_context(viewer);
    }
}
