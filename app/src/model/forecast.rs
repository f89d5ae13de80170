//! When a schedule is due next.

use super::Timestamp;

/// A cron expression in words and the times it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// `At 02:00.`
    pub words: String,
    /// IANA name of the zone that the expression is read in.
    pub zone: String,
    /// The next times, earliest first.
    pub next: Vec<DueTime>,
    /// Why the offset changes between them, where it does.
    pub note: Option<String>,
}

/// One due time as a clock in the schedule's zone shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTime {
    pub at: Timestamp,
    /// `Mon 2026-11-23 02:00`.
    pub local: String,
    /// `UTC+01:00`.
    pub offset: String,
}
