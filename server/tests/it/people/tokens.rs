//! Tokens: what they may do less than their owners, and what becomes of them.

use std::time::Duration;

use app::model::Timestamp;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use server::clock::Clock;

use super::{Person, add_server};
use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, answer};

async fn with(panel: &TestPanel, token: &str, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(panel.anonymous(method, path).bearer_auth(token).json(body)).await
}

async fn make(panel: &TestPanel, owner: &Person, draft: &Value) -> (i64, String) {
    let (status, made) = owner.send(panel, Method::POST, "/api/v1/tokens", draft).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("tb_"));
    (made["id"].as_i64().unwrap(), token)
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_what_it_was_given_and_its_owner_still_has(#[case] engine: Engine) {
    let clock = Clock::set_to(Timestamp::from_millis(1_795_345_200_000));
    let panel = TestPanel::start_at(engine, clock.clone()).await;
    let (one, two) = (add_server(&panel, "one").await, add_server(&panel, "two").await);
    let olga = Person::make(&panel, "olga", "operator", &[]).await;
    let (_, narrow) = make(&panel, &olga, &json!({"name": "narrow", "permissions": ["view_servers_page"], "servers": [one]})).await;
    let (_, whole) = make(&panel, &olga, &json!({"name": "whole", "expires_at": "2026-11-23T00:00:00Z"})).await;
    let get = async |token: &str, path: &str| with(&panel, token, Method::GET, path, &Value::Null).await;
    let (_, list) = get(&narrow, "/api/v1/servers").await;
    assert_eq!((&list["total"], &list["items"][0]["id"]), (&json!(1), &json!(one)));
    assert_eq!(get(&narrow, &format!("/api/v1/servers/{two}")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&narrow, "/api/v1/schedules").await.0, StatusCode::FORBIDDEN);
    assert_eq!(get(&whole, "/api/v1/servers").await.1["total"], 2);
    let beyond = json!({"name": "x", "permissions": ["edit_users"]});
    let (status, problem) = olga.send(&panel, Method::POST, "/api/v1/tokens", &beyond).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &json!("permissions")));

    // The owner is limited to another server, and both tokens with them.
    let path = format!("/api/v1/users/{}", olga.id);
    let change = async |body: Value| answer(panel.request(Method::PUT, &path).json(&body)).await.0;
    assert_eq!(change(json!({"username": "olga", "role": "viewer", "servers": [two]})).await, StatusCode::OK);
    assert_eq!(get(&narrow, "/api/v1/servers").await.1["total"], 0);
    assert_eq!(get(&whole, "/api/v1/servers").await.1["items"][0]["id"], two);
    assert_eq!(with(&panel, &whole, Method::POST, "/api/v1/schedules/1/run", &json!({})).await.0, StatusCode::FORBIDDEN);
    clock.advance(Duration::from_hours(24));
    assert_eq!(get(&whole, "/api/v1/servers").await.0, StatusCode::UNAUTHORIZED, "it has expired");
    assert_eq!(change(json!({"username": "olga", "role": "viewer", "enabled": false})).await, StatusCode::OK);
    assert_eq!(get(&narrow, "/api/v1/servers").await.0, StatusCode::UNAUTHORIZED);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_without_secrets_renamed_and_revoked_by_their_owner_alone() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let olga = Person::make(&panel, "olga", "operator", &[]).await;
    let vera = Person::make(&panel, "vera", "viewer", &[]).await;
    let (id, token) = make(&panel, &olga, &json!({"name": "mine"})).await;
    let path = format!("/api/v1/tokens/{id}");
    let (_, list) = olga.get(&panel, "/api/v1/tokens").await;
    assert_eq!((&list["total"], &list["items"][0]["name"]), (&json!(1), &json!("mine")));
    assert!(!list.to_string().contains("tb_"), "{list}");
    for (method, body) in [(Method::GET, json!(null)), (Method::PUT, json!({"name": "x"})), (Method::DELETE, json!(null))] {
        assert_eq!(vera.send(&panel, method.clone(), &path, &body).await.0, StatusCode::NOT_FOUND, "{method}");
    }
    assert_eq!(vera.get(&panel, "/api/v1/tokens").await.1["total"], 0);
    assert_eq!(olga.send(&panel, Method::PUT, &path, &json!({"name": "ours"})).await.1["name"], "ours");
    assert_eq!(olga.send(&panel, Method::DELETE, &path, &json!(null)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(with(&panel, &token, Method::GET, "/api/v1/servers", &Value::Null).await.0, StatusCode::UNAUTHORIZED);
    for odd in [
        json!({"name": ""}),
        json!({"name": "x", "permissions": []}),
        json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}),
        json!({"name": "x", "servers": [99]}),
        json!({"name": "x", "schedule_id": 99}),
    ] {
        assert_eq!(olga.send(&panel, Method::POST, "/api/v1/tokens", &odd).await.0, StatusCode::BAD_REQUEST, "{odd}");
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_no_token_that_is_more_than_itself() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let one = add_server(&panel, "one").await;
    let admin = Person::make(&panel, "root2", "admin", &[]).await;
    let draft = |name: &str| json!({"name": name});
    let (_, plain) = make(&panel, &admin, &json!({"name": "plain", "permissions": ["view_servers_page"]})).await;
    let (status, problem) = with(&panel, &plain, Method::POST, "/api/v1/tokens", &draft("x")).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
    assert_eq!(
        with(&panel, &plain, Method::POST, "/api/v1/users", &json!({"username": "x", "role": "viewer"})).await.0,
        StatusCode::FORBIDDEN
    );

    let keeper = json!({"name": "keeper", "permissions": ["edit_users", "create_additional_users", "view_servers_page"], "servers": [one], "expires_at": "2099-01-01T00:00:00Z"});
    let (_, keeper) = make(&panel, &admin, &keeper).await;
    let (status, child) = with(&panel, &keeper, Method::POST, "/api/v1/tokens", &draft("child")).await;
    assert_eq!(status, StatusCode::CREATED, "{child}");
    assert_eq!((&child["servers"], &child["expires_at"]), (&json!([one]), &json!("2099-01-01T00:00:00.000Z")));
    assert_eq!(child["permissions"].as_array().unwrap().len(), 3, "{child}");
    let beyond = json!({"name": "x", "permissions": ["change_settings"]});
    assert_eq!(with(&panel, &keeper, Method::POST, "/api/v1/tokens", &beyond).await.0, StatusCode::BAD_REQUEST);
    // An administrator's token that may less makes no administrators and touches none.
    let (_, users) = panel.get("/api/v1/users").await;
    let ada = users["items"].as_array().unwrap().iter().find(|user| user["username"] == "ada").unwrap()["id"].clone();
    for (method, path, body) in [
        (Method::POST, "/api/v1/users".to_owned(), json!({"username": "x", "role": "admin", "servers": [one]})),
        (Method::POST, format!("/api/v1/users/{ada}/password"), json!({})),
    ] {
        let (status, _) = with(&panel, &keeper, method, &path, &body).await;
        assert!([StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&status), "{path}: {status}");
    }
    panel.serving.stop().await;
}
