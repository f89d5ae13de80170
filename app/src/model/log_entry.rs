//! One row of the audit trail as it is read, and a page of them.

use serde::{Deserialize, Serialize};

use super::{LogStatus, RunId, SourceType, Timestamp, Zone};

/// Something with an id and the name a person knows it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Named {
    pub id: i64,
    pub name: String,
}

/// One row of the audit trail. Ids grow in the order in which rows were committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LogEntry {
    pub id: i64,
    pub at: Timestamp,
    pub status: LogStatus,
    #[serde(rename = "type")]
    pub source_type: SourceType,
    pub server: Option<Named>,
    pub schedule: Option<Named>,
    pub run_id: Option<RunId>,
    /// The name of what the run produced on storage.
    pub point: Option<String>,
    /// How long the run took, in seconds, where the row ends one.
    pub duration_s: Option<i64>,
    /// One line of at most 500 characters.
    pub message: String,
    /// Whether the row carries the remote log's context.
    pub has_detail: bool,
    /// Calendar date in the panel's time zone.
    pub year: i32,
    pub month: u32,
    pub day: u32,
}

impl LogEntry {
    /// A row that says nothing: of no server, schedule or run, and of the day that it is in UTC.
    #[must_use]
    pub fn blank(id: i64, at: Timestamp) -> Self {
        let day = Zone::utc().local(at);
        Self {
            id,
            at,
            status: LogStatus::Info,
            source_type: SourceType::System,
            server: None,
            schedule: None,
            run_id: None,
            point: None,
            duration_s: None,
            message: String::new(),
            has_detail: false,
            year: day.year(),
            month: day.month(),
            day: day.day(),
        }
    }
}

/// A row with the remote log context it was written from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntryDetail {
    pub entry: LogEntry,
    /// At most 256 KiB; `null` where the row has none.
    pub detail: Option<String>,
    /// The run's exit code, where there is one.
    pub exit_code: Option<i64>,
    /// What that exit code means.
    pub explanation: Option<String>,
    /// What to do next.
    pub next_step: Option<String>,
}

/// A keyset page of the trail, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LogPage {
    pub entries: Vec<LogEntry>,
    /// Rows in the viewer's scope that match the filter.
    pub total: i64,
    /// False where counting was given up for being slow: then at least `total` match.
    pub total_is_exact: bool,
    /// Rows in the viewer's scope.
    pub total_in_scope: i64,
    /// Pass as `before` to get the page of older rows; `null` on the last page.
    pub next_before: Option<i64>,
    /// The highest id of the whole trail when this page was read: where a live stream takes over.
    pub head: i64,
}

/// Where a row's server is, and whose: what a filter asks for besides the row itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub region: Option<String>,
    pub account: Option<String>,
}
