//! The panel is killed, at any moment, and starts again: nothing is lost, nothing doubled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use server::demo::sshd::PrivateSshd;
use server::fault::Moment;
use server::keys::Keys;
use strum::VariantArray as _;

use crate::support::engine::Engine;
use crate::support::panel::{PATIENCE, answer, client, eventually};
use crate::support::postgres;

/// The real program on a data directory, killed without a word.
struct Process {
    child: Child,
    address: String,
    token: String,
    http: reqwest::Client,
}

struct House {
    dir: tempfile::TempDir,
    database_url: String,
    sshd: PrivateSshd,
}

const BINARY: &str = env!("CARGO_BIN_EXE_tailback");

impl House {
    async fn build(engine: Engine) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let home = dir.path().join("home");
        let sshd = dir.path().join("sshd");
        for path in [&data, &home, &sshd] {
            std::fs::create_dir(path).unwrap();
        }
        let keys = Keys::open(&data).unwrap();
        let sshd = PrivateSshd::start_with_home(&sshd, keys.public_line(), &home).await.unwrap();
        let database_url = match engine {
            Engine::Sqlite => format!("sqlite://{}", data.join("tailback.db").display()),
            Engine::Postgres => postgres::new_database(),
        };
        let house = Self { dir, database_url, sshd };
        let mut made = house.command(&["user", "create", "ada", "--role", "admin", "--password-stdin"]);
        let mut made = made.stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut made.stdin.take().unwrap(), b"correct horse battery\n").unwrap();
        assert!(made.wait().unwrap().success());
        house
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--data-dir").arg(self.dir.path().join("data")).args(["--database-url", &self.database_url]);
        command.env("TAILBACK_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    async fn start(&self) -> Process {
        self.start_to_die_at(None).await
    }

    async fn start_to_die_at(&self, moment: Option<Moment>) -> Process {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let log = std::fs::File::options().append(true).create(true).open(self.dir.path().join("panel.log")).unwrap();
        let mut serve = self.command(&["serve", "--bind", &address]);
        serve.envs(moment.map(|moment| ("TAILBACK_DIE_AT", moment.to_string())));
        let child = serve.stderr(log).spawn().unwrap();
        let output = self.command(&["token", "create", "--user", "ada"]).stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success());
        let process = Process { child, address, token: String::from_utf8(output.stdout).unwrap().trim().to_owned(), http: client() };
        eventually("the panel", async || process.http.get(process.url("/readyz")).send().await.ok()).await;
        process
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn text(&self, name: &str) -> String {
        self.home().join(name).to_str().unwrap().to_owned()
    }
}

impl Process {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> Value {
        answer(self.http.get(self.url(path)).bearer_auth(&self.token)).await.1
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        answer(self.http.post(self.url(path)).bearer_auth(&self.token).json(body)).await.1
    }

    /// Waits until the panel has killed itself.
    async fn died(mut self, moment: Moment) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(tokio::time::Instant::now() < deadline, "the panel never came to {moment}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn all_ended(&self) {
        eventually("the end of every run", async || {
            let runs = self.get("/api/v1/runs?state=created,queued,running,canceling").await;
            (runs["total"] == 0).then_some(())
        })
        .await;
    }
}

/// Schedules that each make a point whenever their job's body runs, which takes some seconds at this speed.
async fn prepare(house: &House, process: &Process, count: usize, kbps: u32) -> Vec<Value> {
    let server = json!({"name": "yard", "host": "127.0.0.1", "port": house.sshd.port(), "user": house.sshd.user(), "host_key": house.sshd.host_key().as_str()});
    let server = process.post("/api/v1/servers", &server).await;
    std::fs::create_dir_all(house.home().join("data")).unwrap();
    std::fs::write(house.home().join("data/file"), vec![1; 600 << 10]).unwrap();
    let mut schedules = Vec::new();
    for n in 0..count {
        let schedule = json!({"name": format!("job {n}"), "server_id": server["id"], "kind": "managed",
            "files": {"sources": [house.text("data")], "destination": house.text(&format!("points-{n}")), "bandwidth_kbps": kbps}});
        schedules.push(process.post("/api/v1/schedules", &schedule).await["id"].clone());
    }
    schedules
}

/// Rows by run and status, and how often each job's body ran.
async fn tally(process: &Process) -> BTreeMap<String, Vec<String>> {
    let page = process.get("/api/v1/logs?type=FILES&limit=500").await;
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in page["entries"].as_array().unwrap().iter().rev() {
        rows.entry(row["run_id"].as_str().unwrap().to_owned()).or_default().push(row["status"].as_str().unwrap().to_owned());
    }
    rows
}

fn points(house: &House, n: usize) -> usize {
    let dir: &Path = &house.home().join(format!("points-{n}"));
    std::fs::read_dir(dir).map_or(0, |entries| {
        entries.filter_map(Result::ok).filter(|entry| !entry.file_name().to_string_lossy().ends_with(".in.progress")).count()
    })
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panel_killed_during_20_runs_writes_20_outcomes_once_each(#[case] engine: Engine) {
    const RUNS: usize = 20;
    let house = House::build(engine).await;
    let first = house.start().await;
    for schedule in prepare(&house, &first, RUNS, 150).await {
        first.post(&format!("/api/v1/schedules/{schedule}/run"), &json!({})).await;
    }
    // Some have begun, some wait, when it is killed; and again while the rest begins.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    first.kill();
    let second = house.start().await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    second.kill();
    let third = house.start().await;
    third.all_ended().await;
    let rows = tally(&third).await;
    assert_eq!(rows.len(), RUNS);
    for (run, statuses) in &rows {
        assert_eq!(statuses, &["started", "completed"], "{run}");
    }
    for n in 0..RUNS {
        assert_eq!(points(&house, n), 1, "job {n} ran once");
    }
    third.kill();
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panel_killed_between_any_two_steps_starts_nothing_twice_and_loses_nothing(#[case] engine: Engine) {
    let house = House::build(engine).await;
    let first = house.start().await;
    let schedules = prepare(&house, &first, Moment::VARIANTS.len(), 400).await;
    first.kill();
    for (moment, schedule) in Moment::VARIANTS.iter().zip(&schedules) {
        // What the round before has left must not come to this moment in place of this round's run.
        let between = house.start().await;
        between.all_ended().await;
        between.kill();
        let process = house.start_to_die_at(Some(*moment)).await;
        // It may die before it answers.
        let asked = process.http.post(process.url(&format!("/api/v1/schedules/{schedule}/run"))).bearer_auth(&process.token);
        drop(asked.json(&json!({})).send().await);
        process.died(*moment).await;
    }
    let last = house.start().await;
    last.all_ended().await;
    let rows = tally(&last).await;
    // What was never committed was never promised to anyone.
    assert_eq!(rows.len(), schedules.len() - 1, "{rows:?}");
    for (run, statuses) in &rows {
        assert_eq!(statuses, &["started", "completed"], "{run}");
    }
    for (n, moment) in Moment::VARIANTS.iter().enumerate() {
        assert_eq!(points(&house, n), usize::from(*moment != Moment::RequestWritten), "how often the job ran that met {moment}");
    }
    last.kill();
}
