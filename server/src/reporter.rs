//! Runs a command and reports it to a panel: `tailback exec`. The command comes first: it starts at once, its output and its exit
//! code pass through unchanged, and nothing that goes wrong with reporting delays or prevents it.

mod delivery;
mod figures;
mod flush;
mod panel;
mod passing;
mod spool;
mod tail;
mod terminal;
mod voice;
mod wrap;

pub use flush::flush;
pub use panel::{Panel, Whom, checked_url, read_token, whom};
pub use spool::Spool;
pub use voice::Voice;
pub use wrap::{Wrapped, run};
