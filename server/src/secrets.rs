//! Secrets at rest: sealed with keys that are kept outside the database, and bound to the place they belong to, so that a sealed
//! value copied to another row does not open there. Each sealed value names its key, so that keys can be changed: `rotation`.

mod ring;
mod rotation;
mod vault;

pub(crate) use ring::check_mode;
pub use rotation::{Rotated, RotationError, rotate};
pub use vault::Vault;

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("read or write the key file {path}")]
    KeyFile { path: String, source: std::io::Error },
    #[error("use the key file {path}: others than its owner may use it (mode {mode:04o}); say: chmod 600 {path}")]
    KeyMode { path: String, mode: u32 },
    #[error("use the keys of {place}: expected 32 bytes, or lines of 64 hexadecimal digits, the key in use first")]
    KeyText { place: String },
    #[error("open a sealed secret: its key is not here any more, or the database was changed")]
    Open,
}
