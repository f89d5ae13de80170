//! `tailback serve`.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::clock::Clock;
use crate::config::{Config, ServeFlags};
use crate::serve::Serving;

pub(super) async fn run(flags: ServeFlags) -> anyhow::Result<()> {
    let config = Config::load(&flags)?;
    let serving = Serving::start(&config, Clock::machine()).await?;
    if let Some(link) = serving.panel.accounts.first_link().await? {
        say(format!(
            "There is no account yet. Make the first administrator within 24 hours at\n  http://{}/welcome?token={}",
            serving.address,
            link.text()
        ));
    }
    say(format!("Tailback is at http://{}", serving.address));
    until_told_to_stop().await?;
    serving.stop().await;
    Ok(())
}

/// Waits for Ctrl-C or TERM.
pub(super) async fn until_told_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for TERM")?;
    let mut hang_up = signal(SignalKind::hangup()).context("listen for HUP")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listen for Ctrl-C")?,
    }
    Ok(())
}
