//! A backup policy on one server.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, FromRepr, IntoStaticStr};

use super::server::name_problem;
use super::{FieldError, SourceType};

/// Who runs the job. The number is what the database stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, FromRepr, IntoStaticStr)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum ScheduleKind {
    /// Tailback starts and follows it.
    Managed = 1,
}

/// What to do about a run that was due while the panel was away. The number is what the database stores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, FromRepr, IntoStaticStr)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum CatchUp {
    /// Record that it was missed.
    #[default]
    Skip = 0,
    /// Run once, however many were due.
    Once = 1,
}

/// Copies directories with rsync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FilesJob {
    /// Absolute paths on the server.
    pub sources: Vec<String>,
    /// An absolute path on the server, on a mounted storage.
    pub destination: String,
    /// rsync patterns, anchored at the root of the file system when they begin with `/`.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// KiB per second.
    #[serde(default)]
    pub bandwidth_kbps: Option<u32>,
}

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
    /// An absolute path on the server, on a mounted storage.
    pub destination: String,
}

/// A backup policy on one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Schedule {
    pub id: i64,
    #[serde(flatten)]
    pub policy: ScheduleDraft,
}

/// A schedule as someone describes it; checked before it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduleDraft {
    pub name: String,
    pub server_id: i64,
    pub kind: ScheduleKind,
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Five fields; absent = only when someone asks.
    #[serde(default)]
    pub cron: Option<String>,
    /// IANA name; absent = the panel's.
    #[serde(default)]
    pub timezone: Option<String>,
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How late a run may begin before it counts as missed.
    #[serde(default = "ten")]
    pub grace_minutes: u32,
    #[serde(default)]
    pub files: Option<FilesJob>,
    #[serde(default)]
    pub mysql: Option<MysqlJob>,
}

const fn yes() -> bool {
    true
}

const fn ten() -> u32 {
    10
}

impl ScheduleDraft {
    /// The runs one execution makes, one a type.
    pub fn source_types(&self) -> Vec<SourceType> {
        let files = self.files.as_ref().map(|_| SourceType::Files);
        let mysql = self.mysql.as_ref().map(|_| SourceType::Mysql);
        files.into_iter().chain(mysql).collect()
    }

    /// Every field that is wrong, at once. Cron and time zone are checked where their libraries are, on the server.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems: Vec<_> = name_problem("name", &self.name).into_iter().collect();
        if self.files.is_none() && self.mysql.is_none() {
            problems.push(FieldError::new("files", "a managed schedule needs `files`, `mysql` or both"));
        }
        if self.grace_minutes == 0 || self.grace_minutes > 24 * 60 {
            problems.push(FieldError::new("grace_minutes", "expected 1 to 1440"));
        }
        if let Some(files) = &self.files {
            if files.sources.is_empty() {
                problems.push(FieldError::new("files.sources", "expected at least one path"));
            }
            for (n, source) in files.sources.iter().enumerate() {
                problems.extend(path_problem(&format!("files.sources[{n}]"), source));
            }
            problems.extend(destination_problem("files.destination", &files.destination));
            for (n, pattern) in files.excludes.iter().enumerate() {
                if pattern.is_empty() || pattern.chars().any(char::is_control) {
                    problems.push(FieldError::new(format!("files.excludes[{n}]"), "expected an rsync pattern on one line"));
                }
            }
            if files.bandwidth_kbps == Some(0) {
                problems.push(FieldError::new("files.bandwidth_kbps", "expected at least 1; leave it out for no limit"));
            }
        }
        if let Some(mysql) = &self.mysql {
            problems.extend(path_problem("mysql.defaults_file", &mysql.defaults_file));
            problems.extend(destination_problem("mysql.destination", &mysql.destination));
            if mysql.databases.as_ref().is_some_and(Vec::is_empty) {
                problems.push(FieldError::new("mysql.databases", "name at least one, or leave it out for all"));
            }
            for (n, database) in mysql.databases.iter().flatten().enumerate() {
                let shown = database.chars().count();
                if shown == 0 || shown > 64 || database.starts_with('-') || database.contains('/') || database.chars().any(char::is_control)
                {
                    problems.push(FieldError::new(format!("mysql.databases[{n}]"), "expected the name of a database"));
                }
            }
        }
        problems
    }
}

fn path_problem(field: &str, path: &str) -> Option<FieldError> {
    let clean = path.starts_with('/') && path.len() <= 4096 && !path.chars().any(char::is_control);
    (!clean).then(|| FieldError::new(field, "expected an absolute path on the server"))
}

fn destination_problem(field: &str, path: &str) -> Option<FieldError> {
    path_problem(field, path).or_else(|| {
        let bare = path.trim_end_matches('/').is_empty() || path.split('/').any(|part| part == "..");
        bare.then(|| FieldError::new(field, "expected a directory of its own for this schedule, without `..`"))
    })
}
