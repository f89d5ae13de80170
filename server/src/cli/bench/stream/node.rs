//! The yardstick in Node.js: the `ws` package, which sends every client the same frame.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::actor::{HELLO, entry};

const SERVER: &str = include_str!("node_server.cjs");

/// Whether Node.js and `ws` can be used.
pub(super) fn is_there() -> bool {
    let asked = Command::new("node").args(["-e", "require('ws')"]).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Becomes Node.js.
pub(super) fn act() -> Result<()> {
    let frame = format!(r#"{{"kind":"rows","rows":[{}]}}"#, serde_json::to_string(&entry(0))?);
    let (before, after) = frame.split_once(r#"{"id":0,"#).context("find the id of a row")?;
    let cause = Command::new("node").args(["-e", SERVER, &format!(r#"{before}{{"id":"#), &format!(",{after}"), HELLO]).exec();
    Err(cause).context("run Node.js")
}
