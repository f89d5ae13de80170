//! What good and bad backups come to.

use std::os::unix::fs::MetadataExt as _;

use rstest::rstest;
use serde_json::{Value, json};
use server::demo::PrivateMariadb;

use super::{Yard, files};
use crate::support::engine::Engine;
use crate::support::panel::eventually;

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_become_points_that_share_what_has_not_changed(#[case] engine: Engine) {
    let yard = Yard::start(engine).await;
    yard.write("it's data/kept.txt", b"the same");
    yard.write("it's data/changed.txt", b"before");
    let schedule = yard.schedule("data", files(&[yard.path("it's data")], yard.path("points"))).await;
    let first = yard.run_to_end(schedule).await;
    assert_eq!((&first["state"], &first["exit_code"], &first["files_written"]), (&json!("completed"), &json!(0), &json!(2)), "{first}");
    assert_eq!(first["bytes_total"], 14);
    yard.write("it's data/changed.txt", b"after, and longer");
    let second = yard.run_to_end(schedule).await;
    assert_eq!((&second["state"], &second["files_written"]), (&json!("completed"), &json!(1)), "{second}");
    let inside = |run: &Value, name: &str| {
        let path = yard.path(&format!("points/{}", run["point"].as_str().unwrap()));
        std::path::PathBuf::from(path + &yard.path(&format!("it's data/{name}")))
    };
    assert_eq!(std::fs::read(inside(&first, "changed.txt")).unwrap(), b"before");
    assert_eq!(std::fs::read(inside(&second, "changed.txt")).unwrap(), b"after, and longer");
    let inode = |run: &Value| std::fs::metadata(inside(run, "kept.txt")).unwrap().ino();
    assert_eq!(inode(&first), inode(&second), "an unchanged file is stored once");
    let rows = yard.panel.rows_of(first["id"].as_str().unwrap()).await;
    assert_eq!(rows.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(), ["started", "completed"], "{rows:?}");
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_missing_source_makes_a_partial_point_and_a_warning() {
    let yard = Yard::start(Engine::Sqlite).await;
    yard.write("data/a", b"a");
    let schedule = yard.schedule("partial", files(&[yard.path("data"), yard.path("gone")], yard.path("points"))).await;
    let run = yard.run_to_end(schedule).await;
    assert_eq!((&run["state"], &run["exit_code"], &run["bytes_done"]), (&json!("partial"), &json!(23), &Value::Null), "{run}");
    assert!(run["point"].is_string());
    let rows = yard.panel.rows_of(run["id"].as_str().unwrap()).await;
    assert_eq!(rows[1].0, "warning");
    assert!(rows[1].1.contains("No such file or directory") && rows[1].1.contains("exit code 23"), "{rows:?}");
    let (_, page) = yard.panel.get("/api/v1/logs?status=warning").await;
    let (_, entry) = yard.panel.get(&format!("/api/v1/logs/{}", page["entries"][0]["id"])).await;
    assert!(entry["detail"].as_str().unwrap().contains("gone"), "{entry}");
    assert_eq!(entry["explanation"], "some files could not be transferred");
    assert!(entry["next_step"].is_string());
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_destination_that_cannot_be_written_is_an_error() {
    let yard = Yard::start(Engine::Sqlite).await;
    yard.write("data/a", b"a");
    yard.write("occupied", b"a file where a directory should be");
    let schedule = yard.schedule("blocked", files(&[yard.path("data")], yard.path("occupied/points"))).await;
    let run = yard.run_to_end(schedule).await;
    assert_eq!((&run["state"], &run["exit_code"]), (&json!("failed"), &json!(11)), "{run}");
    assert!(run["error"].as_str().unwrap().contains("error in file I/O"), "{run}");
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_shows_its_progress_and_can_be_stopped() {
    let yard = Yard::start(Engine::Sqlite).await;
    yard.write("data/large", &vec![7; 8 << 20]);
    let mut job = files(&[yard.path("data")], yard.path("points"));
    job["files"]["bandwidth_kbps"] = json!(300);
    let schedule = yard.schedule("slow", job).await;
    let id = yard.run(schedule).await;
    let progress = eventually("progress", async || {
        let (_, run) = yard.panel.get(&format!("/api/v1/runs/{id}")).await;
        run["progress"]["percent"].as_f64().filter(|percent| *percent > 0.0).map(|_| run["progress"].clone())
    })
    .await;
    assert!(progress["percent"].as_f64().unwrap() < 100.0 && progress["speed_bps"].as_i64().unwrap() > 0, "{progress}");
    yard.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await;
    let run = yard.panel.ended_run(&id).await;
    assert_eq!(run["state"], "canceled", "{run}");
    let rows = yard.panel.rows_of(&id).await;
    assert_eq!(rows[1], ("stopped".to_owned(), "FILES slow: stopped by ada".to_owned()));
    let (status, _) = yard.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await;
    assert_eq!(status, 409);
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dumps_are_verified_and_a_wrong_password_is_told() {
    let yard = Yard::start(Engine::Sqlite).await;
    let dir = yard.panel.dir.path().join("db");
    std::fs::create_dir(&dir).unwrap();
    let mariadb = PrivateMariadb::start(&dir).await.unwrap();
    mariadb
        .execute("create database `shop one`; create table `shop one`.t (a int); insert into `shop one`.t values (1), (2); create user 'b'@'localhost' identified by 'pw-of-b'; grant all on *.* to 'b'@'localhost'")
        .await
        .unwrap();
    mariadb.write_defaults(&yard.home.join("good.cnf"), "b", "pw-of-b").unwrap();
    mariadb.write_defaults(&yard.home.join("bad.cnf"), "b", "not-it").unwrap();
    let dump = |defaults: &str, to: &str| json!({"mysql": {"defaults_file": yard.path(defaults), "destination": yard.path(to)}});
    let good = yard.run_to_end(yard.schedule("good", dump("good.cnf", "dumps")).await).await;
    assert_eq!((&good["state"], &good["exit_code"]), (&json!("completed"), &json!(0)), "{good}");
    let point = yard.home.join("dumps").join(good["point"].as_str().unwrap());
    let packed = std::fs::read(point.join("shop_one.sql.gz")).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text).unwrap();
    assert!(text.contains("INSERT INTO `t`") && text.contains("-- Dump completed"));
    assert!(good["bytes_written"].as_i64().unwrap() >= i64::try_from(packed.len()).unwrap());

    // One schedule can back up both; each is a run of its own.
    let mut both = dump("good.cnf", "both dumps");
    both["files"] = json!({"sources": [yard.path("good.cnf")], "destination": yard.path("both files")});
    let both = yard.schedule("both", both).await;
    let (_, asked) = yard.panel.post(&format!("/api/v1/schedules/{both}/run"), &json!({})).await;
    let types: Vec<_> = asked["runs"].as_array().unwrap().iter().map(|run| run["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["FILES", "MYSQL"]);
    for run in asked["runs"].as_array().unwrap() {
        assert_eq!(yard.panel.ended_run(run["id"].as_str().unwrap()).await["state"], "completed");
    }

    let bad = yard.run_to_end(yard.schedule("bad", dump("bad.cnf", "bad")).await).await;
    assert_eq!(bad["state"], "failed", "{bad}");
    assert!(bad["error"].as_str().unwrap().contains("Access denied for user"), "{bad}");
    assert!(!bad.to_string().contains("not-it"));
    mariadb.stop().await;

    // The server is away: that is a failed connection, not a failed dump.
    let mut named = dump("good.cnf", "away");
    named["mysql"]["databases"] = json!(["shop one"]);
    let away = yard.run_to_end(yard.schedule("away", named).await).await;
    let rows = yard.panel.rows_of(away["id"].as_str().unwrap()).await;
    assert_eq!((away["state"].as_str(), rows[1].0.as_str()), (Some("failed"), "connection"), "{rows:?}");
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cron_begins_a_run_of_its_own() {
    let yard = Yard::start(Engine::Sqlite).await;
    yard.write("data/a", b"a");
    let mut job = files(&[yard.path("data")], yard.path("points"));
    job["cron"] = json!("* * * * *");
    let schedule = yard.schedule("every minute", job).await;
    let run = tokio::time::timeout(std::time::Duration::from_secs(75), async {
        loop {
            let (_, list) = yard.panel.get(&format!("/api/v1/runs?schedule={schedule}&state=completed")).await;
            if let Some(run) = list["items"].as_array().and_then(|items| items.first().cloned()) {
                return run;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await
    .expect("a run within a minute");
    assert_eq!(run["trigger"], "cron");
    yard.panel.serving.stop().await;
}
