//! Runs that others report: over HTTP, with tokens that can do nothing else, and through `tailback exec`.

mod exec;
mod reports;
mod spool;
mod tokens;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::clock::Clock;

use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, answer};

const PATH: &str = "/api/v1/ingest/runs";

/// A panel with a server and a reported schedule.
struct Desk {
    panel: TestPanel,
    server: i64,
    schedule: i64,
}

impl Desk {
    async fn open(engine: Engine) -> Self {
        Self::open_at(engine, Clock::machine()).await
    }

    async fn open_at(engine: Engine, clock: Clock) -> Self {
        let panel = TestPanel::start_at(engine, clock).await;
        let server = json!({"name": "web", "host": "127.0.0.1", "port": 1, "user": "backup"});
        let server = panel.post("/api/v1/servers", &server).await.1["id"].as_i64().unwrap();
        let mut desk = Self { panel, server, schedule: 0 };
        desk.schedule = desk.add_schedule("nightly", json!({"kind": "reported"})).await;
        desk
    }

    async fn add_schedule(&self, name: &str, mut draft: Value) -> i64 {
        draft["name"] = json!(name);
        draft["server_id"] = json!(self.server);
        let (status, made) = self.panel.post("/api/v1/schedules", &draft).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["id"].as_i64().unwrap()
    }

    /// Reports an event of a run (of none in particular, if it is empty).
    async fn report(&self, event: &str, run: &str, more: Value) -> (StatusCode, Value) {
        let mut body = json!({"schedule": self.schedule, "event": event});
        if !run.is_empty() {
            body["run"] = json!(run);
        }
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.panel.post(PATH, &body).await
    }

    async fn run(&self, id: &str) -> Value {
        self.panel.get(&format!("/api/v1/runs/{id}")).await.1
    }

    /// The runs of the schedule, oldest first.
    async fn runs(&self) -> Vec<Value> {
        let (_, list) = self.panel.get(&format!("/api/v1/runs?schedule={}", self.schedule)).await;
        list["items"].as_array().unwrap().iter().rev().cloned().collect()
    }

    /// Statuses of the rows of a run, oldest first.
    async fn statuses(&self, id: &str) -> Vec<String> {
        self.panel.rows_of(id).await.into_iter().map(|(status, _)| status).collect()
    }

    /// The message and the detail of the last row of a run.
    async fn last_row(&self, id: &str) -> Value {
        let (_, page) = self.panel.get(&format!("/api/v1/logs?run={id}&limit=1")).await;
        self.panel.get(&format!("/api/v1/logs/{}", page["entries"][0]["id"])).await.1
    }

    /// A token that may report runs of the schedule.
    async fn bound_token(&self) -> String {
        self.panel.serving.panel.accounts.create_token("ada", "test", Some(self.schedule)).await.unwrap().text().to_owned()
    }

    async fn with_token(&self, token: &str, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.panel.anonymous(method, path).bearer_auth(token).json(body)).await
    }

    async fn close(self) {
        self.panel.serving.stop().await;
    }
}

/// Run ids, each another.
fn run_id(n: usize) -> String {
    format!("01KAMZ3V7S9B3J1Q6Y1C2D{n:04}")
}

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().into_iter().flatten().map(|error| error["field"].as_str().unwrap()).collect()
}
