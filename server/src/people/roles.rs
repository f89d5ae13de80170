//! Roles.

use app::model::{Permission, Role, RoleDraft};

use super::authority::Authority;
use super::{Actor, People, PeopleError, invalid};
use crate::auth::permissions_of;
use crate::store::{StoreError, people};

impl People {
    /// Every role, the built-in ones first.
    pub async fn roles(&self) -> Result<Vec<Role>, StoreError> {
        let roles = people::roles(&self.accounts.database).await?;
        Ok(roles.into_iter().map(|role| role.told(permissions_of)).collect())
    }

    /// The same, for somebody who may see them.
    pub async fn list_roles(&self, actor: &Actor) -> Result<Vec<Role>, PeopleError> {
        let any = [Permission::ViewUsersPage, Permission::CreateUserRole, Permission::EditUserRoles, Permission::DeleteUserRoles];
        if !any.into_iter().any(|permission| actor.viewer.may(permission)) {
            return Err(PeopleError::Forbidden);
        }
        // Users out of sight are not counted either.
        let users = self.users_in_sight(actor).await?;
        let count = |role: &Role| i64::try_from(users.iter().filter(|user| user.role == role.name).count()).unwrap_or(i64::MAX);
        Ok(self.roles().await?.into_iter().map(|role| Role { users: count(&role), ..role }).collect())
    }

    pub async fn role(&self, actor: &Actor, id: i64) -> Result<Role, PeopleError> {
        self.list_roles(actor).await?.into_iter().find(|role| role.id == id).ok_or(PeopleError::NotFound)
    }

    pub async fn add_role(&self, actor: &Actor, draft: RoleDraft) -> Result<Role, PeopleError> {
        actor.allow(Permission::CreateUserRole)?;
        let draft = checked(draft)?;
        let mut change = self.begin().await?;
        let users = people::users_in(change.tx()).await?;
        Authority::of(&actor.viewer, &users).over_permissions(&draft.permissions)?;
        let now = self.accounts.clock.now();
        let id = people::insert_role(change.tx(), &draft.name, &draft.permissions, now).await.map_err(taken)?;
        self.commit(change, actor, format!("added role {} with {}", draft.name, words(&draft.permissions))).await?;
        self.role_by_id(id).await
    }

    /// Replaces a role. Whoever has it may do other things from the next request on.
    pub async fn change_role(&self, actor: &Actor, id: i64, draft: RoleDraft) -> Result<Role, PeopleError> {
        actor.allow(Permission::EditUserRoles)?;
        let draft = checked(draft)?;
        let mut change = self.begin().await?;
        let before = custom(people::roles_in(change.tx()).await?, id)?;
        let users = people::users_in(change.tx()).await?;
        let authority = Authority::of(&actor.viewer, &users);
        authority.over_permissions(&before.permissions)?;
        authority.over_permissions(&draft.permissions)?;
        people::update_role(change.tx(), id, &draft.name, &draft.permissions).await.map_err(taken)?;
        let name = if before.name == draft.name { String::new() } else { format!(" to {}", draft.name) };
        self.commit(change, actor, format!("changed role {}{name}, which has {}", before.name, words(&draft.permissions))).await?;
        self.role_by_id(id).await
    }

    pub async fn remove_role(&self, actor: &Actor, id: i64) -> Result<(), PeopleError> {
        actor.allow(Permission::DeleteUserRoles)?;
        let mut change = self.begin().await?;
        let role = custom(people::roles_in(change.tx()).await?, id)?;
        let users = people::users_in(change.tx()).await?;
        Authority::of(&actor.viewer, &users).over_permissions(&role.permissions)?;
        if role.users > 0 {
            return Err(PeopleError::Conflict("somebody has this role; give them another one first"));
        }
        people::remove_role(change.tx(), id).await?;
        self.commit(change, actor, format!("removed role {}", role.name)).await?;
        Ok(())
    }

    async fn role_by_id(&self, id: i64) -> Result<Role, PeopleError> {
        self.roles().await?.into_iter().find(|role| role.id == id).ok_or(PeopleError::NotFound)
    }
}

/// A role that is not built in.
fn custom(roles: Vec<people::RoleRecord>, id: i64) -> Result<Role, PeopleError> {
    let role = roles.into_iter().find(|role| role.id == id).ok_or(PeopleError::NotFound)?.told(permissions_of);
    if role.built_in { Err(PeopleError::Conflict("a built-in role stays as it is; make one of your own")) } else { Ok(role) }
}

/// Each permission once, in the order in which they are listed everywhere.
fn checked(mut draft: RoleDraft) -> Result<RoleDraft, PeopleError> {
    let problems = draft.problems();
    if !problems.is_empty() {
        return Err(PeopleError::Invalid(problems));
    }
    draft.permissions.sort_unstable();
    draft.permissions.dedup();
    Ok(draft)
}

fn taken(cause: StoreError) -> PeopleError {
    if cause.is_duplicate() { invalid("name", "is taken") } else { cause.into() }
}

fn words(permissions: &[Permission]) -> String {
    permissions.iter().map(Permission::to_string).collect::<Vec<_>>().join(", ")
}
