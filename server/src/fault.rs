//! The moments of a run's life between which the panel may die, so that tests can kill it at each. Optimised builds have no such
//! switch.

use strum::{Display, VariantArray};

/// A moment. `TAILBACK_DIE_AT=start_marked` kills the panel when it gets there first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Moment {
    /// A run is in a transaction that is not committed.
    RequestWritten,
    RequestCommitted,
    /// It is written down that the server may hear of the run; the server has not.
    StartMarked,
    /// The server has begun the job; nobody has written that down.
    StartAnswered,
    StartWritten,
    StartCommitted,
    /// A pass has seen that the job is running.
    Looked,
    /// A pass has seen the end; nobody has written that down.
    EndSeen,
    EndWritten,
    EndCommitted,
}

/// Dies here, as in a power cut, if this is the moment that was asked for.
pub(crate) fn at(moment: Moment) {
    if cfg!(debug_assertions) && std::env::var("TAILBACK_DIE_AT").is_ok_and(|wanted| wanted == moment.to_string()) {
        nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL).ok();
        std::thread::park();
    }
}
