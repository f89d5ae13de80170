//! The panel is away, dies, comes back: every report arrives once, with the times at which things happened.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use app::model::Timestamp;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use server::clock::Clock;
use server::fault::Moment;

use super::exec::{Machine, free_port, output, said};
use super::{PATH, run_id};
use crate::support::engine::Engine;
use crate::support::panel::{PATIENCE, answer, client, eventually, path_text};
use crate::support::postgres;

/// The real panel on a port of its own, which can be killed and started again there.
struct House {
    dir: tempfile::TempDir,
    database_url: String,
    address: String,
    admin: String,
    schedule: i64,
    http: reqwest::Client,
}

impl House {
    async fn build(engine: Engine) -> (Self, Machine) {
        let dir = tempfile::tempdir().unwrap();
        let database_url = match engine {
            Engine::Sqlite => format!("sqlite://{}", dir.path().join("data/tailback.db").display()),
            Engine::Postgres => postgres::new_database(),
        };
        let address = format!("127.0.0.1:{}", free_port());
        let mut house = Self { dir, database_url, address, admin: String::new(), schedule: 0, http: client() };
        let mut user = house.command(&["user", "create", "ada", "--role", "admin", "--password-stdin"]);
        let mut user = user.stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut user.stdin.take().unwrap(), b"correct horse battery\n").unwrap();
        assert!(user.wait().unwrap().success());
        house.admin = house.token(&[]);
        let mut serve = house.start(None).await;
        let server = house.post("/api/v1/servers", json!({"name": "web", "host": "127.0.0.1", "port": 1, "user": "backup"})).await;
        let schedule = json!({"name": "nightly", "server_id": server["id"], "kind": "reported"});
        house.schedule = house.post("/api/v1/schedules", schedule).await["id"].as_i64().unwrap();
        serve.kill().unwrap();
        serve.wait().unwrap();
        let token = house.token(&["--schedule", &house.schedule.to_string()]);
        let url = format!("http://{}", house.address);
        let machine = Machine { dir: tempfile::tempdir().unwrap(), url, schedule: house.schedule, token };
        (house, machine)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tailback"));
        command.args(arguments).arg("--data-dir").arg(self.dir.path().join("data")).args(["--database-url", &self.database_url]);
        command.env("TAILBACK_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn token(&self, flags: &[&str]) -> String {
        let made = self.command(&[&["token", "create", "--user", "ada"], flags].concat()).stdout(Stdio::piped()).output().unwrap();
        assert!(made.status.success());
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    async fn start(&self, die_at: Option<Moment>) -> Child {
        let mut serve = self.command(&["serve", "--bind", &self.address]);
        serve.envs(die_at.map(|moment| ("TAILBACK_DIE_AT", moment.to_string())));
        let serve = serve.stderr(Stdio::null()).spawn().unwrap();
        eventually("the panel", async || self.http.get(self.url("/readyz")).send().await.ok()).await;
        serve
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> Value {
        answer(self.http.get(self.url(path)).bearer_auth(&self.admin)).await.1
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        answer(self.http.request(Method::POST, self.url(path)).bearer_auth(&self.admin).json(&body)).await.1
    }

    /// Runs, oldest first, each with the statuses of its rows.
    async fn tally(&self) -> Vec<(Value, Vec<String>)> {
        let runs = self.get(&format!("/api/v1/runs?schedule={}", self.schedule)).await;
        let mut tally = Vec::new();
        for run in runs["items"].as_array().unwrap().iter().rev() {
            let page = self.get(&format!("/api/v1/logs?type=OTHER&run={}", run["id"].as_str().unwrap())).await;
            let rows = page["entries"].as_array().unwrap().iter().rev();
            tally.push((run.clone(), rows.map(|row| row["status"].as_str().unwrap().to_owned()).collect()));
        }
        tally
    }
}

fn end(mut serve: Child) {
    serve.kill().unwrap();
    serve.wait().unwrap();
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_the_panel_was_away_is_told_later_once_and_with_its_times(#[case] engine: Engine) {
    let (house, machine) = House::build(engine).await;
    let mut spans = Vec::new();
    for code in ["exit 0", "exit 7"] {
        let before = Clock::machine().now();
        let done = output(machine.exec(&["--wait", "300ms"], &["sh", "-c", &format!("sleep 1.1; {code}")])).await;
        assert_eq!(done.status.code(), code.strip_prefix("exit ").and_then(|code| code.parse().ok()));
        assert_eq!(said(&done).matches("cannot be reached").count(), 1, "{}", said(&done));
        spans.push((before, Clock::machine().now()));
    }
    assert_eq!(machine.waiting().len(), 2);
    let serve = house.start(None).await;
    // The next run brings them, before its own.
    let third = output(machine.exec(&[], &["true"])).await;
    assert!(third.status.success() && said(&third).is_empty(), "{}", said(&third));
    assert!(machine.waiting().is_empty());
    let tally = house.tally().await;
    let states: Vec<_> = tally.iter().map(|(run, _)| run["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["completed", "failed", "completed"]);
    assert_eq!(tally[0].1, ["started", "completed"]);
    assert_eq!(tally[1].1, ["started", "error"]);
    for ((run, _), (before, after)) in tally.iter().zip(spans) {
        let (started, finished) = (time(&run["started_at"]), time(&run["finished_at"]));
        assert!(before <= started && finished <= after, "{run}");
        assert_eq!(run["duration_s"], 1, "{run}");
    }
    let nothing = output(machine.exec(&["--flush"], &[])).await;
    assert!(nothing.status.success() && said(&nothing).is_empty());
    assert_eq!(house.tally().await.len(), 3);
    end(serve);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_send_what_is_left_send_nothing_twice() {
    const RUNS: usize = 6;
    let (house, machine) = House::build(Engine::Sqlite).await;
    for _ in 0..RUNS {
        output(machine.exec(&["--wait", "0"], &["true"])).await;
    }
    assert_eq!(machine.waiting().len(), RUNS);
    let serve = house.start(None).await;
    let senders: Vec<_> = (0..4).map(|_| tokio::spawn(output(machine.exec(&["--flush"], &[])))).collect();
    for sender in senders {
        sender.await.unwrap();
    }
    assert!(machine.waiting().is_empty());
    let tally = house.tally().await;
    assert_eq!(tally.len(), RUNS);
    for (run, statuses) in tally {
        // One whose start came while another was still open there is known from its end.
        assert!(statuses == ["started", "completed"] || statuses == ["completed"], "{run} {statuses:?}");
        assert!(run["started_at"].is_string() && run["duration_s"] == 0, "{run}");
    }
    end(serve);
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_dies_at_any_moment_of_a_report_has_each_run_once(#[case] engine: Engine) {
    let (house, machine) = House::build(engine).await;
    let moments = [Moment::StartWritten, Moment::StartCommitted, Moment::EndWritten, Moment::EndCommitted];
    for moment in moments {
        let mut serve = house.start(Some(moment)).await;
        let run = tokio::spawn(output(machine.exec(&[], &["sh", "-c", "echo line; sleep 0.3"])));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while serve.try_wait().unwrap().is_none() {
            assert!(tokio::time::Instant::now() < deadline, "the panel never came to {moment}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let again = house.start(None).await;
        let done = run.await.unwrap();
        assert!(done.status.success(), "{moment}: {}", said(&done));
        end(again);
    }
    let serve = house.start(None).await;
    let tally = house.tally().await;
    assert_eq!(tally.len(), moments.len());
    for ((run, statuses), moment) in tally.iter().zip(moments) {
        assert_eq!(
            (run["state"].as_str(), statuses.as_slice()),
            (Some("completed"), &["started".to_owned(), "completed".to_owned()][..]),
            "{moment}"
        );
    }
    assert!(machine.waiting().is_empty());
    end(serve);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_is_killed_leaves_what_it_had_to_say() {
    let (house, machine) = House::build(Engine::Sqlite).await;
    let mut child = machine.exec(&[], &["sleep", "3"]).spawn().unwrap();
    eventually("the spool", async || (!machine.waiting().is_empty()).then_some(())).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let serve = house.start(None).await;
    assert!(output(machine.exec(&["--flush"], &[])).await.status.success());
    assert!(machine.waiting().is_empty());
    // How it ends is not known, and nobody makes it up.
    let tally = house.tally().await;
    assert_eq!((tally[0].0["state"].as_str(), tally[0].1.as_slice()), (Some("running"), &["started".to_owned()][..]));
    end(serve);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_another_panel_or_refused_stays_in_the_spool() {
    let (house, mut machine) = House::build(Engine::Sqlite).await;
    output(machine.exec(&["--wait", "0"], &["true"])).await;
    let serve = house.start(None).await;
    let here = std::mem::replace(&mut machine.url, format!("http://127.0.0.1:{}", free_port()));
    let elsewhere = output(machine.exec(&["--flush", "--wait", "0"], &[])).await;
    assert!(elsewhere.status.success(), "nothing is left for that panel: {}", said(&elsewhere));
    machine.url = here;
    let good = std::mem::replace(&mut machine.token, "tb_wrong".to_owned());
    let refused = output(machine.exec(&["--flush"], &[])).await;
    assert_eq!((refused.status.code(), said(&refused).matches("401").count()), (Some(1), 1), "{}", said(&refused));
    assert_eq!(machine.waiting().len(), 1);
    machine.token = good;
    assert!(output(machine.exec(&["--flush"], &[])).await.status.success());
    assert_eq!(house.tally().await[0].1, ["started", "completed"]);
    // The same reports by hand change nothing.
    let id = house.tally().await[0].0["id"].clone();
    for event in ["start", "finish"] {
        assert_eq!(house.post(PATH, json!({"schedule": house.schedule, "event": event, "run": id})).await["state"], "completed");
    }
    assert_ne!(id, json!(run_id(1)));
    assert_eq!(path_text(&machine.spool()).matches("spool").count(), 1);
    end(serve);
}
