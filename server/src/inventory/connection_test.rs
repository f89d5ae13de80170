//! A trial connection, told step by step: the way there, the host key, signing in, the shell, the tools, the clock.

use app::model::{HostKey, Server, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{clean_line, told_line};
use crate::clock::Clock;
use crate::keys::KeyError;
use crate::ssh::{Client, Deadlines, PrivateKey, Script, SshError, Target, fetch_host_key};
use crate::words::{cause_words, duration_words};

const PROBE: &str = include_str!("probe.sh");

/// A clock that is further off than this is worth a word.
const SKEW_S: i64 = 5;

/// What a trial connection found.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionTest {
    /// Whether signing in worked.
    pub ok: bool,
    /// The fingerprint that the server offers.
    pub offered_host_key: Option<HostKey>,
    /// Why not, in words.
    pub error: Option<String>,
    /// The line for the server's `authorized_keys`, when it is to use the panel's own key.
    pub public_key: String,
    /// The dialogue, up to where it ended.
    pub steps: Vec<TestStep>,
}

/// One step of the dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TestStep {
    /// `connect`, `host key`, `sign in`, `shell`, `rsync`, `screen`, `mysqldump` or `clock`.
    pub name: &'static str,
    pub ok: bool,
    /// What the server said, or what is missing, in words.
    pub said: String,
}

fn step(name: &'static str, ok: bool, said: impl Into<String>) -> TestStep {
    TestStep { name, ok, said: said.into() }
}

/// Speaks with a server as far as it lets.
pub(super) async fn test(server: Server, private_key: Result<PrivateKey, KeyError>, public_key: String, clock: &Clock) -> ConnectionTest {
    let deadlines = Deadlines::default();
    let mut steps = Vec::new();
    let ended = |steps: Vec<TestStep>, offered_host_key, error: Option<String>| ConnectionTest {
        ok: error.is_none(),
        offered_host_key,
        error,
        public_key,
        steps,
    };
    let offered = match fetch_host_key(&server.host, server.port, &deadlines).await {
        Ok(offered) => offered,
        Err(cause) => {
            let words = cause_words(&cause);
            steps.push(step("connect", false, format!("could not {words}")));
            return ended(steps, None, Some(words));
        }
    };
    steps.push(step("connect", true, format!("{} answers on port {}", server.host, server.port)));
    steps.push(host_key_step(server.host_key.as_ref(), &offered));
    let private_key = match private_key {
        Ok(private_key) => private_key,
        Err(cause) => {
            let words = cause_words(&cause);
            steps.push(step("sign in", false, format!("could not {words}")));
            return ended(steps, Some(offered), Some(words));
        }
    };
    let user = server.user.clone();
    let target = Target { host: server.host, port: server.port, user: server.user, private_key, host_key: server.host_key };
    let mut client = match Client::connect(&target, &deadlines).await {
        Ok(client) => client,
        Err(cause) => {
            let words = cause_words(&cause);
            // What the host key's step has said already.
            if !matches!(cause, SshError::HostKeyUnknown { .. } | SshError::HostKeyChanged { .. }) {
                steps.push(step("sign in", false, format!("could not {words}")));
            }
            return ended(steps, Some(offered), Some(words));
        }
    };
    steps.push(step("sign in", true, format!("as {user}")));
    let before = clock.now();
    match client.run(&Script::new(PROBE), deadlines.exec).await {
        Ok(output) => {
            let middle = Timestamp::from_millis(before.millis().midpoint(clock.now().millis()));
            steps.extend(tool_steps(&String::from_utf8_lossy(&output.stdout), middle));
            ended(steps, Some(offered), None)
        }
        Err(cause) => {
            let words = cause_words(&cause);
            steps.push(step("shell", false, format!("could not {words}")));
            ended(steps, Some(offered), Some(words))
        }
    }
}

fn host_key_step(pinned: Option<&HostKey>, offered: &HostKey) -> TestStep {
    match pinned {
        Some(pinned) if pinned == offered => step("host key", true, format!("{offered}, as pinned")),
        Some(pinned) => step("host key", false, format!("{offered}, but {pinned} is pinned")),
        None => step("host key", false, format!("{offered}, not pinned yet")),
    }
}

/// What the probe has printed, in words.
fn tool_steps(said: &str, now: Timestamp) -> Vec<TestStep> {
    let line = |key: &str| said.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).map(told_line);
    let tool = |name: &str| {
        let versions = said.lines().filter_map(|line| line.strip_prefix("tool ")?.split_once(' '));
        versions.into_iter().find(|(found, _)| *found == name).map(|(_, version)| clean_line(version))
    };
    let shell = match (line("user"), line("system")) {
        (Some(user), Some(system)) => step("shell", true, format!("{user} on {system}")),
        _ => step("shell", false, "it said nothing of itself"),
    };
    let rsync = match tool("rsync") {
        Some(version) => step("rsync", true, version),
        None => step("rsync", false, "not found: install it to back up files"),
    };
    let screen = match tool("screen") {
        Some(version) => step("screen", true, version),
        None => step("screen", true, "not found: jobs are detached with setsid instead"),
    };
    let dump = match tool("mariadb-dump").or_else(|| tool("mysqldump")) {
        Some(version) => step("mysqldump", true, version),
        None => step("mysqldump", true, "not found: needed only to dump databases here"),
    };
    let clock = line("clock").and_then(|seconds| seconds.parse::<i64>().ok());
    let clock = match clock.map(|seconds| seconds - now.millis().div_euclid(1000)) {
        Some(skew) if skew.abs() <= SKEW_S => step("clock", true, "in step with the panel's"),
        Some(skew) => {
            let way = if skew > 0 { "ahead of" } else { "behind" };
            step("clock", false, format!("{} {way} the panel's: set up time synchronisation", duration_words(skew.abs())))
        }
        None => step("clock", false, "could not be read"),
    };
    vec![shell, rsync, screen, dump, clock]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_told_in_words() {
        let said = "user backup\nsystem Linux 6.1\nclock 1795312860\ntool rsync rsync  version 3.2.7  protocol version 31\n\
                    tool mysqldump mysqldump  Ver 10.19\n";
        let steps = tool_steps(said, Timestamp::from_millis(1_795_312_800_000));
        let told: Vec<_> = steps.iter().map(|step| (step.name, step.ok, step.said.as_str())).collect();
        assert_eq!(
            told,
            [
                ("shell", true, "backup on Linux 6.1"),
                ("rsync", true, "rsync version 3.2.7 protocol version 31"),
                ("screen", true, "not found: jobs are detached with setsid instead"),
                ("mysqldump", true, "mysqldump Ver 10.19"),
                ("clock", false, "1 m 00 s ahead of the panel's: set up time synchronisation"),
            ]
        );
        assert!(tool_steps("", Timestamp::from_millis(0)).iter().any(|step| !step.ok));
    }
}
