//! A network between the panel and a server that can be bad: slow, or cut off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes bytes on between a port of its own and another.
pub struct Wire {
    port: u16,
    to: u16,
    delay_ms: Arc<AtomicU64>,
    listening: Option<JoinHandle<()>>,
}

impl Wire {
    pub async fn to(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut wire = Self { port, to, delay_ms: Arc::default(), listening: None };
        wire.listening = Some(wire.listen(listener));
        wire
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every piece of up to 256 bytes takes so long.
    pub fn slow_down(&self, delay: Duration) {
        self.delay_ms.store(u64::try_from(delay.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Connections end, new ones are refused.
    pub async fn cut(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            listening.await.ok();
        }
    }

    /// New connections are served again.
    pub fn mend(&mut self) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], self.port).into()).unwrap();
        self.listening = Some(self.listen(socket.listen(64).unwrap()));
    }

    fn listen(&self, listener: TcpListener) -> JoinHandle<()> {
        let (to, delay_ms) = (self.to, self.delay_ms.clone());
        tokio::spawn(async move {
            // Dropped with this task, and with them what they carry.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let delay_ms = delay_ms.clone();
                connections.spawn(async move {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::join!(carry(near_in, far_out, delay_ms.clone()), carry(far_in, near_out, delay_ms));
                });
            }
        })
    }
}

async fn carry(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, delay_ms: Arc<AtomicU64>) {
    let mut piece = vec![0; 256 * 1024];
    loop {
        let delay = delay_ms.load(Ordering::SeqCst);
        let most = if delay == 0 { piece.len() } else { 256 };
        let Ok(count @ 1..) = from.read(&mut piece[..most]).await else { return };
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
}
