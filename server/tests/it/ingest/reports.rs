//! What becomes of reports, however often and in whichever order they come.

use std::time::Duration;

use app::model::{SourceType, Timestamp};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};
use server::clock::Clock;
use server::ingest::tell_of_silence;
use server::store::runs;

use super::{Desk, PATH, fields, run_id};
use crate::support::engine::Engine;
use crate::support::panel::client;

const NOON: Timestamp = Timestamp::from_millis(1_795_345_200_000);

fn minutes(n: u64) -> Duration {
    Duration::from_mins(n)
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_reported_from_its_start_to_its_end(#[case] engine: Engine) {
    let clock = Clock::set_to(NOON);
    let desk = Desk::open_at(engine, clock.clone()).await;
    let id = run_id(1);
    let (status, answer) = desk.report("start", &id, json!({"type": "FILES", "at": "2026-11-22T10:59:50Z"})).await;
    assert_eq!((status, &answer), (StatusCode::CREATED, &json!({"run": id, "state": "running", "stop": false})));
    let run = desk.run(&id).await;
    assert_eq!(
        (&run["trigger"], &run["type"], &run["started_at"]),
        (&json!("reported"), &json!("FILES"), &json!("2026-11-22T10:59:50.000Z"))
    );

    let stats = json!({"percent": 45, "bytes": 1024, "speed_bps": 100, "eta_s": 7});
    let (status, answer) =
        desk.report("progress", &id, json!({"stats": stats, "message": "\u{1b}[1mcopying\u{1b}[0m --token=hunter2"})).await;
    assert_eq!((status, &answer["stop"]), (StatusCode::OK, &json!(false)));
    let progress = desk.run(&id).await["progress"].clone();
    assert_eq!(
        (&progress["percent"], &progress["bytes"], &progress["last_line"]),
        (&json!(45.0), &json!(1024), &json!("copying --token=***"))
    );

    for (offset, piece) in [(0, "first line\n"), (0, "first line\n"), (11, "password=hunter2\n"), (11, "password=hunter2\n")] {
        assert_eq!(desk.report("log", &id, json!({"detail": piece, "offset": offset})).await.0, StatusCode::OK);
    }
    clock.advance(minutes(2));
    let stats = json!({"bytes_done": 10, "bytes_total": 20, "bytes_written": 5, "files_done": 3, "files_total": 4, "files_written": 2, "point": "p1"});
    let end = json!({"exit_code": 23, "stats": stats, "message": "as every night"});
    let (status, answer) = desk.report("finish", &id, end.clone()).await;
    assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!("partial")));
    let ended = desk.run(&id).await;
    assert_eq!((&ended["exit_code"], &ended["duration_s"], &ended["point"]), (&json!(23), &json!(130), &json!("p1")));
    assert_eq!((&ended["bytes_total"], &ended["files_written"], &ended["progress"]), (&json!(20), &json!(2), &Value::Null));

    // Once more, and with another outcome: nothing changes.
    for code in [23, 0] {
        let (status, answer) = desk.report("finish", &id, json!({"exit_code": code})).await;
        assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!("partial")));
    }
    for event in ["start", "progress"] {
        assert_eq!(desk.report(event, &id, json!({})).await.1["state"], "partial");
    }
    assert_eq!(desk.run(&id).await, ended);
    let rows = desk.panel.rows_of(&id).await;
    assert_eq!(
        rows,
        [
            ("started".to_owned(), "FILES nightly started on web".to_owned()),
            ("warning".to_owned(), "FILES nightly: exit code 23: some files could not be transferred — as every night".to_owned()),
        ]
    );
    let row = desk.last_row(&id).await;
    assert_eq!((&row["detail"], &row["duration_s"], &row["point"]), (&json!("first line\npassword=***"), &json!(130), &json!("p1")));
    desk.close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_finish_alone_is_a_run(#[case] engine: Engine) {
    let desk = Desk::open_at(engine, Clock::set_to(NOON)).await;
    let (status, answer) = desk.report("finish", "", json!({"exit_code": 0, "stats": {"duration_s": 90}})).await;
    assert_eq!((status, &answer["state"]), (StatusCode::CREATED, &json!("completed")));
    let run = desk.run(answer["run"].as_str().unwrap()).await;
    assert_eq!((&run["duration_s"], &run["type"]), (&json!(90), &json!("OTHER")));
    assert_eq!(desk.statuses(run["id"].as_str().unwrap()).await, ["completed"]);

    let (_, unknown) = desk.report("finish", &run_id(2), json!({"exit_code": 1, "detail": "x: No space left on device"})).await;
    assert_eq!(unknown["state"], "failed");
    let run = desk.run(&run_id(2)).await;
    assert_eq!((&run["started_at"], &run["duration_s"]), (&Value::Null, &Value::Null));
    let said = desk.last_row(&run_id(2)).await["message"].as_str().unwrap().to_owned();
    assert!(said.starts_with("OTHER nightly: x: No space left on device — exit code 1"), "{said}");
    // Its start comes late.
    let (status, late) = desk.report("start", &run_id(2), json!({})).await;
    assert_eq!((status, &late["state"]), (StatusCode::OK, &json!("failed")));

    // Without a code nothing is known, and that is no success.
    let (_, blind) = desk.report("finish", "", json!({})).await;
    assert_eq!(blind["state"], "partial");
    // A sender that names no run means the one that goes on.
    let (_, begun) = desk.report("start", "", json!({})).await;
    assert_eq!(desk.report("progress", "", json!({"stats": {"bytes": 5}})).await.1["run"], begun["run"]);
    let (status, ended) = desk.report("finish", "", json!({"exit_code": 0})).await;
    assert_eq!((status, &ended["run"], &ended["state"]), (StatusCode::OK, &begun["run"], &json!("completed")));
    desk.close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_senders_that_repeat_and_reorder_leave_each_run_with_one_end(#[case] engine: Engine) {
    const SENDERS: usize = 10;
    let desk = std::sync::Arc::new(Desk::open(engine).await);
    let shared = run_id(999);
    let senders: Vec<_> = (0..SENDERS)
        .map(|n| {
            let (desk, shared) = (desk.clone(), shared.clone());
            tokio::spawn(async move {
                let own = run_id(n);
                let piece = json!({"detail": "a piece of log\n", "offset": 0});
                let end = json!({"exit_code": 0, "stats": {"files_done": n}});
                // The same run by all of them, and one of each sender's own, the end of which may come before its start.
                let mut reports = vec![
                    ("start", shared.clone(), json!({})),
                    ("log", shared.clone(), piece.clone()),
                    ("progress", shared.clone(), json!({"stats": {"bytes": n}})),
                    ("finish", shared.clone(), json!({"exit_code": 0})),
                    ("start", own.clone(), json!({})),
                    ("log", own.clone(), piece),
                    ("finish", own.clone(), end),
                ];
                reports.extend(reports.clone());
                for at in (1..reports.len()).rev() {
                    reports.swap(at, usize::from(server::random::bytes::<1>()[0]) % (at + 1));
                }
                for (event, run, more) in reports {
                    let (status, said) = desk.report(event, &run, more).await;
                    let expected = match event {
                        "start" => &[200, 201, 409][..],
                        "finish" => &[200, 201],
                        _ => &[200, 404],
                    };
                    assert!(expected.contains(&status.as_u16()), "{event} {status} {said}");
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let runs = desk.runs().await;
    assert_eq!(runs.len(), SENDERS + 1);
    for run in &runs {
        let id = run["id"].as_str().unwrap();
        assert_eq!(run["state"], "completed", "{run}");
        let statuses = desk.statuses(id).await;
        assert!(statuses == ["started", "completed"] || statuses == ["completed"], "{id}: {statuses:?}");
    }
    std::sync::Arc::into_inner(desk).unwrap().close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_new_run_waits_for_the_old_one_unless_that_has_fallen_silent(#[case] engine: Engine) {
    let clock = Clock::set_to(NOON);
    let desk = Desk::open_at(engine, clock.clone()).await;
    let (old, new) = (run_id(1), run_id(2));
    assert_eq!(desk.report("start", &old, json!({})).await.0, StatusCode::CREATED);
    let (status, problem) = desk.report("start", &new, json!({})).await;
    assert_eq!((status, &problem["run"]), (StatusCode::CONFLICT, &json!(old)));
    // Of another type it is another job.
    assert_eq!(desk.report("start", &run_id(3), json!({"type": "VM"})).await.0, StatusCode::CREATED);
    desk.report("finish", &run_id(3), json!({"exit_code": 0})).await;

    clock.advance(minutes(8));
    desk.report("progress", &old, json!({})).await;
    clock.advance(minutes(8));
    assert_eq!(desk.report("start", &new, json!({})).await.0, StatusCode::CONFLICT, "it was heard of eight minutes ago");
    clock.advance(minutes(3));
    assert_eq!(desk.report("start", &new, json!({})).await.0, StatusCode::CREATED);
    let ended = desk.run(&old).await;
    assert_eq!((&ended["state"], &ended["duration_s"]), (&json!("partial"), &json!(8 * 60)));
    assert_eq!(desk.statuses(&old).await, ["started", "warning"]);
    assert_eq!(desk.last_row(&old).await["message"], "OTHER nightly: nothing more was heard of it");

    // It was alive after all: its real end counts, once.
    for _ in 0..2 {
        let (status, answer) = desk.report("finish", &old, json!({"exit_code": 0})).await;
        assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!("completed")));
    }
    assert_eq!(desk.statuses(&old).await, ["started", "warning", "completed"]);
    assert_eq!(desk.run(&new).await["state"], "running");
    desk.close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn silence_is_told_once_until_the_run_is_heard_again(#[case] engine: Engine) {
    let clock = Clock::set_to(NOON);
    let desk = Desk::open_at(engine, clock.clone()).await;
    let intake = desk.panel.serving.panel.intake.clone();
    let id = run_id(1);
    desk.report("start", &id, json!({})).await;
    let warnings = async || {
        tell_of_silence(&intake).await.unwrap();
        tell_of_silence(&intake).await.unwrap();
        desk.statuses(&id).await.iter().filter(|status| *status == "warning").count()
    };
    clock.advance(minutes(14));
    assert_eq!(warnings().await, 0);
    clock.advance(minutes(2));
    assert_eq!(warnings().await, 1);
    assert_eq!(desk.last_row(&id).await["message"], "nothing heard of OTHER nightly for 16 m 00 s; it counts as running");
    clock.advance(minutes(300));
    assert_eq!(warnings().await, 1);
    assert_eq!(desk.run(&id).await["state"], "running");
    desk.report("log", &id, json!({"detail": "still here\n"})).await;
    assert_eq!(warnings().await, 1);
    clock.advance(minutes(16));
    assert_eq!(warnings().await, 2);

    // Somebody wants it to end, and nobody answers.
    assert_eq!(desk.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await.0, StatusCode::ACCEPTED);
    tell_of_silence(&intake).await.unwrap();
    tell_of_silence(&intake).await.unwrap();
    assert_eq!(desk.run(&id).await["state"], "canceled");
    let row = desk.last_row(&id).await;
    assert_eq!(row["message"], "OTHER nightly: stopped by ada — nothing more was heard of it");
    assert_eq!(row["detail"], "still here");
    desk.close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_stop_is_heard_with_the_next_answer(#[case] engine: Engine) {
    let desk = Desk::open(engine).await;
    let id = run_id(1);
    desk.report("start", &id, json!({})).await;
    assert_eq!(desk.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await.0, StatusCode::ACCEPTED);
    // The checker, which looks at the same server, has no say in it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (_, answer) = desk.report("progress", &id, json!({"stats": {"bytes": 1}})).await;
    assert_eq!((&answer["state"], &answer["stop"]), (&json!("canceling"), &json!(true)));
    let (_, ended) = desk.report("finish", &id, json!({"exit_code": 143})).await;
    assert_eq!((&ended["state"], &ended["stop"]), (&json!("canceled"), &json!(false)));
    assert_eq!(desk.last_row(&id).await["message"], "OTHER nightly: stopped by ada");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_of_a_report_is_named() {
    let desk = Desk::open(Engine::Sqlite).await;
    let oracle = desk.add_schedule("oracle", json!({"kind": "reported", "command": {"source_type": "ORACLE"}})).await;
    let schedule = desk.schedule;
    let table = [
        (json!([]), vec!["body"]),
        (json!({}), vec!["schedule", "event"]),
        (json!({"schedule": "x", "event": "begin"}), vec!["schedule", "event"]),
        (
            json!({"schedule": schedule, "event": "start", "run": "..", "at": "noon", "type": "TAPE", "colour": 1}),
            vec!["run", "at", "type", "colour"],
        ),
        (
            json!({"schedule": schedule, "event": "start", "type": "SYSTEM", "exit_code": 0, "stats": {}}),
            vec!["type", "exit_code", "stats"],
        ),
        (json!({"schedule": oracle, "event": "start", "type": "VM"}), vec!["type"]),
        (json!({"schedule": schedule, "event": "log", "offset": -1}), vec!["detail", "offset"]),
        (
            json!({"schedule": schedule, "event": "progress", "stats": {"percent": 101, "eta_s": -1, "files_done": 1, "x": 1}}),
            vec!["stats.x", "stats.percent", "stats.eta_s", "stats.files_done"],
        ),
        (
            json!({"schedule": schedule, "event": "finish", "exit_code": 1e12, "message": 7, "stats": {"bytes_done": 0.5, "point": "a\nb"}}),
            vec!["stats.bytes_done", "exit_code", "message", "stats.point"],
        ),
    ];
    for (body, expected) in table {
        let (status, problem) = desk.panel.post(PATH, &body).await;
        assert_eq!((status, fields(&problem)), (StatusCode::BAD_REQUEST, expected), "{body}: {problem}");
    }
    let (status, problem) = desk.panel.post(&format!("{PATH}?x=1"), &json!({"schedule": schedule, "event": "start"})).await;
    assert_eq!((status, fields(&problem)), (StatusCode::BAD_REQUEST, vec!["x"]));
    assert!(desk.runs().await.is_empty());

    // An id belongs to one schedule.
    desk.report("start", &run_id(1), json!({})).await;
    let (status, problem) = desk.panel.post(PATH, &json!({"schedule": oracle, "event": "start", "run": run_id(1)})).await;
    assert_eq!((status, fields(&problem)), (StatusCode::BAD_REQUEST, vec!["run"]));

    let watched = json!({"kind": "watched", "watch": {"source_type": "VM", "process": "qmrestore"}});
    let watched = desk.add_schedule("watched", watched).await;
    let (status, problem) = desk.panel.post(PATH, &json!({"schedule": watched, "event": "start"})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert_eq!(desk.panel.post(PATH, &json!({"schedule": 999, "event": "start"})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(desk.report("progress", &run_id(7), json!({})).await.0, StatusCode::NOT_FOUND);
    desk.report("finish", &run_id(1), json!({"exit_code": 0})).await;
    assert_eq!(desk.report("progress", "", json!({})).await.0, StatusCode::CONFLICT);
    desk.close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_keeps_its_end_and_a_body_has_a_limit(#[case] engine: Engine) {
    let desk = Desk::open(engine).await;
    let id = run_id(1);
    desk.report("start", &id, json!({"detail": "begin\n"})).await;
    for n in 0..6 {
        let piece = format!("{}\u{0}\u{1b}[1m piece {n}\n", "x".repeat(100_000));
        assert_eq!(desk.report("log", &id, json!({"detail": piece})).await.0, StatusCode::OK);
    }
    // Every byte of it is escaped.
    let (status, _) = desk.report("log", &id, json!({"detail": "\u{1}".repeat(256 * 1024)})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(desk.report("log", &id, json!({"detail": "last line\n"})).await.0, StatusCode::OK);
    let huge = json!({"schedule": desk.schedule, "event": "log", "run": id, "detail": "y".repeat(3 << 20)});
    // The connection may be closed before all of it is sent; it is one of its own, so that nobody else is given it.
    let refused = client().post(desk.panel.url(PATH)).bearer_auth(&desk.panel.token).json(&huge).send().await;
    assert!(refused.is_err() || refused.is_ok_and(|answer| answer.status() == StatusCode::PAYLOAD_TOO_LARGE));
    desk.report("finish", &id, json!({"exit_code": 0})).await;
    assert!(desk.last_row(&id).await["detail"].as_str().unwrap().ends_with("last line"));
    desk.close().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_report_counts_for_the_timetable_whatever_type_it_names(#[case] engine: Engine) {
    let desk = Desk::open_at(engine, Clock::set_to(NOON)).await;
    let came = async |since: Timestamp| {
        let mut tx = desk.panel.serving.panel.database.begin().await.unwrap();
        runs::any_since(&mut tx, desk.schedule, SourceType::Other, since).await.unwrap()
    };
    assert!(!came(NOON).await);
    desk.report("finish", "", json!({"exit_code": 0, "type": "VM", "at": "2026-11-22T10:59:00Z"})).await;
    assert!(came(NOON.plus_millis(-60_000)).await && !came(NOON).await);
    desk.close().await;
}
