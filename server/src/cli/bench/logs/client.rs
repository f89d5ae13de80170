//! One connection that asks and waits, as `curl` in a loop would.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::ensure;

/// Answers before those that are measured: a panel that has just been started opens connections to its database, and prepares statements
/// on each.
const WARM_UP: usize = 100;

#[derive(Clone)]
pub(super) struct Client {
    agent: ureq::Agent,
    origin: String,
    token: Option<String>,
}

/// In milliseconds.
pub(super) struct Times {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Times {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).or(times.last()).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
        Self { p50: at(50), p99: at(99) }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>7.2} {:>7.2}", self.p50, self.p99)
    }
}

impl Client {
    pub(super) fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { agent: ureq::Agent::new_with_defaults(), origin: format!("http://{address}"), token }
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let (client, path) = (self.clone(), path.to_owned());
        tokio::task::spawn_blocking(move || client.ask(&path)).await?
    }

    pub(super) async fn times(&self, path: &str, times: usize) -> anyhow::Result<Times> {
        Ok(Times::of(self.measure(path, times).await?))
    }

    pub(super) async fn measure(&self, path: &str, times: usize) -> anyhow::Result<Vec<Duration>> {
        let (client, path) = (self.clone(), path.to_owned());
        let measured = tokio::task::spawn_blocking(move || {
            for _ in 0..WARM_UP {
                client.ask(&path)?;
            }
            let one = |_| {
                let began = Instant::now();
                client.ask(&path).map(|_| began.elapsed())
            };
            (0..times).map(one).collect::<anyhow::Result<Vec<_>>>()
        });
        measured.await?
    }

    fn ask(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let mut request = self.agent.get(format!("{}{path}", self.origin));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut answer = request.call()?;
        ensure!(answer.status() == 200, "{path}: {}", answer.status());
        Ok(answer.body_mut().with_config().limit(u64::MAX).read_to_vec()?)
    }
}
