//! Pages as the server renders them, for those without scripts.

use app::model::{LogStatus, SourceType};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::audit::LogRow;

use crate::support::engine::Engine;
use crate::support::panel::TestPanel;

async fn page(panel: &TestPanel, path: &str) -> String {
    let response = panel.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_whole_without_scripts() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let trail = &panel.serving.panel.trail;
    for n in 0..150 {
        trail.append(LogRow::system(LogStatus::Info, format!("entry number {n}."))).await.unwrap();
    }
    let id = trail
        .append(LogRow::system(LogStatus::Error, "a <b>bold</b> claim").detail(b"<script>alert(1)</script> the detail"))
        .await
        .unwrap();
    let first = page(&panel, "/logs").await;
    assert!(first.contains("entry number 149.") && !first.contains("entry number 0."));
    assert!(first.contains("a &lt;b&gt;bold&lt;/b&gt; claim"), "text of servers is escaped");
    assert!(first.contains("before="), "older rows are a link");
    let older = page(&panel, "/logs?before=20").await;
    assert!(older.contains("entry number 0."));
    let filtered = page(&panel, "/logs?status=error").await;
    assert!(filtered.contains("claim") && !filtered.contains("entry number"));
    let dialog = page(&panel, &format!("/logs?entry={id}")).await;
    assert!(dialog.contains("&lt;script&gt;alert(1)&lt;/script&gt; the detail"));
    assert!(!dialog.contains("<script>alert(1)"));
    let words = page(&panel, "/logs?q=bold+-number").await;
    assert!(words.contains("a &lt;b&gt;<mark>bold</mark>&lt;/b&gt; claim") && !words.contains("entry number"), "{words}");
    let file = panel.request(Method::GET, &format!("/logs/{id}/detail.txt")).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(file.text().await.unwrap(), "<script>alert(1)</script> the detail");
    let response = panel.request(Method::GET, "/logs?from=yesterday").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let wrong = response.text().await.unwrap();
    assert!(wrong.contains("from") && !wrong.contains("entry number"), "a filter that is wrong shows no rows");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_monitor_shows_servers_and_new_rows() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    panel.serving.panel.trail.append(LogRow::system(LogStatus::Warning, "something to look at")).await.unwrap();
    let key = "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ".parse().unwrap();
    panel.add_server("web-1", 1, "backup", &key).await;
    let html = page(&panel, "/").await;
    assert!(html.contains("something to look at") && html.contains("web-1"));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn monitor_counts_trouble_names_the_worst_schedule_and_filters_its_rows() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let key = "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ".parse().unwrap();
    let server = panel.add_server("web-1", 1, "nobody", &key).await.id;
    let draft = json!({"name": "never ran", "server_id": server, "kind": "reported", "command": {"source_type": "VM"}});
    let (status, schedule) = panel.post("/api/v1/schedules", &draft).await;
    assert_eq!(status, StatusCode::CREATED, "{schedule}");
    for status in [LogStatus::Error, LogStatus::Error, LogStatus::Missed, LogStatus::Completed] {
        let row = LogRow::new(status, SourceType::Vm, "it").server(server);
        panel.serving.panel.trail.append(row).await.unwrap();
    }
    let read = async |path: &str, body: Value| panel.post(path, &body).await.1;
    let everything = read("/api/sf/read_monitor", json!({"rows": 10})).await;
    let glance = &everything["glance"]["Ok"];
    assert_eq!((&glance["day"]["rows"]["error"], &glance["day"]["rows"]["missed"]), (&json!(2), &json!(1)), "{everything}");
    assert_eq!(glance["schedules"]["Is"]["schedule"]["name"], "never ran");
    assert_eq!(glance["schedules"]["Is"]["last_good"], Value::Null);

    let statuses = |rows: &Value| rows.as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let filtered = read("/api/sf/read_monitor", json!({"rows": 10, "filter": "status=error,missed"})).await;
    assert_eq!(statuses(&filtered["newest"]["Ok"]["entries"]), ["missed", "error", "error"]);
    let wrong = read("/api/sf/read_monitor", json!({"rows": 10, "filter": "status=odd"})).await;
    assert_eq!(wrong["newest"]["Err"]["Invalid"][0]["field"], "status", "{wrong}");
    // For a browser that the stream does not reach, and for one that reads further back.
    let first = filtered["newest"]["Ok"]["entries"][2]["id"].as_i64().unwrap();
    let after = read("/api/sf/read_rows", json!({"after": first, "filter": "status=error,missed"})).await;
    assert_eq!(
        (statuses(&after["rows"]), &after["head"]),
        (vec!["error".to_owned(), "missed".to_owned()], &everything["newest"]["Ok"]["head"])
    );
    let older = read("/api/sf/read_older", json!({"before": first + 2, "filter": "status=error"})).await;
    assert_eq!(statuses(&older["entries"]), ["error", "error"]);
    panel.serving.stop().await;
}
