//! Schedules.

use app::model::{RunId, Schedule, ScheduleDraft, SourceType, Viewer};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::List;
use crate::api::{JsonBody, Problem};
use crate::state::Panel;
use crate::store::schedules;

/// Every schedule in scope, by name.
#[utoipa::path(get, path = "/api/v1/schedules", responses((status = 200, body = List<Schedule>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(State(panel): State<Panel>, Extension(viewer): Extension<Viewer>) -> Result<Json<List<Schedule>>, Problem> {
    Ok(Json(List::whole(schedules::list(&panel.database, &viewer.scope).await?)))
}

/// Add a schedule.
#[utoipa::path(post, path = "/api/v1/schedules", request_body = ScheduleDraft,
    responses((status = 201, body = Schedule), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn create(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    JsonBody(draft): JsonBody<ScheduleDraft>,
) -> Result<(StatusCode, Json<Schedule>), Problem> {
    Ok((StatusCode::CREATED, Json(panel.inventory.add_schedule(&viewer, draft).await?)))
}

/// One schedule.
#[utoipa::path(get, path = "/api/v1/schedules/{id}", params(("id" = i64, Path)),
    responses((status = 200, body = Schedule), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn find(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Json<Schedule>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    schedules::find(&panel.database, &viewer.scope, id).await?.map(Json).ok_or_else(Problem::not_found)
}

/// Replace a schedule. Runs that have begun keep what they began with.
#[utoipa::path(put, path = "/api/v1/schedules/{id}", params(("id" = i64, Path)), request_body = ScheduleDraft,
    responses((status = 200, body = Schedule), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn update(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    JsonBody(draft): JsonBody<ScheduleDraft>,
) -> Result<Json<Schedule>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(Json(panel.inventory.change_schedule(&viewer, id, draft).await?))
}

/// Remove a schedule of which nothing runs. Its rows in the trail stay.
#[utoipa::path(delete, path = "/api/v1/schedules/{id}", params(("id" = i64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    panel.inventory.remove_schedule(&viewer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which types to run.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunWhat {
    /// Absent or empty = all that the schedule has.
    #[serde(default)]
    types: Option<Vec<SourceType>>,
}

/// The runs that were recorded.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeRuns {
    runs: Vec<MadeRun>,
}

/// One run that was recorded.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeRun {
    id: RunId,
    #[serde(rename = "type")]
    source_type: SourceType,
}

/// Run a schedule now.
#[utoipa::path(post, path = "/api/v1/schedules/{id}/run", params(("id" = i64, Path)), request_body = Option<RunWhat>,
    responses((status = 202, body = MadeRuns), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn run(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<MadeRuns>), Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let what: RunWhat = if body.is_empty() { RunWhat::default() } else { crate::api::parse_json(&body)? };
    let made = panel.run_requests.request(&viewer, id, what.types.as_deref()).await?;
    let runs = made.into_iter().map(|(id, source_type)| MadeRun { id, source_type }).collect();
    Ok((StatusCode::ACCEPTED, Json(MadeRuns { runs })))
}
