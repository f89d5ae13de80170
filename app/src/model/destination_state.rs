//! What was found where a schedule keeps its points.

use serde::{Deserialize, Serialize};

use super::{SourceType, Timestamp};

/// One destination at one moment. `None` where it could not be learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationState {
    pub schedule_id: i64,
    pub source_type: SourceType,
    pub path: String,
    pub checked_at: Timestamp,
    pub total_bytes: Option<i64>,
    pub free_bytes: Option<i64>,
    /// How many points are there.
    pub points: Option<i64>,
    pub newest_point: Option<String>,
    /// What interrupted runs have left, by name.
    pub leftovers: Vec<String>,
    /// Why it could not be looked at.
    pub error: Option<String>,
}

impl DestinationState {
    /// Whole percents of the disk that are in use.
    pub fn percent_used(&self) -> Option<i64> {
        let (total, free) = (self.total_bytes.filter(|total| *total > 0)?, self.free_bytes?);
        i64::try_from(i128::from(total - free.clamp(0, total)) * 100 / i128::from(total)).ok()
    }
}
