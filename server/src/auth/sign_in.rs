//! Accounts: signing in and out, the first administrator, tokens. Each leaves a row in the trail.

use app::model::{FieldError, LogStatus, Schedule, ScheduleKind, Scope, Timestamp, Viewer};

use super::password::PasswordError;
use super::{Passwords, Token, TokenUses, hash, permissions_of};
use crate::audit::{LogRow, Trail};
use crate::clock::Clock;
use crate::store::accounts::{self, Account};
use crate::store::{Database, StoreError, schedules};

/// The cookie that carries a session.
pub const SESSION_COOKIE: &str = "tailback_session";

/// The same over TLS. A browser takes it from nobody but this very host.
pub const SECURE_SESSION_COOKIE: &str = "__Host-tailback";

/// How long a session lasts.
pub const SESSION_LASTS_MS: i64 = 12 * 3_600_000;

/// How long the link to the first administrator is good for.
const FIRST_LINK_LASTS_MS: i64 = 24 * 3_600_000;

const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=200;

/// Why an account did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("wrong user name or password")]
    Credentials,
    #[error("the link is not valid, or no longer")]
    Link,
    #[error("{0}")]
    Invalid(FieldError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// People and their ways in.
#[derive(Clone)]
pub struct Accounts {
    pub database: Database,
    pub trail: Trail,
    pub clock: Clock,
    pub passwords: Passwords,
    pub token_uses: TokenUses,
}

impl Accounts {
    /// Checks a password and opens a session. `address` is who asked, for the trail.
    pub async fn sign_in(&self, username: &str, password: String, address: &str) -> Result<Token, AccountError> {
        let account = accounts::find_by_name(&self.database, username.trim()).await?.filter(|account| account.enabled);
        let stored = account.as_ref().map(|account| account.password_hash.clone());
        let fits = self.passwords.verify(password, stored).await?;
        let Some(account) = account.filter(|_| fits) else {
            let mut change = self.trail.begin().await?;
            // What was typed may be a password in the wrong field, so only a known name is repeated.
            change.log(LogRow::system(LogStatus::Warning, format!("sign-in refused from {address}")));
            change.commit().await?;
            return Err(AccountError::Credentials);
        };
        self.open_session(&account, &format!("{} signed in from {address}", account.username)).await
    }

    async fn open_session(&self, account: &Account, message: &str) -> Result<Token, AccountError> {
        let token = Token::bare();
        let now = self.clock.now();
        let mut change = self.trail.begin().await?;
        accounts::insert_session(change.tx(), token.hash(), account.id, now, now.plus_millis(SESSION_LASTS_MS)).await?;
        change.log(LogRow::system(LogStatus::Info, message));
        change.commit().await?;
        Ok(token)
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &str, username: &str) -> Result<(), StoreError> {
        let mut change = self.trail.begin().await?;
        accounts::remove_session(change.tx(), hash(session)).await?;
        change.log(LogRow::system(LogStatus::Info, format!("{username} signed out")));
        change.commit().await
    }

    /// The viewer behind a session cookie.
    pub async fn by_session(&self, session: &str) -> Result<Option<Viewer>, StoreError> {
        Ok(accounts::find_by_session(&self.database, hash(session), self.clock.now()).await?.as_ref().map(viewer))
    }

    /// The viewer behind an API token.
    pub async fn by_token(&self, token: &str) -> Result<Option<Viewer>, StoreError> {
        let now = self.clock.now();
        let Some(holder) = accounts::find_by_token(&self.database, hash(token), now).await? else { return Ok(None) };
        self.token_uses.note(holder.token_id, holder.last_used_at, now);
        let whole = viewer(&holder.account);
        Ok(Some(match holder.bound_to {
            None => whole,
            Some((schedule_id, server_id)) => {
                Viewer { permissions: Vec::new(), scope: Scope::Servers(vec![server_id]), reports: Some(schedule_id), ..whole }
            }
        }))
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
    pub async fn sign_in_by_link(&self, link: &str) -> Result<Token, AccountError> {
        let found = accounts::find_link(&self.database, hash(link)).await?.filter(|found| found.expires_at > self.clock.now());
        let account_id = found.and_then(|found| found.account_id).ok_or(AccountError::Link)?;
        let account =
            accounts::find_by_id(&self.database, account_id).await?.filter(|account| account.enabled).ok_or(AccountError::Link)?;
        self.open_session(&account, &format!("{} signed in through a link", account.username)).await
    }

    /// Makes the first administrator and signs them in. The link is used up.
    pub async fn welcome(&self, link: &str, username: &str, password: String, address: &str) -> Result<Token, AccountError> {
        let name = checked_name(username)?;
        checked_password(&password)?;
        let password_hash = self.passwords.hash(password).await?;
        let now = self.clock.now();
        let mut change = self.trail.begin().await?;
        if !accounts::use_link(change.tx(), hash(link), now).await? || accounts::count_in(change.tx()).await? > 0 {
            return Err(AccountError::Link);
        }
        let id = accounts::insert(change.tx(), name, &password_hash, "admin", now).await?;
        change.log(LogRow::system(LogStatus::Info, format!("{name} became the first administrator, from {address}")));
        change.commit().await?;
        let account = Account { id, username: name.to_owned(), password_hash, role: "admin".to_owned(), enabled: true };
        self.open_session(&account, &format!("{name} signed in from {address}")).await
    }

    /// Makes an account from the command line.
    pub async fn create(&self, username: &str, password: String, role: &str) -> Result<i64, AccountError> {
        let name = checked_name(username)?;
        checked_password(&password)?;
        if permissions_of(role).is_empty() {
            return Err(AccountError::Invalid(FieldError::new("role", "expected admin, operator or viewer")));
        }
        let password_hash = self.passwords.hash(password).await?;
        let mut change = self.trail.begin().await?;
        let id = match accounts::insert(change.tx(), name, &password_hash, role, self.clock.now()).await {
            Err(cause) if cause.is_duplicate() => return Err(AccountError::Invalid(FieldError::new("username", "is taken"))),
            other => other?,
        };
        change.log(LogRow::system(LogStatus::Info, format!("account {name} with role {role} was made on the command line")));
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
        let token = Token::for_api();
        let mut change = self.trail.begin().await?;
        accounts::insert_token(change.tx(), account.id, name, token.hash(), schedule_id, self.clock.now()).await?;
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

fn viewer(account: &Account) -> Viewer {
    Viewer {
        user_id: account.id,
        username: account.username.clone(),
        permissions: permissions_of(&account.role),
        scope: Scope::All,
        reports: None,
    }
}

fn checked_name(username: &str) -> Result<&str, AccountError> {
    let name = username.trim();
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte));
    if fits {
        Ok(name)
    } else {
        Err(AccountError::Invalid(FieldError::new("username", "expected 1 to 64 letters, digits, dots, dashes or @")))
    }
}

fn checked_password(password: &str) -> Result<(), AccountError> {
    if PASSWORD_CHARS.contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(AccountError::Invalid(FieldError::new("password", "expected 12 to 200 characters")))
    }
}
