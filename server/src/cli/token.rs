//! `tailback token …`, beside a running panel or without one.

use anyhow::Context;
use clap::Subcommand;

use super::say;
use crate::clock::Clock;
use crate::config::{Config, DataFlags};
use crate::state::Panel;

#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Make an API token and print it, alone, on standard output.
    Create {
        /// Whose permissions it has.
        #[arg(long)]
        user: String,
        /// A reported schedule: the token may report its runs and do nothing else.
        #[arg(long, value_name = "ID")]
        schedule: Option<i64>,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
        #[command(flatten)]
        data: DataFlags,
    },
}

pub(super) async fn run(command: TokenCommand) -> anyhow::Result<()> {
    let TokenCommand::Create { user, schedule, name, data } = command;
    let (panel, _) = Panel::open(&Config::load_data(&data)?, Clock::machine()).await?;
    let token = panel.accounts.create_token(&user, &name, schedule).await.with_context(|| format!("make a token for {user}"))?;
    panel.database.close().await;
    say(token.text());
    Ok(())
}
