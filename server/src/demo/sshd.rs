//! A private OpenSSH server on loopback: own configuration, key, port and log, nothing shared with the system's.
//!
//! The demo uses it as its servers and the tests as theirs, so it can also fail like a real one: stop answering, change its key, die.
//! Leaves to others what runs on it, and the key that signs in.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::iter;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use app::model::HostKey;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey};
use tokio::time::{Instant, sleep};

use super::programs::find;
use super::small_disk::SmallDisk;

/// Starting takes tens of milliseconds; a machine that is busy building may need a few seconds.
const START_WITHIN: Duration = Duration::from_secs(15);
const POLL_EVERY: Duration = Duration::from_millis(10);

/// Somebody else can take a free port before `sshd` binds it, hardly five times in a row.
const ATTEMPTS: usize = 5;

const LISTENING: &str = "Server listening on";
const PORT_TAKEN: &str = "Address already in use";

/// One running server. Dropping it kills it with its sessions and what runs in them; what has detached itself from its session
/// (`screen`, `setsid`) lives on, as it would on a real server.
#[derive(Debug)]
pub struct PrivateSshd {
    dir: PathBuf,
    port: u16,
    user: String,
    host_key: HostKey,
    /// Absent once it has been waited for: its number may be somebody else's by then.
    listener: Option<Child>,
}

impl PrivateSshd {
    /// Keeps its files in `dir`, which must exist, and lets in who holds the key, as the user that this process runs as. The log is
    /// `sshd.log` there.
    pub async fn start(dir: &Path, authorized_public_key: &str) -> Result<Self> {
        Self::launch(dir, authorized_public_key, None, None).await
    }

    /// The same with another `$HOME` for its sessions, for several servers that share one user. They still begin in the directory
    /// that the system has for that user: scripts say `"$HOME"/…`.
    pub async fn start_with_home(dir: &Path, authorized_public_key: &str, home: &Path) -> Result<Self> {
        Self::launch(dir, authorized_public_key, Some(home), None).await
    }

    /// The same, and its sessions see a disk that nobody else sees.
    pub async fn start_with_disk(dir: &Path, authorized_public_key: &str, home: &Path, disk: &SmallDisk) -> Result<Self> {
        Self::launch(dir, authorized_public_key, Some(home), Some(disk)).await
    }

    async fn launch(dir: &Path, authorized_public_key: &str, home: Option<&Path>, disk: Option<&SmallDisk>) -> Result<Self> {
        let sshd = find("sshd", "openssh-server")?;
        let dir = fs::canonicalize(dir).with_context(|| format!("find the directory {}", dir.display()))?;
        let user = User::from_uid(geteuid())?.context("find the name of the current user")?.name;
        if geteuid().is_root() {
            // The system's service manager makes it for the system's server; without that it is missing.
            fs::create_dir_all("/run/sshd").context("create /run/sshd, which sshd insists on when root starts it")?;
        }
        write(&dir.join("authorized_keys"), authorized_public_key)?;
        let host_key = generate_host_key(&dir)?;

        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            write(&dir.join("sshd_config"), &configuration(&dir, port, home, true)?)?;
            if penalties_are_unknown(&sshd, &dir)? {
                write(&dir.join("sshd_config"), &configuration(&dir, port, home, false)?)?;
            }
            write(&dir.join("sshd.log"), "")?;
            let listener = Some(spawn(&sshd, &dir, disk)?);
            let mut started = Self { dir: dir.clone(), port, user: user.clone(), host_key: host_key.clone(), listener };
            match started.await_listening(1).await {
                Ok(()) => return Ok(started),
                Err(_) if started.log()?.contains(PORT_TAKEN) => {}
                Err(error) => return Err(error),
            }
        }
        bail!("find a port that stays free")
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The fingerprint of the key it shows now.
    pub fn host_key(&self) -> &HostKey {
        &self.host_key
    }

    /// Who to sign in as: the user that this process runs as.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What it has logged so far: who connected, tried a key, signed in.
    pub fn log(&self) -> Result<String> {
        let path = self.dir.join("sshd.log");
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    }

    /// Serves no connection and runs nothing but what has detached itself.
    pub fn is_idle(&self) -> bool {
        self.signal_all(None).len() <= 1
    }

    /// Lets in who holds this key, too.
    pub fn also_let_in(&self, public_key: &str) -> Result<()> {
        let path = self.dir.join("authorized_keys");
        let before = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        write(&path, &format!("{}\n{public_key}\n", before.trim_end()))
    }

    /// Processor seconds of the server, its sessions and all that they have run and waited for.
    pub fn cpu_seconds(&self) -> f64 {
        // The kernel counts in hundredths of a second for `/proc`.
        self.signal_all(None).into_iter().filter_map(ticks).sum::<f64>() / 100.0
    }

    /// The server hangs: connections stay open, new ones are accepted by the kernel, nothing answers, scripts stand still.
    pub fn stop_answering(&self) {
        self.signal_all(Some(Signal::SIGSTOP));
    }

    pub fn resume(&self) {
        self.signal_all(Some(Signal::SIGCONT));
    }

    /// Shows a new host key from now on, as after a reinstallation. Connections that exist stay.
    pub async fn swap_host_key(&mut self) -> Result<()> {
        let listening_before = self.log()?.matches(LISTENING).count();
        self.host_key = generate_host_key(&self.dir)?;
        let listener = self.listener_pid().context("find the running sshd")?;
        kill(listener, Signal::SIGHUP).context("tell sshd to read its key again")?;
        self.await_listening(listening_before + 1).await
    }

    /// Ends every connection, as a network that breaks for a moment does; new ones are served.
    pub fn cut_connections(&self) {
        let listener = self.listener_pid();
        for process in self.signal_all(None).into_iter().filter(|process| Some(*process) != listener) {
            let _gone = kill(process, Signal::SIGKILL);
        }
    }

    /// Ends the server and all sessions at once, as a power cut does. Twice is once.
    pub fn kill(&mut self) {
        // Stopped first, so that none of them starts another while they are counted.
        let everyone = self.signal_all(Some(Signal::SIGSTOP));
        for process in everyone {
            // It may have ended meanwhile.
            let _gone = kill(process, Signal::SIGKILL);
        }
        if let Some(Err(error)) = self.listener.take().map(|mut listener| listener.wait()) {
            tracing::warn!(%error, "failed to wait for the private sshd to end");
        }
    }

    fn listener_pid(&self) -> Option<Pid> {
        self.listener.as_ref().and_then(|listener| i32::try_from(listener.id()).ok()).map(Pid::from_raw)
    }

    /// The listener and everything below it. Sessions put themselves into process groups of their own, so the group of the listener
    /// does not reach them. No signal only counts them.
    fn signal_all(&self, signal: Option<Signal>) -> HashSet<Pid> {
        let mut reached = HashSet::new();
        let Some(listener) = self.listener_pid() else { return reached };
        loop {
            let parents = parents();
            let is_below = |process: Pid| iter::successors(Some(process), |pid| parents.get(pid).copied()).any(|pid| pid == listener);
            let fresh: Vec<Pid> = parents.keys().copied().filter(|pid| !reached.contains(pid) && is_below(*pid)).collect();
            if fresh.is_empty() {
                return reached;
            }
            for process in fresh {
                let _gone = kill(process, signal);
                reached.insert(process);
            }
        }
    }

    async fn await_listening(&mut self, times: usize) -> Result<()> {
        let deadline = Instant::now() + START_WITHIN;
        loop {
            let log = self.log()?;
            if log.matches(LISTENING).count() >= times {
                return Ok(());
            }
            let ended = self.listener.as_mut().map(Child::try_wait).transpose()?.flatten();
            if let Some(status) = ended {
                self.listener = None;
                return Err(anyhow!("keep sshd running: {status}, its log ends with {:?}", log.lines().last().unwrap_or_default()));
            }
            ensure!(Instant::now() < deadline, "see sshd listen within {START_WITHIN:?}");
            sleep(POLL_EVERY).await;
        }
    }
}

impl Drop for PrivateSshd {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr()?.port())
}

fn generate_host_key(dir: &Path) -> Result<HostKey> {
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).context("generate a host key")?;
    let path = dir.join("host_key");
    key.write_openssh_file(&path, LineEnding::LF).with_context(|| format!("write {}", path.display()))?;
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    fingerprint.parse().map_err(|_invalid| anyhow!("read the fingerprint {fingerprint:?}"))
}

fn configuration(dir: &Path, port: u16, home: Option<&Path>, penalties: bool) -> Result<String> {
    let host_key = quoted(&dir.join("host_key"))?;
    // This one keyword expands percent signs.
    let authorized_keys = quoted(&dir.join("authorized_keys"))?.replace('%', "%%");
    // Programs of this home come first.
    let session = |home: &Path| anyhow::Ok(format!("SetEnv HOME={} PATH={}\n", quoted(home)?, quoted(&programs_of(home))?));
    let home = home.map(session).transpose()?.unwrap_or_default();
    // Newer servers shut out an address from which much goes wrong, which on loopback is everybody.
    let penalties = if penalties { "PerSourcePenalties no\n" } else { "" };
    Ok(format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {host_key}\nAuthorizedKeysFile {authorized_keys}\nPidFile none\nLogLevel VERBOSE\n\
         AuthenticationMethods publickey\nPermitRootLogin yes\nStrictModes no\nUsePAM no\nUseDNS no\nPermitUserRC no\n\
         AllowTcpForwarding no\nX11Forwarding no\nPrintMotd no\nMaxStartups 1000\nMaxSessions 1000\n{home}{penalties}"
    ))
}

fn programs_of(home: &Path) -> PathBuf {
    let mut path = home.join("bin").into_os_string();
    path.push(":/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
    path.into()
}

fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().filter(|text| !text.contains(['"', '\\', '\n']));
    Ok(format!("\"{}\"", text.with_context(|| format!("write the path {} into sshd_config", path.display()))?))
}

/// Checks the configuration on the way; any other complaint is an error.
fn penalties_are_unknown(sshd: &Path, dir: &Path) -> Result<bool> {
    let test = Command::new(sshd).arg("-t").arg("-f").arg(dir.join("sshd_config")).stdin(Stdio::null()).output().context("run sshd")?;
    let complaints = String::from_utf8_lossy(&test.stderr);
    let unknown = complaints.contains("PerSourcePenalties");
    ensure!(test.status.success() || unknown, "configure sshd: {}", complaints.lines().last().unwrap_or_default());
    Ok(unknown)
}

fn spawn(sshd: &Path, dir: &Path, disk: Option<&SmallDisk>) -> Result<Child> {
    let mut command = match disk {
        Some(disk) => disk.command(sshd)?,
        None => Command::new(sshd),
    };
    command
        .arg("-D")
        .arg("-f")
        .arg(dir.join("sshd_config"))
        .arg("-E")
        .arg(dir.join("sshd.log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C in the terminal is for whoever started this process, who then ends the server in order.
        .process_group(0)
        .spawn()
        .context("start sshd")
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

/// What a process and its children that it has waited for have used, from `/proc/<pid>/stat`.
fn ticks(process: Pid) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_name, rest) = stat.rsplit_once(") ")?;
    Some(rest.split(' ').skip(11).take(4).filter_map(|word| word.parse::<f64>().ok()).sum())
}

/// Every process of the machine and its parent; empty where there is no `/proc`.
fn parents() -> HashMap<Pid, Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    entries.filter_map(|entry| parent(&entry.ok()?.path())).collect()
}

/// From `/proc/<pid>/stat`: number, name in brackets (which may itself contain brackets), state, number of the parent.
fn parent(process: &Path) -> Option<(Pid, Pid)> {
    let pid = process.file_name()?.to_str()?.parse().ok()?;
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let (_name, rest) = stat.rsplit_once(") ")?;
    let parent = rest.split(' ').nth(1)?.parse().ok()?;
    Some((Pid::from_raw(pid), Pid::from_raw(parent)))
}
