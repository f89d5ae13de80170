//! Everything that is remembered, on SQLite or PostgreSQL, behind one contract.
//!
//! `Database` and `Transaction` run statements on whichever engine is there; the files named after nouns hold the
//! statements, each written once for both. Reads take the viewer's scope. Writes take a transaction, so that a change and
//! the row of the trail that tells of it are committed together (see `audit`).

pub mod accounts;
pub mod chain;
pub mod clearing;
pub mod destinations;
mod engine;
mod error;
pub mod index_audit;
pub mod log;
pub mod log_counts;
mod log_days;
pub mod log_entries;
pub mod log_histogram;
pub mod log_index;
pub mod log_listing;
pub mod log_pages;
mod log_parts;
mod log_plan;
mod log_without;
mod log_words;
pub mod names;
pub mod outcomes;
mod packed;
pub mod people;
pub mod reported;
mod row;
pub mod run_notes;
pub mod runs;
pub mod schedules;
mod scope;
pub mod sealed;
pub mod second_factor;
mod selection;
pub mod servers;
pub mod sessions;
mod sql;
pub mod tokens;
mod trail_view;
mod transaction;
mod turns;
pub mod views;
mod word_audit;

pub use engine::Database;
pub use error::StoreError;
pub use row::Row;
pub use selection::Selection;
pub use sql::{Sql, Value};
pub use trail_view::TrailView;
pub use transaction::Transaction;
