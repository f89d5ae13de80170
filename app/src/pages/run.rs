//! Runs: one story each, and lists of them. Documents.

mod figures;
mod list;
mod story;
mod timeline;

pub use self::list::{RunList, RunSearch, list, run_table};
pub use self::story::{ask_stop, story};
