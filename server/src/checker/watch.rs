//! One server's task: begins what is due there, looks at what runs, stops what is to stop, writes down what came of it. It
//! alone speaks to its server, so a server that hangs delays nobody else.

use std::sync::Arc;
use std::time::Duration;

use app::model::{HostKey, LinkState, RunState, Scope, Server, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::evidence::evidence;
use super::link::Reached;
use super::observation::Begun;
use super::outcome::{Facts, Verdict, judge};
use super::pace::{back_off, until_next_visit};
use super::pass::{Order, PassError, RunOrder, look};
use super::progress::progress;
use super::record;
use super::run_logs::RunLogs;
use super::survey::{SURVEY_EVERY_MS, SurveyError, survey, sweep};
use super::watched::WatchedJobs;
use crate::audit::{Trail, clean_text};
use crate::clock::Clock;
use crate::fault::{self, Moment};
use crate::jobs::{Beginning, Job, begin};
use crate::keys::{KeyError, Keys};
use crate::ssh::{Client, Deadlines, SshError, Target};
use crate::store::runs::{self, ActiveRun};
use crate::store::{Database, StoreError, servers};
use crate::streaming::Hub;
use crate::words::cause_words;

/// What the checker works with.
#[derive(Clone)]
pub struct Instruments {
    pub database: Database,
    pub trail: Trail,
    pub hub: Arc<Hub>,
    pub clock: Clock,
    pub keys: Keys,
    pub run_logs: Arc<RunLogs>,
}

/// A link that has not changed is written down this often, so that "checked … ago" stays true without a write a second.
const LINK_EVERY_MS: i64 = 10_000;

/// One server's task.
pub(super) struct Watch {
    server_id: i64,
    tools: Instruments,
    poke: Arc<Notify>,
    client: Option<Connected>,
    failures: u32,
    link_written: Option<(LinkState, Timestamp)>,
    watched: WatchedJobs,
    surveyed_at: Option<Timestamp>,
    /// How long until a run that waits for the server counts as missed, however long the server is away.
    until_given_up: Option<Duration>,
}

/// A kept connection and what it was made with; another address or key needs another connection.
struct Connected {
    client: Client,
    to: (String, u16, String, Option<HostKey>),
}

/// Why a visit came to nothing.
#[derive(Debug, thiserror::Error)]
enum VisitError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ssh(#[from] SshError),
    #[error(transparent)]
    Pass(#[from] PassError),
    #[error("read the private key")]
    Key(#[source] KeyError),
    #[error("there is no connection")]
    NotConnected,
}

/// What comes after a visit.
pub(super) enum Next {
    Visit(Duration),
    /// The server was removed.
    Leave,
}

impl Watch {
    pub(super) fn new(server_id: i64, tools: Instruments, poke: Arc<Notify>) -> Self {
        Self {
            server_id,
            tools,
            poke,
            client: None,
            failures: 0,
            link_written: None,
            watched: WatchedJobs::default(),
            surveyed_at: None,
            until_given_up: None,
        }
    }

    /// Visits the server until it is removed or the panel stops.
    pub(super) async fn follow(mut self, stop: CancellationToken) {
        loop {
            let next = tokio::select! {
                () = stop.cancelled() => return,
                next = self.visit() => next,
            };
            let Next::Visit(wait) = next else { return };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.poke.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.client.is_some()
    }

    pub(super) async fn visit(&mut self) -> Next {
        let kept = self.client.is_some();
        match self.try_visit().await {
            Ok(next) => {
                self.failures = 0;
                return next;
            }
            Err(VisitError::Store(cause)) => {
                tracing::error!(
                    server.id = self.server_id,
                    error = &cause as &dyn std::error::Error,
                    "could not read or write during a visit; trying again"
                );
                return Next::Visit(Duration::from_secs(1));
            }
            Err(cause) => {
                self.client = None;
                if kept {
                    // A kept connection may have been closed long ago: only a new one tells whether the server is there.
                    tracing::debug!(
                        server.id = self.server_id,
                        error = &cause as &dyn std::error::Error,
                        "kept connection is gone; connecting again"
                    );
                    return Next::Visit(Duration::ZERO);
                }
                self.failures += 1;
                tracing::info!(
                    server.id = self.server_id,
                    failures = self.failures,
                    error = &cause as &dyn std::error::Error,
                    "visit failed"
                );
                self.note_link(&Reached::No { cause: cause_words(&cause) }).await;
            }
        }
        let wait = back_off(self.failures, crate::random::fraction());
        Next::Visit(wait.min(self.until_given_up.unwrap_or(wait)))
    }

    async fn try_visit(&mut self) -> Result<Next, VisitError> {
        let Some(server) = servers::find(&self.tools.database, &Scope::All, self.server_id).await? else { return Ok(Next::Leave) };
        let mut active = runs::active_on(&self.tools.database, self.server_id).await?;
        self.settle_unasked(&server, &mut active).await?;
        self.until_given_up = until_given_up(&active, self.now());
        if server.host_key.is_none() {
            // Nothing connects before a person has pinned the key.
            return Ok(Next::Visit(self.until_next_visit(&active)));
        }
        self.connect(&server).await?;
        let mut begun = false;
        for run in &active {
            if self.may_begin(run) {
                self.begin(run).await?;
                begun = true;
            }
        }
        if begun {
            active = runs::active_on(&self.tools.database, self.server_id).await?;
        }
        if self.look_at(&server, &active).await? {
            active = runs::active_on(&self.tools.database, self.server_id).await?;
        }
        self.note_link(&Reached::Yes).await;
        self.survey().await?;
        Ok(Next::Visit(self.until_next_visit(&active)))
    }

    fn until_next_visit(&self, active: &[ActiveRun]) -> Duration {
        let now = self.now();
        let visited: Vec<_> = active.iter().filter(|run| !matches!(run.job, Job::Reported { .. })).collect();
        let is_looked_at = visited.iter().any(|run| self.tools.run_logs.is_looked_at(&run.run.id, now));
        until_next_visit(&visited, is_looked_at, !self.watched.is_empty(), now)
    }

    fn now(&self) -> Timestamp {
        self.tools.clock.now()
    }

    fn may_begin(&self, run: &ActiveRun) -> bool {
        run.job.is_managed() && matches!(run.run.state, RunState::Created | RunState::Queued) && self.now() <= run.start_by
    }

    /// Runs that the server was never asked to begin are over when they waited too long or are not wanted any more.
    async fn settle_unasked(&self, server: &Server, active: &mut Vec<ActiveRun>) -> Result<(), StoreError> {
        let now = self.now();
        let never_asked =
            |run: &ActiveRun| matches!(run.run.state, RunState::Created | RunState::Queued) && !run.start_sent && now > run.start_by;
        let never_asked_and_unwanted = |run: &ActiveRun| run.stop.is_some() && !run.start_sent;
        for run in active.extract_if(.., |run| never_asked_and_unwanted(run)) {
            record::canceled_before_it_began(&self.tools, &run, now).await?;
        }
        for run in active.extract_if(.., |run| never_asked(run)) {
            let why = match (&server.host_key, server.link.state, &server.link.error) {
                (None, ..) => "did not begin in time: the server's host key is not pinned".to_owned(),
                (_, LinkState::Down, Some(cause)) => format!("did not begin in time: the server was down ({cause})"),
                _ => "did not begin in time: the panel was not running or could not reach the server".to_owned(),
            };
            record::skipped(&self.tools, &run, &why, now).await?;
        }
        Ok(())
    }

    async fn connect(&mut self, server: &Server) -> Result<(), VisitError> {
        let to = (server.host.clone(), server.port, server.user.clone(), server.host_key.clone());
        if self.client.as_ref().is_some_and(|connected| connected.client.is_usable() && connected.to == to) {
            return Ok(());
        }
        self.client = None;
        let private_key = self.tools.keys.of_server(&self.tools.database, server.id).await.map_err(VisitError::Key)?;
        let target = Target { host: to.0.clone(), port: to.1, user: to.2.clone(), private_key, host_key: to.3.clone() };
        let client = Client::connect(&target, &Deadlines::default()).await?;
        self.client = Some(Connected { client, to });
        Ok(())
    }

    fn client(&mut self) -> Result<&mut Client, VisitError> {
        self.client.as_mut().map(|connected| &mut connected.client).ok_or(VisitError::NotConnected)
    }

    async fn begin(&mut self, run: &ActiveRun) -> Result<(), VisitError> {
        let id = &run.run.id;
        if !run.start_sent {
            // Written down before the server hears of it: from here on only the server knows whether the job has begun.
            let mut change = self.tools.trail.begin().await?;
            let still_wanted = runs::mark_start_sent(change.tx(), id).await?;
            if still_wanted {
                record::note(&mut change, id, "The server is asked to begin it.").await?;
            }
            change.commit().await?;
            if !still_wanted {
                return Ok(());
            }
            fault::at(Moment::StartMarked);
        }
        match begin(self.client()?, id, &run.job).await? {
            Beginning::Begun { ago } => {
                fault::at(Moment::StartAnswered);
                let at = self.now().plus_millis(-i64::try_from(ago.as_millis()).unwrap_or(0)).max(run.run.created_at);
                record::begun(&self.tools, run, at, "The server says that it has begun.").await?;
            }
            Beginning::Waiting { said } => {
                tracing::warn!(run.id = %id, said = %clean_text(said.as_bytes()), "the job has not begun yet; asking again");
                let mut change = self.tools.trail.begin().await?;
                record::note(&mut change, id, "The server has not begun it yet and is asked again.").await?;
                change.commit().await?;
            }
        }
        Ok(())
    }

    /// One pass over everything that goes on; whether the state of a run has changed by it.
    async fn look_at(&mut self, server: &Server, active: &[ActiveRun]) -> Result<bool, VisitError> {
        let now = self.now();
        // A run that waits for its beginning is asked for again, not looked at.
        let seen: Vec<_> = active.iter().filter(|run| run.job.is_managed() && !self.may_begin(run)).collect();
        let orders: Vec<_> = seen.iter().map(|run| self.order(run, now)).collect();
        self.watched.prepare(&self.tools, self.server_id, active).await?;
        let watch_orders = self.watched.orders(&self.tools);
        let mut changed = !watch_orders.is_empty();
        let report = look(self.client()?, &orders, &watch_orders).await?;
        let now = self.now();
        if let Some(clock) = report.clock {
            record::clock_skew(&self.tools, server, clock - now.millis().div_euclid(1000)).await?;
        }
        self.watched.settle(&self.tools, server, &report, now).await?;
        let mut going = Vec::new();
        for run in seen {
            let Some(observation) = report.runs.get(&run.run.id) else { continue };
            let was_running = run.run.started_at.is_some();
            let begun = observation.begun == Begun::Yes;
            if begun && !was_running && run.run.state != RunState::Canceling {
                // It had begun although nobody heard the answer.
                let at = server_time(report.clock, observation.started, now);
                record::begun(&self.tools, run, at, "It was found begun; the server's answer had not arrived.").await?;
                changed = true;
                continue;
            }
            let log = clean_text(&record::without_rewrites(&observation.log.bytes));
            let facts = Facts { job: &run.job, was_running, stop_requested: run.stop.is_some() };
            match judge(facts, observation, &log) {
                Verdict::Going => {
                    fault::at(Moment::Looked);
                    let log = self.tools.run_logs.add(&run.run.id, &observation.log);
                    going.push((run, progress(run.run.source_type, &log, observation.part_kib)));
                }
                Verdict::Ended(ended) => {
                    fault::at(Moment::EndSeen);
                    changed = true;
                    self.surveyed_at = None;
                    let at = server_time(report.clock, observation.ended, now);
                    record::ended(&self.tools, run, observation, ended, &evidence(observation), at).await?;
                }
                Verdict::Begin | Verdict::Unclear => {}
            }
        }
        record::going(&self.tools, going, now).await?;
        Ok(changed)
    }

    /// Looks at destinations when that was long ago or a run has ended since. A mount that hangs costs the connection, not the link.
    async fn survey(&mut self) -> Result<(), VisitError> {
        let now = self.now();
        if self.surveyed_at.is_some_and(|at| now.millis_since(at) < SURVEY_EVERY_MS) {
            return Ok(());
        }
        self.surveyed_at = Some(now);
        let (tools, server_id) = (self.tools.clone(), self.server_id);
        let client = self.client()?;
        let done = match survey(&tools, client, server_id, now).await {
            Ok(()) => sweep(&tools, client, server_id, now).await,
            Err(cause) => Err(cause),
        };
        match done {
            Ok(()) => Ok(()),
            Err(SurveyError::Store(cause)) => Err(cause.into()),
            Err(SurveyError::Pass(cause)) => {
                tracing::warn!(server.id = server_id, error = &cause as &dyn std::error::Error, "could not survey where points are kept");
                self.client = None;
                Ok(())
            }
        }
    }

    fn order(&self, run: &ActiveRun, now: Timestamp) -> RunOrder {
        let (log_file, log_from) = self.tools.run_logs.position(&run.run.id).unwrap_or_default();
        RunOrder { id: run.run.id.clone(), log_file, log_from, order: Order::of(run, now) }
    }

    async fn note_link(&mut self, reached: &Reached) {
        let now = self.now();
        let state = if *reached == Reached::Yes { LinkState::Up } else { LinkState::Down };
        let fresh = |(written, at): (LinkState, Timestamp)| written == state && now.millis_since(at) < LINK_EVERY_MS;
        if state == LinkState::Up && self.link_written.is_some_and(fresh) {
            return;
        }
        match record::link(&self.tools, self.server_id, reached, now).await {
            Ok(()) => self.link_written = Some((state, now)),
            Err(cause) => tracing::error!(
                server.id = self.server_id,
                error = &cause as &dyn std::error::Error,
                "could not write down the state of a link"
            ),
        }
    }
}

/// Until the first run that the server was never asked to begin is given up; a little later than that moment, so that it has passed.
fn until_given_up(active: &[ActiveRun], now: Timestamp) -> Option<Duration> {
    let waiting = active.iter().filter(|run| run.run.started_at.is_none() && !run.start_sent);
    let first = waiting.map(|run| run.start_by).min()?;
    Some(Duration::from_millis(u64::try_from(first.millis_since(now).max(0)).unwrap_or(0) + 50))
}

/// A moment on the server's clock as the panel's clock had it.
pub(super) fn server_time(clock: Option<i64>, at: Option<i64>, now: Timestamp) -> Timestamp {
    match (clock, at) {
        (Some(clock), Some(at)) if at <= clock => now.plus_millis((at - clock).saturating_mul(1000)),
        _ => now,
    }
}
