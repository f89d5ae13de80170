//! `tailback user …`, beside a running panel or without one.

use std::io::Read;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::say;
use crate::clock::Clock;
use crate::config::{Config, DataFlags};
use crate::state::Panel;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Make an account.
    Create {
        /// The name to sign in with.
        name: String,
        /// admin, operator or viewer.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        data: DataFlags,
    },
}

pub(super) async fn run(command: UserCommand) -> anyhow::Result<()> {
    let UserCommand::Create { name, role, password_stdin, data } = command;
    if !password_stdin {
        bail!("give the password on standard input with --password-stdin, so that it is in no process list");
    }
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password).context("read the password")?;
    let password = password.strip_suffix('\n').unwrap_or(&password).to_owned();
    let (panel, _) = Panel::open(&Config::load_data(&data)?, Clock::machine()).await?;
    panel.accounts.create(&name, password, &role).await.with_context(|| format!("make account {name}"))?;
    panel.database.close().await;
    say(format!("account {name} with role {role} was made"));
    Ok(())
}
