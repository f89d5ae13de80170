//! Schedules: list, form, one schedule, running it, its dry run, its end.

use app::model::{FieldError, Forecast, Named, Permission, Schedule, ScheduleKind, Scope, SourceType};
use app::pages::form::{Problems, Sent};
use app::pages::schedules::{self as pages, Checked, EditView, Rehearsed, ScheduleForm, ScheduleView};
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::visit::{Answer, Refused, Visit, see};
use crate::clock::time_zone;
use crate::jobs::forecast;
use crate::people::Actor;
use crate::standings::STRIP;
use crate::store::runs::{self, RunFilter};
use crate::store::{destinations, outcomes, schedules, servers};

/// Runs on a schedule's own page.
const RUNS_SHOWN: u32 = 20;

/// What a redirect to a page of schedules has to say.
fn said(visit: &Visit) -> Option<&'static str> {
    Some(match visit.parameter("said")?.as_str() {
        "added" => "Added.",
        "saved" => "Saved. Runs that have begun keep what they began with.",
        "paused" => "Paused. What runs already runs on.",
        "resumed" => "Resumed.",
        "deleted" => "Deleted. Its points, runs and entries in Logs stay.",
        "asked" => "Asked for. The runs begin as soon as the server answers.",
        _ => return None,
    })
}

/// `GET /schedules`
pub(super) async fn list(visit: Visit) -> Answer {
    visit.require(Permission::ViewSchedulesPage)?;
    let rows = visit.read(visit.panel.standings.worst_first(&visit.viewer.scope, STRIP).await)?;
    let has_servers = !server_names(&visit).await?.is_empty();
    Ok(visit.page("Schedules", || pages::list(rows, has_servers, said(&visit))))
}

async fn server_names(visit: &Visit) -> Result<Vec<Named>, Refused> {
    let servers = visit.read(servers::list(&visit.panel.database, &visit.viewer.scope).await)?;
    Ok(servers.into_iter().map(|server| Named { id: server.id, name: server.name }).collect())
}

/// `GET /schedules/{id}`
pub(super) async fn detail(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::ViewSchedulesPage)?;
    let (database, scope) = (&visit.panel.database, &visit.viewer.scope);
    let schedule = find(&visit, &id).await?;
    let id = schedule.id;
    let recent = visit.read(outcomes::recent(database, scope, Some(id), STRIP).await)?;
    let good = visit.read(outcomes::last_good(database, scope, Some(id)).await)?;
    let destinations = visit.read(destinations::of_schedule(database, scope, id).await)?;
    let filter = RunFilter { schedule: vec![id], ..RunFilter::default() };
    let (runs, total_runs) = visit.read(runs::list(database, scope, &filter, None, RUNS_SHOWN).await)?;
    let servers = server_names(&visit).await?;
    let name = schedule.policy.name.clone();
    let view = ScheduleView {
        forecast: foretell(&visit, &schedule),
        row: visit.panel.standings.row(schedule, &servers, &recent, &good),
        destinations,
        runs,
        total_runs,
        panel_url: visit.panel_url(),
    };
    Ok(visit.page(&name, || pages::detail(view, said(&visit))))
}

fn foretell(visit: &Visit, schedule: &Schedule) -> Option<Forecast> {
    let cron = schedule.policy.cron.as_deref()?;
    forecast(cron, visit.panel.standings.zone_of(schedule), visit.now()).ok()
}

/// `GET /schedules/new`
pub(super) async fn blank(visit: Visit) -> Answer {
    visit.require(Permission::CreateSchedule)?;
    let mut copy_of = None;
    let mut form = match visit.parameter("from") {
        Some(from) => {
            let schedule = find(&visit, &from).await?;
            let mut form = ScheduleForm::of(&schedule.policy);
            form.name = format!("{} copy", schedule.policy.name);
            copy_of = Some(schedule.policy.name);
            form
        }
        None => ScheduleForm::blank(kind(&visit)),
    };
    if let Some(server) = visit.parameter("server") {
        form.server_id = server;
    }
    let view = EditView { copy_of, ..edit_view(&visit, None).await? };
    Ok(visit.page("Add a schedule", || pages::edit(&view, &form, Problems::default())))
}

fn kind(visit: &Visit) -> ScheduleKind {
    visit.parameter("kind").and_then(|kind| kind.parse().ok()).unwrap_or(ScheduleKind::Managed)
}

async fn edit_view(visit: &Visit, id: Option<i64>) -> Result<EditView, Refused> {
    let panel_zone = visit.panel.inventory.zone.name().to_owned();
    Ok(EditView { id, copy_of: None, servers: server_names(visit).await?, panel_zone, checked: None, more: None })
}

/// `POST /schedules/new`
pub(super) async fn create(visit: Visit, body: Bytes) -> Answer {
    visit.require(Permission::CreateSchedule)?;
    let sent = Sent::parse(&body);
    let form = ScheduleForm::sent(kind(&visit), &sent);
    take(&visit, None, form, &sent).await
}

/// `GET /schedules/{id}/edit`
pub(super) async fn edit(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::EditSchedule)?;
    let schedule = find(&visit, &id).await?;
    let view = edit_view(&visit, Some(schedule.id)).await?;
    Ok(visit.page("Edit schedule", || pages::edit(&view, &ScheduleForm::of(&schedule.policy), Problems::default())))
}

/// `POST /schedules/{id}/edit`
pub(super) async fn change(visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    visit.require(Permission::EditSchedule)?;
    let schedule = find(&visit, &id).await?;
    let sent = Sent::parse(&body);
    let form = ScheduleForm::sent(schedule.policy.kind, &sent);
    take(&visit, Some(schedule.id), form, &sent).await
}

/// A form that was sent: to be saved, only checked, or given more lines.
async fn take(visit: &Visit, id: Option<i64>, form: ScheduleForm, sent: &Sent) -> Answer {
    let title = if id.is_some() { "Edit schedule" } else { "Add a schedule" };
    let mut view = edit_view(visit, id).await?;
    if let Some(list) = sent.some("more") {
        view.more = Some(list);
        return Ok(visit.page(title, || pages::edit(&view, &form, Problems::default())));
    }
    let (draft, mut problems) = form.draft();
    let further = visit.read(visit.panel.inventory.schedule_problems(&visit.viewer, &draft, id).await)?;
    add(&mut problems, further);
    if sent.has("check") {
        let zone = draft.timezone.as_deref().map_or(Some(visit.panel.inventory.zone), time_zone);
        let told = draft.cron.as_deref().zip(zone).map(|(cron, zone)| forecast(cron, zone, visit.now()).ok());
        view.checked = match (told, &draft.cron) {
            (None, None) => Some(Checked(None)),
            (Some(Some(forecast)), _) => Some(Checked(Some(forecast))),
            _ => None,
        };
        let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        return Ok(visit.page_with(status, title, || pages::edit(&view, &form, Problems(problems))));
    }
    if problems.is_empty() {
        let saved = match id {
            None => visit.panel.inventory.add_schedule(&visit.viewer, draft).await.map(|schedule| (schedule.id, "added")),
            Some(id) => visit.panel.inventory.change_schedule(&visit.viewer, id, draft).await.map(|schedule| (schedule.id, "saved")),
        };
        match saved {
            Ok((id, said)) => return Ok(see(&format!("/schedules/{id}"), said)),
            Err(cause) => add(&mut problems, visit.problems(cause, "/schedules")?),
        }
    }
    Ok(visit.form_again(title, || pages::edit(&view, &form, Problems(problems))))
}

/// Adds problems of fields that have none yet. The arguments of rsync are one field of the form.
fn add(problems: &mut Vec<FieldError>, further: Vec<FieldError>) {
    for mut problem in further {
        if problem.field.starts_with("files.extra_args[") {
            "files.extra_args".clone_into(&mut problem.field);
        }
        if problems.iter().all(|known| known.field != problem.field) {
            problems.push(problem);
        }
    }
}

/// `POST /schedules/{id}/run`
pub(super) async fn run(visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    let id = visit.id(&id)?;
    let back = format!("/schedules/{id}");
    let sent = Sent::parse(&body);
    let types: Vec<SourceType> = sent.all("type").iter().filter_map(|name| name.parse().ok()).collect();
    match visit.panel.run_requests.request(&visit.viewer, id, Some(&types)).await {
        // One run is what the person wants to see; of several, all.
        Ok(made) => match made.as_slice() {
            [(run, _)] if may_see_runs(&visit) => Ok(see(&format!("/runs/{run}"), "asked")),
            _ => Ok(see(&back, "asked")),
        },
        Err(cause) => Err(visit.refuse_run(cause, &back)),
    }
}

pub(super) fn may_see_runs(visit: &Visit) -> bool {
    visit.viewer.may(Permission::ViewBackupLogsPage) || visit.viewer.may(Permission::ViewMonitorPage)
}

/// `POST /schedules/{id}/pause`
pub(super) async fn pause(visit: Visit, Path(id): Path<String>) -> Answer {
    enable(&visit, &id, false, "paused").await
}

/// `POST /schedules/{id}/resume`
pub(super) async fn resume(visit: Visit, Path(id): Path<String>) -> Answer {
    enable(&visit, &id, true, "resumed").await
}

async fn enable(visit: &Visit, id: &str, enabled: bool, said: &str) -> Answer {
    let id = visit.id(id)?;
    let back = format!("/schedules/{id}");
    match visit.panel.inventory.enable_schedule(&visit.viewer, id, enabled).await {
        Ok(()) => Ok(see(&back, said)),
        Err(cause) => Err(visit.refuse(cause, &back)),
    }
}

/// `GET /schedules/{id}/rehearse`: a dry run that was reloaded is not repeated by itself.
pub(super) async fn unrehearsed(Path(id): Path<String>) -> Response {
    let id: i64 = id.parse().unwrap_or_default();
    Redirect::to(&format!("/schedules/{id}")).into_response()
}

/// `POST /schedules/{id}/rehearse`
pub(super) async fn rehearse(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::RunSchedule)?;
    let schedule = find(&visit, &id).await?;
    let back = format!("/schedules/{}", schedule.id);
    if schedule.policy.kind != ScheduleKind::Managed {
        return Err(visit.conflict("Tailback does not run this job, so there is nothing to try.", back));
    }
    let types = schedule.policy.source_types();
    let jobs: Vec<_> = types.iter().map(|source_type| visit.panel.run_requests.job_now(&schedule, *source_type)).collect();
    let made = visit.panel.inventory.rehearse(&visit.viewer, schedule.id, &jobs).await;
    let made = made.map_err(|cause| visit.refuse(cause, &back))?;
    let told = types.into_iter().zip(made).map(|(source_type, made)| match made {
        Ok(made) => {
            Rehearsed { source_type, job_text: made.job_text, output: made.output, promising: made.promising, verdict: made.verdict }
        }
        Err(words) => {
            let verdict = format!("The server could not be asked: {words}. Nothing was changed.");
            Rehearsed { source_type, job_text: String::new(), output: String::new(), promising: Some(false), verdict }
        }
    });
    let told: Vec<_> = told.collect();
    Ok(visit.page("Dry run", || pages::rehearsal(schedule.id, &schedule.policy.name, told)))
}

/// `POST /schedules/{id}/token`: a token that may report its runs and do nothing else; the answer is the only place where it is
/// ever shown.
pub(super) async fn make_token(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    visit.require(Permission::RunSchedule)?;
    let schedule = find(&visit, &id).await?;
    let back = format!("/schedules/{}", schedule.id);
    let name: String = format!("reports {}", schedule.policy.name).chars().take(100).collect();
    let made = visit.panel.people.add_schedule_token(&actor, schedule.id, name.trim()).await;
    let token = visit.people(made, &back)?.text().to_owned();
    Ok(visit.page("Token", || app::pages::profile::token_secret(&name, token, back, "Back to the schedule")))
}

/// `GET /schedules/{id}/delete`
pub(super) async fn ask_removal(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::DeleteSchedule)?;
    let schedule = find(&visit, &id).await?;
    Ok(visit.page("Delete schedule", || pages::remove(schedule.id, &schedule.policy.name)))
}

/// `POST /schedules/{id}/delete`
pub(super) async fn remove(visit: Visit, Path(id): Path<String>) -> Answer {
    let id = visit.id(&id)?;
    match visit.panel.inventory.remove_schedule(&visit.viewer, id).await {
        Ok(()) => Ok(see("/schedules", "deleted")),
        Err(cause) => Err(visit.refuse(cause, &format!("/schedules/{id}"))),
    }
}

async fn find(visit: &Visit, id: &str) -> Result<Schedule, Refused> {
    let scope: &Scope = &visit.viewer.scope;
    visit.found(schedules::find(&visit.panel.database, scope, visit.id(id)?).await)
}
