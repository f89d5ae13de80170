//! What one run does, as it stood in the schedule when the run was made.

use app::model::{FilesJob, MysqlJob, SourceType};
use serde::{Deserialize, Serialize};

/// A job with the name of the point it makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Job {
    Files { files: FilesJob, point: String },
    Mysql { mysql: MysqlJob, point: String },
}

impl Job {
    pub fn source_type(&self) -> SourceType {
        match self {
            Self::Files { .. } => SourceType::Files,
            Self::Mysql { .. } => SourceType::Mysql,
        }
    }

    pub fn point(&self) -> &str {
        match self {
            Self::Files { point, .. } | Self::Mysql { point, .. } => point,
        }
    }
}
