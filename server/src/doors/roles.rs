//! Roles: what each allows, and those of one's own.

use app::model::{Permission, Role};
use app::pages::form::{Problems, Sent};
use app::pages::roles::{self as pages, RoleForm};
use axum::body::Bytes;
use axum::extract::Path;

use super::visit::{Answer, Refused, Visit, see};
use crate::people::Actor;

/// What a redirect to the roles has to say.
fn said(visit: &Visit) -> Option<&'static str> {
    Some(match visit.parameter("said")?.as_str() {
        "added" => "Added.",
        "saved" => "Saved. It counts for everybody who has the role, from now on.",
        "deleted" => "Deleted.",
        _ => return None,
    })
}

/// `GET /roles`
pub(super) async fn list(visit: Visit, actor: Actor) -> Answer {
    let roles = visit.people(visit.panel.people.list_roles(&actor).await, "/")?;
    Ok(visit.page("Roles", || pages::list(&roles, said(&visit))))
}

/// `GET /roles/new`
pub(super) async fn blank(visit: Visit) -> Answer {
    visit.require(Permission::CreateUserRole)?;
    Ok(visit.page("Add a role", || pages::edit(None, &RoleForm::default(), Problems::default())))
}

/// `POST /roles/new`
pub(super) async fn create(visit: Visit, actor: Actor, body: Bytes) -> Answer {
    visit.require(Permission::CreateUserRole)?;
    let form = RoleForm::sent(&Sent::parse(&body));
    match visit.panel.people.add_role(&actor, form.draft()).await {
        Ok(_) => Ok(see("/roles", "added")),
        Err(cause) => {
            let problems = visit.people_problems(cause, "/roles")?;
            Ok(visit.form_again("Add a role", || pages::edit(None, &form, Problems(problems))))
        }
    }
}

/// `GET /roles/{id}/edit`
pub(super) async fn edit(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let role = find(&visit, &actor, Permission::EditUserRoles, &id).await?;
    Ok(visit.page("Edit role", || pages::edit(Some(role.id), &RoleForm::of(&role), Problems::default())))
}

/// `POST /roles/{id}/edit`
pub(super) async fn change(visit: Visit, actor: Actor, Path(id): Path<String>, body: Bytes) -> Answer {
    let role = find(&visit, &actor, Permission::EditUserRoles, &id).await?;
    let form = RoleForm::sent(&Sent::parse(&body));
    match visit.panel.people.change_role(&actor, role.id, form.draft()).await {
        Ok(_) => Ok(see("/roles", "saved")),
        Err(cause) => {
            let problems = visit.people_problems(cause, "/roles")?;
            Ok(visit.form_again("Edit role", || pages::edit(Some(role.id), &form, Problems(problems))))
        }
    }
}

/// `GET /roles/{id}/delete`
pub(super) async fn ask_removal(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let role = find(&visit, &actor, Permission::DeleteUserRoles, &id).await?;
    Ok(visit.page("Delete role", || pages::remove(&role)))
}

/// `POST /roles/{id}/delete`
pub(super) async fn remove(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let role = find(&visit, &actor, Permission::DeleteUserRoles, &id).await?;
    visit.people(visit.panel.people.remove_role(&actor, role.id).await, "/roles")?;
    Ok(see("/roles", "deleted"))
}

async fn find(visit: &Visit, actor: &Actor, permission: Permission, id: &str) -> Result<Role, Refused> {
    visit.require(permission)?;
    let role = visit.people(visit.panel.people.role(actor, visit.id(id)?).await, "/roles")?;
    if role.built_in {
        return Err(visit.conflict("A built-in role stays as it is. Make one of your own.", "/roles".to_owned()));
    }
    Ok(role)
}
