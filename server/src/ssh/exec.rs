//! One script on an authenticated session, from opening its channel to the confirmed close. Blocks; the caller holds the deadline.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::thread;
use std::time::Duration;

use ssh2::{BlockDirections, Channel, EXTENDED_DATA_STDERR as STDERR, Session, Stream};

use super::transcript::Raw;
use super::wire::Wire;
use super::{SshError, Stage};

/// The same for every script, and understood by every login shell: sh, csh and fish alike.
const SHELL: &str = "exec /bin/sh";

/// What the server may send ahead of us, and with it the memory of a run; most answers are a few KiB.
const WINDOW_BYTES: u32 = 256 * 1024;
const PACKET_BYTES: u32 = 32 * 1024;
const READ_BYTES: usize = 8 * 1024;

const STDOUT: i32 = 0;

/// The largest piece that one write may finish; libssh2 sends at most one packet a call.
const WRITE_BYTES: usize = 32 * 1024;

/// Long enough not to spin, short enough not to be noticed; the socket's send buffer is practically never full.
const SEND_PAUSE: Duration = Duration::from_millis(2);

/// A channel for the next script, opened ahead of it: one round trip less while somebody waits.
pub(super) fn open(session: &Session) -> Result<Channel, SshError> {
    session.channel_open("session", WINDOW_BYTES, PACKET_BYTES, None).map_err(|source| SshError::from_ssh2(Stage::Open, source))
}

/// Takes in what came while nothing ran. Servers ask from time to time whether the client is still there (`ClientAliveInterval`) and
/// hang up if nothing answers; libssh2 answers, but only while it reads. False when the connection is no more.
pub(super) fn attend(session: &Session, channel: &mut Channel) -> bool {
    session.set_blocking(false);
    let heard = read(&mut channel.stream(STDOUT), &mut [0]);
    session.set_blocking(true);
    heard.is_ok() && !channel.eof()
}

/// Starts a shell, sends it the script and gathers what it says. Two round trips, libssh2 waits for the reply to each.
pub(super) fn run(wire: &Wire, session: &Session, mut channel: Channel, script: &str, timeout: Duration) -> Result<Raw, SshError> {
    // It goes before the channel does: dropped on a living wire, a channel waits for the other side to close it.
    let unless_well = wire.cut_on_drop();
    let failed = |source| SshError::from_ssh2(wire.stage(), source);
    Wire::spread_second_net(session, timeout);
    channel.exec(SHELL).map_err(failed)?;

    wire.enter(Stage::Send);
    send(wire, &mut channel, script.as_bytes()).map_err(|source| SshError::Lost { stage: wire.stage(), source: Some(source) })?;
    channel.send_eof().map_err(failed)?;

    // Non-blocking, because a blocking read waits for one of the two streams while the other fills the window.
    session.set_blocking(false);
    let raw = gather(wire, session, &mut channel);
    session.set_blocking(true);
    let raw = raw?;
    channel.close().map_err(failed)?;
    channel.wait_close().map_err(failed)?;
    unless_well.disarm();
    Ok(raw)
}

fn send(wire: &Wire, channel: &mut Channel, mut script: &[u8]) -> io::Result<()> {
    while !script.is_empty() {
        if script.len() <= WRITE_BYTES {
            wire.enter(Stage::Answer);
        }
        let sent = channel.write(&script[..script.len().min(WRITE_BYTES)])?;
        script = &script[sent..];
    }
    Ok(())
}

/// Reads both streams as they come until the server says that there is no more.
fn gather(wire: &Wire, session: &Session, channel: &mut Channel) -> Result<Raw, SshError> {
    let mut raw = Raw::default();
    let mut buffer = [0; READ_BYTES];
    loop {
        let bytes = read(&mut channel.stream(STDOUT), &mut buffer)?;
        raw.add_stdout(&buffer[..bytes])?;
        let bytes = read(&mut channel.stream(STDERR), &mut buffer)?;
        raw.add_stderr(&buffer[..bytes])?;
        if channel.eof() {
            return Ok(raw);
        }
        // Reading one stream takes in what comes for the other; waiting on the socket for that would be for ever.
        if channel.read_window().available == 0 {
            wait_for_bytes(wire, session)?;
        }
    }
}

fn read(stream: &mut Stream, buffer: &mut [u8]) -> Result<usize, SshError> {
    match stream.read(buffer) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        outcome => outcome.map_err(|source| SshError::Lost { stage: Stage::Answer, source: Some(source) }),
    }
}

/// The standard library has no `poll`; a blocking peek is one that a cut ends as well.
fn wait_for_bytes(wire: &Wire, session: &Session) -> Result<(), SshError> {
    if matches!(session.block_directions(), BlockDirections::Outbound | BlockDirections::Both) {
        thread::sleep(SEND_PAUSE);
        return Ok(());
    }
    let stream = wire.stream();
    let peeked = stream.set_nonblocking(false).and_then(|()| stream.peek(&mut [0]));
    let restored = stream.set_nonblocking(true);
    peeked.and(restored).map_err(|source| SshError::Lost { stage: Stage::Answer, source: Some(source) })
}
