//! Clearing the backup logs, after the exact counts were shown.

use app::model::Permission;
use app::pages::clearing::{self as pages, ToClear};
use app::pages::form::Sent;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};

use super::visit::{Answer, Refused, Visit};
use crate::clearing::{ClearingCounts, ClearingError};

/// `GET /logs/clear`
pub(super) async fn ask(visit: Visit) -> Answer {
    visit.require(Permission::ClearBackupLogs)?;
    let counts = counted(&visit, visit.panel.clearings.count(&visit.viewer).await)?;
    Ok(visit.page("Clear backup logs", || pages::clearing(counts, false)))
}

/// `POST /logs/clear`
pub(super) async fn clear(visit: Visit, body: Bytes) -> Answer {
    visit.require(Permission::ClearBackupLogs)?;
    let confirmed: Option<i64> = Sent::parse(&body).text("deleted").parse().ok();
    let counts = counted(&visit, visit.panel.clearings.count(&visit.viewer).await)?;
    if confirmed != Some(counts.deleted) {
        return Ok(visit.page_with(StatusCode::CONFLICT, "Clear backup logs", || pages::clearing(counts, true)));
    }
    counted(&visit, visit.panel.clearings.clear(&visit.viewer).await)?;
    Ok(Redirect::to("/logs?type=SYSTEM").into_response())
}

fn counted(visit: &Visit, read: Result<ClearingCounts, ClearingError>) -> Result<ToClear, Refused> {
    match read {
        Ok(ClearingCounts { deleted, orphans, kept }) => Ok(ToClear { deleted, orphans, kept }),
        Err(ClearingError::Forbidden) => Err(visit.forbidden()),
        Err(ClearingError::Store(cause)) => visit.read(Err(cause)),
    }
}
