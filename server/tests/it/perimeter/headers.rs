//! What every answer carries.

use std::collections::HashSet;

use reqwest::{Method, Response, StatusCode};

use crate::support::engine::Engine;
use crate::support::panel::TestPanel;

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The nonce that the policy of an answer names.
fn nonce(response: &Response) -> Option<String> {
    let policy = header(response, "content-security-policy");
    policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_protected_also_those_that_refuse() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let requests = [
        (Method::GET, "/", StatusCode::OK),
        (Method::GET, "/logs", StatusCode::OK),
        (Method::GET, "/servers", StatusCode::OK),
        (Method::GET, "/servers/999", StatusCode::NOT_FOUND),
        (Method::GET, "/no-such-page", StatusCode::NOT_FOUND),
        (Method::DELETE, "/servers", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/api/v1/logs", StatusCode::OK),
        (Method::GET, "/api/v1/logs?odd=1", StatusCode::BAD_REQUEST),
        (Method::GET, "/api/v1/nothing", StatusCode::NOT_FOUND),
        (Method::PATCH, "/api/v1/logs", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/healthz", StatusCode::OK),
    ];
    let mut ids = HashSet::new();
    for (method, path, status) in requests {
        let response = panel.request(method.clone(), path).send().await.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("strict-transport-security", ""),
        ] {
            assert_eq!(header(&response, name), value, "{name} of {path}");
        }
        assert!(header(&response, "permissions-policy").contains("camera=()"), "{path}");
        assert!(ids.insert(header(&response, "x-request-id").to_owned()), "{path} has an id of its own");
        assert!(!header(&response, "x-request-id").is_empty(), "{path}");
        let policy = header(&response, "content-security-policy").to_owned();
        let is_page = header(&response, "content-type").starts_with("text/html");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(is_page, policy.contains("script-src"), "{path}: {policy}");
        assert_eq!(is_page, !path.starts_with("/api/") && path != "/healthz", "{path}");
        if !is_page && status.is_client_error() {
            assert_eq!(header(&response, "content-type"), "application/problem+json", "{path}");
            let problem: serde_json::Value = response.json().await.unwrap();
            assert_eq!(problem["status"], status.as_u16(), "{path}");
        }
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_run_by_the_nonce_of_their_own_answer_and_nothing_else_runs() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let mut seen = HashSet::new();
    for path in ["/", "/logs", "/sign-in", "/welcome", "/servers", "/schedules/new", "/runs", "/no-such-page"] {
        for _ in 0..2 {
            let response = panel.request(Method::GET, path).send().await.unwrap();
            let nonce = nonce(&response).unwrap();
            assert!(nonce.len() >= 22 && seen.insert(nonce.clone()), "{path}: {nonce}");
            let policy = header(&response, "content-security-policy").to_owned();
            assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
            let html = response.text().await.unwrap();
            for script in html.split("<script").skip(1) {
                let tag = script.split('>').next().unwrap();
                assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: <script{tag}>");
            }
            assert!(!html.contains(" style=\"") && !html.contains("<style"), "{path}");
            for handler in [" onclick=", " onload=", " onerror=", "javascript:"] {
                assert!(!html.contains(handler), "{path}: {handler}");
            }
        }
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_assets_with_a_hash_in_their_name_are_kept() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    if server::site::is_built() {
        let css = server::site::assets().css;
        let response = panel.anonymous(Method::GET, &css).send().await.unwrap();
        assert!(header(&response, "cache-control").contains("immutable"), "{css}");
    }
    let missing = panel.anonymous(Method::GET, "/pkg/tailback-0000.js").send().await.unwrap();
    assert_eq!((missing.status(), header(&missing, "cache-control")), (StatusCode::NOT_FOUND, "no-store"));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_calls_its_request_is_not_taken_over() {
    let panel = TestPanel::start_guarded(server::perimeter::PerimeterSettings { trusted_proxies: vec![], ..Default::default() }).await;
    let response = panel.anonymous(Method::GET, "/healthz").header("x-request-id", "chosen-by-the-client").send().await.unwrap();
    assert!(!header(&response, "x-request-id").contains("chosen"));
    panel.serving.stop().await;
    // A proxy's is, so that its log and the panel's fit together; what is no plain word is not.
    let panel = TestPanel::start(Engine::Sqlite).await;
    let sent = async |id: &str| {
        let response = panel.anonymous(Method::GET, "/healthz").header("x-request-id", id).send().await.unwrap();
        header(&response, "x-request-id").to_owned()
    };
    assert_eq!(sent("of-the-proxy").await, "of-the-proxy");
    assert_ne!(sent("a b\"<script>").await, "a b\"<script>");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_do_not_fit_are_refused_in_the_form_of_their_door() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let large = "x".repeat(300 * 1024);
    for (path, kind, body, status) in [
        ("/api/v1/servers", "application/json", large.as_str(), StatusCode::PAYLOAD_TOO_LARGE),
        ("/api/v1/servers", "application/json", "{", StatusCode::BAD_REQUEST),
        ("/servers/new", "application/x-www-form-urlencoded", large.as_str(), StatusCode::PAYLOAD_TOO_LARGE),
        ("/sign-in", "text/plain", "username=ada", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("/sign-in", "application/x-www-form-urlencoded", "username=ada", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let response = panel.request(Method::POST, path).header("content-type", kind).body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let expected = if path.starts_with("/api/") { "application/problem+json" } else { "text/html; charset=utf-8" };
        assert_eq!(header(&response, "content-type"), expected, "{path} {status}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("serde") && !text.contains("axum") && !text.contains(".rs"), "{text}");
    }
    let long = format!("/logs?q={}", "x".repeat(9000));
    assert_eq!(panel.request(Method::GET, &long).send().await.unwrap().status(), StatusCode::URI_TOO_LONG);
    panel.serving.stop().await;
}
