//! The audit trail: pages, single rows, the live stream.

use app::model::{FieldError, Histogram, LogEntry, LogEntryDetail, LogFilter, LogPage, LogQuery, Permission, Viewer};
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Problem;
use crate::auth::StreamGuard;
use crate::clearing::ClearingCounts;
use crate::export::Export;
use crate::perimeter::{Client, is_same_origin};
use crate::state::Panel;
use crate::store::StoreError;
use crate::streaming::{NotUpgraded, Standing, StreamRequest, serve, upgrade, upgraded};

/// The parameters that choose rows, as `LogFilter` parses them.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what is parsed elsewhere")]
struct RowFilter {
    /// First day (panel's clock) or moment, inclusive.
    from: Option<String>,
    /// Last day, whole, or moment, inclusive.
    to: Option<String>,
    /// One or more, separated by commas.
    status: Option<String>,
    /// One or more, separated by commas.
    #[param(rename = "type")]
    source_type: Option<String>,
    /// Ids, separated by commas.
    server: Option<String>,
    /// Ids, separated by commas.
    schedule: Option<String>,
    /// Names of regions, separated by commas; `\,` is a comma in a name.
    region: Option<String>,
    /// Names of accounts, in the same way.
    account: Option<String>,
    /// A run's id.
    run: Option<String>,
    /// Words of the message, all of them: word, "a phrase", -without, begin*.
    q: Option<String>,
}

/// Rows of the trail, newest first.
#[utoipa::path(get, path = "/api/v1/logs", params(
    RowFilter,
    ("before" = Option<i64>, Query, description = "only rows with smaller ids"),
    ("after" = Option<i64>, Query, description = "only rows with greater ids"),
    ("limit" = Option<u32>, Query, description = "1 to 500, 100 if absent"),
    ("count" = Option<String>, Query, description = "exact: all rows are counted, however long that takes. Otherwise `total` may be \
        given up where very many rows have the words; `total_is_exact` says so")),
    responses((status = 200, body = LogPage), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Result<Json<LogPage>, Problem> {
    let query = LogQuery::parse(query.as_deref().unwrap_or_default()).map_err(Problem::invalid)?;
    Ok(Json(panel.history.list(&viewer, query).await?))
}

/// How many rows of each status there are over time, with the filters of the list.
#[utoipa::path(get, path = "/api/v1/logs/histogram", params(
    RowFilter,
    ("bucket" = Option<String>, Query, description = "auto (if absent), minute, hour, day or month, on the panel's clock")),
    responses((status = 200, body = Histogram), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn histogram(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Result<Json<Histogram>, Problem> {
    let mut step = None;
    let filter = LogFilter::parse_beside(query.as_deref().unwrap_or_default(), |key, value| {
        let parse = |value: &str| match value {
            "auto" => {
                step = None;
                Ok(())
            }
            value => value.parse().map(|found| step = Some(found)).map_err(|_| "expected auto, minute, hour, day or month".to_owned()),
        };
        (key == "bucket").then_some(value).map(parse)
    });
    let filter = filter.map_err(Problem::invalid)?;
    let found = panel.history.histogram(&viewer, &filter, step, panel.clock.now()).await?;
    Ok(Json(found.map_err(|problem| Problem::invalid(vec![problem]))?))
}

/// A file of exactly the rows that the filters of the list give, oldest first. `Tailback-Trail-Head` names the last row of the trail at
/// that moment and its hash.
#[utoipa::path(get, path = "/api/v1/logs/export", params(
    ("format" = String, Query, description = "csv, ndjson or xlsx"),
    RowFilter),
    responses((status = 200, description = "the file"), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, description = "another export of the same user is under way", body = Problem),
        (status = 503, description = "other exports are being written", body = Problem)))]
pub(super) async fn export(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Extension(guard): Extension<StreamGuard>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut format = None;
    let filter = LogFilter::parse_beside(query.as_deref().unwrap_or_default(), |key, value| {
        let parse = |value: &str| value.parse().map(|found| format = Some(found)).map_err(|_| "expected csv, ndjson or xlsx".to_owned());
        (key == "format").then_some(value).map(parse)
    });
    let missing = || FieldError::new("format", "expected csv, ndjson or xlsx");
    let (filter, format) = match (filter, format) {
        (Ok(filter), Some(format)) => (filter, format),
        (Ok(_), None) => return Err(Problem::invalid(vec![missing()])),
        (Err(mut problems), format) => {
            if format.is_none() && problems.iter().all(|problem| problem.field != "format") {
                problems.push(missing());
            }
            return Err(Problem::invalid(problems));
        }
    };
    let Export { about, file_name, content_type, body } = panel.exports.begin(guard, &viewer, filter, format).await?;
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file_name}\"")),
        (HeaderName::from_static("tailback-trail-head"), about.trail_head()),
    ];
    Ok((headers, body).into_response())
}

/// Clears the backup logs: rows of schedules that are not running, and of removed ones. Points and data stay.
#[utoipa::path(delete, path = "/api/v1/logs",
    responses((status = 200, body = ClearingCounts), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn clear(State(panel): State<Panel>, Extension(viewer): Extension<Viewer>) -> Result<Json<ClearingCounts>, Problem> {
    Ok(Json(panel.clearings.clear(&viewer, None).await?))
}

/// What clearing would remove now.
#[utoipa::path(get, path = "/api/v1/logs/clearing",
    responses((status = 200, body = ClearingCounts), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn count_clearing(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<ClearingCounts>, Problem> {
    Ok(Json(panel.clearings.count(&viewer, None).await?.counts))
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
    // What is no id names no row.
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let found = panel.history.find(&viewer, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(found.into()))
}

/// New rows as they are committed, over a WebSocket: JSON text frames, each row once, in the order of ids. Who has asked for `monitor` is
/// told to load everything anew, by the code of closing 4001, when what they may see has changed.
#[utoipa::path(get, path = "/api/v1/logs/stream", params(
    ("after" = Option<i64>, Query, description = "the last id the client has; absent = only new rows"),
    ("monitor" = Option<bool>, Query, description = "true = frames of kind glance and servers too, for who may view Monitor"),
    RowFilter),
    responses((status = 101, description = "the stream"), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 426, body = Problem, description = "another version of WebSocket")))]
pub(super) async fn stream(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Extension(guard): Extension<StreamGuard>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    if !is_same_origin(&parts.headers, &client, panel.perimeter.settings.public_url.as_ref()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "streams are for pages of this panel"));
    }
    let mut after = None;
    let mut monitor = false;
    let filter = LogFilter::parse_beside(parts.uri.query().unwrap_or_default(), |key, value| match key {
        "after" => Some(LogQuery::parse_id(value).map(|id| after = Some(id))),
        "monitor" => Some(value.parse().map(|asked| monitor = asked).map_err(|_| "must be true or false".to_owned())),
        _ => None,
    });
    let filter = filter.map_err(Problem::invalid)?;
    if monitor && !viewer.may(Permission::ViewMonitorPage) {
        return Err(Problem::forbidden());
    }
    let places = panel.perimeter.admit_stream(&client, &viewer)?;
    let changes = guard.changes();
    let allowed = Box::new(move || {
        let guard = guard.clone();
        let asked: std::pin::Pin<Box<dyn Future<Output = Result<Option<Viewer>, StoreError>> + Send>> = Box::pin(async move {
            let viewer = guard.viewer().await?;
            Ok(viewer.filter(|viewer| viewer.may(Permission::ViewBackupLogsPage) && !viewer.owes_factor))
        });
        asked
    });
    let (response, connection) = match upgrade(&mut parts) {
        Ok(upgraded) => upgraded,
        Err(cause @ NotUpgraded::Version) => {
            let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, cause.to_string());
            return Ok(([(header::SEC_WEBSOCKET_VERSION, "13")], problem).into_response());
        }
        Err(cause) => return Err(Problem::new(StatusCode::BAD_REQUEST, cause.to_string())),
    };
    let board = monitor.then(|| panel.boards.lookout(&viewer));
    let request = StreamRequest { viewer, filter, after, board };
    panel.streams.clone().spawn(async move {
        if let Some(upgraded) = upgraded(connection).await {
            serve(upgraded, panel.hub.clone(), request, Standing { allowed, changes }, panel.stop.clone()).await;
        }
        drop(places);
    });
    Ok(response)
}
