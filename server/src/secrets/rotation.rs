//! Changes the sealing key: `tailback secrets rotate`, beside a running panel or without one.
//!
//! First the new key is written to the file, before the old ones; then everything is sealed anew in one transaction; then the old
//! keys go. Killed at any moment, every value opens with a key that is in the file, and the next rotation goes on from there.

use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use app::model::LogStatus;

use super::{SecretError, Vault};
use crate::audit::{LogRow, Trail};
use crate::store::{StoreError, sealed};

/// A panel that has read the old key a moment ago has committed what it sealed with it by then.
const SETTLE: Duration = Duration::from_secs(2);

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// Values that are sealed with the new key now.
    pub sealed: u64,
    /// The old keys are no longer needed: gone from the file, or to be taken out of the environment.
    pub from_environment: bool,
}

/// Why a rotation did not come to its end. Nothing is lost: it can be started again.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    #[error("put the new key before the old one in TAILBACK_SECRET_KEY, with a comma between them, and start again")]
    OnlyOneKey,
    #[error("another rotation is going on")]
    Busy,
    #[error("open {place}")]
    Unseal { place: String, source: SecretError },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("lock the key file")]
    Lock(#[source] std::io::Error),
}

/// Seals everything anew.
pub async fn rotate(vault: &Vault, trail: &Trail) -> Result<Rotated, RotationError> {
    let _alone = lock(vault)?;
    let from_environment = vault.path().is_none();
    if from_environment && vault.keys() < 2 {
        return Err(RotationError::OnlyOneKey);
    }
    vault.begin_rotation()?;
    let mut total = reseal(vault, trail).await?;
    // Whoever was in the middle of sealing something is done with it now.
    tokio::time::sleep(SETTLE).await;
    loop {
        match reseal(vault, trail).await? {
            0 => break,
            late => total += late,
        }
    }
    vault.forget_old_keys()?;
    Ok(Rotated { sealed: total, from_environment })
}

/// Seals what has another key than the one in use, in one transaction.
async fn reseal(vault: &Vault, trail: &Trail) -> Result<u64, RotationError> {
    let mut change = trail.begin().await?;
    let mut count = 0;
    for column in sealed::COLUMNS {
        for (id, value) in sealed::all(change.tx(), column).await? {
            if vault.is_current(&value) {
                continue;
            }
            let place = (column.place)(id);
            let secret = vault.unseal(&place, &value).map_err(|source| RotationError::Unseal { place: place.clone(), source })?;
            count += sealed::replace(change.tx(), column, id, &value, vault.seal(&place, &secret)).await?;
        }
    }
    if count > 0 {
        change.log(LogRow::system(LogStatus::Info, format!("{count} stored secrets were sealed with a new key, on the command line")));
        change.commit().await?;
    }
    Ok(count)
}

/// One rotation at a time; the lock ends with the process.
fn lock(vault: &Vault) -> Result<Option<std::fs::File>, RotationError> {
    let Some(path) = vault.path() else { return Ok(None) };
    let lock = std::fs::File::options().write(true).create(true).truncate(false).mode(0o600).open(path.with_extension("key.lock"));
    let file = lock.map_err(RotationError::Lock)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(RotationError::Busy),
        Err(std::fs::TryLockError::Error(cause)) => Err(RotationError::Lock(cause)),
    }
}
