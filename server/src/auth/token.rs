//! Random secrets that are shown once and kept only as hashes.

use sha2::{Digest, Sha256};

use crate::random;

/// A new secret: 256 random bits as text.
pub struct Token {
    text: String,
}

/// Never printed.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

impl Token {
    /// For session cookies and links.
    pub fn bare() -> Self {
        Self { text: random::hex(32) }
    }

    /// For the API: recognisable, so that it can be found where it should not be.
    pub fn for_api() -> Self {
        Self { text: format!("tb_{}", random::hex(32)) }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn hash(&self) -> Vec<u8> {
        hash(&self.text)
    }
}

/// What the database keeps of a secret. The secret is random and long, so a plain hash is enough.
pub fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}
