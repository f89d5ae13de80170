//! Users, roles and tokens as people make, change and remove them, and what people do with their own accounts. Nobody gives what
//! they do not have, nobody touches somebody who may do more, and one enabled administrator always stays. Every change is a row of
//! the trail that says who did it and from where.

mod actor;
mod authority;
mod console;
mod profile;
mod roles;
mod tokens;
mod users;

use app::model::{FieldError, LogStatus, Viewer};

pub use self::actor::Actor;
pub use self::profile::{NewFactor, Profile};
use crate::audit::{Change, LogRow};
use crate::auth::{AccountError, Accounts, FactorError, PasswordError};
use crate::store::{StoreError, people};

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("not found")]
    NotFound,
    #[error("your role does not allow this")]
    Forbidden,
    /// It is allowed in general, and not here.
    #[error("{0}")]
    Beyond(String),
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    #[error("{0}")]
    Conflict(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Factor(#[from] FactorError),
}

impl From<AccountError> for PeopleError {
    fn from(cause: AccountError) -> Self {
        match cause {
            AccountError::Store(cause) => Self::Store(cause),
            AccountError::Password(cause) => Self::Password(cause),
            AccountError::Factor(cause) => Self::Factor(cause),
            AccountError::Invalid(problem) => Self::Invalid(vec![problem]),
            AccountError::Credentials | AccountError::Expired | AccountError::CodeNeeded(_) | AccountError::Code | AccountError::Link => {
                Self::Forbidden
            }
        }
    }
}

fn invalid(field: &str, reason: impl Into<String>) -> PeopleError {
    PeopleError::Invalid(vec![FieldError::new(field, reason)])
}

/// Makes, changes and removes.
#[derive(Clone)]
pub struct People {
    pub accounts: Accounts,
}

impl People {
    /// Begins a change while nobody else changes users, roles or tokens.
    async fn begin(&self) -> Result<Change, StoreError> {
        let mut change = self.accounts.trail.begin().await?;
        people::lock(change.tx()).await?;
        Ok(change)
    }

    /// Commits a change with its row, and makes open streams ask again.
    async fn commit(&self, mut change: Change, actor: &Actor, what: impl AsRef<str>) -> Result<(), StoreError> {
        change.log(row(actor, LogStatus::Info, what));
        change.commit().await?;
        self.accounts.tell_change();
        Ok(())
    }
}

fn row(actor: &Actor, status: LogStatus, what: impl AsRef<str>) -> LogRow {
    let who = Viewer { address: Some(actor.address.clone()), ..actor.viewer.clone() };
    LogRow::system(status, who.told(what.as_ref()))
}
