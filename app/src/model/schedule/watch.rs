//! Jobs that something else runs and Tailback looks at.

use serde::{Deserialize, Serialize};

use super::path_problem;
use crate::model::{FieldError, SourceType};

/// How a job is recognised on its server, and where it leaves its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WatchJob {
    pub source_type: SourceType,
    /// The name of a screen session: the job runs while it is there.
    #[serde(default)]
    pub screen: Option<String>,
    /// An extended regular expression for a command line: the job runs while such a process is there.
    #[serde(default)]
    pub process: Option<String>,
    /// Its log on the server.
    #[serde(default)]
    pub log: Option<String>,
    /// Where it leaves its exit code.
    #[serde(default)]
    pub exit_file: Option<String>,
}

impl WatchJob {
    pub(super) fn check(&self, problems: &mut Vec<FieldError>) {
        if self.source_type == SourceType::System {
            problems.push(FieldError::new("watch.source_type", "expected a kind of data; SYSTEM is the panel itself"));
        }
        if self.screen.is_some() && self.process.is_some() {
            problems.push(FieldError::new("watch.process", "expected a screen session or a process, not both"));
        }
        if self.screen.is_none() && self.process.is_none() && self.exit_file.is_none() {
            problems.push(FieldError::new("watch", "expected at least one of `screen`, `process` and `exit_file`"));
        }
        for (field, name) in [("watch.screen", &self.screen), ("watch.process", &self.process)] {
            let odd = |text: &String| text.trim().is_empty() || text.len() > 1000 || text.chars().any(char::is_control);
            if name.as_ref().is_some_and(odd) {
                problems.push(FieldError::new(field, "expected one line of text"));
            }
        }
        for (field, path) in [("watch.log", &self.log), ("watch.exit_file", &self.exit_file)] {
            problems.extend(path.as_deref().and_then(|path| path_problem(field, path)));
        }
    }
}
