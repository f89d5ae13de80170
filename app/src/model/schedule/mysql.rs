//! Dumps of databases.

use serde::{Deserialize, Serialize};

use super::{destination_problem, keep_problem, path_problem};
use crate::model::FieldError;

/// Dumps MariaDB or MySQL databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MysqlJob {
    /// Absent = every database the account can see.
    #[serde(default)]
    pub databases: Option<Vec<String>>,
    /// An option file on the server with user, password and socket or host.
    pub defaults_file: String,
    /// An absolute path on the server, or `user@storage:/path` reached with the server's own key.
    pub destination: String,
    /// How many points are kept; absent = all.
    #[serde(default)]
    pub keep_points: Option<u32>,
}

impl MysqlJob {
    pub(super) fn check(&self, problems: &mut Vec<FieldError>) {
        problems.extend(path_problem("mysql.defaults_file", &self.defaults_file));
        problems.extend(destination_problem("mysql.destination", &self.destination));
        problems.extend(keep_problem("mysql.keep_points", self.keep_points));
        if self.databases.as_ref().is_some_and(Vec::is_empty) {
            problems.push(FieldError::new("mysql.databases", "name at least one, or leave it out for all"));
        }
        for (n, database) in self.databases.iter().flatten().enumerate() {
            let length = database.chars().count();
            let odd =
                length == 0 || length > 64 || database.starts_with('-') || database.contains('/') || database.chars().any(char::is_control);
            if odd {
                problems.push(FieldError::new(format!("mysql.databases[{n}]"), "expected the name of a database"));
            }
        }
    }
}
