//! Runs.

use std::str::FromStr;

use app::model::{FieldError, Run, RunId, Viewer, parse_pairs};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::{Extension, Json};

use super::List;
use crate::api::Problem;
use crate::state::Panel;
use crate::store::runs::{self, RunFilter};

/// Runs, newest first.
#[utoipa::path(get, path = "/api/v1/runs", params(
    ("state" = Option<String>, Query, description = "one or more, separated by commas"),
    ("type" = Option<String>, Query, description = "one or more, separated by commas"),
    ("server" = Option<String>, Query, description = "ids, separated by commas"),
    ("schedule" = Option<String>, Query, description = "ids, separated by commas"),
    ("before" = Option<String>, Query, description = "only runs older than this one"),
    ("limit" = Option<u32>, Query, description = "1 to 500, 100 if absent")),
    responses((status = 200, body = List<Run>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Run>>, Problem> {
    let RunQuery { filter, before, limit } = RunQuery::parse(query.as_deref().unwrap_or_default()).map_err(Problem::invalid)?;
    let (items, total) = runs::list(&panel.database, &viewer.scope, &filter, before.as_ref(), limit).await?;
    let full = u32::try_from(items.len()).is_ok_and(|read| read == limit);
    let next_before = items.last().filter(|_| full).map(|run| run.id.to_string());
    Ok(Json(List { items, total, next_before }))
}

/// One run.
#[utoipa::path(get, path = "/api/v1/runs/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Run), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn find(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Json<Run>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    runs::find(&panel.database, &viewer.scope, &id).await?.map(Json).ok_or_else(Problem::not_found)
}

/// Ask for a run to be stopped.
#[utoipa::path(post, path = "/api/v1/runs/{id}/stop", params(("id" = String, Path)),
    responses((status = 202), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn stop(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    panel.run_requests.stop(&viewer, &id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The log of a run as text: what has been read of it while it runs, what was kept of it afterwards.
#[utoipa::path(get, path = "/api/v1/runs/{id}/log", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn log(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<([(HeaderName, HeaderValue); 1], String), Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let log = panel.history.log_of(&viewer, &id, &panel.run_logs, panel.clock.now()).await?.ok_or_else(Problem::not_found)?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], log))
}

/// What a query string asks for.
pub(crate) struct RunQuery {
    pub(crate) filter: RunFilter,
    pub(crate) before: Option<RunId>,
    pub(crate) limit: u32,
}

impl RunQuery {
    pub(crate) fn parse(query: &str) -> Result<Self, Vec<FieldError>> {
        let mut parsed = Self { filter: RunFilter::default(), before: None, limit: 100 };
        let mut problems = Vec::new();
        for (key, value) in parse_pairs(query) {
            let outcome = match key.as_str() {
                "state" => list_of(&value).map(|states| parsed.filter.state = states),
                "type" => list_of(&value).map(|types| parsed.filter.source_type = types),
                "server" => list_of(&value).map(|ids| parsed.filter.server = ids),
                "schedule" => list_of(&value).map(|ids| parsed.filter.schedule = ids),
                "before" => value.parse().map(|id| parsed.before = Some(id)).map_err(|_| "expected a run's id".to_owned()),
                "limit" => match value.parse() {
                    Ok(limit @ 1..=500) => {
                        parsed.limit = limit;
                        Ok(())
                    }
                    _ => Err("expected 1 to 500".to_owned()),
                },
                _ => Err("unknown parameter".to_owned()),
            };
            problems.extend(outcome.err().map(|reason| FieldError::new(&key, reason)));
        }
        if problems.is_empty() { Ok(parsed) } else { Err(problems) }
    }
}

fn list_of<T: FromStr>(value: &str) -> Result<Vec<T>, String> {
    let words = value.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|_| format!("{word:?} is not known"))).collect()
}
