//! Runs that something else runs and tells about: what a sender says, what becomes of it, and what is made of silence. The sender
//! that comes with Tailback is `reporter`.

mod intake;
mod output;
mod report;
mod silence;

pub use intake::{Answer, IngestError, Intake, Receipt};
pub use report::{Event, Report, Stats};
pub use silence::{follow_silence, tell_of_silence};
