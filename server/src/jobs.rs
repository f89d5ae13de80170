//! Runs that Tailback starts: what they do, how they get to the server, when they are due. What became of them is the
//! checker's to find out.

mod cron;
mod forecast;
mod job;
mod new_runs;
mod rehearse;
mod script;
mod start;
mod timetable;

pub use cron::{CronError, CronTimes};
pub use forecast::forecast;
pub use job::{Job, Sight};
pub(crate) use new_runs::new_run_id;
pub use new_runs::{RunError, RunRequests};
pub use rehearse::{Rehearsal, rehearse};
pub use start::{Beginning, begin};
pub use timetable::Timetable;
