//! A data directory and the program itself, as an administrator runs it.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::panel::{PASSWORD, client, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_tailback");

pub struct House {
    pub dir: TempDir,
}

pub struct Process {
    child: Child,
    pub address: String,
}

impl House {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn log(&self) -> PathBuf {
        self.dir.path().join("panel.log")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--data-dir").arg(self.data());
        let log = std::fs::File::options().append(true).create(true).open(self.log()).unwrap();
        command.env("TAILBACK_LOG", "debug").env_remove("TAILBACK_SECRET_KEY").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stderr(Stdio::piped()).output().unwrap()
    }

    pub fn add_user(&self, name: &str) {
        let mut made =
            self.command(&["user", "create", name, "--role", "admin", "--password-stdin"]).stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut made.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes()).unwrap();
        assert!(made.wait().unwrap().success());
    }

    pub fn token(&self, user: &str) -> String {
        let output = self.run(&["token", "create", "--user", user]);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub async fn serve(&self) -> Process {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let said = std::fs::File::options().append(true).create(true).open(self.dir.path().join("said")).unwrap();
        let child = self.command(&["serve", "--bind", &address]).stdout(said).spawn().unwrap();
        let process = Process { child, address };
        let http = client();
        eventually("the panel", async || http.get(process.url("/readyz")).send().await.ok()).await;
        process
    }

    /// What the panel has said on standard output.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("said")).unwrap()
    }
}

impl Process {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
