//! Users: list, form, one user, the way in, the end.

use app::model::{Named, Permission, User};
use app::pages::form::{Problems, Sent};
use app::pages::users::{self as pages, UserForm, UserView};
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::visit::{Answer, Refused, Visit, see};
use crate::people::Actor;
use crate::store::servers;

/// What a redirect to a page of users has to say.
fn said(visit: &Visit) -> Option<&'static str> {
    Some(match visit.parameter("said")?.as_str() {
        "saved" => "Saved. It counts from the next click on, and on open pages at once.",
        "signed-out" => "Every session has ended.",
        "two-factor" => "The second factor is off.",
        "deleted" => "Deleted. Entries in Logs keep the name.",
        _ => return None,
    })
}

/// Servers by their names, as far as the viewer sees them.
pub(super) async fn server_names(visit: &Visit) -> Result<Vec<Named>, Refused> {
    let servers = visit.read(servers::list(&visit.panel.database, &visit.viewer.scope).await)?;
    Ok(servers.into_iter().map(|server| Named { id: server.id, name: server.name }).collect())
}

/// `GET /users`
pub(super) async fn list(visit: Visit, actor: Actor) -> Answer {
    let users = visit.people(visit.panel.people.users(&actor).await, "/")?;
    let servers = server_names(&visit).await?;
    Ok(visit.page("Users", || pages::list(users, &servers, said(&visit))))
}

/// `GET /users/new`
pub(super) async fn blank(visit: Visit, actor: Actor) -> Answer {
    visit.require(Permission::CreateAdditionalUsers)?;
    show_form(&visit, &actor, None, &UserForm::blank(), None).await
}

async fn show_form(visit: &Visit, actor: &Actor, id: Option<i64>, form: &UserForm, problems: Option<Problems>) -> Answer {
    let title = if id.is_some() { "Edit user" } else { "Add a user" };
    let roles = visit.people(visit.panel.people.roles_to_give(actor).await, "/users")?;
    let servers = server_names(visit).await?;
    Ok(match problems {
        None => visit.page(title, || pages::edit(id, form, &roles, &servers, Problems::default())),
        Some(problems) => visit.form_again(title, || pages::edit(id, form, &roles, &servers, problems)),
    })
}

/// `POST /users/new`: the answer is the only place where the password is ever shown.
pub(super) async fn create(visit: Visit, actor: Actor, body: Bytes) -> Answer {
    visit.require(Permission::CreateAdditionalUsers)?;
    let form = UserForm::sent(&Sent::parse(&body), None);
    let problems = match form.draft() {
        Ok(draft) => match visit.panel.people.add_user(&actor, draft).await {
            Ok((user, password)) => return Ok(visit.page("User added", || pages::secret(&user, password, true))),
            Err(cause) => visit.people_problems(cause, "/users")?,
        },
        Err(problems) => problems,
    };
    show_form(&visit, &actor, None, &form, Some(Problems(problems))).await
}

/// `GET /users/{id}`
pub(super) async fn detail(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let user = find(&visit, &actor, &id).await?;
    let touchable = visit.people(visit.panel.people.may_touch(&actor, &user).await, "/users")?;
    let name = user.username.clone();
    let view = UserView { user, servers: server_names(&visit).await?, touchable };
    Ok(visit.page(&name, || pages::detail(view, said(&visit))))
}

/// `GET /users/{id}/edit`
pub(super) async fn edit(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    visit.require(Permission::EditUsers)?;
    let user = find(&visit, &actor, &id).await?;
    if !visit.people(visit.panel.people.may_touch(&actor, &user).await, "/users")? {
        return Err(visit.forbidden());
    }
    show_form(&visit, &actor, Some(user.id), &UserForm::of(&user), None).await
}

/// `POST /users/{id}/edit`
pub(super) async fn change(visit: Visit, actor: Actor, Path(id): Path<String>, body: Bytes) -> Answer {
    visit.require(Permission::EditUsers)?;
    let user = find(&visit, &actor, &id).await?;
    let back = format!("/users/{}", user.id);
    let form = UserForm::sent(&Sent::parse(&body), Some(&user.username));
    let problems = match form.draft() {
        Ok(draft) => match visit.panel.people.change_user(&actor, user.id, draft).await {
            Ok(_) => return Ok(see(&back, "saved")),
            Err(cause) => visit.people_problems(cause, &back)?,
        },
        Err(problems) => problems,
    };
    show_form(&visit, &actor, Some(user.id), &form, Some(Problems(problems))).await
}

/// `GET /users/{id}/password`: a page with a password that was reloaded makes no other one by itself.
pub(super) async fn not_again(Path(id): Path<String>) -> Response {
    let id: i64 = id.parse().unwrap_or_default();
    Redirect::to(&format!("/users/{id}")).into_response()
}

/// `POST /users/{id}/password`: the answer is the only place where it is ever shown.
pub(super) async fn reset_password(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let id = visit.id(&id)?;
    let made = visit.panel.people.reset_password(&actor, id).await;
    let (user, password) = visit.people(made, &format!("/users/{id}"))?;
    Ok(visit.page("New password", || pages::secret(&user, password, false)))
}

/// `POST /users/{id}/sign-out`
pub(super) async fn sign_out(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let id = visit.id(&id)?;
    let back = format!("/users/{id}");
    visit.people(visit.panel.people.end_sessions(&actor, id).await, &back)?;
    Ok(see(&back, "signed-out"))
}

/// `POST /users/{id}/two-factor`
pub(super) async fn remove_factor(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let id = visit.id(&id)?;
    let back = format!("/users/{id}");
    visit.people(visit.panel.people.remove_factor_of(&actor, id).await, &back)?;
    Ok(see(&back, "two-factor"))
}

/// `GET /users/{id}/delete`
pub(super) async fn ask_removal(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    visit.require(Permission::DeleteUsers)?;
    let user = find(&visit, &actor, &id).await?;
    Ok(visit.page("Delete user", || pages::remove(&user)))
}

/// `POST /users/{id}/delete`
pub(super) async fn remove(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let id = visit.id(&id)?;
    visit.people(visit.panel.people.remove_user(&actor, id).await, &format!("/users/{id}"))?;
    Ok(see("/users", "deleted"))
}

async fn find(visit: &Visit, actor: &Actor, id: &str) -> Result<User, Refused> {
    visit.require(Permission::ViewUsersPage)?;
    visit.people(visit.panel.people.user(actor, visit.id(id)?).await, "/users")
}
