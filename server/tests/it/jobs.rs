//! Runs on real SSH servers, with real rsync, screen and MariaDB, from being asked for to the row that tells of their end.

mod backups;
mod crash;
mod faults;
mod points;
mod time;
mod watched;

use std::path::PathBuf;

use reqwest::StatusCode;
use serde_json::{Value, json};
use server::clock::Clock;
use server::demo::sshd::PrivateSshd;

use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, path_text};

/// A panel and one real server.
struct Yard {
    panel: TestPanel,
    sshd: PrivateSshd,
    server_id: i64,
    home: PathBuf,
}

impl Yard {
    async fn start(engine: Engine) -> Self {
        Self::start_at(engine, Clock::machine()).await
    }

    async fn start_at(engine: Engine, clock: Clock) -> Self {
        let panel = TestPanel::start_at(engine, clock).await;
        let home = panel.dir.path().join("home");
        let dir = panel.dir.path().join("sshd");
        std::fs::create_dir(&home).unwrap();
        std::fs::create_dir(&dir).unwrap();
        let sshd = PrivateSshd::start_with_home(&dir, panel.serving.panel.keys.public_line(), &home).await.unwrap();
        let server_id = panel.add_server("yard", sshd.port(), sshd.user(), sshd.host_key()).await.id;
        Self { panel, sshd, server_id, home }
    }

    fn path(&self, name: &str) -> String {
        path_text(&self.home.join(name))
    }

    /// Adds a schedule with this job and returns its id.
    async fn schedule(&self, name: &str, mut job: Value) -> i64 {
        job["name"] = json!(name);
        job["server_id"] = json!(self.server_id);
        if job["kind"].is_null() {
            job["kind"] = json!("managed");
        }
        let (status, made) = self.panel.post("/api/v1/schedules", &job).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["id"].as_i64().unwrap()
    }

    /// Asks for a run and returns its id.
    async fn run(&self, schedule: i64) -> String {
        let (status, asked) = self.panel.post(&format!("/api/v1/schedules/{schedule}/run"), &json!({})).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{asked}");
        asked["runs"][0]["id"].as_str().unwrap().to_owned()
    }

    async fn run_to_end(&self, schedule: i64) -> Value {
        let id = self.run(schedule).await;
        self.panel.ended_run(&id).await
    }

    fn write(&self, name: &str, content: &[u8]) {
        let path = self.home.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

fn files(sources: &[String], destination: String) -> Value {
    json!({"files": {"sources": sources, "destination": destination}})
}
