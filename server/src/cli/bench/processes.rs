//! What processes cost, from `/proc`.

use std::fs;

use anyhow::{Context as _, Result};

/// The kernel counts processor time in hundredths of a second for `/proc`, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time of a process and of its children that have been waited for.
pub(super) fn cpu_seconds(pid: &str) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let (_, rest) = stat.rsplit_once(") ").context("find the end of a program's name")?;
    let ticks: f64 = rest.split(' ').skip(11).take(4).filter_map(|word| word.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// KiB of memory that this process holds.
pub(super) fn resident_kib() -> Result<u64> {
    status("self", "VmRSS:")
}

/// KiB of memory that a process holds.
pub(super) fn resident_kib_of(pid: &str) -> Result<u64> {
    status(pid, "VmRSS:")
}

pub(super) fn threads() -> Result<u64> {
    status("self", "Threads:")
}

fn status(pid: &str, label: &str) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let value = text.lines().find_map(|line| line.strip_prefix(label)?.split_whitespace().next()?.parse().ok());
    value.with_context(|| format!("find {label} in {path}"))
}
