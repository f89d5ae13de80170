//! The two ways in which rows leave the panel: as a file, and over the stream, both as the API gives them.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use app::model::{LogFilter, Permission, Scope, Viewer, Zone};
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use server::auth::{StreamGuard, require_viewer};
use server::export::{Exports, Format};
use server::perimeter::guard;
use server::store::Database;
use server::streaming::{Hub, Standing, StreamRequest, serve, upgrade, upgraded};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;

use crate::support::engine::Engine;
use crate::support::panel::{Socket, TestPanel, eventually, next_frame};

/// An id, and what the row says.
pub type Told = (i64, String);

fn viewer(scope: &Scope) -> Viewer {
    Viewer {
        user_id: 1,
        username: "ada".to_owned(),
        permissions: vec![Permission::ViewBackupLogsPage],
        scope: scope.clone(),
        reports: None,
        address: None,
        owes_factor: false,
    }
}

fn told(row: &Value) -> Told {
    (row["id"].as_i64().unwrap(), row["message"].as_str().unwrap().to_owned())
}

/// Somebody at a panel of their own: it tells there that they export, so the trail under test has the rows that were made for it.
pub struct Exporter {
    panel: TestPanel,
    guard: StreamGuard,
}

impl Exporter {
    pub async fn new() -> Self {
        let panel = TestPanel::start(Engine::Sqlite).await;
        let state = panel.serving.panel.clone();
        let router = Router::new()
            .route("/", get(async |guard: Extension<StreamGuard>| (guard, ())))
            .layer(from_fn_with_state(state.clone(), require_viewer))
            .layer(from_fn_with_state(state, guard));
        let mut request = Request::get("/").header("authorization", format!("Bearer {}", panel.token)).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
        let answer = router.oneshot(request).await.unwrap();
        let guard = answer.extensions().get::<StreamGuard>().unwrap().clone();
        Self { panel, guard }
    }

    /// The rows of a file, and how many it says it has.
    pub async fn export(
        &self,
        database: &Database,
        zone: &Arc<Zone>,
        (scope, filter): (&Scope, &LogFilter),
        format: Format,
    ) -> (Vec<Told>, i64) {
        let exports = Exports::new(database.clone(), self.panel.serving.panel.trail.clone(), zone.clone());
        let export = exports.begin(self.guard.clone(), &viewer(scope), filter.clone(), format).await.unwrap();
        let file = axum::body::to_bytes(export.body, usize::MAX).await.unwrap();
        let rows = match format {
            Format::Ndjson => {
                file.split_inclusive(|byte| *byte == b'\n').map(|line| told(&serde_json::from_slice(line).unwrap())).collect()
            }
            Format::Csv => {
                let mut table = csv::Reader::from_reader(&*file);
                table.records().map(Result::unwrap).map(|row| (row[0].parse().unwrap(), row[12].to_owned())).collect()
            }
            Format::Xlsx => unreachable!("it has the rows of the others, in a form that takes long to read"),
        };
        (rows, export.about.rows)
    }

    pub async fn stop(self) {
        self.panel.serving.stop().await;
    }
}

/// A client of the stream, and what ends it.
pub struct Listener {
    socket: Socket,
    stop: CancellationToken,
}

/// A hub at work. Rows that come while it works are in its memory, older ones only in the database.
pub struct Stream {
    hub: Arc<Hub>,
    changes: Arc<watch::Sender<u64>>,
    _end: DropGuard,
}

impl Stream {
    pub async fn start(database: &Database, zone: Arc<Zone>) -> Self {
        let (changes, stop) = (Arc::<watch::Sender<u64>>::default(), CancellationToken::new());
        let hub = Hub::open(database.clone(), zone.clone(), changes.clone()).await.unwrap();
        tokio::spawn(hub.clone().follow(Arc::default(), zone, stop.clone()));
        Self { hub, changes, _end: stop.drop_guard() }
    }

    /// Waits until whoever listens is told of a row.
    pub async fn is_at(&self, id: i64) {
        let newest = async || self.hear((&Scope::All, &LogFilter::default()), id - 1).await.pop();
        eventually("the newest row", async || newest().await.filter(|(heard, _)| *heard == id)).await;
    }

    /// What a client hears that has the rows up to an id, until there is nothing more to hear.
    pub async fn hear(&self, selection: (&Scope, &LogFilter), after: i64) -> Vec<Told> {
        let listener = self.listen(selection, after).await;
        self.heard_by(listener).await
    }

    /// A client that has been greeted.
    pub async fn listen(&self, (scope, filter): (&Scope, &LogFilter), after: i64) -> Listener {
        let stop = CancellationToken::new();
        let mut socket = self.connect(viewer(scope), filter.clone(), after, stop.clone()).await;
        let hello = next_frame(&mut socket).await.unwrap();
        assert_eq!(hello["kind"], "hello", "{hello}");
        Listener { socket, stop }
    }

    /// All that a client has heard, once there is nothing more to hear.
    pub async fn heard_by(&self, Listener { mut socket, stop }: Listener) -> Vec<Told> {
        let read = async {
            let mut heard = Vec::new();
            while let Some(frame) = next_frame(&mut socket).await {
                if frame["kind"] == "rows" {
                    heard.extend(frame["rows"].as_array().unwrap().iter().map(told));
                }
            }
            heard
        };
        let end = async {
            while self.hub.clients().behind > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // What was sent before is heard before the goodbye.
            stop.cancel();
        };
        let (heard, ()) = tokio::join!(read, end);
        heard
    }

    async fn connect(&self, viewer: Viewer, filter: LogFilter, after: i64, stop: CancellationToken) -> Socket {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (hub, changes) = (self.hub.clone(), self.changes.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (response, connection) = upgrade(&mut request.into_parts().0).unwrap();
            let still = viewer.clone();
            let standing = Standing {
                allowed: Box::new(move || {
                    let still = still.clone();
                    Box::pin(async move { Ok(Some(still)) })
                }),
                changes: changes.subscribe(),
            };
            let asked = StreamRequest { viewer: viewer.clone(), filter: filter.clone(), after: Some(after), board: None };
            let (hub, stop) = (hub.clone(), stop.clone());
            tokio::spawn(async move { serve(upgraded(connection).await.unwrap(), hub, asked, standing, stop).await });
            async { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await.unwrap();
        });
        tokio_tungstenite::connect_async(format!("ws://{address}/")).await.unwrap().0
    }
}
