//! A server in a process of its own, told what to do over its standard input.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use app::model::{LogEntry, Named, SourceType, Timestamp};
use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::super::processes;
use super::{DATABASE_VARIABLE, Role};

/// Where its clients go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stage {
    pub(super) port: u16,
    /// Paths with queries, and what each sends to be let in; clients take them in turn.
    pub(super) seats: Vec<(String, Option<String>)>,
    /// Where a browser signs in, where one can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
}

/// A row that was sent: its id, and when it was committed (nanoseconds since 1970).
pub(super) type Sent = (i64, u64);

pub(super) struct Actor {
    pub(super) stage: Stage,
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Actor {
    /// On a file of its own, or on a database that is empty.
    pub(super) async fn start(role: Role, database: Option<&str>) -> Result<Self> {
        let role = role.to_possible_value().context("name the role")?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["bench", "--act-as", role.get_name()])
            .env_remove(DATABASE_VARIABLE)
            // Others see the arguments of a process.
            .envs(database.map(|url| (DATABASE_VARIABLE, url)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start a server to measure")?;
        let orders = process.stdin.take().context("speak to the server")?;
        let mut answers = BufReader::new(process.stdout.take().context("hear the server")?).lines();
        let line = answers.next_line().await?.context("hear where the server is")?;
        Ok(Self { stage: serde_json::from_str(&line)?, process, orders, answers })
    }

    /// Sends rows for some seconds; gives what was sent.
    pub(super) async fn perform(&mut self, rate: u32, seconds: u32) -> Result<Vec<Sent>> {
        self.orders.write_all(format!("{rate} {seconds}\n").as_bytes()).await?;
        let line = self.answers.next_line().await?.context("hear what was sent")?;
        Ok(serde_json::from_str(&line)?)
    }

    pub(super) fn resident_kib(&self) -> Result<u64> {
        processes::resident_kib_of(&self.pid()?)
    }

    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        processes::cpu_seconds(&self.pid()?)
    }

    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.orders);
        self.process.wait().await?;
        Ok(())
    }

    /// `node::act` becomes Node.js, so the process is always the server itself.
    fn pid(&self) -> Result<String> {
        Ok(self.process.id().context("find the server's process")?.to_string())
    }
}

/// The orders that come in, until nobody gives any.
pub(super) async fn next_order(orders: &mut Lines<BufReader<tokio::io::Stdin>>) -> Result<Option<(u32, u32)>> {
    let Some(line) = orders.next_line().await? else { return Ok(None) };
    let (rate, seconds) = line.split_once(' ').context("read an order")?;
    Ok(Some((rate.parse()?, seconds.parse()?)))
}

pub(super) fn orders() -> Lines<BufReader<tokio::io::Stdin>> {
    BufReader::new(tokio::io::stdin()).lines()
}

#[expect(clippy::disallowed_methods, reason = "two processes compare what they read of one clock, to the microsecond")]
pub(super) fn now_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) const MESSAGE: &str = "4,812 of 96,344 files copied, 1.2 GiB of 18.4 GiB, 41 MiB/s";

/// What the yardsticks greet a client with.
pub(super) const HELLO: &str = r#"{"kind":"hello"}"#;

/// A row as it is sent: as long as rows are.
pub(super) fn entry(id: i64) -> LogEntry {
    LogEntry {
        source_type: SourceType::Files,
        server: Some(Named { id: 1, name: "web-1".to_owned() }),
        schedule: Some(Named { id: 1, name: "web site".to_owned() }),
        message: MESSAGE.to_owned(),
        ..LogEntry::blank(id, Timestamp(1_795_348_800_000))
    }
}
