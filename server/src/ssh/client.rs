//! One kept, authenticated connection: the side that waits, and the thread on which libssh2 blocks.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use ssh2::Session;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::transcript::{Markers, Output};
use super::wire::{Wire, on_own_thread};
use super::{Deadlines, Script, SshError, Stage, Target, dial, exec, host_keys};

/// `run` takes the client mutably, so there is never more than one script under way.
const QUEUE: usize = 1;

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
    // Declared after the session, so it goes first: what libssh2 says when it is dropped cannot block any more.
    let _cut = wire.cut_on_drop();
    let signed_in = host_keys::verify(&session, target.host_key.as_ref()).and_then(|()| sign_in(wire, &session, &target));
    drop(target);
    let failed = signed_in.is_err();
    if ready.send(signed_in).is_err() || failed {
        return;
    }
    while let Ok(Job { upload, markers, timeout, reply }) = queue.recv() {
        let result = exec::run(wire, &session, &upload, timeout).and_then(|said| markers.read(said));
        let failed = result.is_err();
        if reply.send(result).is_err() || failed {
            return;
        }
    }
}

fn sign_in(wire: &Wire, session: &Session, target: &Target) -> Result<(), SshError> {
    wire.enter(Stage::Authentication);
    session
        .userauth_pubkey_memory(&target.user, None, target.private_key.text(), None)
        .map_err(|source| SshError::from_ssh2(Stage::Authentication, source))
}
