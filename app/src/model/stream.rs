//! What the server says on the live stream.

use serde::{Deserialize, Serialize};

use super::{LogEntry, Run};

/// One text frame from server to client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Frame {
    /// First frame: the highest id there is, and which build is speaking.
    Hello { head: i64, build: String },
    /// New rows, ids ascending.
    Rows { rows: Vec<LogEntry> },
    /// Runs whose state or progress has changed.
    Runs { runs: Vec<Run> },
    /// Rows up to this id have been cleared, where the filter of clearing matched them.
    Cleared { up_to: i64 },
    /// These rows cannot be had any more.
    Gap { from: i64, to: i64 },
    /// Last frame: why the server closes.
    Bye { reason: String },
}
