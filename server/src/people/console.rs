//! The same for whoever has the command line of the panel's machine, and with it everything: only the last administrator stays.

use app::model::{ApiToken, FieldError, LogStatus, User, UserDraft};

use super::users::Moment;
use super::{People, PeopleError, invalid};
use crate::audit::{Change, LogRow};
use crate::auth::{MADE_PASSWORD_LASTS_MS, password_problem};
use crate::store::{accounts, people, sessions, tokens};

impl People {
    /// Every user, by name.
    pub async fn console_users(&self) -> Result<Vec<User>, PeopleError> {
        Ok(people::users(&self.accounts.database).await?)
    }

    async fn console_begin(&self, name: &str) -> Result<(Change, Moment, User), PeopleError> {
        let mut change = self.begin().await?;
        let moment = Moment::read(&mut change).await?;
        let user = moment.users.iter().find(|user| user.username == name).cloned();
        let user = user.ok_or_else(|| invalid("name", "there is no such user"))?;
        Ok((change, moment, user))
    }

    async fn console_commit(&self, mut change: Change, what: String) -> Result<(), PeopleError> {
        change.log(LogRow::system(LogStatus::Info, format!("{what} on the command line")));
        change.commit().await?;
        self.accounts.tell_change();
        Ok(())
    }

    pub async fn console_enable(&self, name: &str, enabled: bool) -> Result<(), PeopleError> {
        let (mut change, moment, user) = self.console_begin(name).await?;
        let User { id, username, email, role, servers, .. } = user;
        let draft = UserDraft { username, email, role, servers, enabled };
        moment.require_administrator(id, Some(&draft))?;
        people::set_enabled(change.tx(), id, enabled).await?;
        if !enabled {
            sessions::end_all(change.tx(), id, None).await?;
        }
        let what = if enabled { "enabled" } else { "disabled" };
        self.console_commit(change, format!("user {name} was {what}")).await
    }

    /// Sets a password and ends every session; without one, makes it and gives it.
    pub async fn console_password(&self, name: &str, password: Option<String>) -> Result<Option<String>, PeopleError> {
        let made = password.is_none().then(|| crate::random::groups_of_four(5));
        let text = password.or_else(|| made.clone()).unwrap_or_default();
        if let Some(reason) = password_problem(&text, name) {
            return Err(PeopleError::Invalid(vec![FieldError::new("password", reason)]));
        }
        let hash = self.accounts.passwords.hash(text).await?;
        let (mut change, _, user) = self.console_begin(name).await?;
        let now = self.accounts.clock.now();
        let until = made.is_some().then(|| now.plus_millis(MADE_PASSWORD_LASTS_MS));
        accounts::set_password(change.tx(), user.id, &hash, now, until).await?;
        sessions::end_all(change.tx(), user.id, None).await?;
        self.console_commit(change, format!("user {name} was given a new password")).await?;
        Ok(made)
    }

    pub async fn console_remove(&self, name: &str) -> Result<(), PeopleError> {
        let (mut change, moment, user) = self.console_begin(name).await?;
        moment.require_administrator(user.id, None)?;
        people::remove_user(change.tx(), user.id).await?;
        self.console_commit(change, format!("user {name} was removed")).await
    }

    /// The tokens of a user.
    pub async fn console_tokens(&self, name: &str) -> Result<Vec<ApiToken>, PeopleError> {
        let account = accounts::find_by_name(&self.accounts.database, name).await?;
        let account = account.ok_or_else(|| invalid("user", "there is no such user"))?;
        Ok(tokens::list(&self.accounts.database, account.id).await?)
    }

    pub async fn console_revoke(&self, name: &str, id: i64) -> Result<(), PeopleError> {
        let (mut change, _, user) = self.console_begin(name).await?;
        if !tokens::remove(change.tx(), user.id, id).await? {
            return Err(invalid("id", "this user has no such token"));
        }
        self.console_commit(change, format!("an API token of {name} was revoked")).await
    }
}
