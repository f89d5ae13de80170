//! Every URL in one place, and the layers around them.

use app::app::shell;
use app::model::Viewer;
use app::site::PageContext;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::{handle_server_fns_with_context, render_app_to_stream_in_order_with_context};
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
    let router = Router::new()
        .merge(hydrated(&panel))
        .merge(doors::routes())
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(api::metrics))
        .merge(api::v1::routes())
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

/// The page that lives on in the browser, and the functions it calls.
fn hydrated(panel: &Panel) -> Router<Panel> {
    // Fails where another panel of this process has done it already.
    any_spawner::Executor::init_tokio().ok();
    let context = {
        let panel = panel.clone();
        move || provide_page_context(&panel)
    };
    let assets = site::assets();
    let page = render_app_to_stream_in_order_with_context(context.clone(), move || shell(assets.clone()));
    let call = move |request: Request| handle_server_fns_with_context(context.clone(), request);
    let functions = server_fn_paths().map(|(path, _)| path);
    functions.fold(Router::new().route("/", get(page)), |router, path| router.route(path, post(call.clone())))
}

/// What a page needs to know while it is rendered.
fn provide_page_context(panel: &Panel) {
    let parts = use_context::<Parts>();
    let query = parts.as_ref().and_then(|parts| parts.uri.query()).unwrap_or_default().to_owned();
    let (headers, extensions) = parts.map(|parts| (parts.headers, parts.extensions)).unwrap_or_default();
    provide_context(PageContext { query, ..doors::page_context(panel, &headers, &extensions) });
    provide_context(panel.ports.clone());
    if let Some(viewer) = extensions.get::<Viewer>() {
        provide_context(viewer.clone());
    }
    // In place of Leptos's own: the one that the answer's policy names.
    if let Some(nonce) = extensions.get::<Nonce>() {
        provide_context(nonce.clone());
    }
}
