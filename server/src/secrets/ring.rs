//! The keys: the one in use, and earlier ones that something may still be sealed with.

use std::path::Path;

use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305};
use sha2::{Digest as _, Sha256};

use super::SecretError;
use crate::random;

/// How a sealed value names its key: by a hash of it, so that a key is the same wherever it is kept.
pub(super) type KeyId = [u8; 4];

/// One key.
#[derive(Clone)]
pub(super) struct SealingKey {
    pub(super) id: KeyId,
    pub(super) cipher: XChaCha20Poly1305,
    bytes: [u8; 32],
}

impl SealingKey {
    fn new(bytes: [u8; 32]) -> Self {
        let digest = Sha256::new().chain_update(b"tailback sealing key").chain_update(bytes).finalize();
        let mut id = KeyId::default();
        id.copy_from_slice(&digest[..4]);
        Self { id, cipher: XChaCha20Poly1305::new(&Key::from(bytes)), bytes }
    }

    fn hex(&self) -> String {
        let nibbles = self.bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
    }
}

/// Keys, the one in use first. Never empty.
#[derive(Clone)]
pub(super) struct Ring {
    keys: Vec<SealingKey>,
}

impl Ring {
    pub(super) fn fresh() -> Self {
        Self { keys: vec![SealingKey::new(random::bytes())] }
    }

    /// 32 bytes as the first versions wrote them, or texts of hexadecimal digits with line ends or commas between them.
    pub(super) fn parse(bytes: &[u8], place: &str) -> Result<Self, SecretError> {
        let refused = || SecretError::KeyText { place: place.to_owned() };
        if let Ok(key) = <[u8; 32]>::try_from(bytes) {
            return Ok(Self { keys: vec![SealingKey::new(key)] });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| refused())?;
        let lines = text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| line.split(','));
        let keys = lines.map(str::trim).filter(|key| !key.is_empty()).map(|key| parse_key(key).map(SealingKey::new));
        let keys: Vec<_> = keys.collect::<Option<_>>().ok_or_else(refused)?;
        if keys.is_empty() { Err(refused()) } else { Ok(Self { keys }) }
    }

    /// As it is written to the file.
    pub(super) fn text(&self) -> String {
        let mut text =
            "# Tailback's sealing keys, the one in use first. Whoever has them can open what the database keeps sealed.\n".to_owned();
        for key in &self.keys {
            text.push_str(&key.hex());
            text.push('\n');
        }
        text
    }

    pub(super) fn in_use(&self) -> &SealingKey {
        &self.keys[0]
    }

    pub(super) fn by_id(&self, id: KeyId) -> Option<&SealingKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    pub(super) fn all(&self) -> &[SealingKey] {
        &self.keys
    }

    /// With a new key in use, before those that were there.
    pub(super) fn with_new_key(&self) -> Self {
        let mut keys = Self::fresh().keys;
        keys.extend(self.keys.iter().cloned());
        Self { keys }
    }

    /// Only the key in use.
    pub(super) fn without_old_keys(&self) -> Self {
        Self { keys: vec![self.in_use().clone()] }
    }
}

fn parse_key(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(key)
}

/// Refuses a file with a secret that others could read.
pub(crate) fn check_mode(path: &Path, file: &std::fs::File) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |source| SecretError::KeyFile { path: path.display().to_string(), source };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    let others = mode & 0o077;
    if others == 0 { Ok(()) } else { Err(SecretError::KeyMode { path: path.display().to_string(), mode }) }
}
