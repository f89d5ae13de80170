//! Seals and opens. The key file is read again before each sealing and for each key that is not known, since a rotation in another
//! process changes it under a running panel; both are rare.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead as _, Payload};

use super::SecretError;
use super::ring::{KeyId, Ring, SealingKey, check_mode};
use crate::random;

const NONCE: usize = 24;

/// Begins every sealed value that names its key. The first version's values begin with their nonce.
const MARK: &[u8; 4] = b"tbk1";

/// Seals and opens.
#[derive(Clone)]
pub struct Vault {
    /// `None` where the environment gave the keys.
    path: Option<PathBuf>,
    ring: Arc<RwLock<Ring>>,
}

impl Vault {
    /// Reads the key file, or makes one that only this user may read.
    pub fn open(path: &Path) -> Result<Self, SecretError> {
        let ring = match write_new(path, &Ring::fresh()) {
            Ok(ring) => ring,
            Err(SecretError::KeyFile { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => read(path)?,
            Err(other) => return Err(other),
        };
        Ok(Self { path: Some(path.to_owned()), ring: Arc::new(RwLock::new(ring)) })
    }

    /// With keys from the environment, the one in use first.
    pub fn given(keys: &str) -> Result<Self, SecretError> {
        let ring = Ring::parse(keys.as_bytes(), "TAILBACK_SECRET_KEY")?;
        Ok(Self { path: None, ring: Arc::new(RwLock::new(ring)) })
    }

    /// Seals a secret for one place, such as `server/7/private_key`.
    pub fn seal(&self, place: &str, secret: &[u8]) -> Vec<u8> {
        if let Err(cause) = self.read_again() {
            tracing::warn!(error = &cause as &dyn std::error::Error, "the key file could not be read again; the keys in memory are used");
        }
        let ring = self.ring();
        let key = ring.in_use();
        let nonce = random::bytes::<NONCE>();
        let payload = Payload { msg: secret, aad: place.as_bytes() };
        let sealed =
            key.cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_else(|_| unreachable!("a secret is far below the cipher's limit"));
        [MARK.as_slice(), &key.id, &nonce, &sealed].concat()
    }

    /// Opens what was sealed for the same place.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SecretError> {
        if let Some(secret) = open_with(&self.ring(), place, sealed) {
            return Ok(secret);
        }
        self.read_again()?;
        open_with(&self.ring(), place, sealed).ok_or(SecretError::Open)
    }

    /// Whether a value is sealed with the key in use.
    pub(super) fn is_current(&self, sealed: &[u8]) -> bool {
        named_key(sealed).is_some_and(|(id, _)| id == self.ring().in_use().id)
    }

    /// Puts a new key into use and keeps the others. Keys from the environment are changed there.
    pub(super) fn begin_rotation(&self) -> Result<(), SecretError> {
        self.change(Ring::with_new_key)
    }

    /// Forgets all keys but the one in use.
    pub(super) fn forget_old_keys(&self) -> Result<(), SecretError> {
        self.change(Ring::without_old_keys)
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.ring().all().len()
    }

    /// Where the key file is.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn change(&self, change: impl FnOnce(&Ring) -> Ring) -> Result<(), SecretError> {
        let Some(path) = &self.path else { return Ok(()) };
        let ring = change(&read(path)?);
        replace(path, &ring)?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    fn read_again(&self) -> Result<(), SecretError> {
        let Some(path) = &self.path else { return Ok(()) };
        let ring = read(path)?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    fn ring(&self) -> Ring {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The key that a value names, and the rest of it.
fn named_key(sealed: &[u8]) -> Option<(KeyId, &[u8])> {
    let (id, rest) = sealed.strip_prefix(MARK.as_slice())?.split_first_chunk()?;
    Some((*id, rest))
}

fn open_with(ring: &Ring, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let open = |key: &SealingKey, sealed: &[u8]| {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        key.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: place.as_bytes() }).ok()
    };
    let named = named_key(sealed).and_then(|(id, rest)| open(ring.by_id(id)?, rest));
    // The first version's values name no key.
    named.or_else(|| ring.all().iter().find_map(|key| open(key, sealed)))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> SecretError + '_ {
    |source| SecretError::KeyFile { path: path.display().to_string(), source }
}

fn read(path: &Path) -> Result<Ring, SecretError> {
    let mut file = OpenOptions::new().read(true).open(path).map_err(failed(path))?;
    check_mode(path, &file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed(path))?;
    Ring::parse(&bytes, &path.display().to_string())
}

fn write_new(path: &Path, ring: &Ring) -> Result<Ring, SecretError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed(path))?;
    file.write_all(ring.text().as_bytes()).and_then(|()| file.sync_all()).map_err(failed(path))?;
    Ok(ring.clone())
}

/// The file holds the old keys or the new ones, whenever the machine stops.
fn replace(path: &Path, ring: &Ring) -> Result<(), SecretError> {
    let next = path.with_extension("key.new");
    match std::fs::remove_file(&next) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(failed(&next)(cause)),
        _ => {}
    }
    write_new(&next, ring)?;
    std::fs::rename(&next, path).map_err(failed(path))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed(dir))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305};

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
        for cut in [0, 3, 4, 8, 20, sealed.len() - 1] {
            assert!(vault.unseal("server/7/private_key", &sealed[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn keys_change_under_a_running_panel() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let (panel, command) = (Vault::open(&path).unwrap(), Vault::open(&path).unwrap());
        let before = panel.seal("a", b"before");
        command.begin_rotation().unwrap();
        assert!(!command.is_current(&before));
        assert_eq!(command.unseal("a", &before).unwrap(), b"before");
        // What the panel seals from now on has the new key, and it opens what the command has sealed.
        assert!(command.is_current(&panel.seal("a", b"during")));
        let resealed = command.seal("a", b"before");
        command.forget_old_keys().unwrap();
        assert_eq!(panel.unseal("a", &resealed).unwrap(), b"before");
        assert!(Vault::open(&path).unwrap().unseal("a", &before).is_err());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_the_first_version_sealed_still_opens() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_new(&path, &Ring::fresh()).unwrap();
        std::fs::write(&path, [7; 32]).unwrap();
        let nonce = [9; NONCE];
        let payload = Payload { msg: b"old".as_slice(), aad: b"a".as_slice() };
        let sealed = XChaCha20Poly1305::new(&Key::from([7; 32])).encrypt(&XNonce::from(nonce), payload).unwrap();
        let sealed = [nonce.as_slice(), &sealed].concat();
        let vault = Vault::open(&path).unwrap();
        assert_eq!(vault.unseal("a", &sealed).unwrap(), b"old");
        assert!(!vault.is_current(&sealed));
        vault.begin_rotation().unwrap();
        assert_eq!(vault.unseal("a", &sealed).unwrap(), b"old");
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        Vault::open(&path).unwrap();
        for mode in [0o644, 0o640, 0o660, 0o604] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = Vault::open(&path).err().unwrap().to_string();
            assert!(refused.contains("chmod 600") && refused.contains(&format!("{mode:04o}")), "{refused}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert!(Vault::open(&path).is_ok());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "short").unwrap();
        assert!(Vault::open(&path).err().unwrap().to_string().contains("64 hexadecimal digits"));
    }

    #[test]
    fn keys_may_come_from_the_environment() {
        let (new, old) = ("ab".repeat(32), "cd".repeat(32));
        let before = Vault::given(&old).unwrap().seal("a", b"secret");
        let both = Vault::given(&format!("{new},{old}")).unwrap();
        assert_eq!(both.unseal("a", &before).unwrap(), b"secret");
        assert!(!both.is_current(&before) && both.is_current(&both.seal("a", b"x")));
        for odd in ["", "ab", &"zz".repeat(32), &format!("{new},short")] {
            assert!(Vault::given(odd).is_err(), "{odd}");
        }
    }
}
