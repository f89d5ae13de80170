//! Pages of other sites change nothing and see nothing, whatever the browser sends along.

use reqwest::{Method, StatusCode};
use server::perimeter::PerimeterSettings;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::engine::Engine;
use crate::support::panel::TestPanel;

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_has_to_come_from_a_page_of_the_panel() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let own = panel.url("").trim_end_matches('/').to_owned();
    let post = async |path: &str, headers: &[(&'static str, &str)]| {
        let request = headers.iter().fold(panel.request(Method::POST, path), |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap().status()
    };
    for path in ["/sign-out", "/servers/new", "/api/v1/schedules/1/run", "/api/sf/stop_run"] {
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site"), ("origin", "https://other.example.org")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
        ] {
            assert_eq!(post(path, foreign).await, StatusCode::FORBIDDEN, "{path} {foreign:?}");
        }
        for own in [&[("sec-fetch-site", "same-origin")][..], &[("origin", own.as_str())], &[]] {
            assert_ne!(post(path, own).await, StatusCode::FORBIDDEN, "{path} {own:?}");
        }
    }
    let refused = panel.request(Method::POST, "/api/v1/schedules/1/run").header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_url_stands_for_the_panel_where_a_proxy_changes_the_host() {
    let settings = PerimeterSettings { public_url: Some("https://panel.example.org".parse().unwrap()), ..Default::default() };
    let panel = TestPanel::start_guarded(settings).await;
    let post = async |origin: &str| panel.request(Method::POST, "/sign-out").header("origin", origin).send().await.unwrap().status();
    assert_ne!(post("https://panel.example.org").await, StatusCode::FORBIDDEN);
    assert_eq!(post("https://sub.panel.example.org").await, StatusCode::FORBIDDEN);
    assert!(open(&panel, Some("https://panel.example.org")).await.is_ok());
    assert_eq!(open(&panel, Some("https://evil.example")).await, Err(403));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_open_for_pages_of_the_panel_and_for_programs() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let address = panel.serving.address;
    assert!(open(&panel, None).await.is_ok());
    assert!(open(&panel, Some(&format!("http://{address}"))).await.is_ok());
    for foreign in
        ["http://evil.example", "null", "http://127.0.0.1", &format!("http://{address}.evil.example"), &format!("ftp://{address}")]
    {
        assert_eq!(open(&panel, Some(foreign)).await, Err(403), "{foreign}");
    }
    panel.serving.stop().await;
}

async fn open(panel: &TestPanel, origin: Option<&str>) -> Result<(), u16> {
    let mut request = format!("ws://{}/api/v1/logs/stream", panel.serving.address).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", panel.token).parse().unwrap());
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok(_) => Ok(()),
        Err(WsError::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}
