//! `tailback secrets …`, beside a running panel or without one.

use anyhow::Context;
use clap::Subcommand;

use super::say;
use crate::clock::Clock;
use crate::config::{Config, DataFlags};
use crate::secrets::rotate;
use crate::state::Panel;

#[derive(Subcommand)]
pub(super) enum SecretsCommand {
    /// Seal everything that the database keeps sealed with a new key, and forget the old one.
    Rotate {
        #[command(flatten)]
        data: DataFlags,
    },
}

pub(super) async fn run(command: SecretsCommand) -> anyhow::Result<()> {
    let SecretsCommand::Rotate { data } = command;
    let (panel, _) = Panel::open(&Config::load_data(&data)?, Clock::machine()).await?;
    let rotated = rotate(panel.keys.vault(), &panel.trail).await.context("change the sealing key")?;
    panel.database.close().await;
    say(format!("{} stored secrets are sealed with the new key", rotated.sealed));
    if rotated.from_environment {
        say("leave only the new key in TAILBACK_SECRET_KEY now, where the panel runs too");
    }
    Ok(())
}
