//! Runs: one story each, and lists.

use app::model::{Named, Permission, Run, RunId, parse_pairs};
use app::pages::run::{self as pages, RunList, RunSearch};
use axum::extract::Path;
use axum::http::StatusCode;

use super::schedules::may_see_runs;
use super::visit::{Answer, Refused, Visit, see};
use crate::api::v1::RunQuery;
use crate::store::{runs, schedules, servers};

/// `GET /runs`
pub(super) async fn list(visit: Visit) -> Answer {
    require_runs(&visit)?;
    let (database, scope) = (&visit.panel.database, &visit.viewer.scope);
    let value = |name: &str| visit.parameter(name).unwrap_or_default();
    let search = RunSearch { state: value("state"), source_type: value("type"), server: value("server"), schedule: value("schedule") };
    // A form sends its empty fields too.
    let pairs = parse_pairs(visit.query()).into_iter().filter(|(_, value)| !value.is_empty());
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let servers = visit.read(servers::list(database, scope).await)?;
    let schedules = visit.read(schedules::list(database, scope).await)?;
    let mut page = RunList {
        runs: Vec::new(),
        total: 0,
        next_before: None,
        servers: servers.into_iter().map(|server| Named { id: server.id, name: server.name }).collect(),
        schedules: schedules.into_iter().map(|schedule| Named { id: schedule.id, name: schedule.policy.name }).collect(),
        problems: Vec::new(),
    };
    let status = match RunQuery::parse(&query) {
        Ok(RunQuery { filter, before, limit }) => {
            // One more than is shown tells whether there are older ones.
            (page.runs, page.total) = visit.read(runs::list(database, scope, &filter, before.as_ref(), limit + 1).await)?;
            let more = page.runs.len() > limit as usize;
            page.runs.truncate(limit as usize);
            page.next_before = page.runs.last().filter(|_| more).map(|run| run.id.to_string());
            StatusCode::OK
        }
        Err(problems) => {
            page.problems = problems;
            StatusCode::BAD_REQUEST
        }
    };
    Ok(visit.page_with(status, "Runs", || pages::list(&search, page)))
}

/// `GET /runs/{id}`
pub(super) async fn story(visit: Visit, Path(id): Path<String>) -> Answer {
    require_runs(&visit)?;
    let id = run_id(&visit, &id)?;
    let story = visit.found(visit.panel.history.story_of(&visit.viewer, &id, &visit.panel.run_logs, visit.now()).await)?;
    let title = format!("{} of {}", story.run.source_type, story.run.schedule.name);
    Ok(visit.page(&title, || pages::story(&story, said(&visit))))
}

fn said(visit: &Visit) -> Option<&'static str> {
    Some(match visit.parameter("said")?.as_str() {
        "asked" => "Asked for. It begins as soon as the server answers.",
        "stopping" => "Asked to stop. It is recorded as stopped once it has ended.",
        _ => return None,
    })
}

/// `GET /runs/{id}/stop`
pub(super) async fn ask_stop(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::StopRunningSchedule)?;
    let run = find(&visit, &id).await?;
    Ok(visit.page("Stop this run?", || pages::ask_stop(&run)))
}

/// `POST /runs/{id}/stop`
pub(super) async fn stop(visit: Visit, Path(id): Path<String>) -> Answer {
    let id = run_id(&visit, &id)?;
    let back = format!("/runs/{id}");
    match visit.panel.run_requests.stop(&visit.viewer, &id).await {
        Ok(()) => Ok(see(&back, "stopping")),
        Err(cause) => Err(visit.refuse_run(cause, &back)),
    }
}

async fn find(visit: &Visit, id: &str) -> Result<Run, Refused> {
    let id = run_id(visit, id)?;
    visit.found(runs::find(&visit.panel.database, &visit.viewer.scope, &id).await)
}

fn run_id(visit: &Visit, id: &str) -> Result<RunId, Refused> {
    id.parse().map_err(|_| visit.not_found())
}

/// Whoever may watch runs or read of them may see one.
fn require_runs(visit: &Visit) -> Result<(), Refused> {
    if may_see_runs(visit) { Ok(()) } else { Err(visit.forbidden()) }
}
