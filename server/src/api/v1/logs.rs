//! The audit trail: pages, single rows, the live stream.

use app::model::{FieldError, LogEntry, LogEntryDetail, LogPage, LogQuery, Permission, Viewer};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::{refuse_parameters, require};
use crate::api::Problem;
use crate::auth::StreamGuard;
use crate::clearing::ClearingCounts;
use crate::perimeter::{Client, is_same_origin};
use crate::state::Panel;
use crate::streaming::{Standing, StreamRequest, serve};

/// Rows of the trail, newest first.
#[utoipa::path(get, path = "/api/v1/logs", params(
    ("from" = Option<String>, Query, description = "first day (panel's clock) or moment, inclusive"),
    ("to" = Option<String>, Query, description = "last day, whole, or moment, inclusive"),
    ("status" = Option<String>, Query, description = "one or more, separated by commas"),
    ("type" = Option<String>, Query, description = "one or more, separated by commas"),
    ("server" = Option<String>, Query, description = "ids, separated by commas"),
    ("schedule" = Option<String>, Query, description = "ids, separated by commas"),
    ("run" = Option<String>, Query, description = "a run's id"),
    ("before" = Option<i64>, Query, description = "only rows with smaller ids"),
    ("after" = Option<i64>, Query, description = "only rows with greater ids"),
    ("limit" = Option<u32>, Query, description = "1 to 500, 100 if absent")),
    responses((status = 200, body = LogPage), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Result<Json<LogPage>, Problem> {
    require(&viewer, Permission::ViewBackupLogsPage)?;
    let query = LogQuery::parse(query.as_deref().unwrap_or_default()).map_err(Problem::invalid)?;
    Ok(Json(panel.history.list(&viewer, query).await?))
}

/// Clears the backup logs: rows of schedules that are not running, and of removed ones. Points and data stay.
#[utoipa::path(delete, path = "/api/v1/logs",
    responses((status = 200, body = ClearingCounts), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn clear(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Result<Json<ClearingCounts>, Problem> {
    refuse_parameters(query.as_deref())?;
    Ok(Json(panel.clearings.clear(&viewer).await?))
}

/// What clearing would remove now.
#[utoipa::path(get, path = "/api/v1/logs/clearing",
    responses((status = 200, body = ClearingCounts), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn count_clearing(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Result<Json<ClearingCounts>, Problem> {
    refuse_parameters(query.as_deref())?;
    Ok(Json(panel.clearings.count(&viewer).await?))
}

/// A row with the remote log it was written from, and what its exit code means.
#[derive(Serialize, ToSchema)]
pub(super) struct EntryWithDetail {
    #[serde(flatten)]
    entry: LogEntry,
    /// At most 256 KiB; `null` where the row has none.
    detail: Option<String>,
    exit_code: Option<i64>,
    explanation: Option<String>,
    next_step: Option<String>,
}

impl From<LogEntryDetail> for EntryWithDetail {
    fn from(found: LogEntryDetail) -> Self {
        let LogEntryDetail { entry, detail, exit_code, explanation, next_step } = found;
        Self { entry, detail, exit_code, explanation, next_step }
    }
}

/// One row with its detail.
#[utoipa::path(get, path = "/api/v1/logs/{id}", params(("id" = i64, Path)),
    responses((status = 200, body = EntryWithDetail), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn find(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Json<EntryWithDetail>, Problem> {
    require(&viewer, Permission::ViewBackupLogsPage)?;
    // What is no id names no row.
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let found = panel.history.find(&viewer, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(found.into()))
}

/// New rows as they are committed, over a WebSocket: JSON text frames, each row once, in the order of ids.
#[utoipa::path(get, path = "/api/v1/logs/stream", params(
    ("after" = Option<i64>, Query, description = "the last id the client has; absent = only new rows"),
    ("from" = Option<String>, Query), ("to" = Option<String>, Query), ("status" = Option<String>, Query), ("type" = Option<String>, Query),
    ("server" = Option<String>, Query), ("schedule" = Option<String>, Query), ("run" = Option<String>, Query)),
    responses((status = 101, description = "the stream"), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn stream(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Extension(guard): Extension<StreamGuard>,
    Extension(client): Extension<Client>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    require(&viewer, Permission::ViewBackupLogsPage)?;
    if !is_same_origin(&headers, &client, panel.perimeter.settings.public_url.as_ref()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "streams are for pages of this panel"));
    }
    let LogQuery { filter, before, after, limit } = LogQuery::parse(query.as_deref().unwrap_or_default()).map_err(Problem::invalid)?;
    if before.is_some() || limit != LogQuery::DEFAULT_LIMIT {
        return Err(Problem::invalid(vec![FieldError::new("before", "a stream takes `after` and filters only")]));
    }
    let upgrade = upgrade.map_err(|cause| Problem::new(StatusCode::BAD_REQUEST, format!("this is a WebSocket: {cause}")))?;
    let places = panel.perimeter.admit_stream(&client, &viewer)?;
    let request = StreamRequest { viewer, filter, after };
    let changes = guard.changes();
    let allowed = Box::new(move || {
        let guard = guard.clone();
        let asked: std::pin::Pin<Box<dyn Future<Output = Option<Viewer>> + Send>> =
            Box::pin(async move { guard.viewer().await.filter(|viewer| viewer.may(Permission::ViewBackupLogsPage)) });
        asked
    });
    // Clients only answer pings: a larger message is a mistake or worse.
    let upgrade = upgrade.max_message_size(4096).max_frame_size(4096).write_buffer_size(4096);
    Ok(upgrade.on_upgrade(async move |socket| {
        serve(socket, panel.hub.clone(), request, Standing { allowed, changes }, panel.stop.clone()).await;
        drop(places);
    }))
}
