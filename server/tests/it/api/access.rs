//! The doors themselves: where strangers are led, how sessions begin and end. Which route takes what is `walk`'s.

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::auth::SESSION_COOKIE;

use crate::support::engine::Engine;
use crate::support::panel::{PASSWORD, TestPanel, answer};

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_server_functions_lead_strangers_to_the_door() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    for path in ["/", "/logs", "/logs?status=error", "/no-such-page", "/api/v1/openapi.json", "/api/sf/read_monitor", "/api/sf/stop_run"] {
        let response = panel.anonymous(Method::GET, path).send().await.unwrap();
        let refused = response.status() == StatusCode::UNAUTHORIZED && path.starts_with("/api/");
        let led = response.status() == StatusCode::SEE_OTHER && response.headers()["location"].to_str().unwrap().starts_with("/sign-in");
        assert!(refused || led, "{path}: {}", response.status());
    }
    let posted = panel.anonymous(Method::POST, "/api/sf/read_monitor").send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::UNAUTHORIZED);
    for path in ["/healthz", "/readyz", "/sign-in", "/welcome"] {
        assert_eq!(panel.anonymous(Method::GET, path).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_with_the_right_password_and_ends_when_asked() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let wrong = json!({"username": "ada", "password": "wrong"});
    let (status, _) = answer(panel.anonymous(Method::POST, "/api/v1/session").json(&wrong)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let right = json!({"username": "ada", "password": PASSWORD});
    let response = panel.anonymous(Method::POST, "/api/v1/session").json(&right).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with(SESSION_COOKIE) && cookie.contains("HttpOnly") && cookie.contains("SameSite"), "{cookie}");
    let session = cookie.split(';').next().unwrap().to_owned();
    let with_session = |method| panel.anonymous(method, "/api/v1/logs").header("cookie", &session);
    assert_eq!(with_session(Method::GET).send().await.unwrap().status(), StatusCode::OK);
    let out = panel.anonymous(Method::DELETE, "/api/v1/session").header("cookie", &session).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(with_session(Method::GET).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    // The refusal and both ends of the session are in the trail, the password is not.
    let (_, page) = panel.get("/api/v1/logs").await;
    let messages: Vec<_> = page["entries"].as_array().unwrap().iter().map(|row| row["message"].as_str().unwrap()).collect();
    for expected in
        ["sign-in refused from 127.0.0.1: wrong password for ada", "ada signed in from 127.0.0.1", "ada signed out, from 127.0.0.1"]
    {
        assert!(messages.contains(&expected), "{messages:?}");
    }
    assert!(!page.to_string().contains(PASSWORD));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_is_refused() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let form = [("username", "ada"), ("password", PASSWORD)];
    let post = |site: &'static str| panel.anonymous(Method::POST, "/sign-in").header("sec-fetch-site", site).form(&form);
    assert_eq!(post("cross-site").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(post("same-origin").send().await.unwrap().status(), StatusCode::SEE_OTHER);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once_through_the_link() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    assert!(panel.serving.panel.accounts.first_link().await.unwrap().is_none(), "there is an account already");
    let form = [("token", "0000"), ("username", "eve"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let response = panel.anonymous(Method::POST, "/welcome").form(&form).send().await.unwrap();
    assert_eq!(response.headers()["location"], "/welcome?error=token");
    panel.serving.stop().await;

    let dir = tempfile::tempdir().unwrap();
    let config = server::config::Config {
        data_dir: dir.path().join("data"),
        bind: "127.0.0.1:0".parse().unwrap(),
        database_url: format!("sqlite://{}", dir.path().join("data/tailback.db").display()),
        timezone: "UTC".parse().unwrap(),
        perimeter: server::perimeter::PerimeterSettings::default(),
        trail_keep_days: None,
        require_second_factor: false,
        secret_key: None,
    };
    let fresh = server::serve::Serving::start(&config, server::clock::Clock::machine()).await.unwrap();
    let stale = fresh.panel.accounts.first_link().await.unwrap().unwrap();
    let link = fresh.panel.accounts.first_link().await.unwrap().unwrap();
    let http = crate::support::panel::client();
    let welcome = async |token: &str, again: &str| {
        let form = [("token", token), ("username", "ada"), ("password", PASSWORD), ("password_again", again)];
        let response = http.post(format!("http://{}/welcome", fresh.address)).form(&form).send().await.unwrap();
        match response.headers().get("location") {
            Some(location) => location.to_str().unwrap().to_owned(),
            None => response.text().await.unwrap(),
        }
    };
    assert_eq!(welcome(stale.text(), PASSWORD).await, "/welcome?error=token");
    let again = welcome(link.text(), "something else").await;
    assert!(again.contains("The passwords differ") && again.contains("value=\"ada\""), "{again}");
    assert_eq!(welcome(link.text(), PASSWORD).await, "/");
    assert_eq!(welcome(link.text(), PASSWORD).await, "/welcome?error=token");
    fresh.stop().await;
}
