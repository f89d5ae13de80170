//! `tailback tail`: the live stream in a terminal or a pipe.

mod line;
mod stream;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use app::model::{Frame, LogEntry};
use clap::Args;

use self::line::Style;
use self::stream::{Lost, Stream};
use crate::clock::{machine_time_zone, zone_table};
use crate::reporter::{checked_url, read_token};

/// The panel may be away for a moment or for a night.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(super) struct TailFlags {
    /// The panel, such as `https://panel.example.org`.
    #[arg(long, env = "TAILBACK_URL")]
    url: String,

    /// A file with an API token [env: `TAILBACK_TOKEN` holds the token itself]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// First the rows after this one; absent: only new ones.
    #[arg(long, value_name = "ID")]
    after: Option<i64>,

    /// A row a line as the API gives it.
    #[arg(long)]
    json: bool,

    /// Colours: when standard output is a terminal and `NO_COLOR` is not set, always, or never.
    #[arg(long, default_value = "auto", value_parser = ["auto", "always", "never"])]
    color: String,

    #[command(flatten)]
    filter: FilterFlags,
}

/// The filters of Logs, by the same names.
#[derive(Args)]
struct FilterFlags {
    /// Statuses, with commas between them.
    #[arg(long)]
    status: Option<String>,

    /// Types, with commas between them.
    #[arg(long = "type", value_name = "TYPE")]
    source_type: Option<String>,

    /// Servers by their ids.
    #[arg(long, value_name = "IDS")]
    server: Option<String>,

    /// Schedules by their ids.
    #[arg(long, value_name = "IDS")]
    schedule: Option<String>,

    /// Regions, with commas between them.
    #[arg(long)]
    region: Option<String>,

    /// Accounts, with commas between them.
    #[arg(long)]
    account: Option<String>,

    /// One run, by its id.
    #[arg(long, value_name = "ID")]
    run: Option<String>,

    /// Words of the message: word, "a phrase", -without, begin*.
    #[arg(short, long = "words", value_name = "WORDS", allow_hyphen_values = true)]
    q: Option<String>,
}

impl FilterFlags {
    /// The panel reads them, and says what is wrong with them.
    fn query(&self) -> String {
        let flags = [
            ("status", &self.status),
            ("type", &self.source_type),
            ("server", &self.server),
            ("schedule", &self.schedule),
            ("region", &self.region),
            ("account", &self.account),
            ("run", &self.run),
            ("q", &self.q),
        ];
        let given = flags.iter().filter_map(|(name, value)| value.as_deref().map(|value| (*name, value)));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
    }
}

/// Follows until it is interrupted, until whoever reads has enough, or until the panel says that it will not serve.
pub(super) async fn run(flags: TailFlags) -> anyhow::Result<ExitCode> {
    let url = checked_url(&flags.url).map_err(anyhow::Error::msg)?;
    let token = read_token(flags.token_file.as_deref())?.context("there is no token: give --token-file or TAILBACK_TOKEN")?;
    let colours = match flags.color.as_str() {
        "always" => true,
        "never" => false,
        _ => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    let mut printer = Printer { json: flags.json, style: Style::new(colours, zone_table(machine_time_zone())) };
    let stream = Stream::new(&url, token, flags.filter.query());
    let mut after = flags.after;
    let mut pause = FIRST_PAUSE;
    loop {
        let lost = follow(&stream, &mut after, &mut printer, &mut pause).await;
        let why = match lost {
            Ok(why) => why,
            Err(Ended::Reader) => return Ok(ExitCode::SUCCESS),
            Err(Ended::Refused(why)) => {
                tell(&why);
                return Ok(ExitCode::from(2));
            }
        };
        tell(&format!("{why}; trying again in {:.1} s", pause.as_secs_f64()));
        tokio::time::sleep(pause).await;
        // A little apart from others who lost the same panel.
        let jitter = Duration::from_millis(u64::from(crate::random::bytes::<1>()[0]));
        pause = (pause * 2).min(LONGEST_PAUSE) + jitter;
    }
}

enum Ended {
    /// Nobody reads any more.
    Reader,
    Refused(String),
}

/// One connection, to its end; gives why it ended. `after` is moved on with every row that was printed.
async fn follow(stream: &Stream, after: &mut Option<i64>, printer: &mut Printer, pause: &mut Duration) -> Result<String, Ended> {
    let mut frames = match stream.open(*after).await {
        Ok(frames) => frames,
        Err(Lost::Refused(why)) => return Err(Ended::Refused(why)),
        Err(Lost::Away(why)) => return Ok(why),
    };
    loop {
        let frame = match frames.next().await {
            Ok(frame) => frame,
            Err(why) => return Ok(why),
        };
        match frame {
            // From here on nothing is missed, even if the next thing is a cut.
            Frame::Hello { head, .. } => {
                after.get_or_insert(head);
                *pause = FIRST_PAUSE;
            }
            Frame::Rows { rows } => {
                printer.print(&rows).map_err(|_| Ended::Reader)?;
                *after = rows.last().map(|row| row.id).or(*after);
            }
            Frame::Gap { from, to } => {
                tell(&format!("rows from {from} to {to} were cleared before they could be printed"));
                *after = Some(to);
            }
            Frame::Cleared { up_to } => tell(&format!("backup logs up to row {up_to} were cleared")),
            Frame::Bye { reason } => return Ok(format!("the panel closed the stream: {}", crate::audit::clean_line(&reason))),
            // For pages.
            Frame::Runs { .. } | Frame::Glance { .. } | Frame::Servers { .. } => {}
        }
    }
}

struct Printer {
    json: bool,
    style: Style,
}

impl Printer {
    /// All of a frame and at once: rows are seen when they come. An error means that nobody reads.
    fn print(&mut self, rows: &[LogEntry]) -> io::Result<()> {
        let mut text = String::new();
        for row in rows {
            text += &if self.json { serde_json::to_string(row)? } else { self.style.line(row) };
            text.push('\n');
        }
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

/// What is not a row goes to standard error, so that a pipe has rows alone.
#[expect(clippy::print_stderr, reason = "said to whoever called, beside the rows")]
fn tell(words: &str) {
    eprintln!("tailback: {words}");
}
