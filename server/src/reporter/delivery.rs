//! Sends the reports of a run, and before them what earlier runs have left, on a thread of its own: again and again while the panel
//! is away, never while it refuses.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::panel::{Panel, Reply};
use super::spool::{Left, SpoolFile};
use super::voice::Voice;
use crate::ingest::{Event, Report};

/// The longest wait while the command runs.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The longest wait when the command has ended and somebody waits for this.
const LAST_WAIT: Duration = Duration::from_secs(4);

/// After so many failures in a row, reports of earlier runs do not come first any more.
const PATIENCE: u32 = 3;

/// How far the delivery has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outlook {
    /// A person asked for the run to be stopped.
    pub(super) stop: bool,
    /// The end of the run was delivered, or never will be from here.
    pub(super) settled: bool,
}

/// One report on its way.
struct Item {
    event: Event,
    text: String,
}

#[derive(Default)]
struct Desk {
    items: VecDeque<Item>,
    file: Option<SpoolFile>,
    /// The end of the run is among the items, or was.
    ending: bool,
    /// No more is sent from here; what is in the file stays there.
    refused: bool,
    /// The panel has not taken the start: it hears of the run when that ends.
    unannounced: bool,
}

/// Where reports are handed in.
#[derive(Clone)]
pub(super) struct Delivery {
    desk: Arc<(Mutex<Desk>, Condvar)>,
    outlook: watch::Receiver<Outlook>,
    voice: Voice,
}

impl Delivery {
    /// Starts to send. Without a file, reports are kept in memory only.
    pub(super) fn start(panel: Panel, left: Option<Left>, file: Option<SpoolFile>, voice: Voice) -> Self {
        let desk = Arc::new((Mutex::new(Desk { file, ..Desk::default() }), Condvar::new()));
        let (tell, outlook) = watch::channel(Outlook::default());
        let sender = Sender {
            panel,
            backlog: Backlog::new(left),
            desk: desk.clone(),
            outlook: tell,
            voice,
            told_away: false,
            told: BTreeSet::new(),
        };
        let started = std::thread::Builder::new().name("reports".to_owned()).spawn(move || sender.follow());
        if let Err(cause) = started {
            voice.say(format!("reports stay in the spool: no thread could be started: {cause}"));
            lock(&desk.0).refused = true;
        }
        Self { desk, outlook, voice }
    }

    /// Hands a report in. It is on disk when this returns, where there is room for it.
    pub(super) fn hand_in(&self, report: &Report) {
        let text = serde_json::to_string(report).unwrap_or_else(|_| unreachable!("a report of strings and finite numbers is JSON"));
        let ends = report.event == Event::Finish;
        let mut desk = lock(&self.desk.0);
        if let Some(Err(cause)) = desk.file.as_mut().map(|file| file.append(&text, ends)) {
            self.voice.say(format!("a report could not be written to the spool: {cause}"));
        }
        desk.ending |= ends;
        desk.items.push_back(Item { event: report.event, text });
        drop(desk);
        self.desk.1.notify_all();
    }

    /// Whether the panel has everything so far and wants more: what it would only hear late is not worth keeping.
    pub(super) fn is_up_to_date(&self) -> bool {
        let desk = lock(&self.desk.0);
        desk.items.is_empty() && !desk.refused && !desk.unannounced
    }

    pub(super) fn outlook(&self) -> watch::Receiver<Outlook> {
        self.outlook.clone()
    }
}

/// What became of an attempt.
enum Attempt {
    /// Everything is sent.
    Done,
    /// The panel is away.
    Away,
}

struct Sender {
    panel: Panel,
    backlog: Backlog,
    desk: Arc<(Mutex<Desk>, Condvar)>,
    outlook: watch::Sender<Outlook>,
    voice: Voice,
    told_away: bool,
    told: BTreeSet<String>,
}

impl Sender {
    fn follow(mut self) {
        let mut failures = 0;
        loop {
            // Earlier runs first, so that the panel hears of their ends before it hears of another beginning.
            let attempt = match self.backlog.send(&self.panel, self.voice) {
                // What only those of an earlier run meet with does not hold up this one for ever.
                Err(_) if failures >= PATIENCE => self.send_own(),
                Ok(()) => {
                    for reason in std::mem::take(&mut self.backlog.refusals) {
                        self.tell_refused(&reason);
                    }
                    self.send_own()
                }
                Err(cause) => {
                    self.tell_away(&cause);
                    Attempt::Away
                }
            };
            let desk = lock(&self.desk.0);
            match attempt {
                Attempt::Done if desk.refused || (desk.ending && desk.items.is_empty()) => return,
                Attempt::Done => {
                    failures = 0;
                    drop(self.desk.1.wait_while(desk, |desk| desk.items.is_empty()));
                }
                Attempt::Away => {
                    let was_ending = desk.ending;
                    failures += 1;
                    let wait = back_off(failures, was_ending, crate::random::fraction());
                    // The end of the run is worth an attempt at once.
                    drop(self.desk.1.wait_timeout_while(desk, wait, |desk| desk.ending == was_ending));
                }
            }
        }
    }

    fn send_own(&mut self) -> Attempt {
        loop {
            let mut desk = lock(&self.desk.0);
            let Some(Item { event, text }) = desk.items.front().map(|item| Item { event: item.event, text: item.text.clone() }) else {
                return Attempt::Done;
            };
            if desk.unannounced && event != Event::Finish {
                desk.items.pop_front();
                continue;
            }
            drop(desk);
            let reply = self.panel.send(&text);
            match outcome(event, reply) {
                Sent::Taken { stop } => {
                    if stop {
                        self.outlook.send_if_modified(|outlook| !std::mem::replace(&mut outlook.stop, true));
                    }
                }
                Sent::Unannounced(run) => {
                    self.voice.say(format!("run {run} of this schedule is still going on there; this one is reported when it ends"));
                    lock(&self.desk.0).unannounced = true;
                }
                Sent::Lost(said) => {
                    self.tell_once(format!("the panel did not take a report of {event}: {said}"));
                    lock(&self.desk.0).unannounced |= event == Event::Start;
                }
                Sent::Refused(said) => {
                    self.tell_refused(&said);
                    let mut desk = lock(&self.desk.0);
                    desk.refused = true;
                    desk.items.clear();
                    self.settle();
                    return Attempt::Done;
                }
                Sent::Away(said) => {
                    self.tell_away(&said);
                    return Attempt::Away;
                }
            }
            self.sent(event);
        }
    }

    /// The first report is off the desk.
    fn sent(&self, event: Event) {
        let mut desk = lock(&self.desk.0);
        desk.items.pop_front();
        let ended = event == Event::Finish;
        let kept = if ended { desk.file.take().map(SpoolFile::remove) } else { None };
        let cleared = if desk.items.is_empty() { desk.file.as_mut().map(SpoolFile::clear) } else { None };
        if let Some(Err(cause)) = kept.or(cleared) {
            // It would be sent again, which changes nothing.
            self.voice.say(format!("a report that was sent could not be removed from the spool: {cause}"));
        }
        if ended {
            self.settle();
        }
    }

    fn settle(&self) {
        self.outlook.send_modify(|outlook| outlook.settled = true);
    }

    fn tell_refused(&mut self, reason: &str) {
        self.tell_once(format!("the panel takes no reports, they stay in the spool: {reason}"));
    }

    fn tell_once(&mut self, words: String) {
        if !self.told.contains(&words) {
            self.voice.say(&words);
            self.told.insert(words);
        }
    }

    fn tell_away(&mut self, cause: &str) {
        if !self.told_away {
            self.told_away = true;
            self.voice.say(format!("the panel cannot be reached ({cause}); reports wait in the spool"));
        }
    }
}

/// What earlier runs have left, on its way.
pub(super) struct Backlog {
    left: Option<Left>,
    /// The file whose turn it is.
    current: Option<SpoolFile>,
    /// Why files stay where they are.
    pub(super) refusals: BTreeSet<String>,
}

impl Backlog {
    pub(super) fn new(left: Option<Left>) -> Self {
        Self { left, current: None, refusals: BTreeSet::new() }
    }

    /// Sends as much as the panel takes; the error says why it is away. Files that it refuses are not tried again from here.
    pub(super) fn send(&mut self, panel: &Panel, voice: Voice) -> Result<(), String> {
        while let Some(file) = self.current.take().or_else(|| self.left.as_mut()?.next()) {
            let refused = match file.reports() {
                Ok(reports) => match send_all(panel, &reports, voice) {
                    Ok(refused) => refused,
                    Err(cause) => {
                        self.current = Some(file);
                        return Err(cause);
                    }
                },
                Err(cause) => Some(cause.to_string()),
            };
            self.refusals.extend(refused.or_else(|| file.remove().err().map(|cause| cause.to_string())));
        }
        if let Some(Left { given_up: given_up @ 1.., .. }) = self.left.take() {
            voice.say(format!("reports of {given_up} runs were older than 30 days and were removed"));
        }
        Ok(())
    }
}

/// Sends the reports of one run; tells why they were refused, if they were.
fn send_all(panel: &Panel, reports: &[String], voice: Voice) -> Result<Option<String>, String> {
    let mut unannounced = false;
    for text in reports {
        // What cannot be read was written by another version.
        let Ok(Report { event, .. }) = Report::parse(text.as_bytes()) else { continue };
        if unannounced && event != Event::Finish {
            continue;
        }
        match outcome(event, panel.send(text)) {
            Sent::Taken { .. } => {}
            Sent::Unannounced(_) => unannounced = true,
            Sent::Lost(said) => {
                unannounced |= event == Event::Start;
                voice.say(format!("the panel did not take a report of {event} of an earlier run: {said}"));
            }
            Sent::Refused(said) => return Ok(Some(said)),
            Sent::Away(said) => return Err(said),
        }
    }
    Ok(None)
}

/// What a reply means for a report.
enum Sent {
    Taken { stop: bool },
    Unannounced(String),
    Lost(String),
    Refused(String),
    Away(String),
}

fn outcome(event: Event, reply: Reply) -> Sent {
    match (reply, event) {
        (Reply::Taken { stop }, _) => Sent::Taken { stop },
        (Reply::Overlap(run), Event::Start) => Sent::Unannounced(run),
        (Reply::Overlap(run), _) => Sent::Lost(format!("run {run} is going on")),
        // The panel may have forgotten the run; its end makes it known again.
        (Reply::Unknown(said), Event::Progress | Event::Log) | (Reply::Unfit(said), _) => Sent::Lost(said),
        (Reply::Unknown(said) | Reply::Refused(said), _) => Sent::Refused(said),
        (Reply::Away(said), _) => Sent::Away(said),
    }
}

/// Doubles from half a second with every failure; `jitter` in 0..1 keeps many senders from coming back at once.
fn back_off(failures: u32, ending: bool, jitter: f64) -> Duration {
    let longest = if ending { LAST_WAIT } else { LONGEST_WAIT };
    let base = Duration::from_millis(500 << failures.saturating_sub(1).min(10)).min(longest);
    base.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_short_when_somebody_waits() {
        assert!(back_off(1, false, 1.0) <= Duration::from_millis(500));
        assert_eq!(back_off(40, false, 1.0), LONGEST_WAIT);
        assert_eq!(back_off(40, true, 1.0), LAST_WAIT);
        assert!(back_off(40, true, 0.0) >= LAST_WAIT / 2);
    }
}
