//! One look at all runs of a server: one script, one answer.

use std::time::Duration;

use app::model::{RunId, RunState, Timestamp};

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

/// Looks at these runs; with none, only at whether the server answers.
pub(super) async fn look(client: &mut Client, runs: &[(RunId, u64, Order)]) -> Result<PassReport, PassError> {
    let marker = format!("tailback-{}", crate::random::hex(16));
    let mut script = Script::new(PASS).arg(&marker);
    for (id, offset, order) in runs {
        script = script.arg(id.as_str()).arg(offset.to_string()).arg(order.word());
    }
    let output = client.run(&script, DEADLINE).await?;
    Ok(parse(&output.stdout, &marker)?)
}
