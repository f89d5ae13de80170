//! A whole panel on a free port, and somebody who speaks HTTP and WebSocket to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::model::{HostKey, Server, ServerDraft, Zone};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use server::audit::Trail;
use server::clock::Clock;
use server::config::Config;
use server::perimeter::PerimeterSettings;
use server::serve::Serving;
use server::store::Database;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::engine::Engine;
use super::postgres;

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub const PASSWORD: &str = "correct horse battery";

/// A panel at work.
pub struct TestPanel {
    pub serving: Serving,
    pub token: String,
    pub dir: TempDir,
    config: Config,
    http: reqwest::Client,
}

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl TestPanel {
    /// With an administrator `ada` and a token of hers.
    pub async fn start(engine: Engine) -> Self {
        Self::start_at(engine, Clock::machine()).await
    }

    pub async fn start_at(engine: Engine, clock: Clock) -> Self {
        Self::start_with(engine, clock, |_| {}).await
    }

    /// On SQLite, with a perimeter of its own.
    pub async fn start_guarded(perimeter: PerimeterSettings) -> Self {
        Self::start_with(Engine::Sqlite, Clock::machine(), |config| config.perimeter = perimeter).await
    }

    /// With settings of its own.
    pub async fn start_with(engine: Engine, clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("data");
        let database_url = match engine {
            Engine::Sqlite => format!("sqlite://{}", data_dir.join("tailback.db").display()),
            Engine::Postgres => postgres::new_database(),
        };
        let mut config = Config {
            data_dir,
            bind: "127.0.0.1:0".parse().unwrap(),
            database_url,
            timezone: "Europe/Berlin".parse().unwrap(),
            perimeter: PerimeterSettings::default(),
            trail_keep_days: None,
            require_second_factor: false,
            secret_key: None,
        };
        change(&mut config);
        let serving = Serving::start(&config, clock).await.unwrap();
        serving.panel.accounts.create("ada", PASSWORD.to_owned(), "admin").await.unwrap();
        let token = serving.panel.accounts.create_token("ada", "test", None).await.unwrap().text().to_owned();
        Self { serving, token, dir, config, http: client() }
    }

    /// Stops the panel and starts it again on its data, at another port.
    pub async fn restart(self) -> Self {
        self.serving.stop().await;
        Self { serving: Serving::start(&self.config, Clock::machine()).await.unwrap(), ..self }
    }

    /// What another process on the same data would write with: the panel hears nothing of it.
    pub async fn another_trail(&self) -> Trail {
        Trail::start(self.another_database().await, Clock::machine(), Arc::new(Zone::utc()), Arc::default())
    }

    /// The data as another process has it open.
    pub async fn another_database(&self) -> Database {
        Database::open(&self.config.database_url).await.unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.serving.address)
    }

    /// A request by nobody.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// A request with the administrator's token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// Opens the stream; the error is the HTTP status of a refusal.
    pub async fn stream(&self, query: &str) -> Result<Socket, u16> {
        open_stream(&self.serving.address.to_string(), ("authorization", &format!("Bearer {}", self.token)), query).await
    }

    /// Adds a server and returns it as the panel sees it.
    pub async fn add_server(&self, name: &str, port: u16, user: &str, host_key: &HostKey) -> Server {
        let draft = ServerDraft {
            name: name.to_owned(),
            host: "127.0.0.1".to_owned(),
            port,
            user: user.to_owned(),
            region: None,
            account: None,
            private_key: None,
            host_key: Some(host_key.clone()),
        };
        let (status, body) = self.post("/api/v1/servers", &serde_json::to_value(draft).unwrap()).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        serde_json::from_value(body).unwrap()
    }

    /// Waits until a run is over.
    pub async fn ended_run(&self, id: &str) -> Value {
        eventually("the end of the run", async || {
            let (_, run) = self.get(&format!("/api/v1/runs/{id}")).await;
            let state = run["state"].as_str()?;
            (!matches!(state, "created" | "queued" | "running" | "canceling")).then_some(run)
        })
        .await
    }

    /// The rows of a run, oldest first, without those of the people who asked for it.
    pub async fn rows_of(&self, run: &str) -> Vec<(String, String)> {
        let (_, page) = self.get(&format!("/api/v1/logs?run={run}")).await;
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        let rows = page["entries"].as_array().unwrap().iter().rev().filter(|row| row["type"] != "SYSTEM");
        rows.map(|row| (text(row, "status"), text(row, "message"))).collect()
    }
}

pub fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build().unwrap()
}

pub async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
}

/// Opens a stream as whoever a header names; the error is the HTTP status of a refusal.
pub async fn open_stream(address: &str, (header, value): (&'static str, &str), query: &str) -> Result<Socket, u16> {
    let mut request = format!("ws://{address}/api/v1/logs/stream?{query}").into_client_request().unwrap();
    request.headers_mut().insert(header, value.parse().unwrap());
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(WsError::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("the stream did not open: {other}"),
    }
}

/// The next frame of a stream as JSON; `None` when it has ended.
pub async fn next_frame(socket: &mut Socket) -> Option<Value> {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await.expect("a frame comes in time")? {
            Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Message::Ping(_)) => socket.flush().await.ok()?,
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Asks again and again until there is an answer.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
