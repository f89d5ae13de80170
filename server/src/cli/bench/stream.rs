//! The live stream beside a bare axum server that drains a broadcast of the same frames, and beside the `ws` package for Node.js: each a
//! process of its own, with the same clients, in the same run.

mod actor;
mod audience;
mod bare;
mod node;
mod panel;
mod scratch;

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::ValueEnum;

use self::actor::{Actor, Sent};
use self::audience::{Audience, Received};
use self::panel::ERRORS_IN_A_HUNDRED;
use super::super::say;
use super::logs::{Inserts, SLICE};

/// A server that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Tailback, with scopes and filters on.
    Panel,
    /// axum, a broadcast channel, one task a client that sends what has gathered and then flushes.
    Bare,
    /// Node.js and `ws`.
    Node,
}

const CASES: [(Case, Crowd); 4] = [
    (Case::One, Crowd { clients: 1, deaf: None, rate: 1000 }),
    (Case::Hundred, Crowd { clients: 100, deaf: None, rate: 1000 }),
    (Case::Thousand, Crowd { clients: 1000, deaf: None, rate: 300 }),
    (Case::FiveThousand, Crowd { clients: 5000, deaf: None, rate: 20 }),
];

/// Clients that never read, beside those of the second case.
const DEAF: usize = 300;

/// Clients that watch for errors while rows are written as fast as they can be, and for how long.
const WATCHERS: usize = 100;
const WRITING_SECONDS: u32 = 60;

/// Afterwards, for those whom the processor had no time for.
const CATCHING_UP: Duration = Duration::from_mins(1);

/// For as long they are sent what fits before anybody takes it.
const FILLING_SECONDS: u32 = 4;

/// In this variable such a process is told on which database.
pub(super) const DATABASE_VARIABLE: &str = "TAILBACK_BENCH_DATABASE";

/// Acts as one of the servers for the process that measures it.
pub(super) async fn act(role: Role, database: Option<String>) -> Result<()> {
    match role {
        Role::Panel => panel::act(database).await,
        Role::Bare => bare::act().await,
        Role::Node => node::act(),
    }
}

/// A part of what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Case {
    #[value(name = "1")]
    One,
    #[value(name = "100")]
    Hundred,
    #[value(name = "1000")]
    Thousand,
    #[value(name = "5000")]
    FiveThousand,
    /// Beside clients that never read.
    Deaf,
    /// Rows written as fast as they can be, beside clients that watch.
    Writing,
}

pub(super) struct Bench {
    /// How long rows are streamed in each measurement, …
    pub(super) seconds: u32,
    /// … and how often; the middle is told.
    pub(super) rounds: u32,
    /// A database on the server to use instead of SQLite.
    pub(super) postgres: Option<String>,
}

impl Bench {
    pub(super) async fn run(self, only: Option<Case>) -> Result<()> {
        let is_wanted = |case| only.is_none_or(|only| only == case);
        let roles: Vec<_> = Role::value_variants().iter().copied().filter(|role| *role != Role::Node || node::is_there()).collect();
        if roles.len() < Role::value_variants().len() {
            say("Node.js or its package ws is missing (npm ci in end2end/, then NODE_PATH=end2end/node_modules): left out.");
        }
        say(format!("Stream: rows as they are committed, {} s a measurement, the middle of {}.", self.seconds, self.rounds));
        for (_, crowd) in CASES.into_iter().filter(|(case, _)| is_wanted(*case)) {
            say(format!("{} clients, {} rows/s to each:", crowd.clients, crowd.rate));
            let mut bare = None;
            for (role, middle) in self.measure(&roles, crowd).await? {
                report(role, &middle, bare);
                if role == Role::Bare {
                    bare = Some(middle.p99_ms);
                }
            }
        }
        if is_wanted(Case::Deaf) {
            self.beside_deaf_clients().await?;
        }
        if is_wanted(Case::Writing) {
            self.writing().await?;
        }
        Ok(())
    }

    /// A server with nothing in it yet.
    async fn start(&self, role: Role) -> Result<Actor> {
        let database = match &self.postgres {
            Some(beside) if role == Role::Panel => Some(scratch::make(beside).await?),
            _ => None,
        };
        Actor::start(role, database.as_deref()).await
    }

    async fn stop(&self, server: Actor) -> Result<()> {
        server.stop().await?;
        match &self.postgres {
            Some(beside) => scratch::remove(beside).await,
            None => Ok(()),
        }
    }

    /// The roles take turns, so that a slow minute of the machine is everybody's; of each the round with the middle p99 is given.
    async fn measure(&self, roles: &[Role], crowd: Crowd) -> Result<Vec<(Role, Figures)>> {
        let mut all: Vec<(Role, Vec<Figures>)> = roles.iter().map(|role| (*role, Vec::new())).collect();
        for _ in 0..self.rounds {
            for (role, figures) in &mut all {
                figures.push(self.measure_once(*role, crowd).await?.0);
            }
        }
        // The yardsticks are told first.
        all.sort_by_key(|(role, _)| *role == Role::Panel);
        let middle = |mut figures: Vec<Figures>| {
            figures.sort_by(|a, b| a.p99_ms.total_cmp(&b.p99_ms));
            figures[figures.len() / 2]
        };
        Ok(all.into_iter().map(|(role, figures)| (role, middle(figures))).collect())
    }

    async fn measure_once(&self, role: Role, Crowd { clients, deaf, rate }: Crowd) -> Result<(Figures, u64)> {
        let mut server = self.start(role).await?;
        // The first clients make the server warm.
        drop(Audience::gather(&server.stage, 20, 0).await?);
        let before = server.resident_kib()?;
        let audience = Audience::gather(&server.stage, clients, deaf.unwrap_or(0)).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let idle = server.resident_kib()?;
        if deaf.is_some() {
            server.perform(rate, FILLING_SECONDS).await?;
        }
        let cpu = server.cpu_seconds()?;
        let sent = server.perform(rate, self.seconds).await?;
        let received = audience.listen(last_of(&sent), Duration::from_secs(20)).await?;
        let (cpu, after) = (server.cpu_seconds()? - cpu, server.resident_kib()?);
        self.stop(server).await?;
        let Received { mut latencies_ms, lost, .. } = received.against(&sent);
        ensure!(!latencies_ms.is_empty(), "nobody received a row");
        latencies_ms.sort_by(f32::total_cmp);
        let at = |part: usize| f64::from(latencies_ms[(latencies_ms.len() - 1) * part / 100]);
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let figures = Figures {
            p50_ms: at(50),
            p99_ms: at(99),
            cpu_s_per_million: cpu * 1e6 / latencies_ms.len() as f64,
            kib_per_client: idle.saturating_sub(before) as f64 / clients as f64,
            lost,
        };
        Ok((figures, after.saturating_sub(before)))
    }

    async fn beside_deaf_clients(&self) -> Result<()> {
        let (_, crowd) = CASES[1];
        say(format!("{} clients, {} rows/s, beside {DEAF} that never read:", crowd.clients, crowd.rate));
        let mut all: [Vec<(Figures, u64)>; 2] = Default::default();
        // Twice as many: the two are alike, and a slow moment of the machine is longer than what is looked for.
        for _ in 0..2 * self.rounds {
            for (deaf, figures) in [0, DEAF].into_iter().zip(&mut all) {
                figures.push(self.measure_once(Role::Panel, Crowd { deaf: Some(deaf), ..crowd }).await?);
            }
        }
        let [(alone, _), (beside, grown)] = all.map(|mut figures| {
            figures.sort_by(|a, b| a.0.p99_ms.total_cmp(&b.0.p99_ms));
            figures[figures.len() / 2]
        });
        report(Role::Panel, &alone, None);
        report(Role::Panel, &beside, None);
        let grown = f64::from(u32::try_from(grown)?) / 1024.0;
        say(format!("  memory grew by {grown:.1} MiB; p99 {:.2} of what it was", beside.p99_ms / alone.p99_ms));
        Ok(())
    }

    /// A thousand rows a commit, all indexed, while others watch for the errors among them.
    async fn writing(&self) -> Result<()> {
        say(format!(
            "rows written as fast as they can be, {} a commit, {ERRORS_IN_A_HUNDRED} in a hundred an error, {WRITING_SECONDS} s each:",
            panel::ROWS_A_COMMIT
        ));
        let (mut yardstick, mut alone, mut beside) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            yardstick.push(self.inserted().await?);
            alone.push(self.written(0).await?);
            beside.push(self.written(WATCHERS).await?);
        }
        let middle = |mut rates: Vec<f64>| {
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        };
        let (yardstick, alone, beside) = (middle(yardstick), middle(alone), middle(beside));
        let what = if self.postgres.is_some() { "a plain unnest" } else { "rusqlite" };
        say(format!("  {yardstick:>8.0} rows/s  yardstick: {what}, the same columns and indexes, and the words"));
        say(format!("  {alone:>8.0} rows/s  Tailback, everything running: {:.2} of it", alone / yardstick));
        say(format!(
            "  {beside:>8.0} rows/s  the same beside {WATCHERS} clients that are told of every error: {:.2} of it",
            beside / yardstick
        ));
        Ok(())
    }

    /// Rows a second of the yardstick.
    async fn inserted(&self) -> Result<f64> {
        match &self.postgres {
            Some(beside) => scratch::inserted(beside, WRITING_SECONDS).await,
            None => inserted(),
        }
    }

    /// Rows a second of the panel, beside clients that must hear of every error.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    async fn written(&self, clients: usize) -> Result<f64> {
        let mut server = self.start(Role::Panel).await?;
        for (path, _) in &mut server.stage.seats {
            "/api/v1/logs/stream?status=error".clone_into(path);
        }
        let audience = Audience::gather(&server.stage, clients, 0).await?;
        let began = Instant::now();
        let errors = server.perform(0, WRITING_SECONDS).await?;
        let took = began.elapsed();
        if clients > 0 {
            let Received { lost, first_lost, .. } = audience.listen(last_of(&errors), CATCHING_UP).await?.against(&errors);
            if let Some(id) = first_lost {
                bail!("{lost} errors were not told to one of {clients} clients or more, each once and in order; the first is row {id}");
            }
        }
        self.stop(server).await?;
        Ok(errors.len() as f64 * 100.0 / ERRORS_IN_A_HUNDRED as f64 / took.as_secs_f64())
    }
}

/// One measurement of a server; of the panel without PostgreSQL.
#[derive(Debug, Clone, Copy)]
struct Figures {
    p50_ms: f64,
    p99_ms: f64,
    cpu_s_per_million: f64,
    /// Resident memory of the server for each idle client.
    kib_per_client: f64,
    lost: u64,
}

fn last_of(sent: &[Sent]) -> i64 {
    sent.iter().map(|(id, _)| *id).max().unwrap_or_default()
}

/// Who listens, and to how much.
#[derive(Debug, Clone, Copy)]
struct Crowd {
    clients: usize,
    /// Clients that never read, who are sent as much as fits before the others are measured.
    deaf: Option<usize>,
    /// Rows a second that each of them gets.
    rate: u32,
}

fn report(role: Role, figures: &Figures, bare_p99_ms: Option<f64>) {
    let name = match role {
        Role::Panel => "Tailback",
        Role::Bare => "yardstick: axum, drained",
        Role::Node => "yardstick: node ws",
    };
    let Figures { p50_ms, p99_ms, cpu_s_per_million, kib_per_client, lost } = figures;
    let ratio = bare_p99_ms.filter(|_| role == Role::Panel).map(|bare| format!("  p99 {:.2} of axum's", p99_ms / bare)).unwrap_or_default();
    say(format!(
        "  {name:<25} p50 {p50_ms:>7.2} ms  p99 {p99_ms:>7.2} ms  {cpu_s_per_million:>5.1} s CPU a million  {kib_per_client:>5.1} KiB a client  lost {lost}{ratio}"
    ));
}

/// Rows a second of rusqlite.
#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn inserted() -> Result<f64> {
    let mut inserts = Inserts::new(10_000_000, true)?;
    let (began, mut rows) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(u64::from(WRITING_SECONDS)) {
        inserts.add(SLICE)?;
        rows += SLICE;
    }
    Ok(rows as f64 / began.elapsed().as_secs_f64())
}
