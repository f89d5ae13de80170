//! Passwords: Argon2id with the library's recommended cost, a few at a time.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::Semaphore;

/// Each takes 19 MiB and tens of milliseconds; more at once would be a way to exhaust the machine.
const AT_ONCE: usize = 2;

/// Hashes and verifies away from the async threads.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// Verified when there is no such account, so that both answers take the same time.
    decoy: Arc<str>,
}

/// Hashing failed, which no input can cause.
#[derive(Debug, thiserror::Error)]
#[error("hash a password: {0}")]
pub struct PasswordError(String);

impl Passwords {
    pub async fn new() -> Result<Self, PasswordError> {
        let empty = Self { permits: Arc::new(Semaphore::new(AT_ONCE)), decoy: "".into() };
        let decoy = empty.hash(crate::random::hex(16)).await?;
        Ok(Self { decoy: decoy.into(), ..empty })
    }

    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|cause| PasswordError(cause.to_string()))
        })
        .await?
    }

    /// Whether the password fits; `None` for an account that does not exist, which takes as long and is never right.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let fits = self
            .run(move || PasswordHash::new(&stored).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()))
            .await?;
        Ok(known && fits)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let _permit = self.permits.acquire().await.map_err(|cause| PasswordError(cause.to_string()))?;
        tokio::task::spawn_blocking(work).await.map_err(|cause| PasswordError(cause.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_account_fits() {
        let passwords = Passwords::new().await.unwrap();
        let stored = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("wrong".to_owned(), Some(stored)).await.unwrap());
        assert!(!passwords.verify("correct horse".to_owned(), None).await.unwrap());
    }
}
