//! A panel that serves: listen, work, stop in order.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::Config;
use crate::listen::listen;
use crate::router::router;
use crate::state::{Background, Panel};

/// A panel at work.
pub struct Serving {
    pub panel: Panel,
    pub address: SocketAddr,
    background: Background,
    listening: JoinHandle<()>,
}

impl Serving {
    /// Starts to listen and to work.
    pub async fn start(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.bind).await.with_context(|| format!("listen on {}", config.bind))?;
        let address = listener.local_addr().context("find out the own address")?;
        let (panel, unstarted) = Panel::open(config, clock).await?;
        let background = unstarted.start(&panel);
        let listening = tokio::spawn(listen(listener, router(panel.clone())?, panel.perimeter.clone(), panel.stop.clone()));
        tracing::info!(%address, build = crate::build_id(), "listening");
        Ok(Self { panel, address, background, listening })
    }

    /// Ends streams, requests and background work.
    pub async fn stop(mut self) {
        self.panel.stop.cancel();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), &mut self.listening).await;
        if ended.is_err() {
            // A client that does not let go does not hold up the panel.
            self.listening.abort();
        }
        // They say goodbye, which takes them no longer than this.
        self.panel.streams.close();
        tokio::time::timeout(std::time::Duration::from_secs(3), self.panel.streams.wait()).await.ok();
        self.background.stop().await;
    }
}
