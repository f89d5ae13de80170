//! The keys the panel signs in with: its own, made at the first start, or one that a server was given.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use ssh_key::{Algorithm, LineEnding, PrivateKey as OpenSshKey};

use crate::secrets::{SecretError, Vault, check_mode};
use crate::ssh::PrivateKey;
use crate::store::{Database, StoreError, servers};

/// Why a key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("read or write the key file {path}")]
    File { path: String, source: std::io::Error },
    #[error("understand the private key")]
    Format(#[from] ssh_key::Error),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("use the private key: it has a passphrase")]
    Passphrase,
}

/// The panel's keys.
#[derive(Clone)]
pub struct Keys {
    own: PrivateKey,
    own_public: Arc<str>,
    vault: Vault,
}

impl Keys {
    /// Reads the panel's own key from `id_ed25519` in the data directory, or makes it.
    pub fn open(data_dir: &Path) -> Result<Self, KeyError> {
        Self::open_with(data_dir, Vault::open(&data_dir.join("secret.key"))?)
    }

    /// The same with a vault that is open.
    pub fn open_with(data_dir: &Path, vault: Vault) -> Result<Self, KeyError> {
        let path = data_dir.join("id_ed25519");
        let failed = |source| KeyError::File { path: path.display().to_string(), source };
        let text = match std::fs::File::open(&path) {
            Ok(mut file) => {
                check_mode(&path, &file)?;
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(failed)?;
                text
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                let text = generate("tailback")?;
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
                text
            }
            Err(cause) => return Err(failed(cause)),
        };
        let own_public = OpenSshKey::from_openssh(&text)?.public_key().to_openssh()?;
        Ok(Self { own: PrivateKey::new(text), own_public: own_public.into(), vault })
    }

    /// The line for `authorized_keys`.
    pub fn public_line(&self) -> &str {
        &self.own_public
    }

    /// The key for one server.
    pub async fn of_server(&self, database: &Database, server_id: i64) -> Result<PrivateKey, KeyError> {
        let Some(sealed) = servers::private_key(database, server_id).await? else { return Ok(self.own.clone()) };
        let text = self.vault.unseal(&place(server_id), &sealed)?;
        Ok(PrivateKey::new(String::from_utf8_lossy(&text).into_owned()))
    }

    /// The line for `authorized_keys` of the key for one server, and whether it is that server's own; `None` where the public half
    /// of a key that somebody gave cannot be told.
    pub async fn public_line_for(&self, database: &Database, server_id: i64) -> Result<(Option<String>, bool), KeyError> {
        let Some(sealed) = servers::private_key(database, server_id).await? else { return Ok((Some(self.own_public.to_string()), false)) };
        let text = self.vault.unseal(&place(server_id), &sealed)?;
        let key = OpenSshKey::from_openssh(text.as_slice()).and_then(|key| key.public_key().to_openssh());
        Ok((key.ok(), true))
    }

    /// What seals secrets of all kinds.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// A server's key as it is stored.
    pub fn seal_for_server(&self, server_id: i64, text: &str) -> Vec<u8> {
        self.vault.seal(&place(server_id), text.as_bytes())
    }
}

/// Checks a private key that somebody gives to a server.
pub fn check_private_key(text: &str) -> Result<(), KeyError> {
    let key = OpenSshKey::from_openssh(text)?;
    if key.is_encrypted() { Err(KeyError::Passphrase) } else { Ok(()) }
}

/// A new ed25519 key as OpenSSH writes it; the comment tells where its public half belongs.
pub fn generate(comment: &str) -> Result<String, KeyError> {
    let mut key = OpenSshKey::random(&mut ssh_key::rand_core::OsRng, Algorithm::Ed25519)?;
    key.set_comment(comment);
    Ok(key.to_openssh(LineEnding::LF)?.to_string())
}

/// What a server's key is bound to.
pub(crate) fn place(server_id: i64) -> String {
    format!("server/{server_id}/private_key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_keeps_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let first = Keys::open(dir.path()).unwrap();
        assert!(first.public_line().starts_with("ssh-ed25519 "));
        assert_eq!(Keys::open(dir.path()).unwrap().public_line(), first.public_line());
        assert!(check_private_key(&generate("x").unwrap()).is_ok());
        assert!(check_private_key("not a key").is_err());
    }
}
