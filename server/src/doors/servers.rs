//! Servers: list, form, one server, its test, its key, its end.

use app::model::{HostKey, Named, Permission, Server};
use app::pages::form::{Problems, Sent};
use app::pages::servers::{self as pages, KeyLine, ServerForm, ServerRow, ServerView, Test};
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::visit::{Answer, Refused, Visit, see};
use crate::inventory::ConnectionTest;
use crate::store::{destinations, schedules, servers};

/// What a redirect to a page of servers has to say.
fn said(visit: &Visit) -> Option<&'static str> {
    Some(match visit.parameter("said")?.as_str() {
        "added" => "Added. Test the connection next.",
        "saved" => "Saved.",
        "pinned" => "Pinned. From now on only this key is trusted. Test the connection again to see what the server has.",
        "key" => "A new key was made. Add its public half to the server, then test the connection.",
        "deleted" => "Deleted. Its entries in Logs stay.",
        _ => return None,
    })
}

/// `GET /servers`
pub(super) async fn list(visit: Visit) -> Answer {
    visit.require(Permission::ViewServersPage)?;
    let (database, scope) = (&visit.panel.database, &visit.viewer.scope);
    let servers = visit.read(servers::list(database, scope).await)?;
    let schedules = visit.read(schedules::list(database, scope).await)?;
    let destinations = visit.read(destinations::list(database, scope).await)?;
    let row = |server: Server| {
        let of_server: Vec<_> =
            schedules.iter().filter(|schedule| schedule.policy.server_id == server.id).map(|schedule| schedule.id).collect();
        let destinations = destinations.iter().filter(|state| of_server.contains(&state.schedule_id)).cloned().collect();
        ServerRow { schedules: of_server.len(), destinations, server }
    };
    let rows = servers.into_iter().map(row).collect();
    Ok(visit.page("Servers", || pages::list(rows, said(&visit))))
}

/// `GET /servers/new`
pub(super) async fn blank(visit: Visit) -> Answer {
    visit.require(Permission::AddServers)?;
    Ok(visit.page("Add a server", || pages::edit(None, &ServerForm::blank(), Problems::default())))
}

/// `POST /servers/new`
pub(super) async fn create(visit: Visit, body: Bytes) -> Answer {
    visit.require(Permission::AddServers)?;
    let form = ServerForm::sent(&Sent::parse(&body));
    let problems = match form.draft() {
        Ok(draft) => match visit.panel.inventory.add_server(&visit.viewer, draft).await {
            Ok(server) => return Ok(see(&format!("/servers/{}", server.id), "added")),
            Err(cause) => visit.problems(cause, "/servers")?,
        },
        Err(problems) => problems,
    };
    Ok(visit.form_again("Add a server", || pages::edit(None, &form, Problems(problems))))
}

/// `GET /servers/{id}`
pub(super) async fn detail(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::ViewServersPage)?;
    show(&visit, visit.id(&id)?, None).await
}

async fn show(visit: &Visit, id: i64, test: Option<Test>) -> Answer {
    let (database, scope) = (&visit.panel.database, &visit.viewer.scope);
    let server = visit.found(servers::find(database, scope, id).await)?;
    let destinations = visit.read(destinations::of_server(database, scope, id).await)?;
    let name = server.name.clone();
    let view = ServerView { server, key: key_line(visit, id).await, schedules: schedules_of(visit, id).await?, destinations, test };
    Ok(visit.page(&name, || pages::detail(view, said(visit))))
}

async fn schedules_of(visit: &Visit, id: i64) -> Result<Vec<Named>, Refused> {
    let all = visit.read(schedules::list(&visit.panel.database, &visit.viewer.scope).await)?;
    let of_server = all.into_iter().filter(|schedule| schedule.policy.server_id == id);
    Ok(of_server.map(|schedule| Named { id: schedule.id, name: schedule.policy.name }).collect())
}

async fn key_line(visit: &Visit, id: i64) -> Option<KeyLine> {
    match visit.panel.keys.public_line_for(&visit.panel.database, id).await {
        Ok((line, own)) => line.map(|line| KeyLine { line, own }),
        Err(cause) => {
            tracing::warn!(server.id = id, error = &cause as &dyn std::error::Error, "could not read the key of a server");
            None
        }
    }
}

/// `GET /servers/{id}/edit`
pub(super) async fn edit(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::EditServers)?;
    let server = find(&visit, &id).await?;
    Ok(visit.page("Edit server", || pages::edit(Some(server.id), &ServerForm::of(&server), Problems::default())))
}

/// `POST /servers/{id}/edit`
pub(super) async fn change(visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    visit.require(Permission::EditServers)?;
    let server = find(&visit, &id).await?;
    let back = format!("/servers/{}", server.id);
    let form = ServerForm::sent(&Sent::parse(&body));
    let problems = match form.draft() {
        Ok(draft) => match visit.panel.inventory.change_server(&visit.viewer, server.id, draft).await {
            Ok(_) => return Ok(see(&back, "saved")),
            Err(cause) => visit.problems(cause, &back)?,
        },
        Err(problems) => problems,
    };
    Ok(visit.form_again("Edit server", || pages::edit(Some(server.id), &form, Problems(problems))))
}

/// `GET /servers/{id}/test`: a test that was reloaded is not repeated by itself.
pub(super) async fn untested(Path(id): Path<String>) -> Response {
    let id: i64 = id.parse().unwrap_or_default();
    Redirect::to(&format!("/servers/{id}")).into_response()
}

/// `POST /servers/{id}/test`
pub(super) async fn test(visit: Visit, Path(id): Path<String>) -> Answer {
    let id = visit.id(&id)?;
    let made = visit.panel.inventory.test_server(&visit.viewer, id).await;
    let test = made.map_err(|cause| visit.refuse(cause, &format!("/servers/{id}")))?;
    show(&visit, id, Some(told(test))).await
}

fn told(test: ConnectionTest) -> Test {
    let step = |step: crate::inventory::TestStep| pages::TestStep { name: step.name.to_owned(), ok: step.ok, said: step.said };
    Test { ok: test.ok, steps: test.steps.into_iter().map(step).collect(), offered_host_key: test.offered_host_key }
}

/// `POST /servers/{id}/pin`
pub(super) async fn pin(visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    let id = visit.id(&id)?;
    let back = format!("/servers/{id}");
    let host_key: HostKey = match Sent::parse(&body).text("host_key").parse() {
        Ok(host_key) => host_key,
        Err(problem) => {
            let problem: app::model::FieldError = problem;
            return Err(visit.conflict(app::components::sentence(&problem.reason), back));
        }
    };
    match visit.panel.inventory.pin_server(&visit.viewer, id, host_key).await {
        Ok(_) => Ok(see(&back, "pinned")),
        Err(cause) => Err(visit.refuse(cause, &back)),
    }
}

/// `POST /servers/{id}/key`
pub(super) async fn make_key(visit: Visit, Path(id): Path<String>) -> Answer {
    let id = visit.id(&id)?;
    let back = format!("/servers/{id}");
    match visit.panel.inventory.make_server_key(&visit.viewer, id).await {
        Ok(()) => Ok(see(&back, "key")),
        Err(cause) => Err(visit.refuse(cause, &back)),
    }
}

/// `GET /servers/{id}/delete`
pub(super) async fn ask_removal(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::DeleteServers)?;
    let server = find(&visit, &id).await?;
    let schedules = schedules_of(&visit, server.id).await?.len();
    Ok(visit.page("Delete server", || pages::remove(&server, schedules, None)))
}

/// `POST /servers/{id}/delete`
pub(super) async fn remove(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::DeleteServers)?;
    let server = find(&visit, &id).await?;
    let Err(cause) = visit.panel.inventory.remove_server(&visit.viewer, server.id).await else { return Ok(see("/servers", "deleted")) };
    let problems = visit.problems(cause, &format!("/servers/{}", server.id))?;
    let schedules = schedules_of(&visit, server.id).await?.len();
    let reason = problems.first().map(|problem| app::components::sentence(&problem.reason));
    Ok(visit.form_again("Delete server", || pages::remove(&server, schedules, reason.as_deref())))
}

async fn find(visit: &Visit, id: &str) -> Result<Server, Refused> {
    visit.found(servers::find(&visit.panel.database, &visit.viewer.scope, visit.id(id)?).await)
}
