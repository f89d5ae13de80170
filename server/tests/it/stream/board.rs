//! What Monitor is told besides rows and runs: its counters and its servers, as they change.

use app::model::{LogStatus, Progress, SourceType};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use server::audit::LogRow;
use server::clearing::Clearings;
use server::store::runs;
use tokio_tungstenite::tungstenite::Message;

use crate::people::{Person, add_server};
use crate::support::engine::Engine;
use crate::support::panel::{PATIENCE, Socket, TestPanel, answer, next_frame};

/// The next frame of a kind that says something; others are passed over.
async fn next_of(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let frame = next_frame(socket).await.expect("the stream goes on");
        let is_beat = frame == json!({"kind": "servers", "servers": [], "removed": []});
        if frame["kind"] == kind && !is_beat {
            return frame;
        }
    }
}

/// Of the last day; a page is told of what there is.
fn errors(glance: &Value) -> i64 {
    glance["glance"]["day"]["rows"]["error"].as_i64().unwrap_or_else(|| panic!("not counted: {glance}"))
}

fn names(frame: &Value) -> Vec<&str> {
    frame["servers"].as_array().unwrap().iter().map(|server| server["name"].as_str().unwrap()).collect()
}

/// The code with which a stream is closed.
async fn closing_code(socket: &mut Socket) -> u16 {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await.expect("a frame comes in time") {
            Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
            Some(Ok(Message::Ping(_))) => socket.flush().await.unwrap(),
            Some(Ok(_)) => {}
            other => panic!("closed without a code: {other:?}"),
        }
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_told_of_counters_and_servers_when_they_change(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let one = add_server(&panel, "one").await;
    let mut page = panel.stream("monitor=true").await.unwrap();
    assert_eq!(next_frame(&mut page).await.unwrap()["kind"], "hello");
    assert_eq!(
        next_frame(&mut page).await.unwrap(),
        json!({"kind": "runs", "runs": [], "all": true}),
        "there are none, which a page must know"
    );
    let glance = next_of(&mut page, "glance").await;
    assert_eq!(errors(&glance), 0, "{glance}");
    let told = next_of(&mut page, "servers").await;
    assert_eq!((names(&told), &told["all"]), (vec!["one"], &json!(true)));

    // A failure is counted, and told once.
    panel.serving.panel.trail.append(LogRow::system(LogStatus::Error, "broken").server(one)).await.unwrap();
    while errors(&next_of(&mut page, "glance").await) != 1 {}

    // Only what has changed is told.
    let two = add_server(&panel, "two").await;
    let told = next_of(&mut page, "servers").await;
    assert_eq!((names(&told), &told["removed"]), (vec!["two"], &json!([])));
    assert_eq!(answer(panel.request(Method::DELETE, &format!("/api/v1/servers/{two}"))).await.0, StatusCode::NO_CONTENT);
    let told = next_of(&mut page, "servers").await;
    assert_eq!((names(&told), &told["removed"]), (vec![], &json!([two])));

    // A run that waits for its server, or that another process looks after, is told of by nobody but the database.
    let files = json!({"name": "nightly", "server_id": one, "kind": "managed", "files": {"sources": ["/etc"], "destination": "/backup"}});
    let (status, schedule) = panel.post("/api/v1/schedules", &files).await;
    assert_eq!(status, StatusCode::CREATED, "{schedule}");
    let (status, started) = panel.post(&format!("/api/v1/schedules/{}/run", schedule["id"]), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{started}");
    let told = loop {
        let told = next_of(&mut page, "runs").await;
        if told["runs"] != json!([]) {
            break told;
        }
    };
    assert_eq!((&told["runs"][0]["id"], &told["runs"][0]["state"]), (&started["runs"][0]["id"], &json!("queued")), "{told}");
    let id = serde_json::from_value(started["runs"][0]["id"].clone()).unwrap();
    let other = panel.another_database().await;
    let now = panel.serving.panel.clock.now();
    let mut tx = other.begin().await.unwrap();
    assert!(runs::mark_running(&mut tx, &id, now).await.unwrap());
    let progress = Progress { percent: Some(40.0), ..Progress::default() };
    runs::record_progress(&mut tx, &id, &progress, now.plus_millis(1000)).await.unwrap();
    tx.commit().await.unwrap();
    let told = next_of(&mut page, "runs").await;
    assert_eq!((&told["runs"][0]["state"], &told["runs"][0]["progress"]["percent"]), (&json!("running"), &json!(40.0)), "{told}");

    // Another page begins with all of it, and who did not ask hears nothing of it.
    let mut another = panel.stream("monitor=true").await.unwrap();
    assert_eq!(errors(&next_of(&mut another, "glance").await), 1);
    assert_eq!(names(&next_of(&mut another, "servers").await), ["one"]);
    let mut plain = panel.stream("monitor=false").await.unwrap();
    assert_eq!(next_frame(&mut plain).await.unwrap()["kind"], "hello");
    let told = next_frame(&mut plain).await.unwrap();
    assert_eq!((&told["kind"], told.get("all")), (&json!("runs"), None));
    panel.serving.panel.trail.append(LogRow::system(LogStatus::Error, "again").server(one)).await.unwrap();
    while errors(&next_of(&mut another, "glance").await) != 2 {}
    assert_eq!(next_frame(&mut plain).await.unwrap()["kind"], "rows");
    panel.serving.stop().await;
    assert_eq!(next_frame(&mut plain).await.unwrap()["kind"], "bye", "rows, and then nothing but the goodbye");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_what_its_viewer_may_see_and_is_loaded_anew_when_that_changes() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let (mine, theirs) = (add_server(&panel, "mine").await, add_server(&panel, "theirs").await);
    let omar = Person::make(&panel, "omar", "operator", &[mine]).await;
    panel.serving.panel.trail.append(LogRow::system(LogStatus::Error, "broken").server(theirs)).await.unwrap();
    let mut page = omar.stream(&panel, "monitor=true").await.unwrap();
    let rights = next_of(&mut page, "hello").await["rights"].clone();
    assert_eq!(errors(&next_of(&mut page, "glance").await), 0);
    assert_eq!(names(&next_of(&mut page, "servers").await), ["mine"]);

    omar.limit_to(&panel, &[theirs]).await;
    assert_eq!(closing_code(&mut page).await, 4001);
    let mut page = omar.stream(&panel, "monitor=true").await.unwrap();
    // By which a page that was away meanwhile knows that it must not go on.
    assert_ne!(next_of(&mut page, "hello").await["rights"], rights);
    assert_eq!(errors(&next_of(&mut page, "glance").await), 1);
    assert_eq!(names(&next_of(&mut page, "servers").await), ["theirs"]);

    assert_eq!(panel.stream("monitor=perhaps").await.unwrap_err(), 400);
    let (_, role) = panel.post("/api/v1/roles", &json!({"name": "reader", "permissions": ["view_backup_logs_page"]})).await;
    let reader = Person::make(&panel, "rita", role["name"].as_str().unwrap(), &[]).await;
    let mut plain = reader.stream(&panel, "").await.unwrap();
    assert_eq!(next_frame(&mut plain).await.unwrap()["kind"], "hello");
    assert_eq!(reader.stream(&panel, "monitor=true").await.unwrap_err(), 403);
    panel.serving.stop().await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_during_a_clearing_is_told_that_rows_they_have_are_gone(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let (mine, theirs) = (add_server(&panel, "mine").await, add_server(&panel, "theirs").await);
    let omar = Person::make(&panel, "omar", "operator", &[mine]).await;
    let (_, schedule) = panel.post("/api/v1/schedules", &json!({"name": "nightly", "server_id": theirs, "kind": "reported"})).await;
    let row = LogRow::new(LogStatus::Info, SourceType::Files, "theirs").server(theirs).schedule(schedule["id"].as_i64().unwrap());
    let seen = panel.serving.panel.trail.append(row).await.unwrap();
    let (ada, _) = panel.serving.panel.accounts.by_token(&panel.token).await.unwrap().unwrap();
    let clearings = Clearings { database: panel.serving.panel.database.clone(), trail: panel.serving.panel.trail.clone() };
    let cleared = clearings.clear(&ada, None).await.unwrap();
    assert!(cleared.deleted > 0);

    let mut back = panel.stream(&format!("after={seen}")).await.unwrap();
    assert_eq!(next_frame(&mut back).await.unwrap()["kind"], "hello");
    assert_eq!(next_frame(&mut back).await.unwrap(), json!({"kind": "cleared", "up_to": seen}));
    // Not who had seen the row that tells of it, nor who never saw that server.
    let told = next_of(&mut back, "rows").await["rows"].as_array().unwrap().last().unwrap()["id"].as_i64().unwrap();
    panel.serving.panel.trail.append(LogRow::system(LogStatus::Info, "mine").server(mine)).await.unwrap();
    let mut later = panel.stream(&format!("after={told}")).await.unwrap();
    let mut other = omar.stream(&panel, &format!("after={seen}")).await.unwrap();
    for socket in [&mut later, &mut other] {
        assert_eq!(next_frame(socket).await.unwrap()["kind"], "hello");
        assert_eq!(next_frame(socket).await.unwrap()["kind"], "rows");
    }

    // The same for a page that the stream does not reach.
    let read = async |after: i64| panel.post("/api/sf/read_rows", &json!({"after": after})).await.1["cleared"].clone();
    assert_eq!((read(seen).await, read(told).await), (json!(true), json!(false)));
    panel.serving.stop().await;
}
