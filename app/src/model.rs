//! The nouns of Tailback, shared by the server and the browser: plain values that parse, print and compare, and know
//! nothing of databases, SSH or pages.

#[cfg(feature = "ssr")]
mod destination_state;
mod field_error;
mod filter;
#[cfg(feature = "ssr")]
mod forecast;
mod glance;
#[cfg(feature = "ssr")]
mod histogram;
mod log_entry;
mod permission;
mod run;
#[cfg(feature = "ssr")]
mod run_story;
#[cfg(feature = "ssr")]
mod saved_view;
mod schedule;
mod server;
mod source_type;
#[cfg(feature = "ssr")]
mod standing;
mod status;
mod stream;
mod time_bound;
mod timestamp;
#[cfg(feature = "ssr")]
mod user;
mod word_query;
mod zone;

#[cfg(feature = "ssr")]
pub use destination_state::DestinationState;
pub use field_error::FieldError;
pub use filter::{LogFilter, LogQuery, listed_name, listed_names, parse_pairs};
#[cfg(feature = "ssr")]
pub use forecast::{DueTime, Forecast};
pub use glance::{Glance, LastDay, WorstSchedule};
#[cfg(feature = "ssr")]
pub use histogram::{Bar, Histogram, Step, sum_by_status};
pub use log_entry::{LogEntry, LogEntryDetail, LogPage, Named, Place};
pub use permission::{Permission, Scope, Viewer};
pub use run::{Progress, Run, RunId, RunState, Trigger};
#[cfg(feature = "ssr")]
pub use run_story::{RunNote, RunOrigin, RunStory, difference, new_lines};
#[cfg(feature = "ssr")]
pub use saved_view::SavedView;
pub use schedule::{CatchUp, CommandJob, Destination, EXTRA_ARGS, FilesJob, MysqlJob, Schedule, ScheduleDraft, ScheduleKind, WatchJob};
pub use server::{HostKey, Link, LinkState, Server, ServerDraft};
pub use source_type::SourceType;
#[cfg(feature = "ssr")]
pub use standing::{LastGood, PastRun, ScheduleRow, Standing, worst_first, worst_of};
pub use status::LogStatus;
pub use stream::Frame;
pub use time_bound::TimeBound;
pub use timestamp::Timestamp;
#[cfg(feature = "ssr")]
pub use user::{ADMIN, ApiToken, OpenSession, Role, RoleDraft, TokenDraft, User, UserDraft, username_problem};
pub use word_query::{MAX_INDEXED_BYTES, Term, Word, WordQuery, words_of};
pub use zone::{LocalTime, Zone};
