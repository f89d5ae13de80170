//! A backup policy on one server.

mod command;
mod destination;
mod files;
mod mysql;
mod watch;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, FromRepr, IntoStaticStr, VariantArray};

pub use self::command::CommandJob;
pub use self::destination::Destination;
pub use self::files::{EXTRA_ARGS, FilesJob};
pub use self::mysql::MysqlJob;
pub use self::watch::WatchJob;
use super::server::name_problem;
use super::{FieldError, SourceType};

/// Who runs the job. The number is what the database stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, FromRepr, IntoStaticStr, VariantArray)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum ScheduleKind {
    /// Tailback starts and follows it.
    Managed = 1,
    /// Something on the server runs it; Tailback observes it over SSH.
    Watched = 2,
    /// Whoever runs it tells Tailback: `tailback exec`, or the API.
    Reported = 3,
}

/// What to do about a run that was due while the panel was away. The number is what the database stores.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, FromRepr, IntoStaticStr, VariantArray,
)]
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
    /// Five fields. When a managed schedule begins (absent = only when someone asks); when the others are expected to.
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
    /// After how many hours a run counts as long, rising; after the last, every 12 hours more.
    #[serde(default = "day_and_a_half")]
    pub long_run_hours: Vec<u32>,
    /// How old the last good run may become.
    #[serde(default)]
    pub target_hours: Option<u32>,
    #[serde(default)]
    pub files: Option<FilesJob>,
    #[serde(default)]
    pub mysql: Option<MysqlJob>,
    #[serde(default)]
    pub command: Option<CommandJob>,
    #[serde(default)]
    pub watch: Option<WatchJob>,
}

const fn yes() -> bool {
    true
}

const fn ten() -> u32 {
    10
}

fn day_and_a_half() -> Vec<u32> {
    vec![24, 36]
}

/// As many hours as a year has.
const YEAR_HOURS: u32 = 366 * 24;

impl ScheduleDraft {
    /// A policy with nothing but what every policy has, disabled by nothing.
    pub fn new(name: impl Into<String>, server_id: i64, kind: ScheduleKind) -> Self {
        Self {
            name: name.into(),
            server_id,
            kind,
            enabled: yes(),
            cron: None,
            timezone: None,
            catch_up: CatchUp::default(),
            grace_minutes: ten(),
            long_run_hours: day_and_a_half(),
            target_hours: None,
            files: None,
            mysql: None,
            command: None,
            watch: None,
        }
    }

    /// The runs one execution makes, one a type.
    pub fn source_types(&self) -> Vec<SourceType> {
        match self.kind {
            ScheduleKind::Managed => {
                let files = self.files.as_ref().map(|_| SourceType::Files);
                let mysql = self.mysql.as_ref().map(|_| SourceType::Mysql);
                let command = self.command.as_ref().map(|command| command.source_type);
                files.into_iter().chain(mysql).chain(command).collect()
            }
            ScheduleKind::Watched => self.watch.iter().map(|watch| watch.source_type).collect(),
            ScheduleKind::Reported => vec![self.command.as_ref().map_or(SourceType::Other, |command| command.source_type)],
        }
    }

    /// Where its points are kept, by the type that makes them.
    pub fn destinations(&self) -> impl Iterator<Item = (SourceType, &str)> {
        let files = self.files.as_ref().map(|files| (SourceType::Files, files.destination.as_str()));
        let mysql = self.mysql.as_ref().map(|mysql| (SourceType::Mysql, mysql.destination.as_str()));
        files.into_iter().chain(mysql)
    }

    /// How many points of a type are kept; `None` keeps all.
    pub fn keep_points(&self, source_type: SourceType) -> Option<u32> {
        match source_type {
            SourceType::Files => self.files.as_ref().and_then(|files| files.keep_points),
            SourceType::Mysql => self.mysql.as_ref().and_then(|mysql| mysql.keep_points),
            _ => None,
        }
    }

    /// Every field that is wrong, at once. Cron and time zone are checked where their libraries are, on the server.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems: Vec<_> = name_problem("name", &self.name).into_iter().collect();
        self.check_kind(&mut problems);
        if self.grace_minutes == 0 || self.grace_minutes > 24 * 60 {
            problems.push(FieldError::new("grace_minutes", "expected 1 to 1440"));
        }
        let rising = self.long_run_hours.windows(2).all(|pair| pair[0] < pair[1]);
        let fitting = self.long_run_hours.iter().all(|hours| (1..=YEAR_HOURS).contains(hours));
        if !rising || !fitting || self.long_run_hours.len() > 10 {
            problems.push(FieldError::new("long_run_hours", "expected up to ten rising numbers of hours, such as 24, 36"));
        }
        if self.target_hours.is_some_and(|hours| hours == 0 || hours > YEAR_HOURS) {
            problems.push(FieldError::new("target_hours", "expected 1 to 8784"));
        }
        if let Some(files) = &self.files {
            files.check(&mut problems);
        }
        if let Some(mysql) = &self.mysql {
            mysql.check(&mut problems);
        }
        if let Some(command) = &self.command {
            command.check(self.kind, &mut problems);
        }
        if let Some(watch) = &self.watch {
            watch.check(&mut problems);
        }
        self.check_own_destinations(&mut problems);
        problems
    }

    /// Each kind has sections of its own.
    fn check_kind(&self, problems: &mut Vec<FieldError>) {
        let mut refuse = |field: &'static str, there: bool, reason: &'static str| {
            if there {
                problems.push(FieldError::new(field, reason));
            }
        };
        let (files, mysql, command, watch) = (self.files.is_some(), self.mysql.is_some(), self.command.is_some(), self.watch.is_some());
        match self.kind {
            ScheduleKind::Managed => {
                refuse("watch", watch, "only a watched schedule has it");
                refuse("files", !files && !mysql && !command, "a managed schedule needs `files`, `mysql` or `command`");
            }
            ScheduleKind::Watched => {
                refuse("files", files, "only a managed schedule has it");
                refuse("mysql", mysql, "only a managed schedule has it");
                refuse("command", command, "a watched schedule is described by `watch`");
                refuse("watch", !watch, "a watched schedule needs it");
            }
            ScheduleKind::Reported => {
                refuse("files", files, "only a managed schedule has it");
                refuse("mysql", mysql, "only a managed schedule has it");
                refuse("watch", watch, "only a watched schedule has it");
            }
        }
        let type_of_command = self.command.as_ref().map(|command| command.source_type);
        let twice = (files && type_of_command == Some(SourceType::Files)) || (mysql && type_of_command == Some(SourceType::Mysql));
        refuse("command.source_type", twice, "this schedule has a job of that type already");
    }

    /// Points are found by their names: two jobs in one directory would take each other's for their own.
    fn check_own_destinations(&self, problems: &mut Vec<FieldError>) {
        if let (Some(files), Some(mysql)) = (&self.files, &self.mysql)
            && Destination::parse(&files.destination) == Destination::parse(&mysql.destination)
        {
            problems.push(FieldError::new("mysql.destination", "expected another directory than that of `files`"));
        }
    }
}

/// What is wrong with an absolute path on the server, if anything.
fn path_problem(field: &str, path: &str) -> Option<FieldError> {
    let clean = path.starts_with('/') && path.len() <= 4096 && !path.chars().any(char::is_control);
    (!clean).then(|| FieldError::new(field, "expected an absolute path on the server"))
}

fn destination_problem(field: &str, text: &str) -> Option<FieldError> {
    Destination::parse(text).is_none().then(|| {
        FieldError::new(field, "expected a directory of its own for these points, without `..`: /path on the server, or user@storage:/path")
    })
}

fn keep_problem(field: &str, keep_points: Option<u32>) -> Option<FieldError> {
    let odd = keep_points.is_some_and(|keep| keep == 0 || keep > 10_000);
    odd.then(|| FieldError::new(field, "expected 1 to 10000; leave it out to keep all"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(draft: &ScheduleDraft) -> Vec<String> {
        draft.problems().into_iter().map(|problem| problem.field).collect()
    }

    fn files(destination: &str) -> FilesJob {
        FilesJob {
            sources: vec!["/srv".to_owned()],
            destination: destination.to_owned(),
            excludes: vec![],
            keep_points: None,
            bandwidth_kbps: None,
            extra_args: vec![],
        }
    }

    #[test]
    fn each_kind_has_sections_of_its_own() {
        let draft = |kind| ScheduleDraft::new("nightly", 1, kind);
        assert_eq!(fields(&draft(ScheduleKind::Managed)), ["files"]);
        assert_eq!(fields(&draft(ScheduleKind::Watched)), ["watch"]);
        assert_eq!(fields(&draft(ScheduleKind::Reported)), Vec::<String>::new());
        let files = ScheduleDraft { files: Some(files("/backup/a")), ..draft(ScheduleKind::Watched) };
        assert_eq!(fields(&files), ["files", "watch"]);
    }

    #[test]
    fn two_jobs_never_share_a_directory() {
        let mut draft = ScheduleDraft::new("nightly", 1, ScheduleKind::Managed);
        draft.files = Some(files("/backup/a"));
        draft.mysql = Some(MysqlJob {
            databases: None,
            defaults_file: "/root/.my.cnf".to_owned(),
            destination: "/backup//a/".to_owned(),
            keep_points: None,
        });
        assert_eq!(fields(&draft), ["mysql.destination"]);
    }

    #[test]
    fn hours_rise() {
        let mut draft = ScheduleDraft::new("nightly", 1, ScheduleKind::Reported);
        for (hours, good) in [(vec![], true), (vec![24, 36], true), (vec![36, 24], false), (vec![24, 24], false), (vec![0], false)] {
            draft.long_run_hours = hours.clone();
            assert_eq!(fields(&draft).is_empty(), good, "{hours:?}");
        }
    }
}
