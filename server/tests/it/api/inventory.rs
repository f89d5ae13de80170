//! Servers, schedules and runs over HTTP.

use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, answer};

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().into_iter().flatten().map(|error| error["field"].as_str().unwrap()).collect()
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_and_a_schedule_live_and_are_remembered(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let draft = json!({"name": "web", "host": "127.0.0.1", "port": 1, "user": "backup", "region": "north"});
    let (status, server) = panel.post("/api/v1/servers", &draft).await;
    assert_eq!(status, StatusCode::CREATED, "{server}");
    assert_eq!((&server["link"]["state"], &server["host_key"]), (&json!("unknown"), &Value::Null));
    let id = &server["id"];
    assert_eq!(fields(&panel.post("/api/v1/servers", &draft).await.1), ["name"]);

    let schedule = json!({"name": "nightly", "server_id": id, "kind": "managed", "cron": "0 2 * * *",
        "files": {"sources": ["/srv"], "destination": "/backup/web"}});
    let (status, made) = panel.post("/api/v1/schedules", &schedule).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!((&made["grace_minutes"], &made["catch_up"], &made["enabled"]), (&json!(10), &json!("skip"), &json!(true)));

    // Nothing connects before the key is pinned: the run waits, and can be stopped before it began.
    let (status, asked) = panel.post(&format!("/api/v1/schedules/{}/run", made["id"]), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{asked}");
    let run = asked["runs"][0]["id"].as_str().unwrap().to_owned();
    let (status, overlap) = panel.post(&format!("/api/v1/schedules/{}/run", made["id"]), &json!({"types": ["FILES"]})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{overlap}");
    assert_eq!(answer(panel.request(Method::DELETE, &format!("/api/v1/schedules/{}", made["id"]))).await.0, StatusCode::CONFLICT);
    assert_eq!(panel.post(&format!("/api/v1/runs/{run}/stop"), &json!({})).await.0, StatusCode::ACCEPTED);
    assert_eq!(panel.ended_run(&run).await["state"], "canceled");
    assert_eq!(panel.rows_of(&run).await, [("stopped".to_owned(), "FILES nightly: stopped before it began by ada".to_owned())]);

    let delete = async |path: String| answer(panel.request(Method::DELETE, &path)).await.0;
    assert_eq!(delete(format!("/api/v1/servers/{id}")).await, StatusCode::BAD_REQUEST);
    assert_eq!(delete(format!("/api/v1/schedules/{}", made["id"])).await, StatusCode::NO_CONTENT);
    assert_eq!(delete(format!("/api/v1/servers/{id}")).await, StatusCode::NO_CONTENT);
    assert_eq!(panel.get(&format!("/api/v1/servers/{id}")).await.0, StatusCode::NOT_FOUND);
    // The trail still knows its name.
    let (_, page) = panel.get(&format!("/api/v1/logs?server={id}")).await;
    assert!(page["total"].as_i64().unwrap() >= 5);
    assert_eq!(page["entries"][0]["server"]["name"], "web");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_is_named() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let (status, problem) = panel.post("/api/v1/servers", &json!({"name": " ", "host": "a b", "user": "-x", "port": 0})).await;
    assert_eq!((status, fields(&problem)), (StatusCode::BAD_REQUEST, vec!["name", "host", "port", "user"]));
    let (_, unknown) = panel.post("/api/v1/servers", &json!({"name": "a", "host": "b", "user": "c", "colour": "red"})).await;
    assert!(unknown["detail"].as_str().unwrap().contains("colour"), "{unknown}");
    let (_, typed) = panel.post("/api/v1/servers", &json!({"name": "a", "host": "b", "user": "c", "port": "ssh"})).await;
    assert_eq!(fields(&typed), ["port"]);
    let (_, key) = panel.post("/api/v1/servers", &json!({"name": "a", "host": "b", "user": "c", "private_key": "nonsense"})).await;
    assert_eq!(fields(&key), ["private_key"]);
    let schedule = json!({"name": "n", "server_id": 99, "kind": "managed", "cron": "every day", "timezone": "Mars/Olympus",
        "files": {"sources": ["etc"], "destination": "/"}});
    let (_, problem) = panel.post("/api/v1/schedules", &schedule).await;
    assert_eq!(fields(&problem), ["files.sources[0]", "files.destination", "server_id", "timezone", "cron"]);
    for path in ["/api/v1/logs?from=never&limit=0&x=1", "/api/v1/runs?state=odd&x=1", "/api/v1/servers?x=1", "/api/v1/schedules?limit=1"] {
        let (status, problem) = panel.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(!fields(&problem).is_empty(), "{path}: {problem}");
    }
    for path in ["/api/v1/logs/abc", "/api/v1/logs/999999", "/api/v1/runs/nonsense", "/api/v1/servers/99", "/api/v1/schedules/x"] {
        assert_eq!(panel.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_problem_json_and_every_answer_has_a_request_id() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let response = panel.request(Method::GET, "/api/v1/logs?x=1").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(response.headers().contains_key("x-request-id"));
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["cache-control"], "no-store");
    panel.serving.stop().await;
}
