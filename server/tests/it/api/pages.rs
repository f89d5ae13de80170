//! Pages as the server renders them, for those without scripts.

use app::model::{LogStatus, Permission, Scope, SourceType, Viewer};
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
async fn a_filter_with_a_mistake_keeps_what_can_be_read() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let wrong = "/logs?q=--&status=error&type=odd&from=2026-11-22&to=2026-11-20";
    let response = panel.request(Method::GET, wrong).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let html = response.text().await.unwrap();
    let field = |name: &str| html.split('<').find(|tag| tag.contains(&format!("name=\"{name}\""))).unwrap_or_default().to_owned();
    let kept = [("q", "value=\"--\""), ("from", "value=\"2026-11-22\""), ("to", "value=\"2026-11-20\"")];
    for (name, value) in kept {
        assert!(field(name).contains(value), "{name}: {}", field(name));
    }
    let boxes: Vec<_> = html.split('<').filter(|tag| tag.contains("chip__box") && tag.contains("checked")).collect();
    assert!(boxes.len() == 1 && boxes[0].contains("value=\"error\""), "{boxes:?}");
    assert!(html.contains("<option value=\"odd\" selected"), "what is no type is there to be changed");
    for name in ["q", "to", "type"] {
        let problem = format!("filter-{name}-problem");
        assert!(field(name).contains("aria-invalid=\"true\"") && field(name).contains(&problem), "{name}: {}", field(name));
        assert!(html.contains(&format!("id=\"{problem}\"")), "{name}");
    }
    assert!(!field("from").contains("aria-invalid"));
    let no_day = panel.request(Method::GET, "/logs?from=yesterday").send().await.unwrap().text().await.unwrap();
    assert!(no_day.contains("value=\"yesterday\"") && no_day.contains("filter-from-problem"), "{no_day}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_scripts_may_send_a_moment_and_the_day_chosen_over_it() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let sent = "from=2026-11-22T02%3A00%3A00Z&from=2026-11-20&to=";
    let html = page(&panel, &format!("/logs?q=&{sent}")).await;
    assert!(html.contains("value=\"2026-11-20\"") && !html.contains("is given twice"), "{html}");
    assert_eq!(panel.get(&format!("/api/v1/logs?{sent}")).await.0, StatusCode::BAD_REQUEST, "a machine says what it means");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_around_one_are_as_many_on_both_sides_and_lead_back() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let key = "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ".parse().unwrap();
    let server = panel.add_server("web-1", 1, "nobody", &key).await.id;
    let trail = &panel.serving.panel.trail;
    let mut ids = Vec::new();
    for n in 0..120 {
        // Somebody who sees this server alone does not see the rows between.
        trail.append(LogRow::system(LogStatus::Info, format!("between {n}."))).await.unwrap();
        ids.push(trail.append(LogRow::new(LogStatus::Completed, SourceType::Vm, format!("seen {n}.")).server(server)).await.unwrap());
    }
    let middle = ids[60];
    let html = page(&panel, &format!("/logs?status=error&before=70&around={middle}")).await;
    let ids_shown: Vec<i64> = html.split("data-entry=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect();
    assert_eq!(ids_shown, (middle - 50..=middle + 50).rev().collect::<Vec<_>>());
    assert!(html.contains(&format!("id=\"row-{middle}\" aria-current=\"true\"")) && !html.contains("<dialog"), "{html}");
    assert!(html.contains("href=\"/logs?status=error&amp;before=70\""), "the way back");

    let viewer = Viewer {
        user_id: 1,
        username: "limited".to_owned(),
        permissions: vec![Permission::ViewBackupLogsPage],
        scope: Scope::Servers(vec![server]),
        reports: None,
        address: None,
        owes_factor: false,
    };
    let seen = panel.serving.panel.history.around(&viewer, middle).await.unwrap();
    let expected: Vec<_> = ids[10..=110].iter().rev().copied().collect();
    assert_eq!(seen.entries.iter().map(|row| row.id).collect::<Vec<_>>(), expected);
    assert_eq!(seen.next_before, Some(ids[10]));
    let first = panel.serving.panel.history.around(&viewer, ids[0]).await.unwrap();
    assert_eq!((first.entries[50].id, first.next_before), (ids[0], None), "less on one side takes nothing from the other");
    // The row between two that are seen: as many of those on both sides.
    let unseen = panel.serving.panel.history.around(&viewer, middle - 1).await.unwrap();
    assert_eq!((unseen.entries[0].id, unseen.entries.len()), (ids[109], 100));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_says_what_to_do_next_without_an_exit_code_and_a_row_is_a_line() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let row = LogRow::system(LogStatus::Error, "it broke").detail(b"cp: write error: No space left on device");
    let id = panel.serving.panel.trail.append(row).await.unwrap();
    let html = page(&panel, &format!("/logs?entry={id}")).await;
    assert!(html.contains("Next: ") && html.contains("Free space at the destination") && !html.contains("Exit code"), "{html}");
    assert!(html.contains("Europe/Berlin error SYSTEM - -\""), "the row carries its line up to the message: {html}");
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
