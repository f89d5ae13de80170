//! A dry run: what a job would do, asked of its server with the very arguments of the real one. Changes nothing there.

use std::time::Duration;

use super::Job;
use super::script::{arguments_of, job_file};
use crate::audit::{clean_text, redact};
use crate::ssh::{Client, Script, SshError};

const FILES: &str = concat!(include_str!("scripts/storage.sh"), include_str!("scripts/rehearse_files.sh"));
const MYSQL: &str = include_str!("scripts/rehearse_mysql.sh");

/// Longer than the script lets rsync look around.
const DEADLINE: Duration = Duration::from_secs(20);

/// What `timeout` answers for what took too long.
const TOOK_TOO_LONG: i64 = 124;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The text of job.sh that the real run would get.
    pub job_text: String,
    /// What the tools said; empty where nothing can be asked without doing it.
    pub output: String,
    /// Whether the real run would probably go well; `None` where nobody can tell.
    pub promising: Option<bool>,
    /// What to make of it, in words.
    pub verdict: String,
}

/// Asks the server what a job would do there.
pub async fn rehearse(client: &mut Client, job: &Job) -> Result<Rehearsal, SshError> {
    let job_text = job_file(job)?.unwrap_or_default();
    let body = match job {
        Job::Files { .. } => FILES,
        Job::Mysql { .. } => MYSQL,
        _ => return Ok(unasked(job_text)),
    };
    let script = arguments_of(job).into_iter().fold(Script::new(body), Script::arg);
    let output = client.run(&script, DEADLINE).await?;
    let said = [output.stdout, output.stderr].concat();
    let text = redact(&clean_text(&said)).into_owned();
    Ok(judge(job_text, &text))
}

/// What a command would do, only the command knows.
fn unasked(job_text: String) -> Rehearsal {
    let verdict = "A command cannot be tried without running it: this is what would be run.".to_owned();
    Rehearsal { job_text, output: String::new(), promising: None, verdict }
}

fn judge(job_text: String, text: &str) -> Rehearsal {
    let (words, shown): (Vec<_>, Vec<_>) = text.lines().partition(is_ours);
    let of = |key: &str| words.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    let code = of("tailback-rehearsal");
    let mut notes: Vec<String> = of("destination").map(|note| format!("Of the destination: {note}.")).into_iter().collect();
    if let Some(kib) = of("free").and_then(|kib| kib.parse::<i64>().ok()) {
        notes.push(format!("{} are free at the destination.", crate::words::byte_words(kib.saturating_mul(1024))));
    }
    let barred = of("destination").is_some_and(|note| note.starts_with("this account may not"));
    let (promising, lead) = match code.map(str::parse::<i64>) {
        Some(Ok(0)) if barred => (Some(false), "The tools are there, but the point could not be made.".to_owned()),
        Some(Ok(0)) => (Some(true), "This would probably go well. Nothing was changed.".to_owned()),
        Some(Ok(TOOK_TOO_LONG)) => {
            (None, "Looking around takes longer than a dry run may; the real run takes its time. Nothing was changed.".to_owned())
        }
        Some(Ok(127)) => (Some(false), "A tool that the job needs is not there. Nothing was changed.".to_owned()),
        Some(Ok(code)) => (Some(false), format!("The tool ended with code {code}. Nothing was changed.")),
        Some(Err(_)) => (Some(false), "The server cannot reach its storage. Nothing was changed.".to_owned()),
        None => (None, "The dry run broke off. Nothing was changed.".to_owned()),
    };
    notes.insert(0, lead);
    Rehearsal { job_text, output: shown.join("\n").trim().to_owned(), promising, verdict: notes.join(" ") }
}

fn is_ours(line: &&str) -> bool {
    ["tailback-rehearsal ", "newest ", "free ", "destination "].iter().any(|ours| line.starts_with(ours)) || *line == "newest"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_say_becomes_a_verdict() {
        for (said, promising, words) in [
            ("newest \nfree 2048\nNumber of files: 3\ntailback-rehearsal 0\n", Some(true), "2.0 MiB are free"),
            ("destination this account may not write there\ntailback-rehearsal 0\n", Some(false), "may not write there"),
            ("rsync: link_stat \"/gone\" failed\ntailback-rehearsal 23\n", Some(false), "code 23"),
            ("tailback-rehearsal 124\n", None, "longer"),
            ("tailback-rehearsal storage\n", Some(false), "storage"),
            ("", None, "broke off"),
        ] {
            let rehearsal = judge(String::new(), said);
            assert_eq!(rehearsal.promising, promising, "{said}");
            assert!(rehearsal.verdict.contains(words), "{}", rehearsal.verdict);
            assert!(!rehearsal.output.contains("tailback-"), "{}", rehearsal.output);
        }
    }
}
