//! Whether the other side speaks SSH at all, found out before libssh2 sees the socket: it cannot say what it met instead.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use super::{SshError, Stage};

const GREETING: &[u8] = b"SSH-";

/// RFC 4253 4.2 allows lines before the greeting but no number of them; real ones are a sentence or two.
const MAX_EARLIER_BYTES: usize = 16 * 1024;

/// Between two looks at a greeting of which one to three bytes have come: a peek returns at once while they lie there.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits for the greeting and leaves it in the socket; lines before it are taken out.
pub(super) async fn await_greeting(stream: &mut TcpStream, deadline: Instant) -> Result<(), SshError> {
    let mut earlier = Vec::new();
    match timeout_at(deadline, skip_to_greeting(stream, &mut earlier)).await {
        Ok(outcome) => outcome,
        Err(_elapsed) if earlier.is_empty() => Err(SshError::TimedOut { stage: Stage::Banner }),
        Err(_elapsed) => Err(not_ssh(&earlier)),
    }
}

async fn skip_to_greeting(stream: &mut TcpStream, earlier: &mut Vec<u8>) -> Result<(), SshError> {
    let mut buffer = [0; 512];
    loop {
        let seen = stream.peek(&mut buffer).await.map_err(lost)?;
        let seen = &buffer[..seen];
        if seen.is_empty() {
            return Err(if earlier.is_empty() { SshError::Lost { stage: Stage::Banner, source: None } } else { not_ssh(earlier) });
        }
        let at_line_start = earlier.last().is_none_or(|byte| *byte == b'\n');
        if at_line_start && seen.starts_with(GREETING) {
            return Ok(());
        }
        if at_line_start && GREETING.starts_with(seen) {
            sleep(PAUSE).await;
            continue;
        }
        let line = seen.iter().position(|byte| *byte == b'\n').map_or(seen.len(), |newline| newline + 1);
        let line = &mut buffer[..line];
        stream.read_exact(line).await.map_err(lost)?;
        earlier.extend_from_slice(line);
        let is_text = line.iter().all(|byte| *byte >= b' ' || b"\t\r\n".contains(byte));
        if !is_text || earlier.len() > MAX_EARLIER_BYTES {
            return Err(not_ssh(earlier));
        }
    }
}

fn lost(source: std::io::Error) -> SshError {
    SshError::Lost { stage: Stage::Banner, source: Some(source) }
}

fn not_ssh(earlier: &[u8]) -> SshError {
    SshError::NotSsh { said: first_line(earlier) }
}

/// The first line that says something, fit to be shown: no control characters, at most 120 characters.
pub(super) fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .lines()
        .map(|line| line.chars().filter(|c| !c.is_control()).take(120).collect::<String>().trim().to_owned())
        .find(|line| !line.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_line_is_short_and_clean() {
        assert_eq!(first_line(b"\r\n \x1b[31m220 mail\x07 ready \r\nmore"), "[31m220 mail ready");
        assert_eq!(first_line(&[b'x'; 1000]).len(), 120);
        assert_eq!(first_line(b"\xff\n"), "\u{fffd}");
        assert_eq!(first_line(b"\0\n"), "");
    }
}
