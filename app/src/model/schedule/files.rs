//! Copies of directories.

use serde::{Deserialize, Serialize};

use super::{destination_problem, keep_problem, path_problem};
use crate::model::FieldError;

/// Copies directories with rsync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FilesJob {
    /// Absolute paths on the server.
    pub sources: Vec<String>,
    /// An absolute path on the server, or `user@storage:/path` reached with the server's own key.
    pub destination: String,
    /// rsync patterns, anchored at the root of the file system when they begin with `/`.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// How many points are kept; absent = all.
    #[serde(default)]
    pub keep_points: Option<u32>,
    /// KiB per second.
    #[serde(default)]
    pub bandwidth_kbps: Option<u32>,
    /// Further arguments for rsync, from a list of those that cannot reach elsewhere or run anything.
    #[serde(default)]
    pub extra_args: Vec<String>,
}

/// Arguments that may be added. Those that end in `=` take a number, with a unit for sizes.
pub const EXTRA_ARGS: [&str; 24] = [
    "--acls",
    "--xattrs",
    "--sparse",
    "--one-file-system",
    "--checksum",
    "--fuzzy",
    "--compress",
    "--whole-file",
    "--no-whole-file",
    "--fake-super",
    "--copy-links",
    "--copy-unsafe-links",
    "--safe-links",
    "--no-owner",
    "--no-group",
    "--no-perms",
    "--no-devices",
    "--no-specials",
    "--ignore-errors",
    "--compress-level=",
    "--max-size=",
    "--min-size=",
    "--modify-window=",
    "--timeout=",
];

impl FilesJob {
    pub(super) fn check(&self, problems: &mut Vec<FieldError>) {
        if self.sources.is_empty() {
            problems.push(FieldError::new("files.sources", "expected at least one path"));
        }
        for (n, source) in self.sources.iter().enumerate() {
            problems.extend(path_problem(&format!("files.sources[{n}]"), source));
        }
        problems.extend(destination_problem("files.destination", &self.destination));
        problems.extend(keep_problem("files.keep_points", self.keep_points));
        for (n, pattern) in self.excludes.iter().enumerate() {
            if pattern.is_empty() || pattern.len() > 4096 || pattern.chars().any(char::is_control) {
                problems.push(FieldError::new(format!("files.excludes[{n}]"), "expected an rsync pattern on one line"));
            }
        }
        if self.bandwidth_kbps == Some(0) {
            problems.push(FieldError::new("files.bandwidth_kbps", "expected at least 1; leave it out for no limit"));
        }
        for (n, argument) in self.extra_args.iter().enumerate() {
            if !is_allowed(argument) {
                let reason = format!("expected one of {}", EXTRA_ARGS.map(shown).join(", "));
                problems.push(FieldError::new(format!("files.extra_args[{n}]"), reason));
            }
        }
    }
}

fn shown(argument: &str) -> String {
    if argument.ends_with('=') { format!("{argument}N") } else { argument.to_owned() }
}

fn is_allowed(argument: &str) -> bool {
    let number = |text: &str| {
        let digits = text.trim_end_matches(['K', 'M', 'G', 'T']);
        (1..=12).contains(&digits.len()) && text.len() <= digits.len() + 1 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    EXTRA_ARGS.iter().any(|allowed| match allowed.strip_suffix('=') {
        Some(_) => argument.strip_prefix(allowed).is_some_and(number),
        None => argument == *allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_arguments_are_allowed() {
        for argument in ["--acls", "--max-size=2G", "--timeout=600"] {
            assert!(is_allowed(argument), "{argument}");
        }
        for argument in
            ["-e", "--rsh=sh", "--rsync-path=sh", "--acls --delete", "--max-size=", "--max-size=$(id)", "--timeout=5KK", "--delete", ""]
        {
            assert!(!is_allowed(argument), "{argument}");
        }
    }
}
