//! Documents and their forms, through the real router: who may, what comes back, what is escaped.

mod runs;
mod schedules;
mod servers;

use app::model::{Permission, Scope, Viewer};
use axum::Extension;
use axum::body::Body;
use axum::http::{Request, header};
use reqwest::{Method, StatusCode};
use tower::ServiceExt as _;

use crate::support::panel::TestPanel;

/// What a door answered.
#[derive(Debug)]
struct Page {
    status: StatusCode,
    /// Where a redirect leads.
    location: String,
    html: String,
}

impl Page {
    fn has(&self, words: &str) -> bool {
        self.html.contains(words)
    }

    /// What `main` says, without the navigation around it.
    fn main(&self) -> &str {
        self.html.split_once("<main").map_or("", |(_, rest)| rest)
    }
}

/// The administrator asks for a page.
async fn open(panel: &TestPanel, path: &str) -> Page {
    read(panel.request(Method::GET, path)).await
}

/// The administrator sends a form.
async fn send(panel: &TestPanel, path: &str, fields: &[(&str, &str)]) -> Page {
    read(panel.request(Method::POST, path).form(fields)).await
}

async fn read(request: reqwest::RequestBuilder) -> Page {
    let response = request.send().await.unwrap();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Page { status: response.status(), location, html: response.text().await.unwrap() }
}

/// Somebody who may do this and sees these servers, past the layer that finds out who is asking.
async fn as_somebody(panel: &TestPanel, permissions: &[Permission], scope: Scope, method: Method, path: &str) -> Page {
    let viewer = Viewer {
        user_id: 7,
        username: "eve".to_owned(),
        permissions: permissions.to_vec(),
        scope,
        reports: None,
        address: None,
        owes_factor: false,
    };
    let router = server::doors::routes().layer(Extension(viewer)).with_state(panel.serving.panel.clone());
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    Page { status, location, html: String::from_utf8(bytes.to_vec()).unwrap() }
}

/// The number at the end of where a redirect leads: `/servers/3?said=added`.
fn id_in(location: &str) -> i64 {
    location.split('?').next().unwrap().rsplit('/').next().unwrap().parse().unwrap()
}
