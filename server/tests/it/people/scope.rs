//! Who is limited to servers sees nothing of the others: in lists, counts, single ids, pages and streams.

use std::time::{Duration, Instant};

use app::model::LogStatus;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use server::audit::LogRow;
use server::store::{Sql, people};

use super::{Person, add_server};
use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, answer, next_frame};

async fn add_schedule(panel: &TestPanel, name: &str, server: i64) -> i64 {
    let draft = json!({"name": name, "server_id": server, "kind": "reported"});
    let (status, schedule) = panel.post("/api/v1/schedules", &draft).await;
    assert_eq!(status, StatusCode::CREATED, "{schedule}");
    schedule["id"].as_i64().unwrap()
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_other_servers_is_not_there(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let (mine, theirs) = (add_server(&panel, "mine-1").await, add_server(&panel, "theirs-1").await);
    let (my_schedule, their_schedule) =
        (add_schedule(&panel, "my-nightly", mine).await, add_schedule(&panel, "their-nightly", theirs).await);
    let start = |schedule: i64| json!({"schedule": schedule, "event": "start"});
    let (_, my_run) = panel.post("/api/v1/ingest/runs", &start(my_schedule)).await;
    let (_, their_run) = panel.post("/api/v1/ingest/runs", &start(their_schedule)).await;
    let (my_run, their_run) = (my_run["run"].as_str().unwrap().to_owned(), their_run["run"].as_str().unwrap().to_owned());
    let (_, all) = panel.get("/api/v1/logs?limit=500").await;
    let olga = Person::make(&panel, "olga", "operator", &[mine]).await;

    let (_, page) = olga.get(&panel, "/api/v1/logs?limit=500").await;
    let rows = page["entries"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["server"]["id"] == json!(mine)), "{page}");
    assert_eq!((&page["total"], &page["total_in_scope"]), (&json!(rows.len()), &json!(rows.len())));
    // Rows of the panel itself are for those who see everything, and so are those of other servers.
    for row in all["entries"].as_array().unwrap() {
        let expected = if row["server"]["id"] == json!(mine) { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(olga.get(&panel, &format!("/api/v1/logs/{}", row["id"])).await.0, expected, "{row}");
    }
    for (path, name) in [("/api/v1/servers", "mine-1"), ("/api/v1/schedules", "my-nightly"), ("/api/v1/runs", "my-nightly")] {
        let (_, list) = olga.get(&panel, path).await;
        assert_eq!(list["total"], 1, "{path}: {list}");
        assert!(list.to_string().contains(name) && !list.to_string().contains("their"), "{path}: {list}");
    }
    for (method, path) in [
        (Method::GET, format!("/api/v1/servers/{theirs}")),
        (Method::GET, format!("/api/v1/schedules/{their_schedule}")),
        (Method::POST, format!("/api/v1/schedules/{their_schedule}/run")),
        (Method::GET, format!("/api/v1/runs/{their_run}")),
        (Method::GET, format!("/api/v1/runs/{their_run}/log")),
        (Method::POST, format!("/api/v1/runs/{their_run}/stop")),
        (Method::GET, format!("/servers/{theirs}")),
        (Method::GET, format!("/schedules/{their_schedule}")),
        (Method::GET, format!("/runs/{their_run}")),
    ] {
        assert_eq!(olga.request(&panel, method.clone(), &path).send().await.unwrap().status(), StatusCode::NOT_FOUND, "{method} {path}");
    }
    assert_eq!(olga.send(&panel, Method::POST, "/api/v1/ingest/runs", &start(their_schedule)).await.0, StatusCode::NOT_FOUND);
    for path in ["/", "/logs", "/servers", "/schedules", "/runs", &format!("/servers/{mine}"), &format!("/runs/{my_run}")] {
        let html = olga.request(&panel, Method::GET, path).send().await.unwrap().text().await.unwrap();
        assert!(!html.contains("theirs-1") && !html.contains("their-nightly"), "{path}");
    }
    // A filter that names another server finds nothing and tells nothing.
    let (_, none) = olga.get(&panel, &format!("/api/v1/logs?server={theirs}")).await;
    assert_eq!((&none["total"], &none["entries"]), (&json!(0), &json!([])));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_limited_makes_schedules_on_their_servers_and_adds_none() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let (mine, theirs) = (add_server(&panel, "one").await, add_server(&panel, "two").await);
    let boss = Person::make(&panel, "boss", "admin", &[mine]).await;
    let draft = |server: i64| json!({"name": format!("s{server}"), "server_id": server, "kind": "reported"});
    let (status, made) = boss.send(&panel, Method::POST, "/api/v1/schedules", &draft(mine)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (status, problem) = boss.send(&panel, Method::POST, "/api/v1/schedules", &draft(theirs)).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &json!("server_id")));
    let moved = boss.send(&panel, Method::PUT, &format!("/api/v1/schedules/{}", made["id"]), &draft(theirs)).await;
    assert_eq!(moved.0, StatusCode::BAD_REQUEST);
    let server = json!({"name": "three", "host": "h", "user": "u"});
    assert_eq!(boss.send(&panel, Method::POST, "/api/v1/servers", &server).await.0, StatusCode::FORBIDDEN);
    assert_eq!(boss.request(&panel, Method::GET, "/servers/new").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    panel.serving.stop().await;
}

/// Rows of a frame as the names of their servers.
fn servers(frame: &Value) -> Vec<String> {
    let rows = frame["rows"].as_array().into_iter().flatten();
    rows.map(|row| row["server"]["name"].as_str().unwrap_or("-").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_narrows_and_ends_with_its_viewer() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let (mine, theirs) = (add_server(&panel, "mine").await, add_server(&panel, "theirs").await);
    let vera = Person::make(&panel, "vera", "viewer", &[]).await;
    let mut socket = vera.stream(&panel, "").await.unwrap();
    assert_eq!(next_frame(&mut socket).await.unwrap()["kind"], "hello");
    let append = async |server: i64| {
        panel.serving.panel.trail.append(LogRow::system(LogStatus::Info, "x").server(server)).await.unwrap();
    };
    append(theirs).await;
    // The row about her own sign-in may come first.
    while !servers(&next_frame(&mut socket).await.unwrap()).contains(&"theirs".to_owned()) {}

    // Narrowed.
    let path = format!("/api/v1/users/{}", vera.id);
    let narrowed = json!({"username": "vera", "role": "viewer", "servers": [mine]});
    assert_eq!(answer(panel.request(Method::PUT, &path).json(&narrowed)).await.0, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(500)).await;
    append(theirs).await;
    append(mine).await;
    let mut seen = Vec::new();
    while !seen.contains(&"mine".to_owned()) {
        seen.extend(servers(&next_frame(&mut socket).await.unwrap()));
    }
    // The row about the change itself may have been on its way.
    assert!(!seen.contains(&"theirs".to_owned()), "{seen:?}");

    // By another process, which tells of it in the trail: what comes after that row is not hers.
    let other = panel.another_database().await;
    let trail = panel.another_trail().await;
    let mut change = trail.begin().await.unwrap();
    people::lock(change.tx()).await.unwrap();
    let sql = Sql::new("update account_server set server_id = $1 where account_id = (select id from account where username = 'vera')");
    change.tx().execute(sql.bind(theirs)).await.unwrap();
    change.log(LogRow::system(LogStatus::Info, "changed the user vera"));
    change.commit().await.unwrap();
    append(mine).await;
    append(theirs).await;
    let mut seen = Vec::new();
    while !seen.contains(&"theirs".to_owned()) {
        seen.extend(servers(&next_frame(&mut socket).await.unwrap()));
    }
    assert!(!seen.contains(&"mine".to_owned()), "{seen:?}");

    // By another process, which this one hears nothing of.
    let asked = Instant::now();
    let mut tx = other.begin().await.unwrap();
    tx.execute(Sql::new("update account set enabled = 0 where username = 'vera'")).await.unwrap();
    tx.commit().await.unwrap();
    let mut last = Value::Null;
    while let Some(frame) = next_frame(&mut socket).await {
        last = frame;
    }
    assert_eq!(last["reason"], "signed out");
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_removed_still_limits() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let (gone, stays) = (add_server(&panel, "gone").await, add_server(&panel, "stays").await);
    let vera = Person::make(&panel, "vera", "viewer", &[gone]).await;
    assert_eq!(answer(panel.request(Method::DELETE, &format!("/api/v1/servers/{gone}"))).await.0, StatusCode::NO_CONTENT);
    assert_eq!(vera.get(&panel, "/api/v1/servers").await.1["total"], 0);
    // The form keeps the limit, so that saving it does not open everything.
    let form = panel.request(Method::GET, &format!("/users/{}/edit", vera.id)).send().await.unwrap().text().await.unwrap();
    assert!(form.contains(&format!("#{gone} (removed)")), "{form}");
    let fields = [("role", "operator".to_owned()), ("servers", gone.to_string()), ("enabled", "on".to_owned())];
    let saved = panel.request(Method::POST, &format!("/users/{}/edit", vera.id)).form(&fields).send().await.unwrap();
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    let (_, list) = vera.get(&panel, "/api/v1/servers").await;
    assert_eq!(list["total"], 0, "server {stays} is not for her: {list}");
    panel.serving.stop().await;
}

/// Who has lost a right while their request was on its way has lost it for that request.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_taken_away_while_the_body_is_on_its_way_is_gone() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let panel = TestPanel::start(Engine::Sqlite).await;
    let eve = Person::make(&panel, "eve", "admin", &[]).await;
    let body = r#"{"username": "accomplice", "role": "viewer"}"#;
    let mut slow = tokio::net::TcpStream::connect(panel.serving.address).await.unwrap();
    let head = format!(
        "POST /api/v1/users HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        panel.serving.address,
        eve.session,
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&body.as_bytes()[..1]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let draft = json!({"username": "eve", "role": "admin", "enabled": false});
    assert_eq!(
        panel.request(Method::PUT, &format!("/api/v1/users/{}", eve.id)).json(&draft).send().await.unwrap().status(),
        StatusCode::OK
    );
    slow.write_all(&body.as_bytes()[1..]).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let (_, users) = panel.get("/api/v1/users").await;
    assert!(!users.to_string().contains("accomplice"), "{users}");
    panel.serving.stop().await;
}
