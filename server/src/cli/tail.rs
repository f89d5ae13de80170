//! `tailback tail`: the live stream in a terminal or a pipe.

mod line;
mod stream;

use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use app::model::{Frame, LogEntry};
use clap::Args;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::signal::unix::{SignalKind, signal};

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
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = clap::value_parser!(i64).range(0..))]
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

/// What a shell says of a command that was interrupted, and of one that was terminated.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

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
    let mut place = Place { after: flags.after, is_lost: false, pause: FIRST_PAUSE };
    let mut terminate = signal(SignalKind::terminate()).context("listen for TERM")?;
    let stopped = async {
        tokio::select! {
            Ok(()) = tokio::signal::ctrl_c() => INTERRUPTED,
            Some(()) = terminate.recv() => TERMINATED,
            else => std::future::pending().await,
        }
    };
    tokio::select! {
        () = reader_gone() => Ok(ExitCode::SUCCESS),
        code = stopped => {
            if let Some(after) = place.after {
                tell(&format!("stopped; --after {after} goes on from here"));
            }
            Ok(ExitCode::from(code))
        }
        ended = keep_following(&stream, &mut place, &mut printer) => match ended {
            Ended::Reader => Ok(ExitCode::SUCCESS),
            Ended::Refused(why) => {
                tell(&why);
                Ok(ExitCode::from(2))
            }
            Ended::Output(cause) => Err(cause).context("print rows"),
        },
    }
}

/// Until whoever reads a pipe has closed it: a trail may be quiet for long, and writing is not the only way to find out.
async fn reader_gone() {
    let (gone, told) = tokio::sync::oneshot::channel();
    let watch = move || {
        let out = io::stdout();
        // Asked for nothing, a pipe still tells when its other end is closed; a file or a terminal never has anything to say.
        let mut polled = [PollFd::new(out.as_fd(), PollFlags::empty())];
        while matches!(poll(&mut polled, PollTimeout::NONE), Ok(0) | Err(Errno::EINTR)) {}
        gone.send(()).ok();
    };
    // It ends with the process: nobody waits for it.
    std::thread::spawn(watch);
    if told.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Where a reader is.
struct Place {
    /// The row that was printed last.
    after: Option<i64>,
    /// Whether somebody was told that the connection is lost.
    is_lost: bool,
    pause: Duration,
}

async fn keep_following(stream: &Stream, place: &mut Place, printer: &mut Printer) -> Ended {
    loop {
        let why = match follow(stream, place, printer).await {
            Ok(why) => why,
            Err(ended) => return ended,
        };
        let pause = place.pause;
        place.is_lost = true;
        tell(&format!("{why}; trying again in {:.1} s", pause.as_secs_f64()));
        tokio::time::sleep(pause).await;
        // A little apart from others who lost the same panel.
        let jitter = Duration::from_millis(u64::from(crate::random::bytes::<1>()[0]));
        place.pause = (pause * 2).min(LONGEST_PAUSE) + jitter;
    }
}

enum Ended {
    /// Nobody reads any more.
    Reader,
    Refused(String),
    /// Rows cannot be written where they should go.
    Output(io::Error),
}

/// One connection, to its end; gives why it ended. The place moves on with every row that was printed.
async fn follow(stream: &Stream, place: &mut Place, printer: &mut Printer) -> Result<String, Ended> {
    let mut frames = match stream.open(place.after).await {
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
                // Beyond the end there is nothing yet to be after.
                place.after = Some(place.after.map_or(head, |after| after.min(head)));
                place.pause = FIRST_PAUSE;
                if std::mem::take(&mut place.is_lost) {
                    tell("connected again");
                }
            }
            Frame::Rows { rows } => {
                printer.print(&rows).map_err(|cause| match cause.kind() {
                    io::ErrorKind::BrokenPipe => Ended::Reader,
                    _ => Ended::Output(cause),
                })?;
                place.after = rows.last().map(|row| row.id).or(place.after);
            }
            Frame::Gap { from, to } => {
                tell(&format!("rows from {from} to {to} were cleared: those of them that pass, if any, could not be printed"));
                place.after = Some(to);
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
