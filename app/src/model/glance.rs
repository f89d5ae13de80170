//! What Monitor says at a glance besides what is running: how many rows of trouble the last day had, and which schedule stands worst.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LogStatus, Named, RunState, Timestamp};

/// Figures of the last 24 hours and the schedule that needs a person first. `None`: the viewer may not see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Glance {
    pub day: Option<LastDay>,
    pub schedules: Option<WorstSchedule>,
}

/// Rows since a moment a day ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LastDay {
    pub since: Timestamp,
    /// How many there are of each of [`LastDay::COUNTED`].
    pub rows: BTreeMap<LogStatus, i64>,
}

impl LastDay {
    /// What somebody on call wants to know of. Other rows may be a thousand times as many, and would have to be counted again every few
    /// seconds.
    pub const COUNTED: [LogStatus; 5] =
        [LogStatus::Warning, LogStatus::Error, LogStatus::Stopped, LogStatus::Connection, LogStatus::Missed];

    /// What has failed: a run that lost its storage or its server has a row of its own status.
    pub const FAILED: [LogStatus; 2] = [LogStatus::Error, LogStatus::Connection];

    /// How many rows there are of these together; `None` unless each was counted.
    pub fn count(&self, statuses: &[LogStatus]) -> Option<i64> {
        statuses.iter().map(|status| self.rows.get(status).copied()).sum()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_failed_is_known_when_all_of_it_was_counted() {
        let day = |rows: &[(LogStatus, i64)]| LastDay { since: Timestamp(0), rows: rows.iter().copied().collect() };
        let (error, connection) = (LogStatus::Error, LogStatus::Connection);
        assert_eq!(day(&[(error, 3), (connection, 4), (LogStatus::Missed, 5)]).count(&LastDay::FAILED), Some(7));
        assert_eq!(day(&[(error, 0), (connection, 0)]).count(&LastDay::FAILED), Some(0));
        assert_eq!(day(&[(error, 3)]).count(&LastDay::FAILED), None);
        assert_eq!(day(&[(connection, 4)]).count(&LastDay::FAILED), None);
    }
}
