//! Who may see what: users, roles, scopes, tokens, sessions, second factors; both through the API and through the pages.

mod factor;
mod scope;
mod sessions;
mod tokens;
mod users;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::panel::{Socket, TestPanel, answer, open_stream};

/// Somebody with an account.
pub struct Person {
    id: i64,
    pub name: String,
    password: String,
    /// The cookie of a session.
    pub session: String,
}

impl Person {
    /// Made by the administrator, and signed in.
    pub async fn make(panel: &TestPanel, name: &str, role: &str, servers: &[i64]) -> Self {
        let draft = json!({"username": name, "role": role, "servers": servers});
        let (status, made) = panel.post("/api/v1/users", &draft).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let password = made["password"].as_str().unwrap().to_owned();
        let session = sign_in(panel, name, &password).await.unwrap();
        Self { id: made["id"].as_i64().unwrap(), name: name.to_owned(), password, session }
    }

    /// Lets this operator see these servers and no others.
    pub async fn limit_to(&self, panel: &TestPanel, servers: &[i64]) {
        let draft = json!({"username": self.name, "role": "operator", "servers": servers});
        let (status, said) = answer(panel.request(Method::PUT, &format!("/api/v1/users/{}", self.id)).json(&draft)).await;
        assert_eq!(status, StatusCode::OK, "{said}");
    }

    /// Opens the stream; the error is the HTTP status of a refusal.
    pub async fn stream(&self, panel: &TestPanel, query: &str) -> Result<Socket, u16> {
        open_stream(&panel.serving.address.to_string(), ("cookie", &self.session), query).await
    }

    fn request(&self, panel: &TestPanel, method: Method, path: &str) -> RequestBuilder {
        panel.anonymous(method, path).header("cookie", &self.session)
    }

    async fn get(&self, panel: &TestPanel, path: &str) -> (StatusCode, Value) {
        answer(self.request(panel, Method::GET, path)).await
    }

    async fn send(&self, panel: &TestPanel, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.request(panel, method, path).json(body)).await
    }
}

/// The cookie of a new session; the error is the problem.
async fn sign_in(panel: &TestPanel, name: &str, password: &str) -> Result<String, Value> {
    sign_in_with(panel, &json!({"username": name, "password": password})).await
}

async fn sign_in_with(panel: &TestPanel, credentials: &Value) -> Result<String, Value> {
    let response = panel.anonymous(Method::POST, "/api/v1/session").json(credentials).send().await.unwrap();
    match response.status() {
        StatusCode::NO_CONTENT => Ok(response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()),
        // Many at once are slowed down, which is no sign-in either.
        StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS => Err(response.json().await.unwrap()),
        other => panic!("{other}"),
    }
}

/// A custom role.
async fn add_role(panel: &TestPanel, name: &str, permissions: &[&str]) -> i64 {
    let (status, role) = panel.post("/api/v1/roles", &json!({"name": name, "permissions": permissions})).await;
    assert_eq!(status, StatusCode::CREATED, "{role}");
    role["id"].as_i64().unwrap()
}

/// Every message of the trail.
async fn messages(panel: &TestPanel) -> Vec<String> {
    let (_, page) = panel.get("/api/v1/logs?limit=500").await;
    page["entries"].as_array().unwrap().iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect()
}

pub async fn add_server(panel: &TestPanel, name: &str) -> i64 {
    let (status, server) = panel.post("/api/v1/servers", &json!({"name": name, "host": "127.0.0.1", "port": 1, "user": "u"})).await;
    assert_eq!(status, StatusCode::CREATED, "{server}");
    server["id"].as_i64().unwrap()
}
