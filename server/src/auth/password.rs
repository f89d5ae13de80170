//! Passwords: Argon2id, a few at a time. What a password must be like is `password_rules`'.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// The cost of a hash: 19 MiB, two passes, one lane, which is what OWASP and the library recommend. A password that was hashed
/// at another cost is hashed again when its owner signs in.
const COST: Params = Params::DEFAULT;

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

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, COST)
}

impl Passwords {
    pub async fn new() -> Result<Self, PasswordError> {
        let empty = Self { permits: Arc::new(Semaphore::new(AT_ONCE)), decoy: "".into() };
        let decoy = empty.hash(crate::random::hex(16)).await?;
        Ok(Self { decoy: decoy.into(), ..empty })
    }

    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || {
            argon2().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|cause| PasswordError(cause.to_string()))
        })
        .await?
    }

    /// Whether the password fits; `None` for an account that does not exist, which takes as long and is never right.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let fits = self
            .run(move || PasswordHash::new(&stored).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok()))
            .await?;
        Ok(known && fits)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let _permit = self.permits.acquire().await.map_err(|cause| PasswordError(cause.to_string()))?;
        tokio::task::spawn_blocking(work).await.map_err(|cause| PasswordError(cause.to_string()))
    }
}

/// Whether a hash was made at another cost than today's.
pub(super) fn is_outdated(stored: &str) -> bool {
    let cost =
        PasswordHash::new(stored).ok().filter(|hash| hash.algorithm.as_str() == "argon2id").and_then(|hash| Params::try_from(&hash).ok());
    cost.is_none_or(|cost| (cost.m_cost(), cost.t_cost(), cost.p_cost()) != (COST.m_cost(), COST.t_cost(), COST.p_cost()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_account_fits() {
        let passwords = Passwords::new().await.unwrap();
        let stored = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("wrong".to_owned(), Some(stored)).await.unwrap());
        assert!(!passwords.verify("correct horse".to_owned(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_outdated() {
        let passwords = Passwords::new().await.unwrap();
        assert!(!is_outdated(&passwords.hash("correct horse".to_owned()).await.unwrap()));
        assert!(is_outdated("$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A"));
        assert!(is_outdated("nonsense"));
    }
}
