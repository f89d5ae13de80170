//! A panel that serves: listen, work, stop in order.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::config::Config;
use crate::router::router;
use crate::state::{Background, Panel};

/// A panel at work.
pub struct Serving {
    pub panel: Panel,
    pub address: SocketAddr,
    background: Background,
    listening: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Serving {
    /// Starts to listen and to work.
    pub async fn start(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.bind).await.with_context(|| format!("listen on {}", config.bind))?;
        let address = listener.local_addr().context("find out the own address")?;
        let (panel, unstarted) = Panel::open(config, clock).await?;
        let background = unstarted.start(&panel);
        let service = router(panel.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let stop = panel.stop.clone();
        let listening = tokio::spawn(async move { axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await });
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
        self.background.stop().await;
    }
}
