//! The live stream: every row exactly once, in order, whatever happens on the way.

mod chaos;

use std::time::Duration;

use app::model::LogStatus;
use rstest::rstest;
use serde_json::Value;
use server::audit::LogRow;

use crate::support::engine::Engine;
use crate::support::panel::{PATIENCE, TestPanel, next_frame, open_stream};

async fn append(panel: &TestPanel, count: usize) {
    let trail = &panel.serving.panel.trail;
    for n in 0..count {
        trail.append(LogRow::system(LogStatus::Info, format!("row {n}"))).await.unwrap();
    }
}

fn ids(frame: &Value) -> Vec<i64> {
    frame["rows"].as_array().into_iter().flatten().map(|row| row["id"].as_i64().unwrap()).collect()
}

async fn head(panel: &TestPanel) -> i64 {
    panel.get("/api/v1/logs?limit=1").await.1["head"].as_i64().unwrap()
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_client_has_read_before_the_stream_knew_of_it_does_not_come_again(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    // Another process writes, and a client has read that, before the hub looks again.
    let elsewhere = panel.another_trail().await;
    for round in 0..5 {
        for n in 0..20 {
            elsewhere.append(LogRow::system(LogStatus::Info, format!("round {round}, row {n}"))).await.unwrap();
        }
        let after = head(&panel).await;
        let mut socket = panel.stream(&format!("after={after}")).await.unwrap();
        elsewhere.append(LogRow::system(LogStatus::Info, "the next")).await.unwrap();
        let mut seen = Vec::new();
        while seen.is_empty() {
            seen.extend(ids(&next_frame(&mut socket).await.unwrap()));
        }
        assert_eq!(seen, [after + 1]);
    }
    panel.serving.stop().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_cuts_during_a_burst_of_5000_rows_lose_and_repeat_nothing(#[case] engine: Engine) {
    const ROWS: i64 = 5000;
    const CUTS: usize = 50;
    let panel = TestPanel::start(engine).await;
    let start = head(&panel).await;
    let trail = panel.serving.panel.trail.clone();
    let writers: Vec<_> = (0..10)
        .map(|writer| {
            let trail = trail.clone();
            tokio::spawn(async move {
                for n in 0..ROWS / 10 {
                    trail.append(LogRow::system(LogStatus::Info, format!("burst {writer} {n}"))).await.unwrap();
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    for _ in 0..CUTS {
        let after = seen.last().copied().unwrap_or(start);
        let mut socket = panel.stream(&format!("after={after}")).await.unwrap();
        // Up to 90 rows, so that the burst outlasts the cuts; the last frame is often cut in its middle, without a word.
        let mut wanted = 1 + usize::from(server::random::bytes::<1>()[0] % 90);
        while wanted > 0 {
            let rows = ids(&next_frame(&mut socket).await.unwrap());
            let taken = rows.len().min(wanted);
            seen.extend(&rows[..taken]);
            wanted -= taken;
        }
        drop(socket);
    }
    let after = seen.last().copied().unwrap_or(start);
    assert!(after < start + ROWS, "the burst was over before the cuts were");
    let mut socket = panel.stream(&format!("after={after}")).await.unwrap();
    while seen.last().is_none_or(|last| *last < start + ROWS) {
        seen.extend(ids(&next_frame(&mut socket).await.unwrap()));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen, (start + 1..=start + ROWS).collect::<Vec<_>>());
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_that_reads_late_gets_every_row_from_the_database() {
    // More than the ring holds.
    const ROWS: usize = 9500;
    let panel = TestPanel::start(Engine::Sqlite).await;
    let start = head(&panel).await;
    let mut sleeper = panel.stream(&format!("after={start}")).await.unwrap();
    let mut change = panel.serving.panel.trail.begin().await.unwrap();
    for n in 0..ROWS {
        change.log(LogRow::system(LogStatus::Info, format!("{n} {}", "x".repeat(400))));
    }
    change.commit().await.unwrap();
    // Another client is served meanwhile.
    let mut quick = panel.stream(&format!("after={}", start + i64::try_from(ROWS).unwrap() - 1)).await.unwrap();
    while ids(&next_frame(&mut quick).await.unwrap()).is_empty() {}
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut seen = Vec::new();
    while seen.len() < ROWS {
        seen.extend(ids(&next_frame(&mut sleeper).await.unwrap()));
    }
    assert_eq!(seen, (start + 1..=start + i64::try_from(ROWS).unwrap()).collect::<Vec<_>>());
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_stream_carries_what_the_filter_lets_through() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let start = head(&panel).await;
    let mut live = panel.stream("status=error").await.unwrap();
    assert_eq!(next_frame(&mut live).await.unwrap()["kind"], "hello");
    let trail = &panel.serving.panel.trail;
    for status in [LogStatus::Info, LogStatus::Error, LogStatus::Warning, LogStatus::Error] {
        trail.append(LogRow::system(status, "x")).await.unwrap();
    }
    let mut from_memory = Vec::new();
    while from_memory.len() < 2 {
        from_memory.extend(ids(&next_frame(&mut live).await.unwrap()));
    }
    assert_eq!(from_memory, [start + 2, start + 4]);
    let mut late = panel.stream("status=error&after=0").await.unwrap();
    let mut from_database = Vec::new();
    while from_database.len() < 2 {
        from_database.extend(ids(&next_frame(&mut late).await.unwrap()));
    }
    assert_eq!(from_database, from_memory);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_arrives_within_a_second_of_its_commit() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let mut socket = panel.stream("").await.unwrap();
    assert_eq!(next_frame(&mut socket).await.unwrap()["kind"], "hello");
    for _ in 0..20 {
        let id = panel.serving.panel.trail.append(LogRow::system(LogStatus::Info, "now")).await.unwrap();
        let frame = tokio::time::timeout(Duration::from_secs(1), next_frame(&mut socket)).await.expect("within a second").unwrap();
        assert_eq!(ids(&frame), [id]);
    }
    // A row that another process wrote.
    let other = server::store::Database::open(&format!("sqlite://{}", panel.dir.path().join("data/tailback.db").display())).await.unwrap();
    let zone = std::sync::Arc::new(app::model::Zone::utc());
    let trail = server::audit::Trail::start(other, server::clock::Clock::machine(), zone, std::sync::Arc::default());
    let id = trail.append(LogRow::system(LogStatus::Info, "from elsewhere")).await.unwrap();
    let frame = tokio::time::timeout(Duration::from_secs(1), next_frame(&mut socket)).await.expect("within a second").unwrap();
    assert_eq!(ids(&frame), [id]);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_closed_to_strangers_and_to_pages_of_others() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let address = panel.serving.address.to_string();
    assert_eq!(open_stream(&address, "tb_wrong", "").await.err(), Some(401));
    assert_eq!(panel.stream("colour=red").await.err(), Some(400));
    assert_eq!(panel.stream("limit=5").await.err(), Some(400));
    let cross = panel.request(reqwest::Method::GET, "/api/v1/logs/stream").header("origin", "http://evil.example").send().await.unwrap();
    assert_eq!(cross.status(), 403);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_viewer_signs_out_and_when_the_panel_stops() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let session = panel.serving.panel.accounts.sign_in("ada", crate::support::panel::PASSWORD.to_owned(), "test").await.unwrap();
    let mut request = tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(format!(
        "ws://{}/api/v1/logs/stream",
        panel.serving.address
    ))
    .unwrap();
    request.headers_mut().insert("cookie", format!("tailback_session={}", session.text()).parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let mut other = panel.stream("").await.unwrap();
    let ada = panel.serving.panel.accounts.by_session(session.text()).await.unwrap().unwrap();
    panel.serving.panel.accounts.sign_out(session.text(), &ada).await.unwrap();
    let mut last = Value::Null;
    while let Some(frame) = tokio::time::timeout(PATIENCE, next_frame(&mut socket)).await.unwrap() {
        last = frame;
    }
    assert_eq!((&last["kind"], &last["reason"]), (&Value::from("bye"), &Value::from("signed out")));
    append(&panel, 3).await;
    panel.serving.stop().await;
    let mut reason = Value::Null;
    while let Some(frame) = next_frame(&mut other).await {
        reason = frame["reason"].clone();
    }
    assert_eq!(reason, "restarting");
}
