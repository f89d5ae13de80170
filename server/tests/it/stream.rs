//! The live stream: every row exactly once, in order, whatever happens on the way.

mod board;
mod chaos;

use std::time::Duration;

use app::model::{LogStatus, SourceType};
use rstest::rstest;
use serde_json::{Value, json};
use server::audit::LogRow;
use server::clearing::Clearings;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::people::{Person, add_server};
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
    assert_eq!(open_stream(&address, ("authorization", "Bearer tb_wrong"), "").await.err(), Some(401));
    assert_eq!(panel.stream("colour=red").await.err(), Some(400));
    assert_eq!(panel.stream("limit=5").await.err(), Some(400));
    let plain = panel.request(reqwest::Method::GET, "/api/v1/logs/stream").send().await.unwrap();
    assert_eq!(plain.status(), 400);
    let old = panel.request(reqwest::Method::GET, "/api/v1/logs/stream").header("connection", "upgrade").header("upgrade", "websocket");
    let old = old.header("sec-websocket-version", "8").send().await.unwrap();
    assert_eq!((old.status().as_u16(), &old.headers()["sec-websocket-version"]), (426, &"13".parse().unwrap()));
    let cross = panel.request(reqwest::Method::GET, "/api/v1/logs/stream").header("origin", "http://evil.example").send().await.unwrap();
    assert_eq!(cross.status(), 403);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_viewer_signs_out_and_when_the_panel_stops() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let session = panel.serving.panel.accounts.sign_in("ada", crate::support::panel::PASSWORD.to_owned(), "test").await.unwrap();
    let mut request = format!("ws://{}/api/v1/logs/stream", panel.serving.address).into_client_request().unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_has_not_taken_everything_still_hears_why_the_stream_ends() {
    const ROWS: usize = 3000;
    let panel = TestPanel::start(Engine::Sqlite).await;
    let start = head(&panel).await;
    let mut slow = panel.stream(&format!("after={start}")).await.unwrap();
    let mut change = panel.serving.panel.trail.begin().await.unwrap();
    for n in 0..ROWS {
        change.log(LogRow::system(LogStatus::Info, format!("{n} {}", "x".repeat(450))));
    }
    change.commit().await.unwrap();
    // More than the kernel takes for a client that does not read.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stopping = tokio::spawn(panel.serving.stop());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (mut seen, mut last) = (Vec::new(), Value::Null);
    while let Some(frame) = next_frame(&mut slow).await {
        seen.extend(ids(&frame));
        last = frame;
    }
    stopping.await.unwrap();
    assert_eq!(last, json!({"kind": "bye", "reason": "restarting"}));
    assert!(!seen.is_empty() && seen.len() < ROWS, "it was in the middle of it: {}", seen.len());
    assert_eq!(seen, (start + 1..).take(seen.len()).collect::<Vec<_>>());
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_told_as_the_api_has_it_and_by_the_names_of_its_time(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let mut draft = json!({"name": "web-1", "host": "192.0.2.1", "user": "backup", "region": "eu", "account": "acme"});
    let (_, server) = panel.post("/api/v1/servers", &draft).await;
    let id = server["id"].as_i64().unwrap();
    let (_, schedule) = panel.post("/api/v1/schedules", &json!({"name": "nightly", "server_id": id, "kind": "reported"})).await;
    let mut everything = panel.stream("").await.unwrap();
    let mut of_europe = panel.stream("region=eu").await.unwrap();
    for socket in [&mut everything, &mut of_europe] {
        assert_eq!(next_frame(socket).await.unwrap()["kind"], "hello");
    }
    let trail = panel.serving.panel.trail.clone();
    let row = || LogRow::new(LogStatus::Warning, SourceType::Files, "copied").server(id).schedule(schedule["id"].as_i64().unwrap());
    for region in ["eu", "us", "eu"] {
        draft["region"] = json!(region);
        draft["name"] = json!(format!("web-1 in {region}"));
        let changed = panel.request(reqwest::Method::PUT, &format!("/api/v1/servers/{id}")).json(&draft).send().await.unwrap();
        assert_eq!(changed.status(), 200);
        let full =
            row().run("01KAMZ8W6Y5V0Q2N3X4R5T7B9C".parse().unwrap()).duration_s(Some(7)).point(Some("point.1".to_owned())).detail(b"much");
        for row in [row(), full] {
            let id = trail.append(row).await.unwrap();
            let mut told = Vec::new();
            while told.last().is_none_or(|row: &Value| row["id"] != id) {
                told.extend(next_frame(&mut everything).await.unwrap()["rows"].as_array().into_iter().flatten().cloned());
            }
            for row in told {
                let (_, mut stored) = panel.get(&format!("/api/v1/logs/{}", row["id"])).await;
                for more in ["detail", "exit_code", "explanation", "next_step"] {
                    stored.as_object_mut().unwrap().remove(more);
                }
                assert_eq!(row, stored);
            }
        }
    }
    // Two changes to eu, with a row each, and two rows after each of them; the rename away from it too, since it names the server as it is.
    let mut regional = Vec::new();
    while regional.len() < 6 {
        regional.extend(next_frame(&mut of_europe).await.unwrap()["rows"].as_array().into_iter().flatten().cloned());
    }
    assert!(regional.iter().all(|row| row["server"]["name"] == "web-1 in eu"), "{regional:?}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_cleared_before_a_client_saw_them_are_a_gap() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let (mine, theirs) = (add_server(&panel, "mine").await, add_server(&panel, "theirs").await);
    let olga = Person::make(&panel, "olga", "operator", &[theirs]).await;
    let (_, schedule) = panel.post("/api/v1/schedules", &json!({"name": "nightly", "server_id": mine, "kind": "reported"})).await;
    let start = head(&panel).await;
    let trail = panel.serving.panel.trail.clone();
    // One of the panel's own, which stays, between rows of backups, which go.
    for is_backup in [true, true, false, true, true] {
        let row = LogRow::system(LogStatus::Info, "row");
        let row = if is_backup { row.server(mine).schedule(schedule["id"].as_i64().unwrap()) } else { row };
        trail.append(row).await.unwrap();
    }
    let mut live = panel.stream("").await.unwrap();
    let mut of_others = olga.stream(&panel, "").await.unwrap();
    for socket in [&mut live, &mut of_others] {
        assert_eq!(next_frame(socket).await.unwrap()["kind"], "hello");
    }
    assert_eq!(panel.request(reqwest::Method::DELETE, "/api/v1/logs").send().await.unwrap().status(), 200);
    assert_eq!(next_frame(&mut live).await.unwrap(), json!({"kind": "cleared", "up_to": start + 5}));
    let mut late = panel.stream(&format!("after={start}")).await.unwrap();
    let mut frames = Vec::new();
    while frames.last().is_none_or(|frame: &Value| !ids(frame).contains(&(start + 6))) {
        frames.push(next_frame(&mut late).await.unwrap());
    }
    let told: Vec<_> =
        frames.iter().map(|frame| (frame["kind"].as_str().unwrap(), frame["from"].as_i64(), frame["to"].as_i64(), ids(frame))).collect();
    assert_eq!(
        told[1..],
        [
            // The row that tells of the new schedule is gone too.
            ("cleared", None, None, vec![]),
            ("gap", Some(start + 1), Some(start + 2), vec![]),
            ("rows", None, None, vec![start + 3]),
            ("gap", Some(start + 4), Some(start + 5), vec![]),
            ("rows", None, None, vec![start + 6]),
        ]
    );
    // Who does not see the server hears nothing of it, now and later.
    trail.append(LogRow::system(LogStatus::Info, "theirs").server(theirs)).await.unwrap();
    assert_eq!(ids(&next_frame(&mut of_others).await.unwrap()), [start + 7]);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_the_stream_are_for_those_who_may_see_the_settings() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    assert_eq!(panel.anonymous(reqwest::Method::GET, "/metrics").send().await.unwrap().status(), 401);
    let mut sockets = [panel.stream("").await.unwrap(), panel.stream("status=error").await.unwrap()];
    for socket in &mut sockets {
        assert_eq!(next_frame(socket).await.unwrap()["kind"], "hello");
    }
    append(&panel, 5).await;
    let mut seen = 0;
    while seen < 5 {
        seen += ids(&next_frame(&mut sockets[0]).await.unwrap()).len();
    }
    let response = panel.request(reqwest::Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
    let figure = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
    assert_eq!(figure("tailback_stream_clients"), Some(2.0), "{text}");
    assert_eq!(figure("tailback_stream_rows_total"), Some(5.0), "{text}");
    assert_eq!(figure("tailback_stream_queue_bytes"), Some(0.0), "{text}");
    assert!(figure("tailback_stream_lag_rows").is_some() && figure("tailback_trail_head").is_some_and(|head| head >= 5.0), "{text}");
    panel.serving.stop().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_another_process_wrote_and_cleared_are_told_or_a_gap(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let server = add_server(&panel, "web-1").await;
    let (_, schedule) = panel.post("/api/v1/schedules", &json!({"name": "nightly", "server_id": server, "kind": "reported"})).await;
    let schedule = schedule["id"].as_i64().unwrap();
    let (ada, _) = panel.serving.panel.accounts.by_token(&panel.token).await.unwrap().unwrap();
    let trail = panel.another_trail().await;
    let clearings = Clearings { database: panel.another_database().await, trail: trail.clone() };
    let mut live = panel.stream("").await.unwrap();
    assert_eq!(next_frame(&mut live).await.unwrap()["kind"], "hello");
    for round in 0..5 {
        let start = head(&panel).await;
        for _ in 0..4 {
            trail.append(LogRow::new(LogStatus::Info, SourceType::Files, "row").server(server).schedule(schedule)).await.unwrap();
        }
        clearings.clear(&ada, None).await.unwrap();
        let (mut told, mut was_cleared) = (Vec::new(), false);
        while !told.contains(&(start + 5)) || !was_cleared {
            let frame = next_frame(&mut live).await.unwrap();
            match frame["kind"].as_str().unwrap() {
                "rows" => told.extend(ids(&frame)),
                "gap" => told.extend(frame["from"].as_i64().unwrap()..=frame["to"].as_i64().unwrap()),
                kind => was_cleared |= kind == "cleared",
            }
        }
        assert_eq!(told, (start + 1..=start + 5).collect::<Vec<_>>(), "round {round}");
    }
    panel.serving.stop().await;
}
