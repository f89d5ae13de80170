//! The reporter's own words: on standard error, so that they are told from the command's.

use std::fmt::Display;
use std::io::Write as _;

/// Speaks, unless it was asked to be quiet.
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    pub quiet: bool,
}

impl Voice {
    pub fn say(self, words: impl Display) {
        if !self.quiet {
            // Where nobody listens there is nobody to tell.
            writeln!(std::io::stderr(), "tailback: {words}").ok();
        }
    }
}
