//! Guessing is slow, and nobody is locked out.

use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use crate::support::engine::Engine;
use crate::support::panel::{PASSWORD, TestPanel};

async fn sign_in(panel: &TestPanel, from: &str, username: &str, password: &str) -> Response {
    let request = panel.anonymous(Method::POST, "/api/v1/session").header("x-forwarded-for", from).header("x-forwarded-proto", "https");
    request.json(&json!({"username": username, "password": password})).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_wait_and_the_right_one_works_afterwards() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    for _ in 0..5 {
        assert_eq!(sign_in(&panel, "203.0.113.1", "ada", "wrong").await.status(), StatusCode::UNAUTHORIZED);
    }
    let begun = Instant::now();
    let early = sign_in(&panel, "203.0.113.1", "ada", PASSWORD).await;
    assert_eq!(early.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(early.headers()["retry-after"], "1");
    let problem: serde_json::Value = early.json().await.unwrap();
    assert_eq!((&problem["status"], &problem["retry_after_s"]), (&json!(429), &json!(1)), "{problem}");
    // The same for the form, as a page.
    let form = panel.anonymous(Method::POST, "/sign-in").header("x-forwarded-for", "203.0.113.1").header("x-forwarded-proto", "https");
    let page = form.form(&[("username", "ada"), ("password", "x")]).send().await.unwrap();
    if begun.elapsed() < Duration::from_millis(900) {
        assert_eq!(page.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(page.text().await.unwrap().contains("try again in 1 s"));
        tokio::time::sleep(Duration::from_millis(1_050)).await;
    } else {
        tokio::time::sleep(Duration::from_millis(2_050)).await;
    }
    assert_eq!(sign_in(&panel, "203.0.113.1", "ada", PASSWORD).await.status(), StatusCode::NO_CONTENT);
    let (_, log) = panel.get("/api/v1/logs").await;
    assert!(log.to_string().contains("wrong guesses have to wait from now on, from 203.0.113.1"), "{log}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_guesses_do_not_keep_the_owner_out() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    assert_eq!(sign_in(&panel, "203.0.113.1", "ada", PASSWORD).await.status(), StatusCode::NO_CONTENT);
    for n in 0..30 {
        sign_in(&panel, &format!("198.51.100.{n}"), "ada", "wrong").await;
    }
    assert_eq!(sign_in(&panel, "198.51.100.99", "ada", "wrong").await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sign_in(&panel, "203.0.113.1", "ada", PASSWORD).await.status(), StatusCode::NO_CONTENT);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_do_not_exist_wait_like_those_that_do() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    for (from, name) in [("203.0.113.1", "ada"), ("203.0.113.2", "nobody")] {
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(sign_in(&panel, from, name, "wrong").await.status().as_u16());
        }
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429], "{name}");
    }
    // One address that tries many names waits too.
    for n in 0..5 {
        sign_in(&panel, "203.0.113.3", &format!("name-{n}"), "wrong").await;
    }
    assert_eq!(sign_in(&panel, "203.0.113.3", "name-9", "wrong").await.status(), StatusCode::TOO_MANY_REQUESTS);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_tokens_are_not_guessed_either() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let mut last = StatusCode::OK;
    for n in 0..6 {
        last = panel.anonymous(Method::GET, &format!("/sign-in/link?token={n}")).send().await.unwrap().status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let with_token = async |token: &str| panel.anonymous(Method::GET, "/api/v1/logs").bearer_auth(token).send().await.unwrap().status();
    let mut seen = Vec::new();
    for n in 0..21 {
        seen.push(with_token(&format!("tb_{n}")).await);
    }
    assert_eq!(seen[0], StatusCode::UNAUTHORIZED);
    assert_eq!(seen[20], StatusCode::TOO_MANY_REQUESTS);
    // Whoever has a token is served all the same.
    assert_eq!(with_token(&panel.token).await, StatusCode::OK);
    panel.serving.stop().await;
}
