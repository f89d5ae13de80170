//! Makes a run begin on its server, however often it is asked to.

use std::time::Duration;

use app::model::RunId;

use super::Job;
use super::script::job_file;
use crate::ssh::{Client, Script, SshError};

const START: &str = include_str!("scripts/start.sh");

/// Longer than the script waits for the job's first traces.
const DEADLINE: Duration = Duration::from_secs(20);

/// What the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beginning {
    /// The job has begun, this long ago.
    Begun { ago: Duration },
    /// It has not, or not visibly: ask again.
    Waiting { said: String },
}

/// Asks the server to begin a run. Safe to repeat: a run begins once.
pub async fn begin(client: &mut Client, id: &RunId, job: &Job) -> Result<Beginning, SshError> {
    let Some(text) = job_file(job)? else {
        return Ok(Beginning::Waiting { said: "nothing of this job is Tailback's to begin".to_owned() });
    };
    let script = Script::new(START).arg(id.as_str()).arg(text);
    let output = client.run(&script, DEADLINE).await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.lines().rev().find_map(|line| line.strip_prefix("tailback-start "));
    Ok(match answer.and_then(|answer| answer.strip_prefix("begun ")) {
        Some(seconds) => Beginning::Begun { ago: Duration::from_secs(seconds.trim().parse().unwrap_or(0)) },
        None => Beginning::Waiting { said: String::from_utf8_lossy(&output.stderr).trim().to_owned() },
    })
}
