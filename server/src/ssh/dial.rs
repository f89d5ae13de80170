//! From a host name to a socket on which an SSH server has greeted.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::wire::Wire;
use super::{Deadlines, SshError, Stage, banner};

/// The socket, and the time by which keys must be exchanged and the user signed in.
pub(super) async fn reach(host: &str, port: u16, deadlines: &Deadlines) -> Result<(Arc<Wire>, Instant), SshError> {
    let mut stream = dial(host, port, Instant::now() + deadlines.connect).await?;
    let deadline = Instant::now() + deadlines.handshake;
    banner::await_greeting(&mut stream, deadline).await?;
    // It stays non-blocking, as libssh2 wants it; libssh2 waits by itself.
    let stream = stream.into_std().map_err(|source| SshError::Local { source })?;
    Ok((Wire::new(stream), deadline))
}

/// Tries the addresses of the host in the order of the resolver. Each gets an equal share of the time that is left, so that a dead
/// first address does not use up the time of a living second one.
async fn dial(host: &str, port: u16, deadline: Instant) -> Result<TcpStream, SshError> {
    let addresses: Vec<SocketAddr> = timeout_at(deadline, lookup_host((host, port)))
        .await
        .map_err(|_elapsed| SshError::TimedOut { stage: Stage::Resolve })?
        .map_err(|source| SshError::Resolve { source })?
        .collect();

    let mut failure = SshError::Resolve { source: io::Error::other("the name has no address") };
    for (left, address) in (1..=addresses.len()).rev().zip(addresses) {
        let share = deadline.saturating_duration_since(Instant::now()) / u32::try_from(left).unwrap_or(u32::MAX);
        failure = match timeout(share, connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => SshError::Refused,
            Ok(Err(source)) => SshError::Unreachable { source },
            Err(_elapsed) => SshError::TimedOut { stage: Stage::Connect },
        };
    }
    Err(failure)
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Lets the kernel find out about a peer that vanished while the connection was idle.
    socket.set_keepalive(true)?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}
