//! Secrets at rest: sealed with a key that is kept in a file outside the database, and bound to the place they belong to,
//! so that a sealed value copied to another row does not open there.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use crate::random;

const NONCE: usize = 24;

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("read or make the key file {path}")]
    KeyFile { path: String, source: std::io::Error },
    #[error("use the key file {path}: it must hold 32 bytes")]
    KeyLength { path: String },
    #[error("open a sealed secret: the key file is another one, or the database was changed")]
    Open,
}

/// Seals and opens.
#[derive(Clone)]
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl Vault {
    /// Reads the key file, or makes one that only this user may read.
    pub fn open(path: &Path) -> Result<Self, SecretError> {
        let failed = |source| SecretError::KeyFile { path: path.display().to_string(), source };
        let mut key = Vec::new();
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                key.extend_from_slice(&random::bytes::<32>());
                file.write_all(&key).and_then(|()| file.sync_all()).map_err(failed)?;
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {
                OpenOptions::new().read(true).open(path).and_then(|mut file| file.read_to_end(&mut key)).map_err(failed)?;
            }
            Err(cause) => return Err(failed(cause)),
        }
        let key = Key::try_from(key.as_slice()).map_err(|_| SecretError::KeyLength { path: path.display().to_string() })?;
        Ok(Self { cipher: XChaCha20Poly1305::new(&key) })
    }

    /// Seals a secret for one place, such as `server/7/private_key`.
    pub fn seal(&self, place: &str, secret: &[u8]) -> Vec<u8> {
        let nonce = random::bytes::<NONCE>();
        let payload = Payload { msg: secret, aad: place.as_bytes() };
        let sealed =
            self.cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_else(|_| unreachable!("a secret is far below the cipher's limit"));
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what was sealed for the same place.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SecretError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(SecretError::Open)?;
        self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: place.as_bytes() }).map_err(|_| SecretError::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_where_it_belongs_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(&dir.path().join("key")).unwrap();
        let sealed = vault.seal("server/7/private_key", b"secret");
        let again = Vault::open(&dir.path().join("key")).unwrap();
        assert_eq!(again.unseal("server/7/private_key", &sealed).unwrap(), b"secret");
        assert!(again.unseal("server/8/private_key", &sealed).is_err());
        let other = Vault::open(&dir.path().join("other")).unwrap();
        assert!(other.unseal("server/7/private_key", &sealed).is_err());
        assert!(vault.unseal("server/7/private_key", &sealed[..20]).is_err());
    }
}
