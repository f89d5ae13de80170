//! Clearing the backup logs, after the exact counts were shown.

use app::model::Permission;
use app::pages::clearing::{self as pages, ToClear};
use app::pages::form::Sent;
use axum::body::Bytes;
use axum::http::StatusCode;

use super::visit::{Answer, Refused, Visit, see};
use crate::clearing::{ClearingError, Counted};

/// `GET /logs/clear`
pub(super) async fn ask(visit: Visit) -> Answer {
    visit.require(Permission::ClearBackupLogs)?;
    let (to_clear, said) = (count(&visit, None).await?, said_cleared(&visit));
    Ok(visit.page("Clear backup logs", || pages::clearing(to_clear, said.as_deref())))
}

/// `POST /logs/clear`
pub(super) async fn clear(visit: Visit, body: Bytes) -> Answer {
    visit.require(Permission::ClearBackupLogs)?;
    let sent = Sent::parse(&body);
    let confirmed: Option<i64> = sent.text("deleted").parse().ok();
    // What was written since is not what was asked about, and stays.
    let up_to = sent.text("up_to").parse().ok();
    if up_to.is_none() || confirmed != Some(count(&visit, up_to).await?.deleted) {
        let to_clear = count(&visit, None).await?;
        return Ok(visit.page_with(StatusCode::CONFLICT, "Clear backup logs", || pages::clearing(to_clear, Some(pages::CHANGED))));
    }
    let cleared = done(&visit, visit.panel.clearings.clear(&visit.viewer, up_to).await)?;
    // Whoever may clear the logs need not be one who may read them.
    let next = if visit.viewer.may(Permission::ViewBackupLogsPage) { "/logs" } else { "/logs/clear" };
    Ok(see(next, &format!("{CLEARED}{}", cleared.deleted)))
}

const CLEARED: &str = "cleared-";

/// What the URL says was cleared: anybody can write one, so that a number is all it can say.
pub(super) fn said_cleared(visit: &Visit) -> Option<String> {
    let count: u32 = visit.parameter("said")?.strip_prefix(CLEARED)?.parse().ok()?;
    Some(pages::cleared(count.into()))
}

async fn count(visit: &Visit, up_to: Option<i64>) -> Result<ToClear, Refused> {
    let Counted { counts, up_to } = done(visit, visit.panel.clearings.count(&visit.viewer, up_to).await)?;
    Ok(ToClear { deleted: counts.deleted, orphans: counts.orphans, kept: counts.kept, up_to })
}

fn done<T>(visit: &Visit, result: Result<T, ClearingError>) -> Result<T, Refused> {
    match result {
        Ok(done) => Ok(done),
        Err(ClearingError::Forbidden) => Err(visit.forbidden()),
        Err(ClearingError::Store(cause)) => visit.read(Err(cause)),
    }
}
