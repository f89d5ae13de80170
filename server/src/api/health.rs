//! Whether the panel lives (`/healthz`) and whether it can do its work (`/readyz`).

use axum::extract::State;
use axum::http::StatusCode;

use crate::state::Panel;
use crate::store::log;

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The process answers and its database does too.
pub async fn readyz(State(panel): State<Panel>) -> (StatusCode, &'static str) {
    match log::head(&panel.database).await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(cause) => {
            tracing::warn!(error = &cause as &dyn std::error::Error, "not ready: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
