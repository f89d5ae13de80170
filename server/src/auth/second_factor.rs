//! The second factor at sign-in: a code of the authenticator, or a recovery code, each good once.

use app::model::LogStatus;

use super::{AccountError, Accounts, Token, Visitor, hash, totp};
use crate::audit::{Change, LogRow};
use crate::secrets::SecretError;
use crate::store::accounts::{self, Account};
use crate::store::{StoreError, second_factor, sessions};

/// Codes that may be tried before the password is asked for again.
const MOST_ATTEMPTS: i64 = 5;

/// How many recovery codes somebody gets.
const RECOVERY_CODES: usize = 10;

/// A seed that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("open the seed of a second factor")]
pub struct FactorError(#[from] SecretError);

/// Which code it was.
pub(crate) enum CodeUsed {
    Authenticator,
    Recovery,
}

impl Accounts {
    /// Whose code a pending sign-in waits for.
    pub async fn awaited_account(&self, pending: &str) -> Result<i64, AccountError> {
        let found = sessions::find_pending(&self.database, hash(pending), self.clock.now()).await?;
        found.ok_or(AccountError::Credentials)
    }

    /// The second half of a sign-in: the code. `pending` stands for the password.
    pub async fn finish_sign_in(&self, pending: &str, code: &str, visitor: impl Into<Visitor>) -> Result<Token, AccountError> {
        let visitor = visitor.into();
        let pending = hash(pending);
        let now = self.clock.now();
        let account_id = sessions::find_pending(&self.database, pending.clone(), now).await?.ok_or(AccountError::Credentials)?;
        let account = accounts::find_by_id(&self.database, account_id).await?.filter(|account| account.enabled);
        let account = account.ok_or(AccountError::Credentials)?;
        let mut change = self.trail.begin().await?;
        if !sessions::count_attempt(change.tx(), pending.clone(), MOST_ATTEMPTS).await? {
            return Err(AccountError::Credentials);
        }
        let Some(used) = self.use_code(&mut change, &account, code).await? else {
            let message = format!("sign-in refused from {}: wrong code for {}", visitor.address, account.username);
            change.log(LogRow::system(LogStatus::Warning, message));
            change.commit().await?;
            return Err(AccountError::Code);
        };
        if !sessions::remove_pending(change.tx(), pending).await? {
            return Err(AccountError::Credentials);
        }
        // The code is used up before there is a session, so that it cannot open two.
        change.commit().await?;
        let how = match used {
            CodeUsed::Authenticator => "with a code",
            CodeUsed::Recovery => "with a recovery code",
        };
        let message = format!("{} signed in {how} from {}", account.username, visitor.address);
        self.open_session(&account, &visitor, &message).await
    }

    /// Uses a code up, if it is good.
    pub(crate) async fn use_code(&self, change: &mut Change, account: &Account, code: &str) -> Result<Option<CodeUsed>, AccountError> {
        let Some(sealed) = account.second_factor() else { return Ok(None) };
        let plain: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let now = self.clock.now();
        if let Some(step) = totp::step_of_code(&self.seed(account.id, sealed)?, &plain, now) {
            let fresh = second_factor::use_step(change.tx(), account.id, sealed, step).await?;
            return Ok(fresh.then_some(CodeUsed::Authenticator));
        }
        let fresh = second_factor::use_recovery_code(change.tx(), account.id, recovery_hash(&plain), now).await?;
        Ok(fresh.then_some(CodeUsed::Recovery))
    }

    /// A seed as it is stored.
    pub(crate) fn seal_seed(&self, account_id: i64, seed: &[u8]) -> Vec<u8> {
        self.vault.seal(&seed_place(account_id), seed)
    }

    /// A seed that was stored.
    pub(crate) fn seed(&self, account_id: i64, sealed: &[u8]) -> Result<Vec<u8>, FactorError> {
        Ok(self.vault.unseal(&seed_place(account_id), sealed)?)
    }

    /// Replaces the recovery codes; this is the only time they are told.
    pub(crate) async fn new_recovery_codes(&self, change: &mut Change, account_id: i64) -> Result<Vec<String>, StoreError> {
        let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| crate::random::groups_of_four(6)).collect();
        let hashes = codes.iter().map(|code| recovery_hash(code)).collect();
        second_factor::set_recovery_codes(change.tx(), account_id, hashes).await?;
        Ok(codes)
    }
}

pub(crate) fn seed_place(account_id: i64) -> String {
    format!("account/{account_id}/totp")
}

/// A hundred and twenty random bits, so a plain hash is enough; case and dashes do not count.
fn recovery_hash(code: &str) -> Vec<u8> {
    hash(&code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase())
}
