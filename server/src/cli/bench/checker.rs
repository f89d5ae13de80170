//! Looking at runs: one server with many, many servers with some, beside what the `ssh` client costs for the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use app::model::{CommandJob, RunId, ScheduleDraft, ScheduleKind, ServerDraft, SourceType, Trigger, Zone};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};
use tempfile::TempDir;

use super::super::say;
use super::processes::{cpu_seconds, resident_kib, threads};
use crate::audit::Trail;
use crate::checker::{Instruments, Round, lone_look};
use crate::clock::Clock;
use crate::demo::sshd::PrivateSshd;
use crate::jobs::{Job, new_run_id};
use crate::keys::Keys;
use crate::store::runs::NewRun;
use crate::store::{Database, runs, schedules, servers};
use crate::streaming::Hub;

const RUNS_ON_ONE: u32 = 200;
const SERVERS: usize = 50;
const RUNS_ON_EACH: u32 = 4;

/// Enough for the hundredths of a second in which the kernel counts.
const ROUNDS: u32 = 40;

/// Each takes 200 calls of `ssh`.
const SSH_ROUNDS: u32 = 3;

/// Between two passes while memory is watched: as for runs that have been going for some minutes.
const SOAK_PACE: Duration = Duration::from_secs(4);

pub(super) async fn run(soak_minutes: u32) -> Result<()> {
    let yard = Yard::new().await?;
    say(format!("Checker: {RUNS_ON_ONE} active runs on one loopback server."));
    one_server(&yard).await?;
    say(format!("Checker: {SERVERS} loopback servers with {RUNS_ON_EACH} active runs each."));
    many_servers(&yard, soak_minutes).await
}

/// A database, keys, and a process that plays every job.
struct Yard {
    dir: TempDir,
    tools: Instruments,
    sleeper: Child,
}

impl Drop for Yard {
    fn drop(&mut self) {
        // Gone already is as good.
        self.sleeper.kill().ok();
        self.sleeper.wait().ok();
    }
}

impl Yard {
    async fn new() -> Result<Self> {
        let dir = tempfile::tempdir().context("make a temporary directory")?;
        let database = Database::open(&format!("sqlite://{}", dir.path().join("bench.db").display())).await?;
        let zone = Arc::new(Zone::utc());
        let clock = Clock::machine();
        let trail = Trail::start(database.clone(), clock.clone(), zone.clone(), Arc::default());
        let tools = Instruments {
            hub: Hub::open(database.clone(), zone, Arc::default()).await?,
            keys: Keys::open(dir.path())?,
            database,
            trail,
            clock,
            run_logs: Arc::default(),
        };
        let sleeper = Command::new("sleep").arg("100000").spawn().context("start a process to look at")?;
        Ok(Self { dir, tools, sleeper })
    }

    /// A server with active runs: their directories are there, their process lives.
    async fn server(&self, name: &str, count: u32) -> Result<(PrivateSshd, i64, Vec<RunId>)> {
        let (home, dir) = (self.dir.path().join(name), self.dir.path().join(format!("{name}.sshd")));
        fs::create_dir(&home)?;
        fs::create_dir(&dir)?;
        let sshd = PrivateSshd::start_with_home(&dir, self.tools.keys.public_line(), &home).await?;
        let now = self.tools.clock.now();
        let mut change = self.tools.trail.begin().await?;
        let draft = ServerDraft {
            name: name.to_owned(),
            host: "127.0.0.1".to_owned(),
            port: sshd.port(),
            user: sshd.user().to_owned(),
            region: None,
            account: None,
            private_key: None,
            host_key: Some(sshd.host_key().clone()),
        };
        let server_id = servers::insert(change.tx(), &draft, now).await?;
        let mut ids = Vec::new();
        for n in 0..count {
            let command = CommandJob {
                source_type: SourceType::Other,
                command: "sleep 100000".to_owned(),
                success_codes: vec![0],
                warning_codes: vec![],
            };
            let policy = ScheduleDraft {
                command: Some(command.clone()),
                ..ScheduleDraft::new(format!("{name} {n}"), server_id, ScheduleKind::Managed)
            };
            let schedule_id = schedules::insert(change.tx(), &policy, now).await?;
            let id = new_run_id(now);
            let job = Job::Command { command };
            let run = NewRun {
                id: id.clone(),
                schedule_id,
                server_id,
                trigger: Trigger::Manual,
                created_at: now,
                due_at: None,
                start_by: now,
                job,
            };
            runs::insert_running(change.tx(), &run, Some(now)).await?;
            make_run_directory(&home, &id, self.sleeper.id())?;
            ids.push(id);
        }
        change.commit().await?;
        Ok((sshd, server_id, ids))
    }
}

fn make_run_directory(home: &Path, id: &RunId, pid: u32) -> Result<()> {
    let dir = home.join(".tailback/runs").join(id.as_str());
    fs::create_dir_all(dir.join("begun"))?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let birth = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(19)).context("find the birth of a process")?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    fs::write(dir.join("pid"), format!("{pid} {birth} {boot}"))?;
    fs::write(dir.join("log"), "a line of a log\n".repeat(64))?;
    Ok(())
}

async fn one_server(yard: &Yard) -> Result<()> {
    let (sshd, server_id, ids) = yard.server("one", RUNS_ON_ONE).await?;
    let mut round = Round::of(&yard.tools, [server_id]);
    round.go().await;
    let before = Costs::now("self", &sshd)?;
    let began = Instant::now();
    for _ in 0..ROUNDS {
        round.go().await;
    }
    let ours = Costs::now("self", &sshd)?.since(&before, f64::from(ROUNDS * RUNS_ON_ONE));
    let per_minute = f64::from(ROUNDS) / began.elapsed().as_secs_f64() * 60.0;
    drop(round);
    say(format!("{per_minute:>9.0} passes a minute, one connection, one script a pass"));
    ours.say("Tailback", None);
    let ssh = ssh_client(yard, &sshd, &ids)?;
    ssh.say("yardstick: the ssh client, ControlMaster, one exec a run", Some(&ours));
    Ok(())
}

/// Processor seconds of whoever asks and of the server that answers.
struct Costs {
    client: f64,
    host: f64,
}

impl Costs {
    fn now(client: &str, sshd: &PrivateSshd) -> Result<Self> {
        Ok(Self { client: cpu_seconds(client)?, host: sshd.cpu_seconds() })
    }

    /// For a thousand checks.
    fn since(&self, before: &Self, checks: f64) -> Self {
        let each = |now: f64, before: f64| (now - before) / checks * 1000.0;
        Self { client: each(self.client, before.client), host: each(self.host, before.host) }
    }

    fn say(&self, what: &str, ours: Option<&Self>) {
        let times = |theirs: f64, ours: f64| if ours > 0.0 { format!(" ({:.0} times Tailback's)", theirs / ours) } else { String::new() };
        let (client, host) = ours.map(|ours| (times(self.client, ours.client), times(self.host, ours.host))).unwrap_or_default();
        say(format!("{:>9.3} s client{client}, {:.3} s host{host}, per 1,000 checks: {what}", self.client, self.host));
    }
}

/// The same question about one run at a time, as a script around the `ssh` client would ask it.
fn ssh_client(yard: &Yard, sshd: &PrivateSshd, ids: &[RunId]) -> Result<Costs> {
    let key = write_client_files(yard, sshd)?;
    let control = yard.dir.path().join("control");
    let ssh = |arguments: &[&str]| {
        let mut command = Command::new("ssh");
        command.args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]);
        command.args(["-o", "LogLevel=ERROR", "-i"]).arg(&key).arg("-S").arg(&control).args(["-p", &sshd.port().to_string()]);
        command.args(arguments).arg(format!("{}@127.0.0.1", sshd.user()));
        command
    };
    let mut master = ssh(&["-M", "-N"]).stdin(Stdio::null()).spawn().context("start the ssh client")?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while !control.exists() {
        ensure!(Instant::now() < deadline, "the ssh client did not connect");
        std::thread::sleep(Duration::from_millis(20));
    }
    let master_pid = master.id().to_string();
    let now = || anyhow::Ok(Costs { client: children_seconds()? + cpu_seconds(&master_pid)?, host: sshd.cpu_seconds() });
    let before = now()?;
    for _ in 0..SSH_ROUNDS {
        for id in ids {
            let mut asked = ssh(&[]).arg("/bin/sh -s").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
            std::io::Write::write_all(&mut asked.stdin.take().context("speak to the ssh client")?, lone_look(id).as_bytes())?;
            let answer = asked.wait_with_output()?;
            ensure!(String::from_utf8_lossy(&answer.stdout).contains("alive yes"), "the ssh client saw nothing");
        }
    }
    let costs = now()?.since(&before, f64::from(SSH_ROUNDS * RUNS_ON_ONE));
    master.kill()?;
    master.wait()?;
    Ok(costs)
}

/// Of this process's children that have ended.
fn children_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(") ").context("find the end of a program's name")?;
    Ok(rest.split(' ').skip(13).take(2).filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

/// The `ssh` client wants its key in a file; the server lets both in.
fn write_client_files(yard: &Yard, sshd: &PrivateSshd) -> Result<PathBuf> {
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519)?;
    let path = yard.dir.path().join("client_key");
    key.write_openssh_file(&path, LineEnding::LF)?;
    sshd.also_let_in(&key.public_key().to_openssh()?)?;
    Ok(path)
}

async fn many_servers(yard: &Yard, soak_minutes: u32) -> Result<()> {
    let mut sshds = Vec::new();
    let mut ids = Vec::new();
    for n in 0..SERVERS {
        let (sshd, id, _) = yard.server(&format!("server-{n}"), RUNS_ON_EACH).await?;
        sshds.push(sshd);
        ids.push(id);
    }
    let before_kib = resident_kib()?;
    let mut round = Round::of(&yard.tools, ids);
    let began = Instant::now();
    round.go().await;
    let first = began.elapsed();
    ensure!(round.connected() == SERVERS, "{} of {SERVERS} servers were reached", round.connected());
    let per_connection = resident_kib()?.saturating_sub(before_kib) / SERVERS as u64;
    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    for _ in 0..ROUNDS / 2 {
        let one = Instant::now();
        round.go().await;
        slowest = slowest.max(one.elapsed());
    }
    let mean = began.elapsed() / (ROUNDS / 2);
    say(format!(
        "{:>9.2} s a full pass ({:.2} s the slowest, {:.2} s with connecting)",
        mean.as_secs_f64(),
        slowest.as_secs_f64(),
        first.as_secs_f64()
    ));
    say(format!("{per_connection:>9} KiB a kept connection with all that belongs to it, {} threads in all", threads()?));
    let until = Instant::now() + Duration::from_secs(u64::from(soak_minutes) * 60);
    let (start_kib, start_threads) = (resident_kib()?, threads()?);
    let mut passes = 0_u32;
    while Instant::now() < until {
        let next = Instant::now() + SOAK_PACE;
        round.go().await;
        passes += 1;
        tokio::time::sleep_until(next.into()).await;
    }
    let grown = i64::try_from(resident_kib()?)? - i64::try_from(start_kib)?;
    let more = i64::try_from(threads()?)? - i64::try_from(start_threads)?;
    say(format!("{grown:>9} KiB and {more} threads more after {soak_minutes} min, {passes} full passes"));
    Ok(())
}
