//! Why a stream ends, and what its client is told of it.

use app::model::Frame;

use super::line::Gone;
use crate::store::StoreError;

/// Codes of closing (RFC 6455, section 7.4.1 and the registry of its codes).
mod code {
    pub(super) const NORMAL: u16 = 1000;
    pub(super) const NONSENSE: u16 = 1002;
    pub(super) const NOT_ALLOWED: u16 = 1008;
    pub(super) const RESTARTING: u16 = 1012;
    pub(super) const TRY_AGAIN: u16 = 1013;
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    #[error("the client went away")]
    Gone(#[from] Gone),
    #[error("the client said goodbye")]
    Left,
    #[error("the client said what no client says")]
    Nonsense,
    #[error("the panel is stopping")]
    Stopping,
    #[error("signed out")]
    SignedOut,
    #[error("what the viewer may see has changed")]
    Outdated,
    #[error("read the trail")]
    Store(#[from] StoreError),
}

impl End {
    /// The code of closing and the reason, for a client that is still there.
    pub(super) fn told(&self) -> Option<(u16, Option<&'static str>)> {
        Some(match self {
            Self::Gone(_) => return None,
            Self::Left => (code::NORMAL, None),
            Self::Nonsense => (code::NONSENSE, None),
            Self::Stopping => (code::RESTARTING, Some("restarting")),
            Self::SignedOut => (code::NOT_ALLOWED, Some("signed out")),
            Self::Outdated => (Frame::RELOAD, Some("what you may see has changed")),
            Self::Store(_) => (code::TRY_AGAIN, Some("the trail could not be read; try again")),
        })
    }
}
