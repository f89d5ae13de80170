//! One command from its beginning to its end.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::model::{RunId, SourceType};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use super::delivery::{Delivery, Outlook};
use super::panel::{Panel, Whom};
use super::spool::{Left, Spool};
use super::tail::Tail;
use super::terminal::Lent;
use super::voice::Voice;
use super::{figures, passing};
use crate::audit::MAX_DETAIL_BYTES;
use crate::clock::Clock;
use crate::ingest::{Event, Report};
use crate::jobs::new_run_id;

/// How often the panel hears of a command that prints something.
const SPEAK_EVERY: Duration = Duration::from_secs(5);

/// How often it hears of one that does not: so that it can ask for a stop, and does not call the run silent.
const SILENT_TICKS: u32 = 2;

/// How much of the log is sent with each word; a command that prints more is quoted with gaps until its end.
const LOG_PIECE: usize = 32 * 1024;

/// A command that was told to stop has this long before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(15);

/// The code of a shell for a command that is not there, and for one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// What to run and whom to tell.
pub struct Wrapped {
    pub command: Vec<OsString>,
    /// Whom to tell; where there is nobody, the command runs all the same.
    pub whom: Option<Whom>,
    pub token: Option<String>,
    /// Where reports wait; `None` = where the user's state is kept.
    pub spool: Option<std::path::PathBuf>,
    pub source_type: Option<SourceType>,
    /// How long to wait for the panel after the end.
    pub wait: Duration,
    pub voice: Voice,
}

/// Runs the command and returns its exit code: 128 and more for a signal, as a shell has it.
pub async fn run(wrapped: Wrapped) -> u8 {
    // Before anything begins, so that no signal is missed.
    let mut signals = listen(wrapped.voice);
    let reporter = Reporter::begin(&wrapped);
    let began = Instant::now();
    let (code, message) = match spawn(&wrapped.command) {
        Ok(child) => (follow(child, &reporter, &mut signals, wrapped.voice).await, None),
        Err(cause) => {
            let code = if cause.kind() == std::io::ErrorKind::NotFound { NOT_FOUND } else { NOT_RUN };
            let name = wrapped.command.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let message = format!("{name} cannot be started: {cause}");
            wrapped.voice.say(&message);
            (code, Some(message))
        }
    };
    reporter.end(code, message, began.elapsed());
    reporter.wait(wrapped.wait, &mut signals).await;
    code
}

/// In a group of its own, so that whatever it starts can be stopped with it. It does not get the token.
fn spawn(command: &[OsString]) -> std::io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or(std::io::ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    command.args(arguments).env_remove("TAILBACK_TOKEN").process_group(0);
    command.stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// Stays with the command until it has ended and its output is passed on.
async fn follow(mut child: Child, reporter: &Reporter, signals: &mut mpsc::Receiver<Signal>, voice: Voice) -> u8 {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let lent = group.and_then(Lent::to);
    let tell_group = |signal| group.map(|group| killpg(group, signal).ok());
    let (tell_ended, ended) = watch::channel(None);
    let passing = child.stdout.take().zip(child.stderr.take()).map(|(stdout, stderr)| {
        let tail = reporter.tail.clone();
        tokio::spawn(passing::pass_on(stdout, stderr, tail, ended))
    });
    let mut ticks = interval_at(Instant::now() + SPEAK_EVERY, SPEAK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut progress = Spoken::default();
    let mut outlook = reporter.outlook();
    let mut kill_at: Option<Instant> = None;
    let mut stopping = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            Some(signal) = signals.recv() => { tell_group(signal); }
            _ = ticks.tick() => reporter.speak(&mut progress),
            () = asked_to_stop(&mut outlook), if !stopping => {
                stopping = true;
                voice.say("the panel asks for a stop");
                tell_group(Signal::SIGTERM);
                kill_at = Some(Instant::now() + STOP_GRACE);
            }
            () = sleep_until(kill_at.unwrap_or_else(Instant::now)), if kill_at.is_some() => {
                kill_at = None;
                tell_group(Signal::SIGKILL);
            }
        }
    };
    tell_ended.send_replace(Some(Instant::now()));
    if let Some(mut passing) = passing {
        tokio::select! {
            passed = &mut passing => if let Err(cause) = passed { voice.say(format!("the end of the output is lost: {cause}")); },
            // Whoever reads our output does not, and somebody wants to go.
            Some(_) = signals.recv() => passing.abort(),
        }
    }
    drop(lent);
    match status {
        Ok(status) => code_of(status),
        Err(cause) => {
            voice.say(format!("how the command ended is not known: {cause}"));
            NOT_RUN
        }
    }
}

fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    u8::try_from(code & 0xff).unwrap_or(255)
}

async fn asked_to_stop(outlook: &mut Option<watch::Receiver<Outlook>>) {
    let asked = match outlook {
        Some(outlook) => outlook.wait_for(|outlook| outlook.stop).await.is_ok(),
        None => false,
    };
    if !asked {
        std::future::pending::<()>().await;
    }
}

/// Signals that are for the command. Those that were ignored when we began stay so: `nohup` means the command too.
fn listen(voice: Voice) -> mpsc::Receiver<Signal> {
    let (tell, signals) = mpsc::channel(16);
    let ignored = ignored_signals();
    for wanted in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        let number = wanted as i32;
        if ignored & (1 << (number - 1)) != 0 {
            continue;
        }
        match signal(SignalKind::from_raw(number)) {
            Ok(mut arrivals) => {
                let tell = tell.clone();
                tokio::spawn(async move { while arrivals.recv().await.is_some() && tell.send(wanted).await.is_ok() {} });
            }
            Err(cause) => voice.say(format!("{wanted} will not be passed on: {cause}")),
        }
    }
    signals
}

fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// What was said about a command so far.
#[derive(Default)]
struct Spoken {
    size: u64,
    silent_ticks: u32,
}

/// Tells of one run.
struct Reporter {
    told: Option<Told>,
    tail: Arc<Mutex<Tail>>,
}

struct Told {
    delivery: Delivery,
    schedule: i64,
    run: RunId,
    source_type: Option<SourceType>,
}

impl Reporter {
    fn begin(wrapped: &Wrapped) -> Self {
        let tail = Arc::default();
        let Some(whom) = &wrapped.whom else { return Self { told: None, tail } };
        let run = new_run_id(Clock::machine().now());
        let (left, file) = match open_spool(wrapped.spool.as_deref(), whom, &run) {
            Ok((left, file)) => (Some(left), Some(file)),
            Err(cause) => {
                wrapped.voice.say(format!("there is no spool, so reports that the panel does not take now are lost: {cause}"));
                (None, None)
            }
        };
        let panel = Panel::new(&whom.url, wrapped.token.clone());
        let delivery = Delivery::start(panel, left, file, wrapped.voice);
        let told = Told { delivery, schedule: whom.schedule, run, source_type: wrapped.source_type };
        told.tell(told.report(Event::Start));
        Self { told: Some(told), tail }
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outlook(&self) -> Option<watch::Receiver<Outlook>> {
        self.told.as_ref().map(|told| told.delivery.outlook())
    }

    /// Tells how far the command has come, if the panel listens.
    fn speak(&self, spoken: &mut Spoken) {
        let Some(told) = self.told.as_ref().filter(|told| told.delivery.is_up_to_date()) else { return };
        let tail = self.tail();
        let (offset, piece) = tail.after(spoken.size, LOG_PIECE);
        let printed = !piece.is_empty();
        spoken.silent_ticks = if printed { 0 } else { spoken.silent_ticks + 1 };
        if printed {
            let offset = i64::try_from(offset).ok();
            told.tell(Report { detail: Some(piece.to_owned()), offset, ..told.report(Event::Log) });
            spoken.size = tail.size();
        }
        if printed || spoken.silent_ticks.is_multiple_of(SILENT_TICKS) {
            let (stats, last_line) = figures::so_far(&tail);
            told.tell(Report { stats: Some(stats), message: last_line, ..told.report(Event::Progress) });
        }
    }

    /// Tells how the command has ended.
    fn end(&self, code: u8, message: Option<String>, took: Duration) {
        let Some(told) = &self.told else { return };
        let code = i64::from(code);
        let mut tail = self.tail();
        tail.end();
        let stats = figures::in_the_end(&tail, code, i64::try_from(took.as_secs()).unwrap_or(i64::MAX));
        let log = tail.last(MAX_DETAIL_BYTES);
        told.tell(Report {
            exit_code: Some(code),
            stats: Some(stats),
            message,
            detail: (!log.is_empty()).then(|| log.to_owned()),
            ..told.report(Event::Finish)
        });
    }

    /// Waits until the end is told, for `wait` at most, or until a signal asks to go.
    async fn wait(&self, wait: Duration, signals: &mut mpsc::Receiver<Signal>) {
        let Some(mut outlook) = self.outlook() else { return };
        tokio::select! {
            // What is not told by then stays in the spool.
            settled = timeout(wait, outlook.wait_for(|outlook| outlook.settled)) => drop(settled),
            Some(_) = signals.recv() => {}
        }
    }
}

impl Told {
    fn report(&self, event: Event) -> Report {
        Report {
            run: Some(self.run.clone()),
            at: Some(Clock::machine().now()),
            source_type: self.source_type,
            ..Report::new(self.schedule, event)
        }
    }

    fn tell(&self, report: Report) {
        self.delivery.hand_in(&report);
    }
}

fn open_spool(dir: Option<&Path>, whom: &Whom, run: &RunId) -> std::io::Result<(Left, super::spool::SpoolFile)> {
    let spool = Spool::open(dir)?;
    let left = spool.left(&whom.url, Some(whom.schedule), Clock::machine().now())?;
    Ok((left, spool.begin(whom, run)?))
}
