//! A schedule as the fields of a form: every field keeps what was typed, whatever it is worth.

use crate::model::{CatchUp, CommandJob, FieldError, FilesJob, MysqlJob, ScheduleDraft, ScheduleKind, SourceType, WatchJob};
use crate::pages::form::{Sent, number, numbers};

/// The fields of all kinds; which of them count depends on the kind and on the boxes that are ticked.
#[expect(clippy::struct_excessive_bools, reason = "each is a box to tick")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleForm {
    pub kind: ScheduleKind,
    pub name: String,
    pub server_id: String,
    pub enabled: bool,
    pub cron: String,
    pub timezone: String,
    pub catch_up: String,
    pub grace_minutes: String,
    pub long_run_hours: String,
    pub target_hours: String,
    pub with_files: bool,
    pub files: FilesFields,
    pub with_mysql: bool,
    pub mysql: MysqlFields,
    pub with_command: bool,
    pub command: CommandFields,
    pub watch: WatchFields,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilesFields {
    pub sources: Vec<String>,
    pub destination: String,
    pub excludes: Vec<String>,
    pub keep_points: String,
    pub bandwidth_kbps: String,
    pub extra_args: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MysqlFields {
    pub databases: Vec<String>,
    pub defaults_file: String,
    pub destination: String,
    pub keep_points: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandFields {
    pub source_type: String,
    pub command: String,
    pub success_codes: String,
    pub warning_codes: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchFields {
    pub source_type: String,
    pub screen: String,
    pub process: String,
    pub log: String,
    pub exit_file: String,
}

impl ScheduleForm {
    /// A form that nobody has touched.
    pub fn blank(kind: ScheduleKind) -> Self {
        let mut form = Self::of(&ScheduleDraft::new("", 0, kind));
        form.server_id = String::new();
        form.cron = if kind == ScheduleKind::Reported { String::new() } else { "0 2 * * *".to_owned() };
        form.with_files = true;
        for (field, suggestion) in
            [(&mut form.target_hours, "26"), (&mut form.files.keep_points, "14"), (&mut form.mysql.keep_points, "14")]
        {
            suggestion.clone_into(field);
        }
        form
    }

    /// The fields of a schedule that is there.
    pub fn of(draft: &ScheduleDraft) -> Self {
        let shown = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let command = draft.command.as_ref();
        let watch = draft.watch.as_ref();
        Self {
            kind: draft.kind,
            name: draft.name.clone(),
            server_id: draft.server_id.to_string(),
            enabled: draft.enabled,
            cron: draft.cron.clone().unwrap_or_default(),
            timezone: draft.timezone.clone().unwrap_or_default(),
            catch_up: draft.catch_up.to_string(),
            grace_minutes: draft.grace_minutes.to_string(),
            long_run_hours: joined(&draft.long_run_hours),
            target_hours: shown(draft.target_hours),
            with_files: draft.files.is_some(),
            files: draft.files.as_ref().map(FilesFields::of).unwrap_or_default(),
            with_mysql: draft.mysql.is_some(),
            mysql: draft.mysql.as_ref().map(MysqlFields::of).unwrap_or_default(),
            with_command: command.is_some() && draft.kind == ScheduleKind::Managed,
            command: CommandFields {
                source_type: command.map_or(SourceType::Other, |command| command.source_type).to_string(),
                command: command.map(|command| command.command.clone()).unwrap_or_default(),
                success_codes: command.map_or_else(|| "0".to_owned(), |command| joined(&command.success_codes)),
                warning_codes: command.map(|command| joined(&command.warning_codes)).unwrap_or_default(),
            },
            watch: WatchFields {
                source_type: watch.map_or(SourceType::Files, |watch| watch.source_type).to_string(),
                screen: watch.and_then(|watch| watch.screen.clone()).unwrap_or_default(),
                process: watch.and_then(|watch| watch.process.clone()).unwrap_or_default(),
                log: watch.and_then(|watch| watch.log.clone()).unwrap_or_default(),
                exit_file: watch.and_then(|watch| watch.exit_file.clone()).unwrap_or_default(),
            },
        }
    }

    /// The fields as a browser sent them.
    pub fn sent(kind: ScheduleKind, sent: &Sent) -> Self {
        Self {
            kind,
            name: sent.text("name"),
            server_id: sent.text("server_id"),
            enabled: sent.has("enabled"),
            cron: sent.text("cron"),
            timezone: sent.text("timezone"),
            catch_up: sent.text("catch_up"),
            grace_minutes: sent.text("grace_minutes"),
            long_run_hours: sent.text("long_run_hours"),
            target_hours: sent.text("target_hours"),
            with_files: sent.has("files"),
            files: FilesFields {
                sources: sent.all("files.sources"),
                destination: sent.text("files.destination"),
                excludes: sent.all("files.excludes"),
                keep_points: sent.text("files.keep_points"),
                bandwidth_kbps: sent.text("files.bandwidth_kbps"),
                extra_args: sent.text("files.extra_args"),
            },
            with_mysql: sent.has("mysql"),
            mysql: MysqlFields {
                databases: sent.all("mysql.databases"),
                defaults_file: sent.text("mysql.defaults_file"),
                destination: sent.text("mysql.destination"),
                keep_points: sent.text("mysql.keep_points"),
            },
            with_command: sent.has("command"),
            command: CommandFields {
                source_type: sent.text("command.source_type"),
                command: sent.text("command.command"),
                success_codes: sent.text("command.success_codes"),
                warning_codes: sent.text("command.warning_codes"),
            },
            watch: WatchFields {
                source_type: sent.text("watch.source_type"),
                screen: sent.text("watch.screen"),
                process: sent.text("watch.process"),
                log: sent.text("watch.log"),
                exit_file: sent.text("watch.exit_file"),
            },
        }
    }

    /// The schedule it describes, with stand-ins for what could not be read, and what could not be read. Whether the rest makes
    /// sense, the draft itself says.
    pub fn draft(&self) -> (ScheduleDraft, Vec<FieldError>) {
        let mut problems = Vec::new();
        let p = &mut problems;
        let server_id = number("server_id", &self.server_id, p).unwrap_or_default();
        let managed = self.kind == ScheduleKind::Managed;
        let draft = ScheduleDraft {
            name: self.name.clone(),
            server_id,
            kind: self.kind,
            enabled: self.enabled,
            cron: some(&self.cron),
            timezone: some(&self.timezone),
            catch_up: if self.catch_up == "once" { CatchUp::Once } else { CatchUp::Skip },
            grace_minutes: number("grace_minutes", &self.grace_minutes, p).unwrap_or(10),
            long_run_hours: numbers("long_run_hours", &self.long_run_hours, p),
            target_hours: number("target_hours", &self.target_hours, p),
            files: (managed && self.with_files).then(|| self.files.job(p)),
            mysql: (managed && self.with_mysql).then(|| self.mysql.job(p)),
            command: ((managed && self.with_command) || self.kind == ScheduleKind::Reported).then(|| self.command.job(p)),
            watch: (self.kind == ScheduleKind::Watched).then(|| self.watch.job(p)),
        };
        (draft, problems)
    }
}

impl FilesFields {
    fn of(files: &FilesJob) -> Self {
        Self {
            sources: files.sources.clone(),
            destination: files.destination.clone(),
            excludes: files.excludes.clone(),
            keep_points: files.keep_points.map(|keep| keep.to_string()).unwrap_or_default(),
            bandwidth_kbps: files.bandwidth_kbps.map(|limit| limit.to_string()).unwrap_or_default(),
            extra_args: files.extra_args.join(" "),
        }
    }

    fn job(&self, problems: &mut Vec<FieldError>) -> FilesJob {
        FilesJob {
            sources: self.sources.clone(),
            destination: self.destination.clone(),
            excludes: self.excludes.clone(),
            keep_points: number("files.keep_points", &self.keep_points, problems),
            bandwidth_kbps: number("files.bandwidth_kbps", &self.bandwidth_kbps, problems),
            extra_args: self.extra_args.split_whitespace().map(str::to_owned).collect(),
        }
    }
}

impl MysqlFields {
    fn of(mysql: &MysqlJob) -> Self {
        Self {
            databases: mysql.databases.clone().unwrap_or_default(),
            defaults_file: mysql.defaults_file.clone(),
            destination: mysql.destination.clone(),
            keep_points: mysql.keep_points.map(|keep| keep.to_string()).unwrap_or_default(),
        }
    }

    fn job(&self, problems: &mut Vec<FieldError>) -> MysqlJob {
        MysqlJob {
            databases: Some(self.databases.clone()).filter(|databases| !databases.is_empty()),
            defaults_file: self.defaults_file.clone(),
            destination: self.destination.clone(),
            keep_points: number("mysql.keep_points", &self.keep_points, problems),
        }
    }
}

impl CommandFields {
    fn job(&self, problems: &mut Vec<FieldError>) -> CommandJob {
        CommandJob {
            source_type: source_type("command.source_type", &self.source_type, problems),
            command: self.command.clone(),
            success_codes: numbers("command.success_codes", &self.success_codes, problems),
            warning_codes: numbers("command.warning_codes", &self.warning_codes, problems),
        }
    }
}

impl WatchFields {
    fn job(&self, problems: &mut Vec<FieldError>) -> WatchJob {
        WatchJob {
            source_type: source_type("watch.source_type", &self.source_type, problems),
            screen: some(&self.screen),
            process: some(&self.process),
            log: some(&self.log),
            exit_file: some(&self.exit_file),
        }
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn source_type(field: &str, text: &str, problems: &mut Vec<FieldError>) -> SourceType {
    text.parse().unwrap_or_else(|_| {
        problems.push(FieldError::new(field, "expected one of the kinds of data"));
        SourceType::Other
    })
}

fn joined<T: ToString>(numbers: &[T]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> ScheduleDraft {
        ScheduleDraft {
            cron: Some("0 2 * * *".into()),
            timezone: Some("Europe/Berlin".into()),
            catch_up: CatchUp::Once,
            target_hours: Some(26),
            files: Some(FilesJob {
                sources: vec!["/srv".into(), "/etc".into()],
                destination: "/backup/web".into(),
                excludes: vec!["*.tmp".into()],
                keep_points: Some(7),
                bandwidth_kbps: None,
                extra_args: vec!["--acls".into(), "--max-size=2G".into()],
            }),
            mysql: Some(MysqlJob {
                databases: None,
                defaults_file: "/root/.my.cnf".into(),
                destination: "/backup/db".into(),
                keep_points: None,
            }),
            command: Some(CommandJob {
                source_type: SourceType::Vm,
                command: "a\nb".into(),
                success_codes: vec![0, 3],
                warning_codes: vec![1],
            }),
            ..ScheduleDraft::new("nightly", 3, ScheduleKind::Managed)
        }
    }

    #[test]
    fn a_schedule_survives_its_form() {
        let watch = WatchJob {
            source_type: SourceType::Nas,
            screen: None,
            process: Some("rsnapshot".into()),
            log: Some("/var/log/x".into()),
            exit_file: None,
        };
        let watched = ScheduleDraft { watch: Some(watch), ..ScheduleDraft::new("w", 1, ScheduleKind::Watched) };
        let reported = ScheduleDraft {
            command: Some(CommandJob {
                source_type: SourceType::Other,
                command: String::new(),
                success_codes: vec![0],
                warning_codes: vec![],
            }),
            ..ScheduleDraft::new("r", 1, ScheduleKind::Reported)
        };
        for draft in [draft(), watched, reported] {
            assert_eq!(ScheduleForm::of(&draft).draft(), (draft, vec![]));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_kept() {
        let body = "name=n&server_id=1&grace_minutes=soon&files=on&files.sources=%2Fa&files.sources=&files.keep_points=many&command=on\
                    &command.source_type=STONE&catch_up=skip";
        let form = ScheduleForm::sent(ScheduleKind::Managed, &Sent::parse(body.as_bytes()));
        assert_eq!((form.grace_minutes.as_str(), form.files.keep_points.as_str(), form.enabled), ("soon", "many", false));
        let (draft, problems) = form.draft();
        assert_eq!(draft.files.unwrap().sources, ["/a"]);
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["grace_minutes", "files.keep_points", "command.source_type"]);
    }
}
