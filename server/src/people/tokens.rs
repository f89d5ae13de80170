//! Tokens of one's own.

use app::model::{ApiToken, FieldError, Permission, Schedule, ScheduleKind, Scope, TokenDraft};

use super::{Actor, People, PeopleError};
use crate::audit::LogRow;
use crate::auth::{Caller, Token};
use crate::store::{schedules, tokens};

impl People {
    /// The viewer's own tokens, the newest first, without their secrets.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<ApiToken>, PeopleError> {
        Ok(tokens::list(&self.accounts.database, actor.viewer.user_id).await?)
    }

    pub async fn token(&self, actor: &Actor, id: i64) -> Result<ApiToken, PeopleError> {
        tokens::find(&self.accounts.database, actor.viewer.user_id, id).await?.ok_or(PeopleError::NotFound)
    }

    /// Makes a token and gives its secret: this once.
    pub async fn add_token(&self, actor: &Actor, draft: TokenDraft) -> Result<(ApiToken, Token), PeopleError> {
        actor.allow_tokens()?;
        if actor.viewer.scope == Scope::Servers(Vec::new()) {
            // Without servers of its own the new token would see all of its owner's.
            return Err(PeopleError::Forbidden);
        }
        let draft = within(actor, draft);
        let schedule = self.check_token(actor, &draft).await?;
        let token = Token::for_api();
        let mut change = self.begin().await?;
        let id = tokens::insert(change.tx(), actor.viewer.user_id, &draft, token.hash(), self.accounts.clock.now()).await?;
        let what = format!("made the API token {}", draft.name);
        if let Some(Schedule { id, policy }) = schedule {
            let what = format!("{what}, to report {}", policy.name);
            let row: LogRow = super::row(actor, app::model::LogStatus::Info, what);
            change.log(row.server(policy.server_id).schedule(id));
            change.commit().await?;
        } else {
            self.commit(change, actor, what).await?;
        }
        Ok((self.token(actor, id).await?, token))
    }

    /// Gives a token another name.
    pub async fn rename_token(&self, actor: &Actor, id: i64, name: &str) -> Result<ApiToken, PeopleError> {
        actor.allow_tokens()?;
        let before = self.token(actor, id).await?;
        let draft = TokenDraft { name: name.to_owned(), permissions: None, servers: Vec::new(), schedule_id: None, expires_at: None };
        let problems = draft.problems(self.accounts.clock.now());
        if !problems.is_empty() {
            return Err(PeopleError::Invalid(problems));
        }
        let mut change = self.begin().await?;
        if !tokens::rename(change.tx(), actor.viewer.user_id, id, name).await? {
            return Err(PeopleError::NotFound);
        }
        self.commit(change, actor, format!("renamed the API token {} to {name}", before.name)).await?;
        self.token(actor, id).await
    }

    pub async fn revoke_token(&self, actor: &Actor, id: i64) -> Result<(), PeopleError> {
        actor.allow_tokens()?;
        let token = self.token(actor, id).await?;
        let mut change = self.begin().await?;
        if !tokens::remove(change.tx(), actor.viewer.user_id, id).await? {
            return Err(PeopleError::NotFound);
        }
        self.commit(change, actor, format!("revoked the API token {}", token.name)).await?;
        Ok(())
    }

    async fn check_token(&self, actor: &Actor, draft: &TokenDraft) -> Result<Option<Schedule>, PeopleError> {
        let mut problems = draft.problems(self.accounts.clock.now());
        let beyond = |permission: &&Permission| !actor.viewer.may(**permission);
        if let Some(permission) = draft.permissions.iter().flatten().find(beyond) {
            problems.push(FieldError::new("permissions", format!("{permission} is not yours to give")));
        }
        problems.extend(self.unknown_servers(actor, &draft.servers).await?);
        let schedule = match draft.schedule_id {
            None => None,
            Some(id) => {
                actor.allow(Permission::RunSchedule)?;
                let found = schedules::find(&self.accounts.database, &actor.viewer.scope, id).await?;
                if found.is_none() {
                    problems.push(FieldError::new("schedule_id", "there is no such schedule"));
                }
                if found.as_ref().is_some_and(|schedule| schedule.policy.kind != ScheduleKind::Reported) {
                    problems.push(FieldError::new("schedule_id", "only runs of a reported schedule can be reported"));
                }
                found
            }
        };
        if problems.is_empty() { Ok(schedule) } else { Err(PeopleError::Invalid(problems)) }
    }

    /// Makes a token that may report runs of one schedule and do nothing else.
    pub async fn add_schedule_token(&self, actor: &Actor, schedule_id: i64, name: &str) -> Result<Token, PeopleError> {
        let name = name.to_owned();
        let draft = TokenDraft { name, permissions: None, servers: Vec::new(), schedule_id: Some(schedule_id), expires_at: None };
        self.add_token(actor, draft).await.map(|(_, token)| token)
    }
}

/// A token that makes a token makes none that may more, sees more or lives longer than itself.
fn within(actor: &Actor, mut draft: TokenDraft) -> TokenDraft {
    let Caller::Token { whole, expires_at } = &actor.caller else { return draft };
    if let Some(end) = expires_at {
        draft.expires_at = Some(draft.expires_at.map_or(*end, |at| at.min(*end)));
    }
    if !whole && draft.schedule_id.is_none() {
        draft.permissions.get_or_insert_with(|| actor.viewer.permissions.clone());
        if let Scope::Servers(ids) = &actor.viewer.scope
            && draft.servers.is_empty()
        {
            draft.servers.clone_from(ids);
        }
    }
    draft
}
