//! `tailback bench`: figures of this machine, each beside a yardstick measured in the same run. Figures mean little alone, since machines
//! differ and are noisy; the ratios are what to compare.

mod checker;
mod logs;
mod processes;
mod stream;
mod trail;

use clap::{Args, ValueEnum};

#[derive(Args)]
pub(super) struct BenchFlags {
    /// What to measure; everything when absent.
    #[arg(value_enum)]
    what: Option<What>,

    /// Rows for each measurement of appending.
    #[arg(long, default_value_t = 20_000)]
    rows: usize,

    /// Writers that append one row each at a time.
    #[arg(long, default_value_t = 64)]
    writers: usize,

    /// Rows of the trail that is read.
    #[arg(long, default_value_t = 1_000_000)]
    log_rows: u64,

    /// Where the trail that is read is made and stays, to be read again; absent: a temporary directory.
    #[arg(long, value_name = "DIR")]
    keep: Option<std::path::PathBuf>,

    /// An empty PostgreSQL database to make that trail in instead, as `postgres://…`. For the stream, another one is made beside it.
    #[arg(long, value_name = "URL", conflicts_with = "keep")]
    postgres: Option<String>,

    /// How many minutes the checker goes on while its memory is measured.
    #[arg(long, default_value_t = 1)]
    soak_minutes: u32,

    /// How many seconds rows are streamed in each measurement.
    #[arg(long, default_value_t = 10)]
    stream_seconds: u32,

    /// How often the stream is measured of each server; the middle is told.
    #[arg(long, default_value_t = 3)]
    stream_rounds: u32,

    /// Measure only this of the stream.
    #[arg(long, value_enum)]
    stream_part: Option<stream::Case>,

    /// Be a server that another process measures.
    #[arg(long, hide = true)]
    act_as: Option<stream::Role>,

    /// The database of that server.
    #[arg(long, hide = true, env = stream::DATABASE_VARIABLE, hide_env_values = true)]
    act_on: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Appending to the trail.
    Trail,
    /// Reading a long trail, and writing it.
    Logs,
    /// Looking at runs on servers.
    Checker,
    /// Telling many clients what was committed.
    Stream,
}

pub(super) async fn run(flags: BenchFlags) -> anyhow::Result<()> {
    if let Some(role) = flags.act_as {
        return stream::act(role, flags.act_on).await;
    }
    let wanted = |what| flags.what.is_none_or(|only| only == what);
    if wanted(What::Trail) {
        trail::run(flags.rows, flags.writers).await?;
    }
    if wanted(What::Logs) {
        match flags.postgres.clone() {
            None => logs::run(flags.log_rows, flags.keep).await?,
            Some(url) => logs::run_on_postgres(flags.log_rows, url).await?,
        }
    }
    if wanted(What::Checker) {
        checker::run(flags.soak_minutes).await?;
    }
    if wanted(What::Stream) {
        let bench = stream::Bench { seconds: flags.stream_seconds, rounds: flags.stream_rounds, postgres: flags.postgres };
        bench.run(flags.stream_part).await?;
    }
    Ok(())
}
