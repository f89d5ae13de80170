//! What Monitor says at a glance besides what is running: what went wrong in the last day, and which schedule stands worst.

use serde::{Deserialize, Serialize};

use super::{Named, RunState, Timestamp};

/// Figures of the last 24 hours and the schedule that needs a person first. `None`: the viewer may not see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Glance {
    pub trouble: Option<Trouble>,
    pub schedules: Option<WorstSchedule>,
}

/// Rows of trouble since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Trouble {
    pub since: Timestamp,
    pub errors: i64,
    pub missed: i64,
}

/// The schedule that stands worst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum WorstSchedule {
    /// There is none, or all are paused.
    None,
    Is {
        schedule: Named,
        /// The run state whose colour its standing has.
        tone: RunState,
        /// The older of the last good runs of its types; `None`: one has never had any.
        last_good: Option<Timestamp>,
    },
}
