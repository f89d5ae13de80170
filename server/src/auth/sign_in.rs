//! Accounts: signing in and out, the first administrator, the tokens of the command line. Each leaves a row in the trail.

use std::sync::Arc;

use app::model::{
    FieldError, LogStatus, Permission, Schedule, ScheduleKind, Scope, Timestamp, TokenDraft, UserDraft, Viewer, username_problem,
};
use tokio::sync::watch;

use super::password::{PasswordError, is_outdated};
use super::second_factor::FactorError;
use super::uses::Used;
use super::viewer::{viewer, viewer_with};
use super::{Passwords, Token, Uses, Visitor, hash, password_problem};
use crate::audit::{LogRow, Trail};
use crate::clock::Clock;
use crate::secrets::Vault;
use crate::store::accounts::{self, Account, TokenHolder};
use crate::store::sessions::{self, NewSession};
use crate::store::{Database, StoreError, people, schedules, tokens};

/// The cookie that carries a session.
pub const SESSION_COOKIE: &str = "tailback_session";

/// The same over TLS. A browser takes it from nobody but this very host.
pub const SECURE_SESSION_COOKIE: &str = "__Host-tailback";

/// The longest that a session lasts, however busy: a week.
pub const SESSION_LASTS_MS: i64 = 7 * 86_400_000;

/// A session that nothing has been asked with for this long is over: half a day. A page that keeps itself current asks.
pub const SESSION_IDLE_MS: i64 = 12 * 3_600_000;

/// Somebody who has given the right password may look for the code this long.
pub const PENDING_LASTS_MS: i64 = 5 * 60_000;

/// How long a password is good that the panel has made: whoever gets it chooses another one.
pub const MADE_PASSWORD_LASTS_MS: i64 = 7 * 86_400_000;

/// How long the link to the first administrator is good for.
const FIRST_LINK_LASTS_MS: i64 = 24 * 3_600_000;

/// Why an account did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("wrong user name or password")]
    Credentials,
    /// The password is right; the token stands for that while the code is looked for.
    #[error("a code is needed: send it as `totp`, from the authenticator or a recovery code")]
    CodeNeeded(Token),
    #[error("this password was made for you and was good for a week; ask an administrator for another one")]
    Expired,
    #[error("wrong code")]
    Code,
    #[error("the link is not valid, or no longer")]
    Link,
    #[error("{0}")]
    Invalid(FieldError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Factor(#[from] FactorError),
}

/// People and their ways in.
#[derive(Clone)]
pub struct Accounts {
    pub database: Database,
    pub trail: Trail,
    pub clock: Clock,
    pub passwords: Passwords,
    pub vault: Vault,
    pub uses: Uses,
    /// Whether everybody needs a second factor.
    pub demands_factor: bool,
    /// Grows with every change of what somebody may do in this process, so that open streams ask again at once. Changes by other
    /// processes are found by asking now and then.
    pub changes: Arc<watch::Sender<u64>>,
}

impl Accounts {
    /// Checks a password and opens a session, or asks for a code.
    pub async fn sign_in(&self, username: &str, password: String, visitor: impl Into<Visitor>) -> Result<Token, AccountError> {
        let visitor = visitor.into();
        let found = accounts::find_by_name(&self.database, username.trim()).await?;
        let stored = found.as_ref().map(|account| account.password_hash.clone());
        let fits = self.passwords.verify(password.clone(), stored).await?;
        // What was typed may be a password in the wrong field, so only a known name is repeated.
        let why = match &found {
            None => "no such user".to_owned(),
            Some(account) if !fits => format!("wrong password for {}", account.username),
            Some(account) if !account.enabled => format!("{} is disabled", account.username),
            Some(_) => String::new(),
        };
        let Some(mut account) = found.filter(|_| why.is_empty()) else {
            self.tell_refusal(&visitor, &why).await?;
            return Err(AccountError::Credentials);
        };
        if account.password_until.is_some_and(|until| until < self.clock.now()) {
            self.tell_refusal(&visitor, &format!("the password that was made for {} is over", account.username)).await?;
            return Err(AccountError::Expired);
        }
        if is_outdated(&account.password_hash) {
            self.hash_again(&mut account, password).await?;
        }
        if account.second_factor().is_some() {
            let pending = Token::bare();
            let mut change = self.trail.begin().await?;
            let until = self.clock.now().plus_millis(PENDING_LASTS_MS);
            sessions::insert_pending(change.tx(), pending.hash(), account.id, until).await?;
            let message = format!("{} gave the right password from {} and is asked for a code", account.username, visitor.address);
            change.log(LogRow::system(LogStatus::Info, message));
            change.commit().await?;
            return Err(AccountError::CodeNeeded(pending));
        }
        let message = format!("{} signed in from {}", account.username, visitor.address);
        self.open_session(&account, &visitor, &message).await
    }

    pub(super) async fn tell_refusal(&self, visitor: &Visitor, why: &str) -> Result<(), StoreError> {
        let mut change = self.trail.begin().await?;
        change.log(LogRow::system(LogStatus::Warning, format!("sign-in refused from {}: {why}", visitor.address)));
        change.commit().await
    }

    /// The cost of hashing has changed since; only now is the password at hand.
    async fn hash_again(&self, account: &mut Account, password: String) -> Result<(), AccountError> {
        let hash = self.passwords.hash(password).await?;
        let mut change = self.trail.begin().await?;
        if accounts::replace_password(change.tx(), account.id, &account.password_hash, &hash).await? {
            change.commit().await?;
            account.password_hash = hash;
        }
        Ok(())
    }

    /// The session that the browser came with ends: what somebody else may know of it is worth nothing any more.
    pub(super) async fn open_session(&self, account: &Account, visitor: &Visitor, message: &str) -> Result<Token, AccountError> {
        let token = Token::bare();
        let now = self.clock.now();
        let mut change = self.trail.begin().await?;
        if let Some(before) = &visitor.session {
            sessions::end(change.tx(), before.clone()).await?;
        }
        let session = NewSession {
            hash: token.hash(),
            account_id: account.id,
            now,
            expires_at: now.plus_millis(SESSION_LASTS_MS),
            address: &visitor.address,
            browser: &visitor.browser,
        };
        if !sessions::open(change.tx(), session, &account.password_hash).await? {
            return Err(AccountError::Credentials);
        }
        change.log(LogRow::system(LogStatus::Info, message));
        change.commit().await?;
        if visitor.session.is_some() {
            self.tell_change();
        }
        Ok(token)
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &str, viewer: &Viewer) -> Result<(), StoreError> {
        let mut change = self.trail.begin().await?;
        sessions::end(change.tx(), hash(session)).await?;
        change.log(LogRow::system(LogStatus::Info, viewer.told("signed out")));
        change.commit().await?;
        self.tell_change();
        Ok(())
    }

    /// Makes open streams ask again who they serve.
    pub fn tell_change(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// The viewer behind a session cookie.
    pub async fn by_session(&self, session: &str) -> Result<Option<Viewer>, StoreError> {
        let (now, hash) = (self.clock.now(), hash(session));
        let idle_since = now.plus_millis(-SESSION_IDLE_MS);
        let Some(found) = accounts::find_by_session(&self.database, hash.clone(), now, idle_since).await? else { return Ok(None) };
        self.uses.note(Used::Session(hash), Some(found.last_seen_at), now);
        Ok(Some(Viewer { owes_factor: self.demands_factor && !found.holder.has_factor, ..viewer(&found.holder) }))
    }

    /// The viewer behind an API token, and the token.
    pub async fn by_token(&self, token: &str) -> Result<Option<(Viewer, TokenHolder)>, StoreError> {
        let now = self.clock.now();
        let Some(token) = accounts::find_by_token(&self.database, hash(token), now).await? else { return Ok(None) };
        self.uses.note(Used::Token(token.token_id), token.last_used_at, now);
        Ok(viewer_with(&token).map(|viewer| (viewer, token)))
    }

    /// A link for the first administrator, when there is no account yet. An earlier link is not good any more.
    pub async fn first_link(&self) -> Result<Option<Token>, AccountError> {
        if accounts::count(&self.database).await? > 0 {
            return Ok(None);
        }
        let token = Token::bare();
        let mut change = self.trail.begin().await?;
        accounts::insert_link(change.tx(), token.hash(), None, self.clock.now().plus_millis(FIRST_LINK_LASTS_MS)).await?;
        change.commit().await?;
        Ok(Some(token))
    }

    /// A link that signs an account in until it expires, however often it is opened: for the demonstration.
    pub async fn demo_link(&self, account_id: i64, expires_at: Timestamp) -> Result<Token, AccountError> {
        let token = Token::bare();
        let mut change = self.trail.begin().await?;
        accounts::insert_link(change.tx(), token.hash(), Some(account_id), expires_at).await?;
        change.commit().await?;
        Ok(token)
    }

    /// Signs in through a link of the demonstration.
    pub async fn sign_in_by_link(&self, link: &str, visitor: impl Into<Visitor>) -> Result<Token, AccountError> {
        let found = accounts::find_link(&self.database, hash(link)).await?.filter(|found| found.expires_at > self.clock.now());
        let account_id = found.and_then(|found| found.account_id).ok_or(AccountError::Link)?;
        let account =
            accounts::find_by_id(&self.database, account_id).await?.filter(|account| account.enabled).ok_or(AccountError::Link)?;
        let visitor = visitor.into();
        self.open_session(&account, &visitor, &format!("{} signed in through a link from {}", account.username, visitor.address)).await
    }

    /// Makes the first administrator and signs them in. The link is used up.
    pub async fn welcome(&self, link: &str, username: &str, password: String, visitor: impl Into<Visitor>) -> Result<Token, AccountError> {
        let visitor = visitor.into();
        let draft = draft(username, app::model::ADMIN);
        check(&draft, &password)?;
        let password_hash = self.passwords.hash(password).await?;
        let now = self.clock.now();
        let mut change = self.trail.begin().await?;
        people::lock(change.tx()).await?;
        if !accounts::use_link(change.tx(), hash(link), now).await? || accounts::count_in(change.tx()).await? > 0 {
            return Err(AccountError::Link);
        }
        let role = self.role_id(&mut change, &draft.role).await?;
        let id = people::insert_user(change.tx(), &draft, role, &password_hash, now).await?;
        let name = &draft.username;
        change.log(LogRow::system(LogStatus::Info, format!("{name} became the first administrator, from {}", visitor.address)));
        change.commit().await?;
        let account = Account { id, username: name.clone(), password_hash, password_until: None, enabled: true, totp: None };
        self.open_session(&account, &visitor, &format!("{name} signed in from {}", visitor.address)).await
    }

    async fn role_id(&self, change: &mut crate::audit::Change, name: &str) -> Result<i64, AccountError> {
        let roles = people::roles_in(change.tx()).await?;
        let names: Vec<_> = roles.iter().map(|role| role.name.as_str()).collect();
        let unknown = || AccountError::Invalid(FieldError::new("role", format!("expected one of {}", names.join(", "))));
        roles.iter().find(|role| role.name == name).map(|role| role.id).ok_or_else(unknown)
    }

    /// Makes an account from the command line.
    pub async fn create(&self, username: &str, password: String, role: &str) -> Result<i64, AccountError> {
        let draft = draft(username, role);
        check(&draft, &password)?;
        let password_hash = self.passwords.hash(password).await?;
        let mut change = self.trail.begin().await?;
        people::lock(change.tx()).await?;
        let role_id = self.role_id(&mut change, role).await?;
        let id = match people::insert_user(change.tx(), &draft, role_id, &password_hash, self.clock.now()).await {
            Err(cause) if cause.is_duplicate() => return Err(AccountError::Invalid(FieldError::new("username", "is taken"))),
            other => other?,
        };
        let message = format!("account {} with role {role} was made on the command line", draft.username);
        change.log(LogRow::system(LogStatus::Info, message));
        change.commit().await?;
        Ok(id)
    }

    /// Makes an API token for an account from the command line; one for a schedule may only report that schedule's runs.
    pub async fn create_token(&self, username: &str, name: &str, schedule_id: Option<i64>) -> Result<Token, AccountError> {
        let unknown = |field, what| AccountError::Invalid(FieldError::new(field, format!("there is no such {what}")));
        let account = accounts::find_by_name(&self.database, username).await?.ok_or_else(|| unknown("user", "account"))?;
        let schedule = match schedule_id {
            Some(id) => Some(schedules::find(&self.database, &Scope::All, id).await?.ok_or_else(|| unknown("schedule", "schedule"))?),
            None => None,
        };
        if schedule.as_ref().is_some_and(|schedule| schedule.policy.kind != ScheduleKind::Reported) {
            let reason = "only runs of a reported schedule can be reported";
            return Err(AccountError::Invalid(FieldError::new("schedule", reason)));
        }
        if let Some(schedule) = &schedule {
            let owner = viewer(&accounts::holder_of(&self.database, account.id).await?.ok_or_else(|| unknown("user", "account"))?);
            if !owner.may(Permission::RunSchedule) || !owner.scope.covers(Some(schedule.policy.server_id)) {
                let reason = "may not run this schedule, so no token of theirs may report it";
                return Err(AccountError::Invalid(FieldError::new("user", reason)));
            }
        }
        let token = Token::for_api();
        let draft = TokenDraft { name: name.to_owned(), permissions: None, servers: Vec::new(), schedule_id, expires_at: None };
        let mut change = self.trail.begin().await?;
        tokens::insert(change.tx(), account.id, &draft, token.hash(), self.clock.now()).await?;
        let row = match schedule {
            None => LogRow::system(LogStatus::Info, format!("an API token for {} was made on the command line", account.username)),
            Some(Schedule { id, policy }) => {
                let message = format!("an API token for {}, to report {}, was made on the command line", account.username, policy.name);
                LogRow::system(LogStatus::Info, message).server(policy.server_id).schedule(id)
            }
        };
        change.log(row);
        change.commit().await?;
        Ok(token)
    }
}

fn draft(username: &str, role: &str) -> UserDraft {
    UserDraft { username: username.trim().to_owned(), email: None, role: role.to_owned(), servers: Vec::new(), enabled: true }
}

fn check(draft: &UserDraft, password: &str) -> Result<(), AccountError> {
    let password = password_problem(password, &draft.username).map(|reason| FieldError::new("password", reason));
    username_problem(&draft.username).or(password).map_or(Ok(()), |problem| Err(AccountError::Invalid(problem)))
}
