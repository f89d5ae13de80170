//! `tailback tail`: rows in a pipe, each once, whatever becomes of the connection.

use std::process::Stdio;
use std::time::Duration;

use app::model::{LogStatus, SourceType};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use server::audit::LogRow;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::engine::Engine;
use crate::support::panel::TestPanel;
use crate::support::wire::Wire;

const PATIENCE: Duration = Duration::from_mins(1);

struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(url: &str, token: &str, flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tailback"));
        command.args(["tail", "--url", url]).args(flags).env("TAILBACK_TOKEN", token).env_remove("TAILBACK_URL").kill_on_drop(true);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.next_line()).await.expect("a line in time").unwrap().expect("a line")
    }

    /// What it said on standard error, once it has ended; and how.
    async fn end(mut self) -> (Option<i32>, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("an end in time").unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
        (status.code(), said)
    }
}

async fn append(panel: &TestPanel, status: LogStatus, message: &str) -> i64 {
    panel.serving.panel.trail.append(LogRow::new(status, SourceType::Other, message)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_row_is_printed_once_across_cuts() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let mut wire = Wire::to(panel.serving.address.port()).await;
    let first = append(&panel, LogStatus::Completed, "row 0").await;
    let after = (first - 1).to_string();
    let url = format!("http://127.0.0.1:{}", wire.port());
    let mut tail = Tail::start(&url, &panel.token, &["--json", "--after", &after, "--type", "OTHER"]);
    let mut printed = Vec::new();
    for round in 0..4 {
        for n in 1..=50 {
            append(&panel, LogStatus::Completed, &format!("row {}", round * 50 + n)).await;
            if n == 20 + round {
                wire.cut().await;
            }
        }
        wire.mend();
        while printed.len() <= (round + 1) * 50 {
            let row: Value = serde_json::from_str(&tail.line().await).unwrap();
            printed.push(row["message"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(printed, (0..=200).map(|n| format!("row {n}")).collect::<Vec<_>>());
    drop(tail);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_are_plain_in_a_pipe_and_filters_are_those_of_logs() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let after = append(&panel, LogStatus::Error, "before").await.to_string();
    append(&panel, LogStatus::Error, "disk full on /srv").await;
    append(&panel, LogStatus::Completed, "disk full of room").await;
    append(&panel, LogStatus::Error, "rsync: disk full").await;
    let url = panel.url("");
    let flags = ["--after", after.as_str(), "--status", "error,warning", "-q", "\"disk full\" -rsync"];
    let mut tail = Tail::start(&url, &panel.token, &flags);
    let line = tail.line().await;
    assert!(line.ends_with("disk full on /srv") && line.contains(" error ") && !line.contains('\u{1b}'), "{line}");
    append(&panel, LogStatus::Warning, "disk full again").await;
    assert!(tail.line().await.ends_with("disk full again"));
    // Whoever reads has enough: that is no failure, and no other row has to come first.
    let Tail { child, lines } = tail;
    drop(lines);
    let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_interrupts_it_is_told_how_to_go_on() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let first = append(&panel, LogStatus::Completed, "row 0").await;
    let url = format!("http://{}", panel.serving.address);
    for (signal, expected) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut tail = Tail::start(&url, &panel.token, &["--after", &(first - 1).to_string(), "--type", "OTHER"]);
        assert!(tail.line().await.ends_with("row 0"));
        kill(Pid::from_raw(tail.child.id().unwrap().try_into().unwrap()), signal).unwrap();
        let (code, said) = tail.end().await;
        assert!(code == Some(expected) && said.contains(&format!("--after {first} goes on from here")), "{code:?} {said}");
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_be_better_later_ends_it() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let url = panel.url("");
    for (token, flags, says) in [
        ("tb_wrong", vec![], "answers 401"),
        (panel.token.as_str(), vec!["--status", "sunny"], "\"sunny\" is not a status"),
        (panel.token.as_str(), vec!["-q", "--", "--"], "no letter"),
    ] {
        let (code, said) = Tail::start(&url, token, &flags).end().await;
        assert!(code == Some(2) && said.contains(says), "{code:?} {said}");
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_row_that_is_not_there_yet_nothing_is_passed_over() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let mut wire = Wire::to(panel.serving.address.port()).await;
    let url = format!("http://127.0.0.1:{}", wire.port());
    let mut tail = Tail::start(&url, &panel.token, &["--json", "--after", "99999999", "--type", "OTHER"]);
    // Its way is open once it prints.
    let mut seen = 0;
    while timeout(Duration::from_secs(1), tail.lines.next_line()).await.is_err() {
        append(&panel, LogStatus::Info, "before the cut").await;
        seen += 1;
    }
    wire.cut().await;
    append(&panel, LogStatus::Error, "during the cut").await;
    wire.mend();
    for _ in 0..=seen {
        if tail.line().await.contains("during the cut") {
            panel.serving.stop().await;
            return;
        }
    }
    panic!("a row was passed over");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_written_are_a_failure() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    append(&panel, LogStatus::Error, "for a full disk").await;
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailback"));
    command.args(["tail", "--after", "0", "--url", &panel.url("")]).env("TAILBACK_TOKEN", &panel.token).kill_on_drop(true);
    let child = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("print rows"), "{output:?}");
    panel.serving.stop().await;
}
