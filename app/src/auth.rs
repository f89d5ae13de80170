//! The viewer of the request that is being answered. The server puts a [`Viewer`] into context when someone is signed in;
//! what a page shows is no protection, so every server function asks here first.

use leptos::prelude::use_context;

use crate::error::AppError;
use crate::model::{Permission, Viewer};
use crate::ports::Ports;

/// Who is signed in, if anyone.
pub fn viewer() -> Option<Viewer> {
    use_context::<Viewer>()
}

/// The viewer, if they may do this.
pub fn require(permission: Permission) -> Result<Viewer, AppError> {
    let viewer = viewer().ok_or(AppError::SignedOut)?;
    if viewer.may(permission) { Ok(viewer) } else { Err(AppError::Forbidden) }
}

/// The ports of this server. Must be taken before the first `.await`, while the context is still there.
pub fn ports() -> Result<Ports, AppError> {
    use_context::<Ports>().ok_or(AppError::Unavailable)
}
