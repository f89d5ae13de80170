//! Sends what earlier runs have left, and nothing else.

use std::time::{Duration, Instant};

use super::delivery::Backlog;
use super::panel::{Panel, checked_url};
use super::spool::Spool;
use super::voice::Voice;
use crate::clock::Clock;

/// Between two attempts.
const AGAIN: Duration = Duration::from_secs(2);

/// Sends what is left for a panel, for `wait` at most; whether nothing is left of it. Waits for the panel's answers.
pub fn flush(spool: &Spool, url: &str, schedule: Option<i64>, token: Option<String>, wait: Duration, voice: Voice) -> Result<bool, String> {
    let url = checked_url(url)?;
    let now = Clock::machine().now();
    let left = || spool.left(&url, schedule, now).map_err(|cause| format!("the spool cannot be read: {cause}"));
    let mut backlog = Backlog::new(Some(left()?));
    let panel = Panel::new(&url, token);
    let deadline = Instant::now() + wait;
    loop {
        match backlog.send(&panel, voice) {
            Ok(()) => break,
            Err(cause) if Instant::now() + AGAIN > deadline => {
                voice.say(format!("the panel cannot be reached ({cause}); reports wait in the spool"));
                return Ok(false);
            }
            Err(_) => std::thread::sleep(AGAIN),
        }
    }
    for reason in &backlog.refusals {
        voice.say(format!("the panel takes no reports, they stay in the spool: {reason}"));
    }
    Ok(left()?.next().is_none())
}
