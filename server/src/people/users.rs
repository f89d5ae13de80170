//! Users.

use app::model::{FieldError, Permission, Role, Scope, User, UserDraft};

use super::authority::{Authority, is_within, keeps_an_administrator};
use super::{Actor, People, PeopleError, invalid};
use crate::audit::Change;
use crate::auth::{MADE_PASSWORD_LASTS_MS, permissions_of};
use crate::store::{StoreError, accounts, people, second_factor, servers, sessions};

/// Groups of four characters in a password that the panel makes: a hundred random bits.
const PASSWORD_GROUPS: usize = 5;

/// What a change of a user is decided on, true until the transaction ends.
pub(super) struct Moment {
    pub(super) users: Vec<User>,
    roles: Vec<Role>,
}

impl Moment {
    pub(super) async fn read(change: &mut Change) -> Result<Self, StoreError> {
        let users = people::users_in(change.tx()).await?;
        let roles = people::roles_in(change.tx()).await?;
        Ok(Self { users, roles: roles.into_iter().map(|role| role.told(permissions_of)).collect() })
    }

    fn role(&self, name: &str) -> Result<&Role, PeopleError> {
        let names = || self.roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ");
        self.roles.iter().find(|role| role.name == name).ok_or_else(|| invalid("role", format!("expected one of {}", names())))
    }

    /// A user whom the actor may touch. Who is outside the actor's servers is not there.
    fn user(&self, actor: &Actor, id: i64) -> Result<&User, PeopleError> {
        let user = self.users.iter().find(|user| user.id == id && is_within(&user.servers, &actor.viewer.scope));
        let user = user.ok_or(PeopleError::NotFound)?;
        Authority::of(&actor.viewer, &self.users).over(self.role(&user.role)?, &user.servers)?;
        Ok(user)
    }

    /// Refuses to leave the panel without somebody who may do everything.
    pub(super) fn require_administrator(&self, id: i64, after: Option<&UserDraft>) -> Result<(), PeopleError> {
        let mut users: Vec<_> = self.users.iter().filter(|user| user.id != id).cloned().collect();
        if let (Some(before), Some(draft)) = (self.users.iter().find(|user| user.id == id), after) {
            let UserDraft { role, servers, enabled, .. } = draft.clone();
            users.push(User { role, servers, enabled, ..before.clone() });
        }
        if keeps_an_administrator(&users) {
            return Ok(());
        }
        Err(PeopleError::Conflict("this is the last administrator who is enabled and sees every server; make another one first"))
    }
}

impl People {
    /// Every user whose servers the viewer sees, by name.
    pub async fn users(&self, actor: &Actor) -> Result<Vec<User>, PeopleError> {
        actor.allow(Permission::ViewUsersPage)?;
        Ok(self.users_in_sight(actor).await?)
    }

    pub(super) async fn users_in_sight(&self, actor: &Actor) -> Result<Vec<User>, StoreError> {
        let users = people::users(&self.accounts.database).await?;
        Ok(users.into_iter().filter(|user| is_within(&user.servers, &actor.viewer.scope)).collect())
    }

    pub async fn user(&self, actor: &Actor, id: i64) -> Result<User, PeopleError> {
        self.users(actor).await?.into_iter().find(|user| user.id == id).ok_or(PeopleError::NotFound)
    }

    /// Whether the viewer may touch a user at all: what a page offers, never what is allowed.
    pub async fn may_touch(&self, actor: &Actor, user: &User) -> Result<bool, PeopleError> {
        let users = people::users(&self.accounts.database).await?;
        let roles = self.roles().await?;
        let role = roles.iter().find(|role| role.name == user.role);
        Ok(role.is_some_and(|role| Authority::of(&actor.viewer, &users).over(role, &user.servers).is_ok()))
    }

    /// The roles that the viewer may give to somebody.
    pub async fn roles_to_give(&self, actor: &Actor) -> Result<Vec<Role>, PeopleError> {
        let users = people::users(&self.accounts.database).await?;
        let authority = Authority::of(&actor.viewer, &users);
        // With the servers of the viewer, so that only the permissions decide.
        let servers = if let Scope::Servers(ids) = &actor.viewer.scope { ids.clone() } else { Vec::new() };
        Ok(self.roles().await?.into_iter().filter(|role| authority.over(role, &servers).is_ok()).collect())
    }

    /// Adds a user and gives the password that was made: this once.
    pub async fn add_user(&self, actor: &Actor, draft: UserDraft) -> Result<(User, String), PeopleError> {
        actor.allow(Permission::CreateAdditionalUsers)?;
        self.check(actor, &draft, &[]).await?;
        let (password, hash) = self.new_password().await?;
        let mut change = self.begin().await?;
        let moment = Moment::read(&mut change).await?;
        let role = moment.role(&draft.role)?;
        Authority::of(&actor.viewer, &moment.users).over(role, &draft.servers)?;
        if moment.users.iter().any(|user| user.username.eq_ignore_ascii_case(&draft.username)) {
            return Err(invalid("username", "is taken"));
        }
        let now = self.accounts.clock.now();
        let id = people::insert_user(change.tx(), &draft, role.id, &hash, now).await?;
        accounts::set_password(change.tx(), id, &hash, now, Some(now.plus_millis(MADE_PASSWORD_LASTS_MS))).await?;
        self.commit(change, actor, format!("added user {} with role {}{}", draft.username, draft.role, where_words(&draft.servers)))
            .await?;
        Ok((self.stored(id).await?, password))
    }

    /// Replaces what may be changed of a user. What is taken away is gone with the next request and on open streams.
    pub async fn change_user(&self, actor: &Actor, id: i64, draft: UserDraft) -> Result<User, PeopleError> {
        actor.allow(Permission::EditUsers)?;
        // Whoever is out of sight is not there, whatever the draft says.
        let limits = {
            let mut look = self.begin().await?;
            Moment::read(&mut look).await?.user(actor, id)?.servers.clone()
        };
        self.check(actor, &draft, &limits).await?;
        let mut change = self.begin().await?;
        let moment = Moment::read(&mut change).await?;
        let before = moment.user(actor, id)?;
        if before.username != draft.username {
            return Err(invalid("username", "cannot be changed: rows of the trail name it"));
        }
        let role = moment.role(&draft.role)?;
        Authority::of(&actor.viewer, &moment.users).over(role, &draft.servers)?;
        moment.require_administrator(id, Some(&draft))?;
        people::update_user(change.tx(), id, &draft, role.id).await?;
        if !draft.enabled {
            sessions::end_all(change.tx(), id, None).await?;
        }
        let what = changed_words(before, &draft);
        self.commit(change, actor, format!("changed user {}: {what}", draft.username)).await?;
        self.stored(id).await
    }

    /// Makes a new password, which is given this once, and ends every session.
    pub async fn reset_password(&self, actor: &Actor, id: i64) -> Result<(User, String), PeopleError> {
        actor.allow(Permission::EditUsers)?;
        if id == actor.viewer.user_id {
            return Err(PeopleError::Conflict("this is your own account: change it in Profile, which asks for what only you know"));
        }
        let (password, hash) = self.new_password().await?;
        let mut change = self.begin().await?;
        let user = Moment::read(&mut change).await?.user(actor, id)?.clone();
        let now = self.accounts.clock.now();
        accounts::set_password(change.tx(), id, &hash, now, Some(now.plus_millis(MADE_PASSWORD_LASTS_MS))).await?;
        sessions::end_all(change.tx(), id, None).await?;
        self.commit(change, actor, format!("gave {} a new password and ended every session", user.username)).await?;
        Ok((user, password))
    }

    /// Ends every session of a user. Tokens stay.
    pub async fn end_sessions(&self, actor: &Actor, id: i64) -> Result<(), PeopleError> {
        actor.allow(Permission::EditUsers)?;
        let mut change = self.begin().await?;
        let name = Moment::read(&mut change).await?.user(actor, id)?.username.clone();
        sessions::end_all(change.tx(), id, None).await?;
        self.commit(change, actor, format!("ended every session of {name}")).await?;
        Ok(())
    }

    /// Takes the second factor of somebody away who has lost it.
    pub async fn remove_factor_of(&self, actor: &Actor, id: i64) -> Result<(), PeopleError> {
        actor.allow(Permission::EditUsers)?;
        if id == actor.viewer.user_id {
            return Err(PeopleError::Conflict("this is your own account: change it in Profile, which asks for what only you know"));
        }
        let mut change = self.begin().await?;
        let name = Moment::read(&mut change).await?.user(actor, id)?.username.clone();
        if !second_factor::remove(change.tx(), id).await? {
            return Err(PeopleError::Conflict("this user has no second factor"));
        }
        self.commit(change, actor, format!("removed the second factor of {name}")).await?;
        Ok(())
    }

    pub async fn remove_user(&self, actor: &Actor, id: i64) -> Result<(), PeopleError> {
        actor.allow(Permission::DeleteUsers)?;
        let mut change = self.begin().await?;
        let moment = Moment::read(&mut change).await?;
        let name = moment.user(actor, id)?.username.clone();
        moment.require_administrator(id, None)?;
        people::remove_user(change.tx(), id).await?;
        self.commit(change, actor, format!("removed user {name}")).await?;
        Ok(())
    }

    async fn stored(&self, id: i64) -> Result<User, PeopleError> {
        let users = people::users(&self.accounts.database).await?;
        users.into_iter().find(|user| user.id == id).ok_or(PeopleError::NotFound)
    }

    async fn new_password(&self) -> Result<(String, String), PeopleError> {
        let password = crate::random::groups_of_four(PASSWORD_GROUPS);
        let hash = self.accounts.passwords.hash(password.clone()).await?;
        Ok((password, hash))
    }

    /// Everything that is wrong with a user but for a name or a role: only the change itself tells. Limits that are there already
    /// may stay even if their server was removed: without them the user would see everything.
    async fn check(&self, actor: &Actor, draft: &UserDraft, limits: &[i64]) -> Result<(), PeopleError> {
        let mut problems = draft.problems();
        let new: Vec<_> = draft.servers.iter().copied().filter(|id| !limits.contains(id)).collect();
        problems.extend(self.unknown_servers(actor, &new).await?);
        if problems.is_empty() { Ok(()) } else { Err(PeopleError::Invalid(problems)) }
    }

    pub(super) async fn unknown_servers(&self, actor: &Actor, ids: &[i64]) -> Result<Option<FieldError>, StoreError> {
        let seen = servers::list(&self.accounts.database, &actor.viewer.scope).await?;
        let unknown = ids.iter().find(|id| seen.iter().all(|server| server.id != **id));
        Ok(unknown.map(|id| FieldError::new("servers", format!("there is no server {id}"))))
    }
}

fn where_words(servers: &[i64]) -> String {
    let count = servers.len();
    if count == 0 { String::new() } else { format!(", limited to {count} server{}", if count == 1 { "" } else { "s" }) }
}

fn changed_words(before: &User, draft: &UserDraft) -> String {
    let mut words = Vec::new();
    if before.role != draft.role {
        words.push(format!("role {} in place of {}", draft.role, before.role));
    }
    let mut servers = draft.servers.clone();
    servers.sort_unstable();
    if before.servers != servers {
        words.push(if servers.is_empty() { "all servers".to_owned() } else { format!("servers {servers:?}") });
    }
    if before.enabled != draft.enabled {
        words.push(if draft.enabled { "enabled" } else { "disabled" }.to_owned());
    }
    if before.email != draft.email {
        words.push("another address".to_owned());
    }
    if words.is_empty() { "nothing new".to_owned() } else { words.join(", ") }
}
