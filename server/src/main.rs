//! Parses the command line, starts logging, runs the command.

use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    if let Some(log) = cli.log() {
        start_log(log);
    }
    cli.run().await
}

fn start_log(default: &str) {
    let filter = EnvFilter::try_from_env("TAILBACK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // On standard error: standard output is for answers.
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
