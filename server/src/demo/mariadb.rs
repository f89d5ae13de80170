//! A private MariaDB: its own data directory and socket, no network.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use nix::unistd::{User, geteuid};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::programs::find;

const START_WITHIN: Duration = Duration::from_mins(1);

/// A running database server; killed when dropped.
pub struct PrivateMariadb {
    dir: PathBuf,
    server: Child,
}

impl PrivateMariadb {
    /// Makes the data directory in `dir` and starts a server on it.
    pub async fn start(dir: &Path) -> Result<Self> {
        let user = User::from_uid(geteuid()).ok().flatten().context("the user that runs this has no name")?.name;
        let data = dir.join("data");
        let made = Command::new(find("mariadb-install-db", "mariadb-server")?)
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(format!("--user={user}"))
            .arg(format!("--datadir={}", data.display()))
            .stdin(Stdio::null())
            .output()
            .await
            .context("run mariadb-install-db")?;
        ensure!(made.status.success(), "mariadb-install-db failed: {}", String::from_utf8_lossy(&made.stderr));
        let socket = dir.join("mariadb.sock");
        let server = Command::new(find("mariadbd", "mariadb-server")?)
            .args(["--no-defaults", "--skip-networking", "--innodb-buffer-pool-size=16M", "--performance-schema=off"])
            .arg(format!("--user={user}"))
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", socket.display()))
            .arg(format!("--pid-file={}", dir.join("mariadb.pid").display()))
            .arg(format!("--log-error={}", dir.join("mariadb.log").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the demonstration, which stops it in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("start mariadbd")?;
        let mut database = Self { dir: dir.to_owned(), server };
        database.await_answer().await?;
        Ok(database)
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("mariadb.sock")
    }

    /// Runs SQL as root.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        let output = self.client(sql)?.output().await.context("run the MariaDB client")?;
        ensure!(output.status.success(), "the database refused: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Writes an option file for the dump tools.
    pub fn write_defaults(&self, path: &Path, user: &str, password: &str) -> Result<()> {
        let text = format!("[client]\nuser={user}\npassword={password}\nsocket={}\n", self.socket().display());
        std::fs::write(path, text).with_context(|| format!("write {}", path.display()))
    }

    fn client(&self, sql: &str) -> Result<Command> {
        let mut command = Command::new(find("mariadb", "mariadb-client")?);
        command
            .args(["--no-defaults", "--user=root"])
            .arg(format!("--socket={}", self.socket().display()))
            .args(["-e", sql])
            .stdin(Stdio::null());
        Ok(command)
    }

    async fn await_answer(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_WITHIN;
        while self.execute("select 1").await.is_err() {
            let ended = self.server.try_wait().context("ask after mariadbd")?;
            if ended.is_some() || Instant::now() > deadline {
                bail!("mariadbd did not start: {}", std::fs::read_to_string(self.dir.join("mariadb.log")).unwrap_or_default());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Stops the server.
    pub async fn stop(mut self) {
        if let Err(cause) = self.server.kill().await {
            tracing::warn!(error = &cause as &dyn std::error::Error, "could not stop mariadbd");
        }
    }
}
