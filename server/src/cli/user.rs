//! `tailback user …`, beside a running panel or without one.

use std::io::Read;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::say;
use crate::clock::Clock;
use crate::config::{Config, DataFlags};
use crate::people::PeopleError;
use crate::state::Panel;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Make an account.
    Create {
        /// The name to sign in with.
        name: String,
        /// A role: admin, operator, viewer, or one of your own.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        data: DataFlags,
    },
    /// List the users, one a line: name, role, servers, state; separated by tabs.
    List {
        #[command(flatten)]
        data: DataFlags,
    },
    /// Keep a user out: every session ends and no token works.
    Disable(Name),
    /// Let a user in again.
    Enable(Name),
    /// Give a user another password and end every session. Without --password-stdin one is made and printed, alone, on standard
    /// output.
    ResetPassword {
        /// The user.
        name: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        data: DataFlags,
    },
    /// Remove a user with sessions and tokens.
    Delete(Name),
}

#[derive(Args)]
pub(super) struct Name {
    /// The user.
    name: String,
    #[command(flatten)]
    data: DataFlags,
}

pub(super) async fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Create { name, role, password_stdin, data } => create(name, role, password_stdin, &data).await,
        UserCommand::List { data } => list(&data).await,
        UserCommand::Disable(Name { name, data }) => {
            let panel = open(&data).await?;
            told(panel.people.console_enable(&name, false).await).with_context(|| format!("disable {name}"))?;
            done(panel, format!("{name} is disabled")).await
        }
        UserCommand::Enable(Name { name, data }) => {
            let panel = open(&data).await?;
            told(panel.people.console_enable(&name, true).await).with_context(|| format!("enable {name}"))?;
            done(panel, format!("{name} is enabled")).await
        }
        UserCommand::ResetPassword { name, password_stdin, data } => {
            let password = if password_stdin { Some(read_password()?) } else { None };
            let panel = open(&data).await?;
            let made = told(panel.people.console_password(&name, password).await);
            let made = made.with_context(|| format!("give {name} another password"))?;
            done(panel, made.unwrap_or_else(|| format!("{name} has another password"))).await
        }
        UserCommand::Delete(Name { name, data }) => {
            let panel = open(&data).await?;
            told(panel.people.console_remove(&name).await).with_context(|| format!("remove {name}"))?;
            done(panel, format!("{name} was removed")).await
        }
    }
}

pub(super) async fn open(data: &DataFlags) -> anyhow::Result<Panel> {
    Ok(Panel::open(&Config::load_data(data)?, Clock::machine()).await?.0)
}

pub(super) async fn done(panel: Panel, line: String) -> anyhow::Result<()> {
    panel.database.close().await;
    say(line);
    Ok(())
}

/// Says which field is wrong, where that is the reason.
pub(super) fn told<T>(made: Result<T, PeopleError>) -> anyhow::Result<T> {
    made.map_err(|cause| match cause {
        PeopleError::Invalid(problems) => anyhow::anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        other => other.into(),
    })
}

fn read_password() -> anyhow::Result<String> {
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password).context("read the password")?;
    Ok(password.strip_suffix('\n').unwrap_or(&password).to_owned())
}

async fn create(name: String, role: String, password_stdin: bool, data: &DataFlags) -> anyhow::Result<()> {
    if !password_stdin {
        bail!("give the password on standard input with --password-stdin, so that it is in no process list");
    }
    let password = read_password()?;
    let panel = open(data).await?;
    panel.accounts.create(&name, password, &role).await.with_context(|| format!("make account {name}"))?;
    done(panel, format!("account {name} with role {role} was made")).await
}

async fn list(data: &DataFlags) -> anyhow::Result<()> {
    let panel = open(data).await?;
    for user in panel.people.console_users().await? {
        let servers = user.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let servers = if servers.is_empty() { "all".to_owned() } else { servers };
        say(format!("{}\t{}\t{servers}\t{}", user.username, user.role, if user.enabled { "enabled" } else { "disabled" }));
    }
    panel.database.close().await;
    Ok(())
}
