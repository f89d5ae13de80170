//! Runs that others report.

use app::model::Viewer;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::{Extension, Json};

use crate::api::Problem;
use crate::ingest::{Answer, Report};
use crate::state::Panel;

/// Room for 256 KiB of log of which every byte is escaped.
pub(super) const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Report what a run of a reported schedule does. For tokens that are bound to the schedule, and for those who may run it.
#[utoipa::path(post, path = "/api/v1/ingest/runs", request_body = Report,
    responses((status = 200, body = Answer, description = "taken, or known already"), (status = 201, body = Answer, description = "a run was made"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "another run is going on (`run` names it), none is, or the schedule is not reported"),
        (status = 413, body = Problem)))]
pub(super) async fn report(
    State(panel): State<Panel>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Result<(StatusCode, Json<Answer>), Problem> {
    let too_large = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 2 MiB, or broke off");
    let bytes = Bytes::from_request(request, &()).await.map_err(too_large)?;
    let report = Report::parse(&bytes).map_err(Problem::invalid)?;
    let receipt = panel.intake.take(&viewer, report).await?;
    let status = if receipt.made { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(receipt.answer)))
}
