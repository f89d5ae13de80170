//! The command line: one file a command.

mod bench;
mod demo;
mod exec;
mod secrets;
mod serve;
mod tail;
mod token;
mod user;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tailback knows, at any moment and with proof, what happened to every backup.
#[derive(Parser)]
#[command(name = "tailback", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the panel.
    Serve(crate::config::ServeFlags),
    /// Show a panel at work: a private SSH server, a private MariaDB and real backups, in a temporary directory.
    Demo(demo::DemoFlags),
    /// Run a command and report it to a panel; its output and its exit code pass through unchanged.
    Exec(exec::ExecFlags),
    /// Follow a panel's trail in a terminal or a pipe: each row once, in order, across restarts.
    Tail(tail::TailFlags),
    /// Walk the audit trail and say whether every row is as it was written.
    Verify(verify::VerifyFlags),
    /// Measure this machine beside yardsticks of the same run.
    Bench(bench::BenchFlags),
    /// Manage accounts.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage the key that seals secrets in the database.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Manage API tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
}

impl Cli {
    /// What the command's log has if nothing else is asked for. One that stands in for another program says only what it has to, and
    /// has none.
    pub fn log(&self) -> Option<&'static str> {
        match self.command {
            Command::Exec(_) | Command::Tail(_) => None,
            // Whoever reads all of a long trail knows that it takes its time.
            Command::Verify(_) => Some("info,sqlx=error"),
            _ => Some("info,sqlx=warn"),
        }
    }

    /// Runs the command to its end.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(flags) => serve::run(flags).await?,
            Command::Demo(flags) => demo::run(flags).await?,
            Command::Exec(flags) => return exec::run(flags).await,
            Command::Tail(flags) => return tail::run(flags).await,
            Command::Verify(flags) => return verify::run(flags).await,
            Command::Bench(flags) => bench::run(flags).await?,
            Command::User(command) => user::run(command).await?,
            Command::Secrets(command) => secrets::run(command).await?,
            Command::Token(command) => token::run(command).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints a line for the person or the program that called.
#[expect(clippy::print_stdout, reason = "the answer of a command belongs on standard output")]
fn say(line: impl std::fmt::Display) {
    println!("{line}");
}
