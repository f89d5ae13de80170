//! The text of a run's job.sh: a fixed program and its quoted arguments.

use app::model::{Destination, FilesJob};

use super::Job;
use crate::ssh::{SshError, quote};

const FRAME: &str = include_str!("scripts/frame.sh");
const FILES: &str = include_str!("scripts/files.sh");
const MYSQL: &str = include_str!("scripts/mysql.sh");
const COMMAND: &str = include_str!("scripts/command.sh");
const STORAGE: &str = include_str!("scripts/storage.sh");

/// Never part of a backup, wherever the sources begin.
const NEVER: [&str; 4] = ["/dev", "/proc", "/sys", "/run"];

/// The whole of job.sh, for a job that Tailback runs; `None` for one that it only hears or sees of.
pub(super) fn job_file(job: &Job) -> Result<Option<String>, SshError> {
    let program = match job {
        Job::Files { .. } => format!("{STORAGE}{FILES}"),
        Job::Mysql { .. } => format!("{STORAGE}{MYSQL}"),
        Job::Command { .. } => COMMAND.to_owned(),
        Job::Watched { .. } | Job::Reported { .. } => return Ok(None),
    };
    let arguments = arguments_of(job);
    let quoted = arguments.iter().map(|argument| quote(argument)).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(format!("#!/bin/sh\nset -- {}\n{program}{FRAME}", quoted.join(" "))))
}

/// What the program is called with; a dry run is called with the same.
pub(super) fn arguments_of(job: &Job) -> Vec<String> {
    match job {
        Job::Files { files, point } => files_arguments(files, point),
        Job::Mysql { mysql, point } => {
            let mut arguments = place(&mysql.destination, point, mysql.keep_points);
            arguments.push(mysql.defaults_file.clone());
            arguments.extend(mysql.databases.iter().flatten().cloned());
            arguments
        }
        Job::Command { command } => vec![command.command.clone()],
        Job::Watched { .. } | Job::Reported { .. } => Vec::new(),
    }
}

fn files_arguments(files: &FilesJob, point: &str) -> Vec<String> {
    let mut arguments = place(&files.destination, point, files.keep_points);
    arguments.push(files.bandwidth_kbps.map(|kbps| kbps.to_string()).unwrap_or_default());
    arguments.extend(files.extra_args.iter().cloned());
    arguments.extend(NEVER.iter().map(|path| format!("--exclude={path}/*")));
    if let Some(Destination { storage: None, path }) = Destination::parse(&files.destination) {
        // A destination below a source must not copy itself.
        arguments.push(format!("--exclude={path}/point.*"));
    }
    arguments.extend(files.excludes.iter().map(|pattern| format!("--exclude={pattern}")));
    arguments.push("--".to_owned());
    arguments.extend(files.sources.iter().cloned());
    arguments
}

/// Directory, storage or nothing, point, how many to keep or nothing.
fn place(destination: &str, point: &str, keep_points: Option<u32>) -> Vec<String> {
    let Destination { storage, path } =
        Destination::parse(destination).unwrap_or_else(|| Destination { storage: None, path: destination.to_owned() });
    let keep = keep_points.map(|keep| keep.to_string()).unwrap_or_default();
    vec![path, storage.unwrap_or_default(), point.to_owned(), keep]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_and_system_directories_are_left_out() {
        let files = FilesJob {
            sources: vec!["/srv/it's here".to_owned()],
            destination: "/backup/$(reboot)".to_owned(),
            excludes: vec!["*.tmp".to_owned()],
            keep_points: Some(7),
            bandwidth_kbps: Some(500),
            extra_args: vec!["--acls".to_owned()],
        };
        let text = job_file(&Job::Files { files, point: "point.2026-11-22_02-00-00".to_owned() }).unwrap().unwrap();
        let line = text.lines().nth(1).unwrap();
        assert!(line.contains("'/backup/$(reboot)'"), "{line}");
        for path in
            ["--exclude=/dev/*", "--exclude=/proc/*", "--exclude=/sys/*", "--exclude=/run/*", "--exclude=*.tmp", "'7' '500' '--acls'"]
        {
            assert!(line.contains(path), "{line}");
        }
    }
}
