//! `tailback exec`: runs a command and reports it to a panel.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use app::model::SourceType;
use clap::Args;

use crate::reporter::{self, Spool, Voice, Wrapped, read_token};

#[derive(Args)]
pub(super) struct ExecFlags {
    /// The reported schedule, by its id.
    #[arg(long, env = "TAILBACK_SCHEDULE", value_name = "ID")]
    schedule: Option<String>,

    /// The panel, such as `https://panel.example.org`.
    #[arg(long, env = "TAILBACK_URL")]
    url: Option<String>,

    /// A file with a token, best one made by `tailback token create --schedule ID` [env: `TAILBACK_TOKEN` holds the token itself]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Where reports wait while the panel is away [default: tailback/spool in the user's state directory]
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,

    /// What the command backs up, where the schedule does not say.
    #[arg(long = "type", value_name = "TYPE")]
    source_type: Option<SourceType>,

    /// How long to wait for the panel after the command has ended: seconds, or with ms, s, m or h.
    #[arg(long, default_value = "30s", value_parser = parse_wait, value_name = "TIME")]
    wait: Duration,

    /// Say nothing of our own.
    #[arg(long)]
    quiet: bool,

    /// Run nothing: send what earlier commands have left in the spool.
    #[arg(long, conflicts_with = "command")]
    flush: bool,

    /// The command and its arguments.
    #[arg(last = true, required_unless_present = "flush", value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Ends with the command's own exit code, whatever became of the reports.
pub(super) async fn run(flags: ExecFlags) -> anyhow::Result<ExitCode> {
    let voice = Voice { quiet: flags.quiet };
    let token = match read_token(flags.token_file.as_deref()) {
        Ok(token) => token,
        Err(cause) => {
            voice.say(format!("{cause:#}"));
            None
        }
    };
    if flags.flush {
        return flush(flags, token, voice).await;
    }
    let whom = match reporter::whom(flags.url.as_deref(), flags.schedule.as_deref()) {
        Ok(whom) => Some(whom),
        Err(problem) => {
            voice.say(format!("this run is not reported: {problem}"));
            None
        }
    };
    let ExecFlags { command, spool, source_type, wait, .. } = flags;
    let code = reporter::run(Wrapped { command, whom, token, spool, source_type, wait, voice }).await;
    // Not by returning: a write that whoever reads our output holds up would keep us here for ever.
    std::process::exit(code.into())
}

async fn flush(flags: ExecFlags, token: Option<String>, voice: Voice) -> anyhow::Result<ExitCode> {
    let url = flags.url.context("name the panel: give --url or TAILBACK_URL")?;
    let schedule =
        flags.schedule.map(|schedule| schedule.trim().parse().with_context(|| format!("{schedule:?} is no schedule"))).transpose()?;
    let spool = Spool::open(flags.spool.as_deref()).context("open the spool")?;
    let flushed = tokio::task::spawn_blocking(move || reporter::flush(&spool, &url, schedule, token, flags.wait, voice));
    let all = flushed.await.context("send what is left")?.map_err(anyhow::Error::msg)?;
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn parse_wait(text: &str) -> Result<Duration, String> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u32 = digits.parse().map_err(|_| "expected a number and ms, s, m or h".to_owned())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number.into())),
        "" | "s" => Ok(Duration::from_secs(number.into())),
        "m" => Ok(Duration::from_mins(number.into())),
        "h" => Ok(Duration::from_hours(number.into())),
        _ => Err("expected a number and ms, s, m or h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_or_is_in_seconds() {
        assert_eq!(parse_wait("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_wait("5"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_wait("250ms"), Ok(Duration::from_millis(250)));
        for odd in ["", "s", "-1", "1 s", "1d", "99999999999"] {
            assert!(parse_wait(odd).is_err(), "{odd:?}");
        }
    }
}
