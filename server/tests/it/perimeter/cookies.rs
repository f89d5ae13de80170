//! Sessions over TLS, on this machine, and over an open network.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::json;
use server::auth::{SECURE_SESSION_COOKIE, SESSION_COOKIE};
use server::perimeter::{InsecureHttp, PerimeterSettings};

use crate::support::engine::Engine;
use crate::support::panel::{PASSWORD, TestPanel};

/// As a proxy on this machine passes it on.
fn through_proxy(request: RequestBuilder, protocol: &str) -> RequestBuilder {
    request.header("x-forwarded-for", "203.0.113.9").header("x-forwarded-proto", protocol).header("host", "panel.example.org")
}

async fn sign_in(request: RequestBuilder) -> Response {
    request.json(&json!({"username": "ada", "password": PASSWORD})).send().await.unwrap()
}

fn set_cookie(response: &Response) -> &str {
    response.headers()["set-cookie"].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_cookie_belongs_to_this_host_alone() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let response = sign_in(through_proxy(panel.anonymous(Method::POST, "/api/v1/session"), "https")).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(response.headers()["strict-transport-security"].to_str().unwrap().starts_with("max-age=31536000"));
    let cookie = set_cookie(&response).to_owned();
    assert!(cookie.starts_with(SECURE_SESSION_COOKIE), "{cookie}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let session = cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    let with =
        |cookie: String, protocol| through_proxy(panel.anonymous(Method::GET, "/api/v1/logs"), protocol).header("cookie", cookie).send();
    assert_eq!(with(format!("{SECURE_SESSION_COOKIE}={session}"), "https").await.unwrap().status(), StatusCode::OK);
    // One that another name of the domain could have planted is not read, nor is the secure one in the clear.
    assert_eq!(with(format!("{SESSION_COOKIE}={session}"), "https").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(with(format!("{SECURE_SESSION_COOKIE}={session}"), "http").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let out =
        through_proxy(panel.anonymous(Method::POST, "/sign-out"), "https").header("cookie", format!("{SECURE_SESSION_COOKIE}={session}"));
    let out = out.send().await.unwrap();
    assert_eq!(out.headers()["clear-site-data"], "\"cache\", \"storage\"");
    assert!(set_cookie(&out).contains("Max-Age=0") && set_cookie(&out).starts_with(SECURE_SESSION_COOKIE));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_clear_people_sign_in_on_this_machine_only() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let here = sign_in(panel.anonymous(Method::POST, "/api/v1/session")).await;
    assert!(set_cookie(&here).starts_with(SESSION_COOKIE) && !set_cookie(&here).contains("Secure"));
    let elsewhere = sign_in(through_proxy(panel.anonymous(Method::POST, "/api/v1/session"), "http")).await;
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN);
    assert!(!elsewhere.headers().contains_key("set-cookie"));
    for (method, path) in
        [(Method::GET, "/sign-in"), (Method::POST, "/sign-in"), (Method::GET, "/welcome"), (Method::GET, "/sign-in/link?token=x")]
    {
        let response = through_proxy(panel.anonymous(method, path), "http").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        let page = response.text().await.unwrap();
        assert!(page.contains("not encrypted") && page.contains("insecure_http"), "{path}: {page}");
    }
    // A proxy that hides its client gives itself away by the name it passes on.
    let hidden = panel.anonymous(Method::GET, "/sign-in").header("host", "panel.example.org").send().await.unwrap();
    assert_eq!(hidden.status(), StatusCode::FORBIDDEN);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_allowed_every_page_says_that_it_came_in_the_clear() {
    let panel = TestPanel::start_guarded(PerimeterSettings { insecure_http: InsecureHttp::Allowed, ..Default::default() }).await;
    let get = async |path: &str, protocol| {
        let response = through_proxy(panel.request(Method::GET, path), protocol).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    };
    for path in ["/sign-in", "/welcome", "/", "/logs", "/servers", "/schedules", "/runs"] {
        assert!(get(path, "http").await.contains("This connection is not encrypted"), "{path}");
        assert!(!get(path, "https").await.contains("This connection is not encrypted"), "{path}");
    }
    assert_eq!(sign_in(through_proxy(panel.anonymous(Method::POST, "/api/v1/session"), "http")).await.status(), StatusCode::NO_CONTENT);
    panel.serving.stop().await;
    let panel = TestPanel::start_guarded(PerimeterSettings { insecure_http: InsecureHttp::Refused, ..Default::default() }).await;
    assert_eq!(sign_in(panel.anonymous(Method::POST, "/api/v1/session")).await.status(), StatusCode::FORBIDDEN);
    panel.serving.stop().await;
}
