//! Jobs that something else runs, and commands of other tools.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::Yard;
use crate::support::engine::Engine;
use crate::support::panel::eventually;

/// Somebody's own backup script, which Tailback knows by its name.
struct Script {
    child: Child,
}

impl Script {
    /// Runs for some seconds, logs, and leaves its code; its name is on its command line.
    fn start(yard: &Yard, name: &str, body: &str) -> Self {
        let path: PathBuf = yard.home.join(name);
        std::fs::write(&path, body).unwrap();
        let mut command = Command::new("setsid");
        command.args(["/bin/sh", path.to_str().unwrap()]).current_dir(&yard.home).stdin(Stdio::null());
        Self { child: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn watch(yard: &Yard, name: &str, watch: Value) -> i64 {
    let body = json!({"name": name, "server_id": yard.server_id, "kind": "watched", "watch": watch});
    let (status, made) = yard.panel.post("/api/v1/schedules", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made["id"].as_i64().unwrap()
}

async fn runs_of(yard: &Yard, schedule: i64) -> Vec<Value> {
    let (_, list) = yard.panel.get(&format!("/api/v1/runs?schedule={schedule}")).await;
    list["items"].as_array().unwrap().clone()
}

async fn one_run(yard: &Yard, schedule: i64, state: &str) -> Value {
    eventually(state, async || {
        // Watched servers are visited every ten seconds; nobody wants to wait so long here.
        yard.panel.serving.panel.run_requests.pokes.poke(yard.server_id);
        runs_of(yard, schedule).await.into_iter().find(|run| run["state"] == state)
    })
    .await
}

/// The checker has looked once, so that what comes from now on is news.
async fn looked(yard: &Yard, schedule: i64) {
    eventually("the first look", async || {
        let sql = server::store::Sql::new("select id from schedule where id = $1 and watch_seen is not null").bind(schedule);
        yard.panel.serving.panel.database.fetch_optional(sql).await.unwrap()
    })
    .await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_watched_process_is_followed_to_its_exit_file(#[case] engine: Engine) {
    let yard = Yard::start(engine).await;
    yard.write("nightly.log", b"rsync: write failed: No space left on device (28)\nfrom last week\n");
    yard.write("nightly.exit", b"11\n");
    let pattern = format!("{}/nightly-[b]ackup.sh", yard.home.display());
    let schedule = watch(
        &yard,
        "nightly",
        json!({"source_type": "FILES", "process": pattern, "log": yard.path("nightly.log"), "exit_file": yard.path("nightly.exit")}),
    )
    .await;
    looked(&yard, schedule).await;
    assert_eq!(runs_of(&yard, schedule).await, Vec::<Value>::new(), "last week's end is not news");
    let _script = Script::start(
        &yard,
        "nightly-backup.sh",
        "echo 'rsync: link_stat failed: No such file or directory' >>nightly.log; echo '      32768  45%    1.00MB/s    0:00:09' >>nightly.log
         while [ ! -e go ]; do sleep 0.1; done; echo 'rsync error: some files could not be transferred (code 23)' >>nightly.log; echo 23 >nightly.exit",
    );
    let running = one_run(&yard, schedule, "running").await;
    assert_eq!((&running["trigger"], &running["type"]), (&json!("watched"), &json!("FILES")));
    eventually("its progress", async || {
        yard.panel.serving.panel.run_requests.pokes.poke(yard.server_id);
        runs_of(&yard, schedule).await.iter().find(|run| run["progress"]["percent"] == 45.0).map(|_| ())
    })
    .await;
    // Something else runs it, so something else must stop it.
    let id = running["id"].as_str().unwrap();
    let (status, _) = yard.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, _) = yard.panel.post(&format!("/api/v1/schedules/{schedule}/run"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    yard.write("go", b"");
    let ended = one_run(&yard, schedule, "partial").await;
    assert_eq!((&ended["exit_code"], &ended["id"]), (&json!(23), &running["id"]));
    let rows = yard.panel.rows_of(id).await;
    assert_eq!(rows.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(), ["started", "warning"], "{rows:?}");
    assert!(
        rows[1].1.contains("No such file or directory") && !rows[1].1.contains("No space"),
        "last week's log is not this run's: {rows:?}"
    );
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_between_two_looks_is_seen_by_its_exit_file() {
    let yard = Yard::start(Engine::Sqlite).await;
    let schedule =
        watch(&yard, "quick", json!({"source_type": "OTHER", "exit_file": yard.path("quick.exit"), "log": yard.path("quick.log")})).await;
    looked(&yard, schedule).await;
    yard.write("quick.log", b"all good\n");
    yard.write("quick.exit", b"0\n");
    let run = one_run(&yard, schedule, "completed").await;
    assert_eq!((&run["started_at"], &run["duration_s"]), (&Value::Null, &Value::Null), "nobody saw its beginning");
    // An exit file that cannot be trusted is no success.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    yard.write("quick.exit", b"");
    let odd = one_run(&yard, schedule, "partial").await;
    assert!(odd["error"].as_str().unwrap().contains("it is empty"), "{odd}");
    assert_eq!(runs_of(&yard, schedule).await.len(), 2);
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_watched_screen_without_an_exit_file_is_judged_by_rsyncs_own_last_words() {
    let yard = Yard::start(Engine::Sqlite).await;
    let name = format!("offsite-{}", crate::support::panel::path_text(yard.panel.dir.path()).replace('/', "-"));
    let schedule = watch(&yard, "offsite", json!({"source_type": "FILES", "screen": name, "log": yard.path("offsite.log")})).await;
    looked(&yard, schedule).await;
    for (round, (last_words, state)) in
        [("total size is 24,576  speedup is 2.00", "completed"), ("Killed by somebody", "partial")].into_iter().enumerate()
    {
        let script = yard.home.join("offsite.sh");
        std::fs::write(&script, format!("exec 3>&1; sleep 3; echo '{last_words}' >>{}", yard.path("offsite.log"))).unwrap();
        let started = Command::new("screen").args(["-dmS", &name, "/bin/sh"]).arg(&script).env("HOME", &yard.home).status().unwrap();
        assert!(started.success());
        one_run(&yard, schedule, "running").await;
        let run = one_run(&yard, schedule, state).await;
        assert_eq!(run["exit_code"], if round == 0 { json!(0) } else { Value::Null }, "{run}");
    }
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_has_codes_and_statistics_of_its_own() {
    let yard = Yard::start(Engine::Sqlite).await;
    let job =
        |command: &str| json!({"command": {"source_type": "ORACLE", "command": command, "success_codes": [0, 7], "warning_codes": [3]}});
    let good = "echo 'TAILBACK bytes_written=4096'; echo 'TAILBACK files_written=2'; echo \"TAILBACK point=full-$(echo 1)\"; echo 'noise TAILBACK bytes_done=1'; exit 7";
    let run = yard.run_to_end(yard.schedule("good", job(good)).await).await;
    assert_eq!((&run["state"], &run["exit_code"], &run["type"]), (&json!("completed"), &json!(7), &json!("ORACLE")), "{run}");
    assert_eq!((&run["bytes_written"], &run["files_written"], &run["bytes_done"]), (&json!(4096), &json!(2), &Value::Null));
    assert_eq!(run["point"], "full-1");
    let run = yard.run_to_end(yard.schedule("warned", job("echo 'RMAN-06207: warning'; exit 3")).await).await;
    assert_eq!(run["state"], "partial", "{run}");
    let run = yard.run_to_end(yard.schedule("bad", job("echo it went wrong; exit 1")).await).await;
    assert_eq!(run["state"], "failed", "{run}");
    yard.panel.serving.stop().await;
}
