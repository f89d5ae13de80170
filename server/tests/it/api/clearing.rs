//! Clear backup logs: what goes, what stays, and that the trail can still be proved.

use std::process::Command;

use app::model::{CommandJob, LogStatus, ScheduleDraft, ScheduleKind, SourceType, Trigger, Zone};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use server::audit::LogRow;
use server::jobs::Job;
use server::store::log::{self, NewLogEntry};
use server::store::runs::{self, NewRun};
use server::store::{Sql, schedules};
use server::verify::{Finding, verify};

use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, answer, next_frame};

/// A panel whose trail has rows of three schedules: one that is idle, one that is running, one that was removed.
async fn with_rows(engine: Engine) -> TestPanel {
    let panel = TestPanel::start(engine).await;
    let key = "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ".parse().unwrap();
    let server = panel.add_server("away", 1, "nobody", &key).await.id;
    let (database, trail, now) = (&panel.serving.panel.database, &panel.serving.panel.trail, panel.serving.panel.clock.now());
    let command = CommandJob { source_type: SourceType::Vm, command: "true".to_owned(), success_codes: vec![0], warning_codes: vec![] };
    for (n, name) in ["idle", "running", "removed"].into_iter().enumerate() {
        let mut tx = database.begin().await.unwrap();
        let draft = ScheduleDraft { command: Some(command.clone()), ..ScheduleDraft::new(name, server, ScheduleKind::Reported) };
        let id = schedules::insert(&mut tx, &draft, now).await.unwrap();
        if name == "running" {
            let run = NewRun {
                id: "01KAMZ3V7S9B3J1Q6Y1C2D3E4F".parse().unwrap(),
                schedule_id: id,
                server_id: server,
                trigger: Trigger::Reported,
                created_at: now,
                due_at: None,
                start_by: now,
                job: Job::Reported { command: Some(command.clone()) },
            };
            runs::insert_running(&mut tx, &run, Some(now)).await.unwrap();
        }
        if name == "removed" {
            schedules::remove(&mut tx, id, now).await.unwrap();
        }
        tx.commit().await.unwrap();
        for row in 0..(n + 1) * 3 {
            let row =
                LogRow::new(LogStatus::Completed, SourceType::Vm, format!("{name} {row}")).server(server).schedule(id).detail(b"its log");
            trail.append(row).await.unwrap();
        }
    }
    panel
}

async fn messages(panel: &TestPanel) -> Vec<String> {
    let (_, page) = panel.get("/api/v1/logs?limit=500&type=VM").await;
    page["entries"].as_array().unwrap().iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect()
}

async fn clear(panel: &TestPanel) -> (StatusCode, Value) {
    answer(panel.request(Method::DELETE, "/api/v1/logs")).await
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rows_of_idle_and_removed_schedules_go_and_the_trail_is_still_proved(#[case] engine: Engine) {
    let panel = with_rows(engine).await;
    let expected = json!({"deleted": 12, "orphans": 9, "kept": 6});
    assert_eq!(panel.get("/api/v1/logs/clearing").await, (StatusCode::OK, expected.clone()), "counted first, exactly");
    assert_eq!(messages(&panel).await.len(), 18, "counting removes nothing");
    let mut stream = panel.stream("").await.unwrap();
    assert_eq!(next_frame(&mut stream).await.unwrap()["kind"], "hello");
    // Two at once: one clears, the other finds nothing left.
    let (first, second) = tokio::join!(clear(&panel), clear(&panel));
    let deleted = [&first, &second].map(|(status, counts)| (*status == StatusCode::OK).then(|| counts["deleted"].as_i64().unwrap()));
    assert!(matches!(deleted, [Some(12), Some(0)] | [Some(0), Some(12)]), "{first:?} {second:?}");
    let left = messages(&panel).await;
    assert!(left.len() == 6 && left.iter().all(|message| message.starts_with("running")), "{left:?}");
    let (_, page) = panel.get("/api/v1/logs?type=SYSTEM&limit=1").await;
    let told = page["entries"][0]["message"].as_str().unwrap();
    assert!(told.starts_with("ada cleared the backup logs: 12 rows from "), "{told}");
    // A stream that was open is told, and goes on.
    let mut kinds = Vec::new();
    while !(kinds.contains(&"cleared".to_owned()) && kinds.contains(&"rows".to_owned())) {
        let frame = next_frame(&mut stream).await.unwrap();
        kinds.push(frame["kind"].as_str().unwrap().to_owned());
    }
    let database = &panel.serving.panel.database;
    assert!(matches!(verify(database, None).await.unwrap(), Finding::Sound { cleared: 12, .. }));
    // What stays of cleared rows cannot be touched either, nor more rows be made to look cleared.
    for touch in [
        "update cleared_row set leaf = (select leaf from cleared_row order by id limit 1) where id = (select max(id) from cleared_row)",
        "delete from cleared_row where id = (select min(id) from cleared_row)",
        "update cleared_row set seal = null",
    ] {
        let mut tx = database.begin().await.unwrap();
        tx.execute(Sql::new("create table kept as select * from cleared_row")).await.unwrap();
        tx.execute(Sql::new(touch)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(verify(database, None).await.unwrap(), Finding::Broken { .. }), "{touch}");
        let mut tx = database.begin().await.unwrap();
        for put_back in ["delete from cleared_row", "insert into cleared_row select * from kept", "drop table kept"] {
            tx.execute(Sql::new(put_back)).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    // And it is found where it was touched.
    let middle = "(select id from cleared_row order by id limit 1 offset 5)";
    let mut touches = vec![
        format!("update cleared_row set leaf = seal where id = {middle}"),
        format!("update cleared_row set seal = leaf where id = {middle}"),
        format!("update cleared_row set server_id = 99 where id = {middle}"),
        format!("update cleared_row set tombstone = tombstone + 1 where id = {middle}"),
    ];
    if matches!(engine, Engine::Sqlite) {
        touches.push(format!("update cleared_row set server_id = 'x' where id = {middle}"));
        touches.push(format!("update cleared_row set tombstone = x'00' where id = {middle}"));
    }
    for touch in touches {
        let touch: &'static str = touch.leak();
        let mut tx = database.begin().await.unwrap();
        let sql = Sql::new("select id from cleared_row order by id limit 1 offset 5");
        let touched = tx.fetch_one(sql).await.unwrap().int("id").unwrap();
        tx.execute(Sql::new("create table kept as select * from cleared_row")).await.unwrap();
        tx.execute(Sql::new(touch)).await.unwrap();
        tx.commit().await.unwrap();
        let found = verify(database, None).await.unwrap();
        assert!(matches!(found, Finding::Broken { id, .. } if id == touched), "{touch}: {found:?}, not {touched}");
        let mut tx = database.begin().await.unwrap();
        for put_back in ["delete from cleared_row", "insert into cleared_row select * from kept", "drop table kept"] {
            tx.execute(Sql::new(put_back)).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    assert!(matches!(verify(database, None).await.unwrap(), Finding::Sound { .. }));
    panel.serving.stop().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn very_many_rows_go_piece_by_piece(#[case] engine: Engine) {
    let panel = with_rows(engine).await;
    let inside = &panel.serving.panel;
    let (ada, _) = inside.accounts.by_token(&panel.token).await.unwrap().unwrap();
    let filter = app::model::LogQuery::parse("q=idle&limit=1").unwrap();
    let idle = inside.history.list(&ada, filter).await.unwrap().entries.remove(0);
    let row = NewLogEntry {
        at: idle.at,
        status: idle.status,
        source_type: idle.source_type,
        server_id: idle.server.map(|server| server.id),
        schedule_id: idle.schedule.map(|schedule| schedule.id),
        run_id: None,
        point: None,
        duration_s: None,
        message: "one of many".to_owned(),
        detail: None,
        exit_code: None,
    };
    let mut tx = inside.database.begin().await.unwrap();
    log::append(&mut tx, &vec![row; 2500], &Zone::utc()).await.unwrap();
    tx.commit().await.unwrap();
    let counts = inside.clearings.clear_in_pieces(&ada, None, 1000).await.unwrap();
    assert_eq!((counts.deleted, counts.orphans, counts.kept), (2512, 9, 6));
    let (_, page) = panel.get("/api/v1/logs?q=cleared&type=SYSTEM").await;
    let told: Vec<_> = page["entries"].as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap()).collect();
    assert!(told.len() == 3 && told.iter().all(|told| told.contains(" of 2512 rows from ")), "{told:?}");
    assert!(matches!(verify(&inside.database, None).await.unwrap(), Finding::Sound { cleared: 2512, .. }));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_page_clears_only_what_was_confirmed() {
    let panel = with_rows(Engine::Sqlite).await;
    let page = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, asked) = page(panel.request(Method::GET, "/logs/clear")).await;
    assert!(status == 200 && asked.contains("Clear 12 entries?") && asked.contains("9 of them of schedules that were deleted"), "{asked}");
    assert!(asked.contains("data-busy=\"Clearing …\""), "a second click is none");
    let up_to = asked.split("name=\"up_to\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let post = |deleted: &str, up_to: &str| panel.request(Method::POST, "/logs/clear").form(&[("deleted", deleted), ("up_to", up_to)]);
    for (deleted, up_to) in [("11", up_to.as_str()), ("12", "")] {
        let (status, again) = page(post(deleted, up_to)).await;
        assert!(status == 409 && again.contains("Nothing was cleared"), "{again}");
    }
    assert_eq!(messages(&panel).await.len(), 18);
    // What is written before it is confirmed was not asked about.
    let (_, page_of_idle) = panel.get("/api/v1/logs?limit=1&q=idle").await;
    let (server, schedule) = (&page_of_idle["entries"][0]["server"]["id"], &page_of_idle["entries"][0]["schedule"]["id"]);
    let late = LogRow::new(LogStatus::Completed, SourceType::Vm, "idle and late");
    let late = late.server(server.as_i64().unwrap()).schedule(schedule.as_i64().unwrap());
    panel.serving.panel.trail.append(late).await.unwrap();
    let done = post("12", &up_to).send().await.unwrap();
    assert_eq!((done.status().as_u16(), done.headers()["location"].to_str().unwrap()), (303, "/logs?said=cleared-12"));
    assert_eq!(messages(&panel).await.len(), 7);
    let (_, told) = page(panel.request(Method::GET, "/logs?said=cleared-12")).await;
    assert!(told.contains("12 entries are cleared.") && told.contains("running 0"), "{told}");
    let (_, forged) = page(panel.request(Method::GET, "/logs?said=cleared-all%20is%20well")).await;
    assert!(!forged.contains("cleared.") && !forged.contains("class=\"flash\""), "{forged}");
    assert_eq!(answer(panel.request(Method::DELETE, "/api/v1/logs")).await.1["deleted"], 1);
    let (_, nothing) = page(panel.request(Method::GET, "/logs/clear")).await;
    assert!(nothing.contains("There is nothing to clear") && !nothing.contains("<button class=\"button button--danger\""), "{nothing}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_may_clear_and_not_read_is_told_on_a_page_of_their_own() {
    let panel = with_rows(Engine::Sqlite).await;
    let role = json!({"name": "sweeper", "permissions": ["clear_backup_logs"]});
    assert_eq!(panel.post("/api/v1/roles", &role).await.0, StatusCode::CREATED);
    panel.serving.panel.accounts.create("sue", "correct horse battery".to_owned(), "sweeper").await.unwrap();
    let token = panel.serving.panel.accounts.create_token("sue", "test", None).await.unwrap().text().to_owned();
    let asked = async |path: &str| panel.anonymous(Method::GET, path).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    let question = asked("/logs/clear").await;
    assert!(question.contains("Clear 12 entries?") && !question.contains("href=\"/logs\""), "{question}");
    let up_to = question.split("name=\"up_to\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let fields = [("deleted", "12"), ("up_to", up_to.as_str())];
    let done = panel.anonymous(Method::POST, "/logs/clear").bearer_auth(&token).form(&fields).send().await.unwrap();
    let next = done.headers()["location"].to_str().unwrap();
    assert_eq!((done.status(), next), (StatusCode::SEE_OTHER, "/logs/clear?said=cleared-12"));
    assert!(asked(next).await.contains("12 entries are cleared."));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_command_says_whether_the_trail_is_sound() {
    let panel = with_rows(Engine::Sqlite).await;
    let data_dir = panel.dir.path().join("data");
    let verify = || Command::new(env!("CARGO_BIN_EXE_tailback")).arg("verify").arg("--data-dir").arg(&data_dir).output().unwrap();
    let sound = verify();
    let said = String::from_utf8(sound.stdout).unwrap();
    assert!(sound.status.success() && said.starts_with("sound up to row ") && said.contains("\nhash "), "{said}");
    let mut tx = panel.serving.panel.database.begin().await.unwrap();
    tx.execute(Sql::new("update log_entry set message = 'all is well' where message = 'running 2'")).await.unwrap();
    tx.commit().await.unwrap();
    let broken = verify();
    let said = String::from_utf8(broken.stdout).unwrap();
    assert!(broken.status.code() == Some(1) && said.contains("the row is not what was written"), "{said}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_may_not_clear_clears_nothing() {
    let panel = with_rows(Engine::Sqlite).await;
    panel.serving.panel.accounts.create("oscar", "correct horse battery".to_owned(), "operator").await.unwrap();
    let token = panel.serving.panel.accounts.create_token("oscar", "test", None).await.unwrap().text().to_owned();
    for (method, path) in [(Method::DELETE, "/api/v1/logs"), (Method::GET, "/api/v1/logs/clearing")] {
        let (status, _) = answer(panel.anonymous(method, path).bearer_auth(&token)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    // A filter is refused, not ignored: it would clear more than was meant.
    let (status, _) = answer(panel.request(Method::DELETE, "/api/v1/logs?status=info")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(messages(&panel).await.len(), 18);
    panel.serving.stop().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rows_that_are_too_old_go_and_the_trail_is_proved_all_the_same(#[case] engine: Engine) {
    let start = app::model::Timestamp::from_millis(1_795_345_200_000);
    let clock = server::clock::Clock::set_to(start);
    let panel = TestPanel::start_at(engine, clock.clone()).await;
    let (inner, day) = (&panel.serving.panel, std::time::Duration::from_hours(24));
    for n in 0..10 {
        inner.trail.append(LogRow::new(LogStatus::Completed, SourceType::Vm, format!("day {n}"))).await.unwrap();
        clock.advance(day);
    }
    server::indexer::index_all(&inner.database, &inner.zone, &inner.stop).await.unwrap();
    let removed = async || server::clearing::remove_old(&inner.clearings, &inner.zone, 3, clock.now()).await.unwrap();
    assert!(removed().await >= 7);
    assert_eq!(removed().await, 0, "what has gone is gone");
    assert_eq!(messages(&panel).await, ["day 9", "day 8", "day 7"]);
    assert!(matches!(verify(&inner.database, None).await.unwrap(), Finding::Sound { cleared, .. } if cleared >= 7));
    // The row that tells of it is old one day, and stays: it vouches for what is gone.
    clock.advance(day * 10);
    inner.trail.append(LogRow::new(LogStatus::Completed, SourceType::Vm, "late")).await.unwrap();
    server::indexer::index_all(&inner.database, &inner.zone, &inner.stop).await.unwrap();
    assert_eq!(removed().await, 3);
    assert_eq!(messages(&panel).await, ["late"]);
    let (_, told) = panel.get("/api/v1/logs?q=removed+%22kept+for+3+days%22").await;
    assert_eq!(told["total"], 2, "{told}");
    assert!(matches!(verify(&inner.database, None).await.unwrap(), Finding::Sound { .. }));
    panel.serving.stop().await;
}
