//! The text of a run's job.sh: a fixed program and its quoted arguments.

use crate::ssh::{SshError, quote};

use super::Job;

const FRAME: &str = include_str!("scripts/frame.sh");
const FILES: &str = include_str!("scripts/files.sh");
const MYSQL: &str = include_str!("scripts/mysql.sh");

/// Never part of a backup, wherever the sources begin.
const NEVER: [&str; 4] = ["/dev", "/proc", "/sys", "/run"];

/// The whole of job.sh.
pub(super) fn job_file(job: &Job) -> Result<String, SshError> {
    let (program, arguments) = match job {
        Job::Files { files, point } => {
            let limit = files.bandwidth_kbps.map(|kbps| kbps.to_string()).unwrap_or_default();
            let mut arguments = vec![files.destination.clone(), point.clone(), limit];
            arguments.extend(NEVER.iter().map(|path| format!("--exclude={path}/*")));
            // A destination below a source must not copy itself.
            arguments.push(format!("--exclude={}/point.*", files.destination.trim_end_matches('/')));
            arguments.extend(files.excludes.iter().map(|pattern| format!("--exclude={pattern}")));
            arguments.push("--".to_owned());
            arguments.extend(files.sources.iter().cloned());
            (FILES, arguments)
        }
        Job::Mysql { mysql, point } => {
            let mut arguments = vec![mysql.destination.clone(), point.clone(), mysql.defaults_file.clone()];
            arguments.extend(mysql.databases.iter().flatten().cloned());
            (MYSQL, arguments)
        }
    };
    let quoted = arguments.iter().map(|argument| quote(argument)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("#!/bin/sh\nset -- {}\n{program}{FRAME}", quoted.join(" ")))
}

#[cfg(test)]
mod tests {
    use app::model::FilesJob;

    use super::*;

    #[test]
    fn arguments_are_quoted_and_system_directories_are_left_out() {
        let files = FilesJob {
            sources: vec!["/srv/it's here".to_owned()],
            destination: "/backup/$(reboot)".to_owned(),
            excludes: vec!["*.tmp".to_owned()],
            bandwidth_kbps: Some(500),
        };
        let text = job_file(&Job::Files { files, point: "point.2026-11-22_02-00-00".to_owned() }).unwrap();
        let line = text.lines().nth(1).unwrap();
        assert!(line.contains("'/backup/$(reboot)'"), "{line}");
        for path in ["--exclude=/dev/*", "--exclude=/proc/*", "--exclude=/sys/*", "--exclude=/run/*", "--exclude=*.tmp"] {
            assert!(line.contains(path), "{line}");
        }
    }
}
