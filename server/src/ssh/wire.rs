//! What the two sides of a connection share: the socket, the stage, and the right to cut.
//!
//! libssh2 blocks and its timeouts restart with every byte, so it lives on a thread of its own while the caller waits with an
//! absolute deadline and cuts the socket when that passes. A cut socket fails every libssh2 call at once, also the farewells that it
//! sends when it is dropped, so the thread ends by itself and nobody has to join it.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ssh2::Session;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::{SshError, Stage};

/// Threads touch 24 KiB as measured, the key exchange inside OpenSSL being the deepest; the rest is address space, not memory, and
/// room for other builds of OpenSSL.
const STACK_BYTES: usize = 256 * 1024;

/// By how much libssh2's own timeouts, the second net, come after the deadline of the caller: its verdict is the clearer one.
const SECOND_NET: Duration = Duration::from_secs(1);

pub(super) struct Wire {
    stream: Arc<TcpStream>,
    stage: Mutex<Stage>,
    cut: AtomicBool,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Arc<Self> {
        Arc::new(Self { stream: Arc::new(stream), stage: Mutex::new(Stage::Handshake), cut: AtomicBool::new(false) })
    }

    /// The socket itself, one descriptor for both sides.
    pub(super) fn stream(&self) -> Arc<TcpStream> {
        Arc::clone(&self.stream)
    }

    pub(super) fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called before the first byte of the stage goes out: who cuts first and reads the stage afterwards never sees one too early.
    pub(super) fn enter(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// Bounds every wait inside libssh2, should the caller not cut. Not a deadline: it starts anew with each call.
    pub(super) fn spread_second_net(session: &Session, timeout: Duration) {
        session.set_timeout(u32::try_from((timeout + SECOND_NET).as_millis()).unwrap_or(u32::MAX));
    }

    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        // It fails only where the other side has already closed.
        let _already_closed = self.stream.shutdown(Shutdown::Both);
    }

    pub(super) fn cut_on_drop(&self) -> CutOnDrop<'_> {
        CutOnDrop { wire: self, armed: true }
    }

    /// Whether an idle connection is still there: not cut by us and, as far as the kernel knows, not closed by the other side.
    /// Does not block: libssh2 keeps the socket in non-blocking mode between its calls.
    pub(super) fn is_open(&self) -> bool {
        if self.cut.load(Ordering::Acquire) {
            return false;
        }
        match self.stream.peek(&mut [0]) {
            Ok(bytes) => bytes > 0,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }

    /// Waits for what the thread answers, at most until `deadline`. Unless that is a success the socket is cut, also when the caller
    /// stops waiting.
    pub(super) async fn answer<T>(&self, deadline: Instant, reply: oneshot::Receiver<Result<T, SshError>>) -> Result<T, SshError> {
        let unless_well = self.cut_on_drop();
        match timeout_at(deadline, reply).await {
            Ok(Ok(Ok(value))) => {
                unless_well.disarm();
                Ok(value)
            }
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_thread_gone)) => Err(SshError::Lost { stage: self.stage(), source: None }),
            Err(_elapsed) => {
                drop(unless_well);
                Err(SshError::TimedOut { stage: self.stage() })
            }
        }
    }
}

pub(super) struct CutOnDrop<'a> {
    wire: &'a Wire,
    armed: bool,
}

impl CutOnDrop<'_> {
    pub(super) fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for CutOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.wire.cut();
        }
    }
}

/// Runs the blocking side of one connection. The thread is not joined: it ends when its work ends or the wire is cut.
pub(super) fn on_own_thread(work: impl FnOnce() + Send + 'static) -> Result<(), SshError> {
    thread::Builder::new()
        .name("ssh-session".into())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map(drop)
        .map_err(|source| SshError::Local { source })
}
