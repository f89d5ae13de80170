//! One look at all runs of a server: one script, one answer.

use std::time::Duration;

use app::model::{RunId, RunState, Timestamp, WatchJob};

use super::observation::{GarbledPass, PassReport, parse};
use crate::ssh::{Client, Script, SshError};
use crate::store::runs::ActiveRun;

const PASS: &str = include_str!("scripts/pass.sh");

const DEADLINE: Duration = Duration::from_secs(20);

/// A job that was told to stop has this long before it is killed.
const STOP_GRACE_MS: i64 = 15_000;

/// What a pass asks of a run besides looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Look,
    /// Make a job that has not begun never begin.
    Forbid,
    Stop,
    Kill,
}

impl Order {
    /// What a run's state calls for.
    pub(super) fn of(run: &ActiveRun, now: Timestamp) -> Self {
        match (&run.stop, run.run.state) {
            (Some(stop), _) if now.millis_since(stop.at) > STOP_GRACE_MS => Self::Kill,
            (Some(_), _) => Self::Stop,
            (None, RunState::Running) => Self::Look,
            (None, _) => Self::Forbid,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Forbid => "forbid",
            Self::Stop => "stop",
            Self::Kill => "kill",
        }
    }
}

/// Why a pass brought nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum PassError {
    #[error(transparent)]
    Ssh(#[from] SshError),
    #[error(transparent)]
    Garbled(#[from] GarbledPass),
}

/// What a pass asks about one run of Tailback's own.
pub(super) struct RunOrder {
    pub(super) id: RunId,
    /// Which file its log was, and how much of it was read before.
    pub(super) log_file: String,
    pub(super) log_from: u64,
    pub(super) order: Order,
}

/// What a pass asks about one job that something else runs.
pub(super) struct WatchOrder {
    pub(super) schedule_id: i64,
    /// The process of the run that is going on.
    pub(super) known: Option<String>,
    pub(super) watch: WatchJob,
    pub(super) log_file: String,
    pub(super) log_from: u64,
}

/// The script of a pass over one run, for whoever has no connection but a shell.
pub fn lone_look(id: &RunId) -> String {
    format!("set -- tailback 1 {id} - 0 look\n{PASS}")
}

/// Looks at all of these at once; with none, only at whether the server answers.
pub(super) async fn look(client: &mut Client, runs: &[RunOrder], watched: &[WatchOrder]) -> Result<PassReport, PassError> {
    let marker = format!("tailback-{}", crate::random::hex(16));
    let mut script = Script::new(PASS).arg(&marker).arg(runs.len().to_string());
    for run in runs {
        script = script.arg(run.id.as_str()).arg(&run.log_file).arg(run.log_from.to_string()).arg(run.order.word());
    }
    for WatchOrder { schedule_id, known, watch, log_file, log_from } in watched {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        script = script.arg(schedule_id.to_string()).arg(text(known)).arg(text(&watch.screen)).arg(text(&watch.process));
        script = script.arg(text(&watch.log)).arg(log_file).arg(log_from.to_string()).arg(text(&watch.exit_file));
    }
    let output = client.run(&script, DEADLINE).await?;
    Ok(parse(&output.stdout, &marker)?)
}
