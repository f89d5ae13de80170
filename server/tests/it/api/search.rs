//! Filters by words and places, the histogram, saved views, what the page says of the proof.

use app::model::LogStatus;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use server::audit::LogRow;

use crate::support::engine::Engine;
use crate::support::panel::TestPanel;

async fn messages(panel: &TestPanel, query: &str) -> Vec<String> {
    let (status, page) = panel.get(&format!("/api/v1/logs?type=OTHER&{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let rows = page["entries"].as_array().unwrap();
    assert_eq!(page["total"], rows.len(), "{query}");
    rows.iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect()
}

async fn filled(engine: Engine) -> TestPanel {
    let panel = TestPanel::start(engine).await;
    for (name, region) in [("one", "eu"), ("two", "us")] {
        let draft = json!({"name": name, "host": "127.0.0.1", "port": 1, "user": "u", "region": region, "account": "shop"});
        assert_eq!(panel.post("/api/v1/servers", &draft).await.0, StatusCode::CREATED);
    }
    let rows = [
        (1, LogStatus::Error, "No space left on device"),
        (1, LogStatus::Warning, "rsync: some files vanished"),
        (2, LogStatus::Error, "Permission denied for /srv/www"),
    ];
    for (server, status, message) in rows {
        panel.serving.panel.trail.append(LogRow::new(status, app::model::SourceType::Other, message).server(server)).await.unwrap();
    }
    panel
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_words_and_places_at_once_and_later(#[case] engine: Engine) {
    let panel = filled(engine).await;
    // Before they are indexed, and after.
    for _ in 0..2 {
        assert_eq!(messages(&panel, "q=space").await, ["No space left on device"]);
        assert_eq!(messages(&panel, "q=%22left+on%22").await, ["No space left on device"]);
        assert_eq!(messages(&panel, "q=perm*+-rsync").await, ["Permission denied for /srv/www"]);
        assert_eq!(messages(&panel, "q=-rsync").await.len(), 2);
        assert_eq!(messages(&panel, "q=srv%2Fwww&region=us").await.len(), 1);
        assert_eq!(messages(&panel, "q=srv%2Fwww&region=eu").await.len(), 0);
        // As it stands on the page, and with a flag.
        assert_eq!(messages(&panel, "q=%22Permission%20denied%22:%20%E2%80%94%20for%20/srv/www").await.len(), 1);
        assert_eq!(messages(&panel, "q=--rsync%20-%20--").await, ["rsync: some files vanished"]);
        assert_eq!(messages(&panel, "region=eu").await.len(), 2);
        assert_eq!(messages(&panel, "account=shop&status=error").await.len(), 2);
        assert_eq!(messages(&panel, "account=other").await.len(), 0);
        tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    }
    let (status, problem) = panel.get("/api/v1/logs?q=---&status=bad&region=").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["q", "status"]);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_histogram_counts_what_the_list_gives() {
    let panel = filled(Engine::Sqlite).await;
    for bucket in ["auto", "minute", "hour", "day", "month"] {
        let (status, found) = panel.get(&format!("/api/v1/logs/histogram?type=OTHER&bucket={bucket}")).await;
        assert_eq!(status, StatusCode::OK, "{bucket}: {found}");
        let sum = |status: &str| found["buckets"].as_array().unwrap().iter().filter_map(|bar| bar["counts"][status].as_i64()).sum::<i64>();
        assert_eq!((sum("error"), sum("warning"), sum("info")), (2, 1, 0), "{found}");
    }
    for (query, field) in [("bucket=week", "bucket"), ("bucket=minute&from=2020-01-01", "bucket"), ("limit=3", "limit"), ("from=x", "from")]
    {
        let (status, problem) = panel.get(&format!("/api/v1/logs/histogram?{query}")).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &Value::from(field)), "{query}: {problem}");
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_saved_open_first_and_go() {
    let panel = filled(Engine::Sqlite).await;
    let post = async |path: &str, fields: &[(&str, &str)]| panel.request(Method::POST, path).form(fields).send().await.unwrap();
    let location = |response: &reqwest::Response| response.headers()["location"].to_str().unwrap().to_owned();
    let saved = post("/logs/views", &[("name", "trouble"), ("query", "status=error&before=9"), ("default", "yes")]).await;
    assert_eq!((saved.status(), location(&saved).as_str()), (StatusCode::SEE_OTHER, "/logs?status=error&said=view-saved"));
    let first = panel.request(Method::GET, "/logs").send().await.unwrap();
    assert_eq!((first.status(), location(&first).as_str()), (StatusCode::SEE_OTHER, "/logs?status=error"));
    let page = async |path: &str| panel.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    let shown = page("/logs?status=error").await;
    assert!(shown.contains("trouble") && shown.contains("opens first"), "{shown}");
    let everything = page("/logs?status=").await;
    assert!(everything.contains("some files vanished"));
    for (name, query, back) in
        [(" ", "", "status="), ("x", "status=nonsense", "status="), ("  ", "status=error&q=disk", "status=error&amp;q=disk")]
    {
        let refused = post("/logs/views", &[("name", name), ("query", query)]).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        let words = refused.text().await.unwrap();
        assert!(words.contains(&format!("href=\"/logs?{back}\"")), "{words}");
    }
    let replaced = post("/logs/views", &[("name", "trouble"), ("query", "status=error")]).await;
    assert_eq!(location(&replaced), "/logs?status=error&said=view-replaced-1");
    assert!(page(&location(&replaced)).await.contains("The view trouble has this filter now."));
    assert!(!page("/logs?status=error&said=view-replaced-2").await.contains("has this filter now"), "it is nobody's");
    assert_eq!(post("/logs/views/99", &[("delete", "yes")]).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(post("/logs/views/1", &[("default", "no")]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(panel.request(Method::GET, "/logs").send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(post("/logs/views/1", &[("delete", "yes")]).await.status(), StatusCode::SEE_OTHER);
    assert!(!page("/logs?status=error").await.contains("trouble</a>"));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_known_however_its_filter_was_sent_and_one_too_many_is_not_kept() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let save = async |name: &str, query: &str| {
        let fields = [("name", name), ("query", query)];
        panel.request(Method::POST, "/logs/views").form(&fields).send().await.unwrap().status()
    };
    for n in 1..=50 {
        assert_eq!(save(&format!("view {n}"), &format!("status=error&server={n}&q=disk")).await, StatusCode::SEE_OTHER);
    }
    assert_eq!(save("view 51", "status=info").await, StatusCode::CONFLICT);
    assert_eq!(save("view 7", "status=warning&q=disk").await, StatusCode::SEE_OTHER, "it takes the place of its former self");
    let page = async |path: &str| panel.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    // As the form sends it: words first, and what is empty too.
    let shown = page("/logs?q=disk&status=warning&from=&to=&server=").await;
    assert!(!shown.contains("view 51") && shown.contains("href=\"/logs?status=warning&amp;q=disk\" aria-current=\"true\""), "{shown}");
    assert!(!shown.contains("Save this view"));
    panel.serving.stop().await;
}
