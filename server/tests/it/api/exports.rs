//! Exports: exactly what the filter gives, in each format, with nothing that a program would run.

use std::io::Read as _;

use app::model::{LogStatus, SourceType};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::Value;
use server::audit::LogRow;

use crate::support::engine::Engine;
use crate::support::panel::TestPanel;

const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"click\")";

async fn filled(engine: Engine) -> TestPanel {
    let panel = TestPanel::start(engine).await;
    for n in 0..2300 {
        let message = if n % 100 == 7 { FORMULA.to_owned() } else { format!("row {n}, \"quoted\"") };
        let status = if n % 2 == 0 { LogStatus::Completed } else { LogStatus::Error };
        panel.serving.panel.trail.append(LogRow::new(status, SourceType::Other, message)).await.unwrap();
    }
    panel
}

async fn export(panel: &TestPanel, query: &str) -> (String, String, Vec<u8>) {
    let response = panel.request(Method::GET, &format!("/api/v1/logs/export?{query}")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{query}");
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let (head, name) = (header("tailback-trail-head"), header("content-disposition"));
    (head, name, response.bytes().await.unwrap().to_vec())
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn files_have_the_rows_of_the_filter(#[case] engine: Engine) {
    let panel = filled(engine).await;
    let (_, listed) = panel.get("/api/v1/logs?type=OTHER&status=error&limit=1").await;
    assert_eq!(listed["total"], 1150);

    let (head, name, body) = export(&panel, "format=ndjson&type=OTHER&status=error").await;
    let rows: Vec<Value> = String::from_utf8(body).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 1150);
    assert!(rows.is_sorted_by_key(|row| row["id"].as_i64()) && rows.iter().all(|row| row["status"] == "error"));
    assert_eq!(rows.last().unwrap(), &listed["entries"][0]);
    assert!(name.contains("attachment") && name.contains(".ndjson"), "{name}");

    let (later, _, body) = export(&panel, "format=csv&type=OTHER&status=error").await;
    assert_ne!(head, later, "the first export is a row of the trail");
    let mut table = csv::Reader::from_reader(body.as_slice());
    let names = table.headers().unwrap().clone();
    assert_eq!(&names[0], "id");
    assert_eq!(&names[13], format!("trail head {later}"));
    assert!(names[2].starts_with("at (") && &names[1] == "at (UTC)");
    let records: Vec<_> = table.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 1150);
    assert!(records.iter().any(|record| record[12] == format!("'{FORMULA}")) && records.iter().all(|record| &record[12] != FORMULA));
    assert!(records.iter().any(|record| &record[12] == "row 1, \"quoted\""));

    let (head, _, body) = export(&panel, "format=xlsx&type=OTHER&status=error").await;
    let part = |name: &str| {
        let mut parts = zip::ZipArchive::new(std::io::Cursor::new(&body)).unwrap();
        let mut text = String::new();
        parts.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let (about, rows) = (part("xl/worksheets/sheet1.xml"), part("xl/worksheets/sheet2.xml"));
    assert!(about.contains(&head) && about.contains("status=error"), "{about}");
    assert_eq!(rows.matches("<row ").count(), 1151);
    assert!(rows.contains("=HYPERLINK") && !rows.contains("<f>"), "a text, no formula");

    let (head, all, _) = export(&panel, "format=csv").await;
    let (row, hash) = head.split_once(" sha256:").unwrap();
    assert!(all.contains(&format!("tailback-logs-to-{row}-{hash}.csv")), "{all}");
    let (_, told) = panel.get("/api/v1/logs?q=exported&limit=4").await;
    let told: Vec<_> = told["entries"].as_array().unwrap().iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told.len(), 4);
    assert!(told[1].starts_with("ada exported 1150 rows of the trail as XLSX"), "{told:?}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_is_named() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    for (query, fields) in [("", "format"), ("format=pdf", "format"), ("format=csv&before=3", "before"), ("format=csv&from=x", "from")] {
        let (status, problem) = panel.get(&format!("/api/v1/logs/export?{query}")).await;
        assert_eq!((status, problem["errors"][0]["field"].as_str()), (StatusCode::BAD_REQUEST, Some(fields)), "{problem}");
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_file_whole_may_ask_for_the_next_at_once() {
    let panel = filled(Engine::Sqlite).await;
    for _ in 0..25 {
        for format in ["csv", "ndjson", "xlsx"] {
            export(&panel, &format!("format={format}&status=error")).await;
        }
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_goes_gives_the_place_back() {
    let panel = filled(Engine::Sqlite).await;
    for _ in 0..6 {
        let response = panel.request(Method::GET, "/api/v1/logs/export?format=ndjson").send().await.unwrap();
        assert!(response.status() == StatusCode::OK || response.status() == StatusCode::CONFLICT);
        drop(response);
    }
    let again = async || panel.request(Method::GET, "/api/v1/logs/export?format=csv").send().await.unwrap().status();
    let mut status = again().await;
    for _ in 0..50 {
        if status == StatusCode::OK {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        status = again().await;
    }
    assert_eq!(status, StatusCode::OK);
    panel.serving.stop().await;
}
