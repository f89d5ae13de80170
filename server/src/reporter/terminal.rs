//! A command in a process group of its own may not read from the terminal unless it is handed over.

use std::io::{IsTerminal as _, stdin};

use nix::sys::signal::{SigSet, Signal, killpg};
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};

/// A terminal that the command has; it comes back when this goes.
pub(super) struct Lent {
    own: Pid,
}

impl Lent {
    /// Hands the terminal to a group, if standard input is one and it is ours to give.
    pub(super) fn to(group: Pid) -> Option<Self> {
        let own = getpgrp();
        if !stdin().is_terminal() || tcgetpgrp(stdin()) != Ok(own) {
            return None;
        }
        give(group)?;
        // It may have asked for input too early and been put to sleep.
        killpg(group, Signal::SIGCONT).ok();
        Some(Self { own })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        give(self.own);
    }
}

/// Who gives the terminal away from the background is stopped for it, unless they block that.
fn give(group: Pid) -> Option<()> {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTTOU);
    let before = blocked.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK).ok()?;
    let given = tcsetpgrp(stdin(), group).ok();
    before.thread_set_mask().ok();
    given
}
