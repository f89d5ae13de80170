//! What people reach with a browser besides the hydrated pages: plain forms, and documents. Each door asks who is there, calls
//! a service and shows what it said.

mod clearing;
mod logs;
mod profile;
mod roles;
mod runs;
mod schedules;
mod servers;
mod sign_in;
mod users;
mod visit;

use axum::Router;
use axum::routing::{get, post};

pub use self::sign_in::judged;
pub use self::visit::{forbidden, page_context};
use crate::state::Panel;

/// Every form and every document.
pub fn routes() -> Router<Panel> {
    Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-in/link", get(sign_in::follow_link))
        .route("/sign-in/code", get(sign_in::start_again).post(sign_in::give_code))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/welcome", get(sign_in::show_welcome).post(sign_in::welcome))
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
        .route("/schedules/{id}/token", get(schedules::unrehearsed).post(schedules::make_token))
        .route("/schedules/{id}/pause", post(schedules::pause))
        .route("/schedules/{id}/resume", post(schedules::resume))
        .route("/schedules/{id}/delete", get(schedules::ask_removal).post(schedules::remove))
        .route("/logs", get(logs::show))
        .route("/logs/{id}/detail.txt", get(logs::detail_file))
        .route("/logs/views", post(logs::save_view))
        .route("/logs/views/{id}", post(logs::change_view))
        .route("/logs/clear", get(clearing::ask).post(clearing::clear))
        .route("/runs", get(runs::list))
        .route("/runs/{id}", get(runs::story))
        .route("/runs/{id}/stop", get(runs::ask_stop).post(runs::stop))
        .merge(people())
}

/// Users, roles, one's own account.
fn people() -> Router<Panel> {
    Router::new()
        .route("/users", get(users::list))
        .route("/users/new", get(users::blank).post(users::create))
        .route("/users/{id}", get(users::detail))
        .route("/users/{id}/edit", get(users::edit).post(users::change))
        .route("/users/{id}/password", get(users::not_again).post(users::reset_password))
        .route("/users/{id}/sign-out", post(users::sign_out))
        .route("/users/{id}/two-factor", post(users::remove_factor))
        .route("/users/{id}/delete", get(users::ask_removal).post(users::remove))
        .route("/roles", get(roles::list))
        .route("/roles/new", get(roles::blank).post(roles::create))
        .route("/roles/{id}/edit", get(roles::edit).post(roles::change))
        .route("/roles/{id}/delete", get(roles::ask_removal).post(roles::remove))
        .route("/more", get(profile::more))
        .route("/profile", get(profile::overview))
        .route("/profile/password", get(profile::not_again).post(profile::change_password))
        .route("/profile/sessions/end", post(profile::end_session))
        .route("/profile/two-factor", get(profile::not_again).post(profile::set_up_factor))
        .route("/profile/two-factor/confirm", get(profile::not_again).post(profile::confirm_factor))
        .route("/profile/two-factor/remove", get(profile::ask_factor_removal).post(profile::remove_factor))
        .route("/profile/two-factor/codes", get(profile::ask_codes).post(profile::renew_codes))
        .route("/profile/tokens/new", get(profile::blank_token).post(profile::create_token))
        .route("/profile/tokens/{id}/revoke", post(profile::revoke_token))
}
