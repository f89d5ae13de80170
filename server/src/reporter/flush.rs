//! Sends what earlier runs have left, and nothing else.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::delivery::send_left;
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
    let left = spool.left(&url, schedule, now).map_err(|cause| format!("the spool cannot be read: {cause}"))?;
    if left.given_up > 0 {
        voice.say(format!("reports of {} runs were older than 30 days and were removed", left.given_up));
    }
    let mut files = VecDeque::from(left.files);
    let panel = Panel::new(&url, token);
    let deadline = Instant::now() + wait;
    loop {
        match send_left(&panel, &mut files, voice) {
            Ok(reasons) => {
                for reason in &reasons {
                    voice.say(format!("the panel takes no reports, they stay in the spool: {reason}"));
                }
                break;
            }
            Err(cause) if Instant::now() + AGAIN > deadline => {
                voice.say(format!("the panel cannot be reached ({cause}); reports wait in the spool"));
                return Ok(false);
            }
            Err(_) => std::thread::sleep(AGAIN),
        }
    }
    let still = spool.left(&url, schedule, now).map_err(|cause| format!("the spool cannot be read: {cause}"))?;
    Ok(still.files.is_empty())
}
