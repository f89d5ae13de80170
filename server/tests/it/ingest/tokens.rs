//! Tokens that may report runs of one schedule and do nothing else.

use std::process::Command;
use std::time::Duration;

use app::model::Timestamp;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use server::clock::Clock;
use server::store::Sql;

use super::{Desk, PATH, run_id};
use crate::support::engine::Engine;
use crate::support::panel::{eventually, open_stream};

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_reports_and_is_refused_everywhere_else(#[case] engine: Engine) {
    let desk = Desk::open(engine).await;
    let other = desk.add_schedule("other", json!({"kind": "reported"})).await;
    let token = desk.bound_token().await;
    let start = |schedule: i64| json!({"schedule": schedule, "event": "start", "run": run_id(1)});
    for schedule in [other, 999] {
        let (status, problem) = desk.with_token(&token, Method::POST, PATH, &start(schedule)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
    }
    assert_eq!(desk.with_token(&token, Method::POST, PATH, &start(desk.schedule)).await.0, StatusCode::CREATED);

    let (_, document) = desk.panel.get("/api/v1/openapi.json").await;
    let mut refused = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let path = path.replace("{id}", if path.contains("/runs/") { "01KAMZ3V7S9B3J1Q6Y1C2D0001" } else { "1" });
            let method: Method = method.to_uppercase().parse().unwrap();
            // These are open to everybody, with a token or without.
            if path == PATH || (path == "/api/v1/session" && method == Method::POST) {
                continue;
            }
            let (status, problem) = desk.with_token(&token, method.clone(), &path, &json!({})).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: {problem}");
            refused += 1;
        }
    }
    assert!(refused >= 18, "{refused}");
    for path in ["/", "/logs", "/api/v1/openapi.json", "/no-such-page", PATH] {
        assert_eq!(desk.with_token(&token, Method::GET, path, &json!({})).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(desk.with_token(&token, Method::POST, "/api/sf/read_monitor", &json!({})).await.0, StatusCode::FORBIDDEN);
    assert_eq!(
        open_stream(&desk.panel.serving.address.to_string(), ("authorization", &format!("Bearer {token}")), "").await.err(),
        Some(403)
    );

    // It ends with its schedule.
    desk.with_token(&token, Method::POST, PATH, &json!({"schedule": desk.schedule, "event": "finish", "run": run_id(1), "exit_code": 0}))
        .await;
    let gone = desk.panel.request(Method::DELETE, &format!("/api/v1/schedules/{}", desk.schedule)).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(desk.with_token(&token, Method::POST, PATH, &start(desk.schedule)).await.0, StatusCode::UNAUTHORIZED);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_run_schedules_may_not_report_them() {
    let desk = Desk::open(Engine::Sqlite).await;
    let accounts = &desk.panel.serving.panel.accounts;
    accounts.create("vera", "correct horse battery".to_owned(), "viewer").await.unwrap();
    accounts.create("olga", "correct horse battery".to_owned(), "operator").await.unwrap();
    let start = json!({"schedule": desk.schedule, "event": "start"});
    for (name, expected) in [("vera", StatusCode::FORBIDDEN), ("olga", StatusCode::CREATED)] {
        let token = accounts.create_token(name, "test", None).await.unwrap();
        assert_eq!(desk.with_token(token.text(), Method::POST, PATH, &start).await.0, expected, "{name}");
    }
    // A bound token says what its owner may say: it is not made for somebody who may not, and ends when they may not any more.
    assert!(accounts.create_token("vera", "test", Some(desk.schedule)).await.is_err());
    let bound = accounts.create_token("olga", "test", Some(desk.schedule)).await.unwrap();
    let end = json!({"schedule": desk.schedule, "event": "finish", "exit_code": 0});
    assert_eq!(desk.with_token(bound.text(), Method::POST, PATH, &end).await.0, StatusCode::OK);
    let (_, users) = desk.panel.get("/api/v1/users").await;
    let olga = users["items"].as_array().unwrap().iter().find(|user| user["username"] == "olga").unwrap()["id"].as_i64().unwrap();
    let draft = json!({"username": "olga", "role": "viewer", "servers": [], "enabled": true});
    let changed = desk.panel.request(Method::PUT, &format!("/api/v1/users/{olga}")).json(&draft).send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    assert_eq!(desk.with_token(bound.text(), Method::POST, PATH, &start).await.0, StatusCode::UNAUTHORIZED);
    desk.close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_a_token_is_noted_once_a_minute(#[case] engine: Engine) {
    let noon = Timestamp::from_millis(1_795_345_200_000);
    let clock = Clock::set_to(noon);
    let desk = Desk::open_at(engine, clock.clone()).await;
    let used = async |expected: Timestamp| {
        eventually("the note", async || {
            desk.panel.get("/api/v1/servers").await;
            let sql = Sql::new("select last_used_at from api_token where schedule_id is null");
            let row = desk.panel.serving.panel.database.fetch_optional(sql).await.unwrap().unwrap();
            let at = row.optional_time("last_used_at").unwrap();
            at.filter(|at| *at == expected)
        })
        .await
    };
    used(noon).await;
    clock.advance(Duration::from_secs(59));
    for _ in 0..3 {
        used(noon).await;
    }
    clock.advance(Duration::from_secs(1));
    used(noon.plus_millis(60_000)).await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_is_made_on_the_command_line() {
    let desk = Desk::open(Engine::Sqlite).await;
    let managed = json!({"kind": "managed", "command": {"source_type": "VM", "command": "true"}});
    let managed = desk.add_schedule("managed", managed).await;
    let create = |schedule: i64| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tailback"));
        command.args(["token", "create", "--user", "ada", "--name", "web-1", "--schedule", &schedule.to_string()]);
        command.arg("--data-dir").arg(desk.panel.dir.path().join("data")).output().unwrap()
    };
    for odd in [managed, 999] {
        assert!(!create(odd).status.success());
    }
    let made = create(desk.schedule);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let token = String::from_utf8(made.stdout).unwrap();
    let (status, _) = desk.with_token(token.trim(), Method::POST, PATH, &json!({"schedule": desk.schedule, "event": "start"})).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(desk.with_token(token.trim(), Method::GET, "/api/v1/runs", &Value::Null).await.0, StatusCode::FORBIDDEN);
    let (_, page) = desk.panel.get(&format!("/api/v1/logs?schedule={}", desk.schedule)).await;
    assert!(page.to_string().contains("an API token for ada, to report nightly, was made on the command line"), "{page}");
    desk.close().await;
}
