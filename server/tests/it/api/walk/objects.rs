//! What the walk asks about: objects of a server, and people who may see them or not.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::panel::TestPanel;

/// What routes with an id are asked about.
pub(super) struct Objects {
    pub(super) server: i64,
    pub(super) schedule: i64,
    pub(super) run: String,
    pub(super) row: i64,
    pub(super) user: i64,
    pub(super) role: i64,
    pub(super) token: i64,
}

impl Objects {
    pub(super) fn path(&self, path: &str) -> String {
        let id = match path.trim_start_matches("/api/v1").split('/').nth(1).unwrap_or_default() {
            "servers" => self.server.to_string(),
            "schedules" => self.schedule.to_string(),
            "runs" => self.run.clone(),
            "logs" if path.contains("views") => "1".to_owned(),
            "logs" => self.row.to_string(),
            "users" => self.user.to_string(),
            "roles" => self.role.to_string(),
            "tokens" | "profile" => self.token.to_string(),
            _ => String::new(),
        };
        path.replace("{id}", &id)
    }

    /// A body that is understood, so that it is the permission that decides.
    fn body(&self, path: &str, method: &str) -> Value {
        match (path, method) {
            ("/api/v1/servers" | "/api/v1/servers/{id}", _) => json!({"name": "walked", "host": "127.0.0.1", "port": 1, "user": "u"}),
            ("/api/v1/servers/{id}/pin", _) => json!({"host_key": "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ"}),
            ("/api/v1/schedules" | "/api/v1/schedules/{id}", _) => json!({"name": "walked", "server_id": self.server, "kind": "reported"}),
            ("/api/v1/ingest/runs", _) => json!({"schedule": self.schedule, "event": "start"}),
            ("/api/v1/users" | "/api/v1/users/{id}", _) => json!({"username": "walked", "role": "viewer"}),
            ("/api/v1/roles" | "/api/v1/roles/{id}", _) => json!({"name": "walked", "permissions": ["view_monitor_page"]}),
            ("/api/v1/tokens" | "/api/v1/tokens/{id}", _) => json!({"name": "walked"}),
            ("/api/v1/session", "POST") => json!({"username": "nobody", "password": "x"}),
            ("/api/sf/read_monitor", _) => json!({"rows": 10}),
            ("/api/sf/read_older", _) => json!({"before": 10}),
            ("/api/sf/read_rows", _) => json!({"after": 0}),
            _ => json!({}),
        }
    }

    pub(super) fn request(&self, panel: &TestPanel, path: &str, method: &str) -> RequestBuilder {
        let request = panel.anonymous(method.parse().unwrap(), &self.path(path));
        if path == "/api/sf/stop_run" {
            request.form(&[("id", &self.run)])
        } else if path == "/servers/{id}/pin" {
            request.form(&[("host_key", "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ")])
        } else if path.starts_with("/api/") && method != "GET" {
            request.json(&self.body(path, method))
        } else if method == "POST" {
            request.form(&[("", "")])
        } else {
            request
        }
    }
}

pub(super) async fn make(panel: &TestPanel, path: &str, body: Value) -> Value {
    let (status, made) = panel.post(path, &body).await;
    assert!(status.is_success(), "{path}: {status} {made}");
    made
}

/// A server with a schedule and a run, a user who sees nothing else, a role, a token of the administrator.
pub(super) async fn objects(panel: &TestPanel, name: &str) -> Objects {
    let server =
        make(panel, "/api/v1/servers", json!({"name": name, "host": "127.0.0.1", "port": 1, "user": "u"})).await["id"].as_i64().unwrap();
    let draft = json!({"name": name, "server_id": server, "kind": "reported"});
    let schedule = make(panel, "/api/v1/schedules", draft).await["id"].as_i64().unwrap();
    let run = make(panel, "/api/v1/ingest/runs", json!({"schedule": schedule, "event": "start"})).await;
    let user = make(panel, "/api/v1/users", json!({"username": format!("of-{name}"), "role": "viewer", "servers": [server]})).await;
    let role = make(panel, "/api/v1/roles", json!({"name": name, "permissions": ["view_monitor_page"]})).await;
    let token = make(panel, "/api/v1/tokens", json!({"name": name})).await;
    let (_, rows) = panel.get(&format!("/api/v1/logs?server={server}")).await;
    let id = |value: &Value| value["id"].as_i64().unwrap();
    Objects {
        server,
        schedule,
        run: run["run"].as_str().unwrap().to_owned(),
        row: id(&rows["entries"][0]),
        user: id(&user),
        role: id(&role),
        token: id(&token),
    }
}

/// A session of somebody new.
pub(super) async fn session_of(panel: &TestPanel, name: &str, role: &str, servers: &[i64]) -> String {
    let made = make(panel, "/api/v1/users", json!({"username": name, "role": role, "servers": servers})).await;
    let credentials = json!({"username": name, "password": made["password"]});
    let response = panel.anonymous(Method::POST, "/api/v1/session").json(&credentials).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}
