//! What people reach with a browser besides the hydrated pages: plain forms, and documents. Each door asks who is there, calls
//! a service and shows what it said.

mod runs;
mod schedules;
mod servers;
mod sign_in;
mod visit;

use axum::Router;
use axum::routing::{get, post};

pub use self::sign_in::judged;
pub use self::visit::page_context;
use crate::state::Panel;

/// Every form and every document.
pub fn routes() -> Router<Panel> {
    Router::new()
        .route("/sign-in", post(sign_in::sign_in))
        .route("/sign-in/link", get(sign_in::follow_link))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/welcome", post(sign_in::welcome))
        .route("/servers", get(servers::list))
        .route("/servers/new", get(servers::blank).post(servers::create))
        .route("/servers/{id}", get(servers::detail))
        .route("/servers/{id}/edit", get(servers::edit).post(servers::change))
        .route("/servers/{id}/test", get(servers::untested).post(servers::test))
        .route("/servers/{id}/pin", post(servers::pin))
        .route("/servers/{id}/key", post(servers::make_key))
        .route("/servers/{id}/delete", get(servers::ask_removal).post(servers::remove))
        .route("/schedules", get(schedules::list))
        .route("/schedules/new", get(schedules::blank).post(schedules::create))
        .route("/schedules/{id}", get(schedules::detail))
        .route("/schedules/{id}/edit", get(schedules::edit).post(schedules::change))
        .route("/schedules/{id}/run", post(schedules::run))
        .route("/schedules/{id}/rehearse", get(schedules::unrehearsed).post(schedules::rehearse))
        .route("/schedules/{id}/pause", post(schedules::pause))
        .route("/schedules/{id}/resume", post(schedules::resume))
        .route("/schedules/{id}/delete", get(schedules::ask_removal).post(schedules::remove))
        .route("/runs", get(runs::list))
        .route("/runs/{id}", get(runs::story))
        .route("/runs/{id}/stop", get(runs::ask_stop).post(runs::stop))
}
