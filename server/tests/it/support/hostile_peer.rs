//! Peers on loopback that misbehave: some in place of an SSH server, one between the client and a real one.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Accepts any number of connections and does the same on each, until it is dropped.
pub(crate) struct HostilePeer {
    port: u16,
    _connections: JoinSet<()>,
}

impl HostilePeer {
    /// Accepts, reads and says nothing.
    pub(crate) async fn silent() -> Self {
        Self::saying(b"").await
    }

    /// Says this, then nothing more, until the client has gone.
    pub(crate) async fn saying(greeting: &'static [u8]) -> Self {
        Self::accepting(move |mut stream| async move {
            let _gone = stream.write_all(greeting).await;
            swallow(&mut stream).await;
        })
        .await
    }

    /// Says this and closes.
    pub(crate) async fn saying_and_closing(greeting: &'static [u8]) -> Self {
        Self::accepting(move |mut stream| async move {
            let _gone = stream.write_all(greeting).await;
            let _gone = stream.shutdown().await;
            swallow(&mut stream).await;
        })
        .await
    }

    /// Says this, then one byte at a time for ever: always just enough to look alive.
    pub(crate) async fn dripping(greeting: &'static [u8], byte: u8, every: Duration) -> Self {
        Self::accepting(move |mut stream| async move {
            let _gone = stream.write_all(greeting).await;
            while stream.write_all(&[byte]).await.is_ok() {
                sleep(every).await;
            }
        })
        .await
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    async fn accepting<F>(behave: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (listener, port) = listen().await;
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                open.spawn(behave(stream));
            }
        });
        Self { port, _connections: connections }
    }
}

/// Passes bytes on to a real server, after an opening of its own, and cuts when it is told to.
pub(crate) struct CuttingRelay {
    peer: HostilePeer,
    left: Arc<AtomicUsize>,
}

impl CuttingRelay {
    pub(crate) async fn to(server: u16, opening: &'static [u8]) -> Self {
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let peer = HostilePeer::accepting({
            let left = Arc::clone(&left);
            move |client| relay(client, server, opening, Arc::clone(&left))
        })
        .await;
        Self { peer, left }
    }

    pub(crate) fn port(&self) -> u16 {
        self.peer.port()
    }

    /// After so many more bytes from the client the next connection to send them is cut, both ways; then it is whole again.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.left.store(bytes, Ordering::SeqCst);
    }
}

async fn relay(mut client: TcpStream, server: u16, opening: &'static [u8], left: Arc<AtomicUsize>) {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await.unwrap();
    client.write_all(opening).await.unwrap();
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let upstream = async {
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = from_client.read(&mut buffer).await {
            let passed = bytes.min(left.load(Ordering::SeqCst));
            if to_server.write_all(&buffer[..passed]).await.is_err() {
                return;
            }
            if passed < bytes {
                left.store(usize::MAX, Ordering::SeqCst);
                return;
            }
            if left.load(Ordering::SeqCst) != usize::MAX {
                left.fetch_sub(passed, Ordering::SeqCst);
            }
        }
    };
    tokio::select! {
        () = upstream => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

async fn swallow(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream.read(&mut buffer).await {}
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}
