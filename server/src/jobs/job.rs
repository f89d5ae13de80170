//! What one run does, as it stood in the schedule when the run was made.

use app::model::{CommandJob, FilesJob, MysqlJob, SourceType, WatchJob};
use serde::{Deserialize, Serialize};

/// A job; those that make a point carry its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Job {
    Files {
        files: FilesJob,
        point: String,
    },
    Mysql {
        mysql: MysqlJob,
        point: String,
    },
    Command {
        command: CommandJob,
    },
    /// Something else runs it on the server.
    Watched {
        watch: WatchJob,
        sight: Sight,
    },
    /// Whoever runs it tells about it.
    Reported {
        command: Option<CommandJob>,
    },
}

/// By what a watched run was recognised when it was first seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// Number and birth of its process; `None` if only its exit file was ever seen.
    #[serde(default)]
    pub process: Option<String>,
    /// The exit file as it was before, so that an old one is not taken for this run's.
    #[serde(default)]
    pub exit_before: Option<String>,
    /// Which file its log is, and where in it the run begins.
    #[serde(default)]
    pub log_file: Option<String>,
    #[serde(default)]
    pub log_from: u64,
}

impl Job {
    pub fn source_type(&self) -> SourceType {
        match self {
            Self::Files { .. } => SourceType::Files,
            Self::Mysql { .. } => SourceType::Mysql,
            Self::Command { command } => command.source_type,
            Self::Watched { watch, .. } => watch.source_type,
            Self::Reported { command } => command.as_ref().map_or(SourceType::Other, |command| command.source_type),
        }
    }

    /// The name of the point it is to make.
    pub fn point(&self) -> Option<&str> {
        match self {
            Self::Files { point, .. } | Self::Mysql { point, .. } => Some(point),
            Self::Command { .. } | Self::Watched { .. } | Self::Reported { .. } => None,
        }
    }

    /// The codes that the schedule names itself, where the tool's own do not count.
    pub fn own_codes(&self) -> Option<&CommandJob> {
        match self {
            Self::Command { command } => Some(command),
            Self::Reported { command: Some(command) } => Some(command).filter(|command| command.has_codes_of_its_own()),
            _ => None,
        }
    }

    /// Whether Tailback itself runs it and can end it.
    pub fn is_managed(&self) -> bool {
        matches!(self, Self::Files { .. } | Self::Mysql { .. } | Self::Command { .. })
    }
}
