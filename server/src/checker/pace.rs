//! How long to wait before a server is visited again.

use std::time::Duration;

use app::model::{RunState, Timestamp};

use crate::store::runs::ActiveRun;

/// Nothing runs: often enough to know whether the server is there.
const IDLE: Duration = Duration::from_mins(1);

/// The longest wait for a server that does not answer.
const MAX_BACK_OFF: Duration = Duration::from_mins(5);

/// Jobs that something else runs may begin at any moment.
const WATCHING: Duration = Duration::from_secs(10);

/// Somebody reads the log as it grows.
const LOOKED_AT: Duration = Duration::from_secs(1);

/// Often for what is young, about to change or being looked at, rarer for what has been going for hours.
pub(super) fn until_next_visit(active: &[&ActiveRun], is_looked_at: bool, watching: bool, now: Timestamp) -> Duration {
    let wait = |run: &&ActiveRun| match run.run.state {
        RunState::Running => match now.millis_since(run.run.started_at.unwrap_or(run.run.created_at)) / 1000 {
            ..=119 => Duration::from_secs(1),
            120..=3599 => Duration::from_secs(4),
            _ => Duration::from_secs(15),
        },
        _ => Duration::from_secs(1),
    };
    let idle = if watching { WATCHING } else { IDLE };
    let looked_at = is_looked_at.then_some(LOOKED_AT);
    active.iter().map(wait).chain(looked_at).min().unwrap_or(idle).min(idle)
}

/// Doubles from one second with every failure; `jitter` in 0..1 keeps many servers from coming back at once.
pub(super) fn back_off(failures: u32, jitter: f64) -> Duration {
    let base = Duration::from_secs(1 << failures.saturating_sub(1).min(10)).min(MAX_BACK_OFF);
    base.mul_f64(0.75 + 0.25 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_grows_to_five_minutes_and_no_further() {
        assert!(back_off(1, 1.0) <= Duration::from_secs(1));
        assert!(back_off(4, 0.0) >= Duration::from_secs(6));
        assert_eq!(back_off(40, 1.0), MAX_BACK_OFF);
    }
}
