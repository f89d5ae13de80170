//! `tailback token …`, beside a running panel or without one.

use anyhow::Context;
use clap::Subcommand;

use super::say;
use super::user::{done, open, told};
use crate::config::DataFlags;

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
    /// List the tokens of a user, one a line: id, name, when it was last used; separated by tabs. Never a secret.
    List {
        /// Whose they are.
        #[arg(long)]
        user: String,
        #[command(flatten)]
        data: DataFlags,
    },
    /// End a token.
    Revoke {
        /// As `tailback token list` tells it.
        id: i64,
        /// Whose it is.
        #[arg(long)]
        user: String,
        #[command(flatten)]
        data: DataFlags,
    },
}

pub(super) async fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { user, schedule, name, data } => {
            let panel = open(&data).await?;
            let token = panel.accounts.create_token(&user, &name, schedule).await.with_context(|| format!("make a token for {user}"))?;
            done(panel, token.text().to_owned()).await
        }
        TokenCommand::List { user, data } => {
            let panel = open(&data).await?;
            for token in told(panel.people.console_tokens(&user).await).with_context(|| format!("list the tokens of {user}"))? {
                let used = token.last_used_at.map_or_else(|| "never used".to_owned(), |at| at.to_string());
                say(format!("{}\t{}\t{used}", token.id, token.name));
            }
            panel.database.close().await;
            Ok(())
        }
        TokenCommand::Revoke { id, user, data } => {
            let panel = open(&data).await?;
            told(panel.people.console_revoke(&user, id).await).with_context(|| format!("revoke token {id} of {user}"))?;
            done(panel, format!("token {id} of {user} was revoked")).await
        }
    }
}
