//! Finds out what became of every run: one task and one kept connection per server, one script per pass for all of its
//! runs. What was seen becomes a verdict by rules that touch nothing (`outcome`, `rules`); a verdict becomes a change of the
//! run and a row of the trail in one transaction.

mod advice;
mod attendance;
mod evidence;
mod exit_codes;
mod link;
mod observation;
mod outcome;
mod pace;
mod pass;
mod progress;
mod recognise;
mod record;
mod run_logs;
mod sighting;
mod supervisor;
mod survey;
mod watch;
mod watched;

pub use advice::{Advice, advise};
pub use attendance::{attend, tell_of_long_runs};
pub use exit_codes::{Explanation, Outcome, explain};
pub use outcome::{Ended, judge_report};
pub use pass::lone_look;
pub(crate) use progress::{progress_of, rsync_statistics};
pub(crate) use record::{End, without_rewrites};
pub use run_logs::{RunLogs, readable};
pub use supervisor::{Checker, Instruments, Pokes, Round};
