//! One kept, authenticated connection: the side that waits, and the thread on which libssh2 blocks.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ssh2::{Channel, Session};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::transcript::{Markers, Output};
use super::wire::{Wire, on_own_thread};
use super::{Deadlines, Script, SshError, Stage, Target, dial, exec, host_keys};

/// `run` takes the client mutably, so there is never more than one script under way.
const QUEUE: usize = 1;

/// Often enough for the strictest servers, which ask every 15 s and hang up after three questions.
const ATTEND_EVERY: Duration = Duration::from_secs(10);

/// A server with `MaxSessions 1` counts a session for a moment longer than it lasts.
const SLOT_PAUSE: Duration = Duration::from_millis(50);

/// A connection to one server. Dropping it, or a future of it, never blocks: the socket is cut and the thread ends by itself.
///
/// A script that runs when the connection is cut is not stopped by that; it meets a closed pipe if it writes.
pub struct Client {
    wire: Arc<Wire>,
    jobs: SyncSender<Job>,
}

struct Job {
    upload: String,
    markers: Markers,
    timeout: Duration,
    reply: oneshot::Sender<Result<Output, SshError>>,
}

impl Client {
    /// Connects, compares the host key with the pinned one and only then signs in.
    pub async fn connect(target: &Target, deadlines: &Deadlines) -> Result<Self, SshError> {
        let begun = Instant::now();
        let (wire, deadline) = dial::reach(&target.host, target.port, deadlines).await?;
        let (ready, signed_in) = oneshot::channel();
        let (jobs, queue) = sync_channel(QUEUE);
        let client = Self { wire: Arc::clone(&wire), jobs };
        on_own_thread({
            let (target, timeout) = (target.clone(), deadlines.handshake);
            move || serve(&wire, target, timeout, ready, &queue)
        })?;
        client.wire.answer(deadline, signed_in).await?;
        tracing::debug!(
            server.host = target.host,
            server.port = target.port,
            duration_ms = begun.elapsed().as_millis(),
            "connected over SSH"
        );
        Ok(client)
    }

    /// Runs one script with `/bin/sh` on the server and waits for it, `deadline` at most. Any error but `BadArgument` leaves the
    /// session in doubt: the connection is cut and the client not usable afterwards.
    pub async fn run(&mut self, script: &Script, deadline: Duration) -> Result<Output, SshError> {
        let begun = Instant::now();
        let markers = Markers::random()?;
        let upload = script.render(&markers)?;
        let (reply, answer) = oneshot::channel();
        self.wire.enter(Stage::Open);
        let job = Job { upload, markers, timeout: deadline, reply };
        self.jobs.try_send(job).map_err(|_thread_gone| SshError::Lost { stage: Stage::Open, source: None })?;
        let output = self.wire.answer(begun + deadline, answer).await?;
        tracing::debug!(
            status = output.status,
            stdout_bytes = output.stdout.len(),
            stderr_bytes = output.stderr.len(),
            duration_ms = begun.elapsed().as_millis(),
            "ran a script over SSH"
        );
        Ok(output)
    }

    /// False after any failure that leaves the session in doubt, and when the server has closed the idle connection.
    pub fn is_usable(&self) -> bool {
        self.wire.is_open()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.wire.cut();
    }
}

/// The thread: signs in, then runs what comes until a script fails or the client is gone.
fn serve(wire: &Wire, target: Target, timeout: Duration, ready: oneshot::Sender<Result<(), SshError>>, queue: &Receiver<Job>) {
    let session = match host_keys::exchange_keys(wire, timeout) {
        Ok(session) => session,
        Err(error) => {
            let _unheard = ready.send(Err(error));
            return;
        }
    };
    let mut channel = None;
    // Declared after those two, so it goes first: what libssh2 says when they are dropped cannot block any more.
    let _cut = wire.cut_on_drop();
    let prepared = prepare(wire, &session, &target).map(|opened| channel = Some(opened));
    drop(target);
    let failed = prepared.is_err();
    if ready.send(prepared).is_err() || failed {
        return;
    }
    while let Some(open) = &mut channel {
        match queue.recv_timeout(ATTEND_EVERY) {
            Ok(job) => channel = channel.take().and_then(|open| work(wire, &session, open, job)),
            Err(RecvTimeoutError::Timeout) if exec::attend(&session, open) => {}
            Err(_) => return,
        }
    }
}

fn prepare(wire: &Wire, session: &Session, target: &Target) -> Result<Channel, SshError> {
    host_keys::verify(session, target.host_key.as_ref())?;
    wire.enter(Stage::Authentication);
    session
        .userauth_pubkey_memory(&target.user, None, target.private_key.text(), None)
        .map_err(|source| SshError::from_ssh2(Stage::Authentication, source))?;
    wire.enter(Stage::Open);
    exec::open(session)
}

/// Runs one script and returns the channel for the next, if all went well.
fn work(wire: &Wire, session: &Session, channel: Channel, job: Job) -> Option<Channel> {
    let Job { upload, markers, timeout, reply } = job;
    let result = exec::run(wire, session, channel, &upload, timeout).and_then(|raw| markers.read(raw));
    let failed = result.is_err();
    if reply.send(result).is_err() || failed {
        return None;
    }
    let next = match exec::open(session) {
        Err(SshError::Denied { .. }) => {
            thread::sleep(SLOT_PAUSE);
            exec::open(session)
        }
        opened => opened,
    };
    next.inspect_err(|error| tracing::debug!(%error, "gave up a kept SSH connection")).ok()
}
