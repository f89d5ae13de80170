//! Connections to a real `sshd` on loopback, and to peers that are not one.

mod faults;
mod leaks;
mod scripts;
mod trust;

use std::path::{Path, PathBuf};
use std::time::Duration;

use server::demo::sshd::PrivateSshd;
use server::ssh::{Client, Deadlines, Output, PrivateKey, Script, SshError, Target};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding};
use tempfile::TempDir;

/// Long enough for a busy machine; nothing waits for it where things go well.
const PATIENCE: Duration = Duration::from_secs(30);

/// Deadlines that are meant to pass.
const IMPATIENT: Deadlines = Deadlines { connect: PATIENCE, handshake: Duration::from_millis(600), exec: Duration::from_millis(600) };

const GENEROUS: Deadlines = Deadlines { connect: PATIENCE, handshake: PATIENCE, exec: PATIENCE };

/// A key pair as the panel has one, and a server that accepts it.
struct Bench {
    dir: TempDir,
    sshd: PrivateSshd,
    private_key: PrivateKey,
}

impl Bench {
    /// Sessions have an empty home, so that the start-up files of whoever runs the tests play no part.
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (private_key, public_key) = key_pair();
        let home = dir.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let sshd = PrivateSshd::start_with_home(dir.path(), &public_key, &home).await.unwrap();
        Self { dir, sshd, private_key }
    }

    /// A path on the server.
    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Whether anything runs on the server that a session has started.
    fn has_running_scripts(&self) -> bool {
        let home = format!("HOME={}\0", self.home().display());
        let runs_here =
            |process: PathBuf| std::fs::read(process.join("environ")).is_ok_and(|environment| contains(&environment, home.as_bytes()));
        std::fs::read_dir("/proc").unwrap().any(|process| runs_here(process.unwrap().path()))
    }

    fn target(&self) -> Target {
        Target {
            host: "127.0.0.1".into(),
            port: self.sshd.port(),
            user: self.sshd.user().to_owned(),
            private_key: self.private_key.clone(),
            host_key: Some(self.sshd.host_key().clone()),
        }
    }

    async fn connect(&self) -> Client {
        Client::connect(&self.target(), &GENEROUS).await.unwrap()
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

fn key_pair() -> (PrivateKey, String) {
    let key = ssh_key::PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap();
    let text = key.to_openssh(LineEnding::LF).unwrap();
    (PrivateKey::new(text.as_str()), key.public_key().to_openssh().unwrap())
}

/// A server on this port of which nothing is known: what peers that are no `sshd` are dialled with.
fn stranger(port: u16) -> Target {
    Target { host: "127.0.0.1".into(), port, user: "root".into(), private_key: key_pair().0, host_key: None }
}

async fn run(client: &mut Client, script: &Script) -> Result<Output, SshError> {
    client.run(script, PATIENCE).await
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "{what} did not come true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn appears(path: impl AsRef<Path>) {
    eventually("the file", || path.as_ref().exists()).await;
}
