//! `tailback exec` as a cron line has it: the command comes first, whatever becomes of the reports.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::json;

use super::{Desk, PATH};
use crate::support::engine::Engine;
use crate::support::panel::{eventually, path_text};

/// The program on a machine of its own: a spool, a token, and nothing of the environment of whoever runs the tests.
pub(super) struct Machine {
    pub(super) dir: tempfile::TempDir,
    pub(super) url: String,
    pub(super) schedule: i64,
    pub(super) token: String,
}

impl Machine {
    pub(super) async fn beside(desk: &Desk) -> Self {
        let token = desk.bound_token().await;
        Self { dir: tempfile::tempdir().unwrap(), url: desk.panel.url(""), schedule: desk.schedule, token }
    }

    pub(super) fn spool(&self) -> PathBuf {
        self.dir.path().join("state/tailback/spool")
    }

    /// `tailback exec` with its flags; the command comes after them.
    pub(super) fn exec(&self, flags: &[&str], command: &[&str]) -> Command {
        // Whoever runs the tests may have been started with some signals ignored, which is passed on.
        let mut exec = Command::new("env");
        exec.args(["--default-signal=HUP,INT,QUIT,TERM", env!("CARGO_BIN_EXE_tailback")]);
        exec.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("XDG_STATE_HOME", self.dir.path().join("state"));
        exec.env("TAILBACK_URL", &self.url).env("TAILBACK_SCHEDULE", self.schedule.to_string()).env("TAILBACK_TOKEN", &self.token);
        exec.arg("exec").args(flags);
        if !command.is_empty() {
            exec.arg("--").args(command);
        }
        exec.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        exec
    }

    /// Files that wait in the spool.
    pub(super) fn waiting(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.spool()).map_or_else(|_| Vec::new(), |dir| dir.map(|entry| entry.unwrap().path()).collect())
    }
}

pub(super) async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

async fn output_of(command: &mut Command) -> Output {
    let mut child = command.spawn().unwrap();
    drop(child.stdin.take());
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

pub(super) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[rstest]
#[case(&["sh", "-c", "exit 0"], 0, "completed")]
#[case(&["sh", "-c", "exit 3"], 3, "failed")]
#[case(&["sh", "-c", "kill -TERM $$"], 143, "failed")]
#[case(&["sh", "-c", "kill -KILL $$"], 137, "failed")]
#[case(&["no-such-command-anywhere"], 127, "failed")]
#[case(&["/etc/hostname"], 126, "failed")]
#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_is_the_commands_own_and_the_panel_has_it(#[case] command: &[&str], #[case] code: i32, #[case] state: &str) {
    let desk = Desk::open(Engine::Sqlite).await;
    let machine = Machine::beside(&desk).await;
    let done = output(machine.exec(&[], command)).await;
    assert_eq!(done.status.code(), Some(code), "{}", said(&done));
    let runs = desk.runs().await;
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["exit_code"], &runs[0]["state"]), (&json!(code), &json!(state)));
    assert_eq!(desk.statuses(runs[0]["id"].as_str().unwrap()).await[0], "started");
    assert!(machine.waiting().is_empty());
    if code == 127 {
        assert!(said(&done).starts_with("tailback: no-such-command-anywhere cannot be started"), "{}", said(&done));
        let message = desk.last_row(runs[0]["id"].as_str().unwrap()).await["message"].clone();
        assert!(message.as_str().unwrap().contains("exit code 127: a command was not found"), "{message}");
    } else if code != 126 {
        assert_eq!(said(&done), "", "nothing of our own");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_passes_through_byte_for_byte_and_input_too() {
    let desk = Desk::open(Engine::Sqlite).await;
    let machine = Machine::beside(&desk).await;
    // Every byte there is, and no line end for long.
    let bytes: Vec<u8> = (0..5 << 20).map(|n: u32| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let file = machine.dir.path().join("bytes");
    std::fs::write(&file, &bytes).unwrap();
    let file = path_text(&file);
    let both = output(machine.exec(&[], &["sh", "-c", "cat \"$1\"; head -c 1000000 \"$1\" >&2", "sh", &file])).await;
    assert!(both.stdout == bytes && both.stderr == bytes[..1_000_000], "{} {}", both.stdout.len(), both.stderr.len());

    let mut exec = machine.exec(&[], &["cat"]);
    let mut child = exec.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let sent = bytes.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&sent).unwrap());
    let done = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    writer.join().unwrap();
    assert!(done.stdout == bytes);
    let runs = desk.runs().await;
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run["state"] == "completed"), "{runs:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_inherits_the_output_does_not_keep_us_and_a_closed_reader_is_felt() {
    let desk = Desk::open(Engine::Sqlite).await;
    let machine = Machine::beside(&desk).await;
    let began = Instant::now();
    let done = output(machine.exec(&[], &["sh", "-c", "sleep 30 & echo begun"])).await;
    assert_eq!((done.status.code(), done.stdout.as_slice()), (Some(0), b"begun\n".as_slice()));
    assert!(began.elapsed() < Duration::from_secs(20));

    let mut exec = machine.exec(&[], &["sh", "-c", "yes; exit 9"]);
    let mut child = exec.spawn().unwrap();
    drop(child.stdout.take());
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    // `yes` is ended by its pipe, as without us in between.
    assert_eq!(status.code(), Some(9));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_rsync_and_of_own_lines_reach_the_panel() {
    let desk = Desk::open(Engine::Sqlite).await;
    let machine = Machine::beside(&desk).await;
    let dir = |name: &str| path_text(&machine.dir.path().join(name));
    std::fs::create_dir(dir("from")).unwrap();
    for n in 0..3 {
        std::fs::write(format!("{}/{n}", dir("from")), vec![1; 1000]).unwrap();
    }
    let rsync = format!("rsync -a --stats {}/ {}/; echo TAILBACK point=point.x", dir("from"), dir("to"));
    let done = output(machine.exec(&["--type", "FILES"], &["sh", "-c", &rsync])).await;
    assert!(done.status.success(), "{}", said(&done));
    let run = desk.runs().await.pop().unwrap();
    assert_eq!(
        (&run["type"], &run["files_total"], &run["files_written"], &run["bytes_written"]),
        (&json!("FILES"), &json!(3), &json!(3), &json!(3000))
    );
    assert_eq!((&run["point"], &run["state"]), (&json!("point.x"), &json!("completed")));
    let row = desk.last_row(run["id"].as_str().unwrap()).await;
    assert!(row["detail"].as_str().unwrap().contains("Number of regular files transferred: 3"), "{row}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_go_to_the_whole_command() {
    let desk = Desk::open(Engine::Sqlite).await;
    let machine = Machine::beside(&desk).await;
    for (signal, code) in [(Signal::SIGTERM, 41), (Signal::SIGINT, 42), (Signal::SIGHUP, 43)] {
        let script = "trap 'exit 41' TERM; trap 'exit 42' INT; trap 'exit 43' HUP; echo ready; while :; do sleep 0.05; done";
        let mut child = machine.exec(&[], &["sh", "-c", script]).spawn().unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        assert_eq!((status.code(), status.signal()), (Some(code), None), "{signal}");
    }
    assert_eq!(desk.runs().await.len(), 3);
    desk.close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_from_the_panel_ends_the_command(#[case] engine: Engine) {
    let desk = Desk::open(engine).await;
    let machine = Machine::beside(&desk).await;
    let mut child = machine.exec(&[], &["sh", "-c", "echo working; sleep 300"]).spawn().unwrap();
    let run = eventually("the run", async || desk.runs().await.pop()).await;
    let id = run["id"].as_str().unwrap().to_owned();
    let (status, _) = desk.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(143));
    assert_eq!(desk.run(&id).await["state"], "canceled");
    assert_eq!(desk.last_row(&id).await["message"], "OTHER nightly: stopped by ada");
    assert_eq!(desk.last_row(&id).await["detail"], "working");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_ignores_the_stop_is_killed_and_what_it_said_is_kept() {
    let desk = Desk::open(Engine::Sqlite).await;
    let machine = Machine::beside(&desk).await;
    let script = "trap '' TERM; echo begin; printf '\r  104857600  45%%   12.50MB/s    0:00:10'; while :; do sleep 1; done";
    let mut child = machine.exec(&[], &["sh", "-c", script]).spawn().unwrap();
    let run = eventually("progress", async || desk.runs().await.pop().filter(|run| run["progress"]["percent"] == 45.0)).await;
    assert_eq!((&run["progress"]["bytes"], &run["progress"]["eta_s"]), (&json!(104_857_600), &json!(10)));
    let id = run["id"].as_str().unwrap().to_owned();
    desk.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await;
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(137));
    assert_eq!(desk.run(&id).await["state"], "canceled");

    // The sender dies, and another run makes way for what it had said.
    let mut child = machine.exec(&[], &["sh", "-c", "echo last words; sleep 8"]).spawn().unwrap();
    let sql = || server::store::Sql::new("select size from run_output");
    eventually("the output", async || desk.panel.serving.panel.database.fetch_optional(sql()).await.unwrap()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let dead = desk.runs().await.pop().unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.report("finish", &dead, json!({})).await.1["state"], "partial");
    assert_eq!(desk.last_row(&dead).await["detail"], "last words");
    assert!(desk.panel.serving.panel.database.fetch_optional(sql()).await.unwrap().is_none(), "the row has it now");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_reporting_is_said_once_and_the_command_runs() {
    let desk = Desk::open(Engine::Sqlite).await;
    let machine = Machine::beside(&desk).await;
    let command = ["sh", "-c", "echo done; exit 5"];
    for (what, name, value, expected) in [
        ("a bad token", "TAILBACK_TOKEN", "tb_wrong", "401"),
        ("no token", "TAILBACK_TOKEN", "", "there is no token"),
        ("an unknown schedule", "TAILBACK_SCHEDULE", "999", "403"),
        ("no number", "TAILBACK_SCHEDULE", "nightly", "is no schedule"),
        ("no address", "TAILBACK_URL", "panel", "URL"),
        ("no room for a spool", "XDG_STATE_HOME", "/dev/null/x", "there is no spool"),
    ] {
        let began = Instant::now();
        let mut exec = machine.exec(&[], &command);
        exec.env(name, value);
        let done = output(exec).await;
        assert_eq!((done.status.code(), done.stdout.as_slice()), (Some(5), b"done\n".as_slice()), "{what}");
        let said = said(&done);
        assert!(said.lines().all(|line| line.starts_with("tailback: ")) && said.matches(expected).count() == 1, "{what}: {said}");
        assert!(began.elapsed() < Duration::from_secs(15), "{what}: nobody waits for what is refused");
        let mut quiet = machine.exec(&["--quiet"], &command);
        quiet.env(name, value);
        assert_eq!(super::exec::said(&output(quiet).await), "", "{what}");
    }
    assert_eq!(desk.runs().await.len(), 2, "without a spool reports still go out");
    // A type that the schedule does not back up: the start is refused, and so is the end.
    let oracle = desk.add_schedule("oracle", json!({"kind": "reported", "command": {"source_type": "ORACLE"}})).await;
    let token = desk.panel.serving.panel.accounts.create_token("ada", "test", Some(oracle)).await.unwrap();
    let mut other = machine.exec(&["--type", "VM"], &command);
    let done = output_of(other.env("TAILBACK_SCHEDULE", oracle.to_string()).env("TAILBACK_TOKEN", token.text())).await;
    assert_eq!((done.status.code(), said(&done).matches("this schedule backs up ORACLE").count()), (Some(5), 2), "{}", said(&done));
    // A schedule that runs already is told of the run when that ends.
    desk.report("start", "", json!({})).await;
    let done = output(machine.exec(&[], &command)).await;
    assert_eq!(done.status.code(), Some(5));
    assert!(said(&done).contains("is still going on there"), "{}", said(&done));
    let runs = desk.runs().await;
    let states: Vec<_> = runs.iter().map(|run| run["state"].as_str().unwrap()).collect();
    assert!(states.contains(&"running") && states.contains(&"failed") && runs.iter().any(|run| run["exit_code"] == 5), "{runs:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_nowhere_but_where_it_was_put() {
    let desk = Desk::open(Engine::Sqlite).await;
    let mut machine = Machine::beside(&desk).await;
    let file = machine.dir.path().join("token");
    std::fs::write(&file, format!("{}\n", machine.token)).unwrap();
    let token = std::mem::take(&mut machine.token);
    // Nobody listens there, so that everything waits in the spool.
    let spooled = format!("http://127.0.0.1:{}", free_port());
    for (by_file, url) in [(true, machine.url.clone()), (false, machine.url.clone()), (true, spooled.clone()), (false, spooled)] {
        let flags = if by_file { vec!["--token-file".to_owned(), path_text(&file)] } else { vec![] };
        let flags: Vec<_> = flags.iter().map(String::as_str).chain(["--wait", "200ms"]).collect();
        // The command shows its environment, and what the process list says of it and of us.
        let script = "env; tr '\\0' ' ' < /proc/$PPID/cmdline; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.3";
        let mut exec = machine.exec(&flags, &["sh", "-c", script]);
        exec.env("TAILBACK_URL", url);
        if !by_file {
            exec.env("TAILBACK_TOKEN", &token);
        }
        let done = output(exec).await;
        for words in [&done.stdout, &done.stderr] {
            assert!(!contains(words, &token), "{}", String::from_utf8_lossy(words));
        }
        assert!(contains(&done.stdout, "TAILBACK_SCHEDULE="), "the command has the rest of its environment");
    }
    assert_eq!(machine.waiting().len(), 2);
    for path in machine.waiting() {
        assert!(!contains(&std::fs::read(&path).unwrap(), &token), "{}", path.display());
    }
    let (_, page) = desk.panel.get("/api/v1/logs?limit=500").await;
    assert!(!page.to_string().contains(&token));
    for run in desk.runs().await {
        assert!(!desk.last_row(run["id"].as_str().unwrap()).await.to_string().contains(&token));
    }
    assert!(!files_below(&desk.panel.dir.path().join("data")).iter().any(|path| contains(&std::fs::read(path).unwrap(), &token)));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nohup_means_the_command_too() {
    let desk = Desk::open(Engine::Sqlite).await;
    let machine = Machine::beside(&desk).await;
    let exec = machine.exec(&[], &["sh", "-c", "echo ready; sleep 1; echo over"]);
    let mut nohup = Command::new("sh");
    // Without what gives signals back their meaning.
    nohup.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).args(exec.get_args().skip(1));
    nohup.envs(exec.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = nohup.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGHUP).unwrap();
    let done = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!((done.status.code(), done.stdout.as_slice()), (Some(0), b"over\n".as_slice()));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_describes_reports() {
    let desk = Desk::open(Engine::Sqlite).await;
    let (_, document) = desk.panel.get("/api/v1/openapi.json").await;
    let post = &document["paths"][PATH]["post"];
    for status in ["200", "201", "400", "401", "403", "404", "409", "413"] {
        assert!(post["responses"][status].is_object(), "{status}");
    }
    let report = &document["components"]["schemas"]["Report"];
    assert_eq!(report["required"], json!(["schedule", "event"]));
    assert_eq!(report["additionalProperties"], json!(false));
    assert!(report["properties"]["type"].is_object() && report["properties"]["offset"].is_object(), "{report}");
    desk.close().await;
}

pub(super) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn contains(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window == word.as_bytes())
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
