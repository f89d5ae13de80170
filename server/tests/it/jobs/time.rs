//! What the clock brings: runs that were due and did not begin, runs that take very long, clocks that are moved.

use std::time::Duration;

use app::model::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use server::checker::tell_of_long_runs;
use server::clock::Clock;

use super::{Yard, files};
use crate::support::engine::Engine;
use crate::support::panel::eventually;

const HOUR_MS: i64 = 3_600_000;

impl Yard {
    /// Moves the panel's clock and lets everyone notice.
    fn shift(&self, millis: i64) {
        let panel = &self.panel.serving.panel;
        panel.clock.shift(millis);
        panel.inventory.schedules_changed.notify_one();
        panel.inventory.pokes.poke(self.server_id);
    }

    fn now(&self) -> Timestamp {
        self.panel.serving.panel.clock.now()
    }

    /// Adds a schedule whose first due time is some hours away, and returns its id and how far away that is.
    async fn daily(&self, name: &str, hours: i64, mut job: Value) -> (i64, i64) {
        let due = self.now().plus_millis(hours * HOUR_MS).millis() / 60_000 * 60_000;
        let minute = due / 60_000;
        job["cron"] = json!(format!("{} {} * * *", minute % 60, minute / 60 % 24));
        job["timezone"] = json!("UTC");
        (self.schedule(name, job).await, due - self.now().millis())
    }

    async fn runs_of(&self, schedule: i64) -> Vec<Value> {
        let (_, list) = self.panel.get(&format!("/api/v1/runs?schedule={schedule}")).await;
        list["items"].as_array().unwrap().clone()
    }

    async fn first_run(&self, schedule: i64, state: &str) -> Value {
        eventually(state, async || self.runs_of(schedule).await.into_iter().find(|run| run["state"] == state)).await
    }
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_due_while_nobody_ran_the_panel_is_missed_or_made_up_for_once(#[case] engine: Engine) {
    let yard = Yard::start_at(engine, Clock::movable()).await;
    yard.write("data/a", b"a");
    let job = |to: &str| files(&[yard.path("data")], yard.path(to));
    let (skip, _) = yard.daily("skip", 3, job("skip")).await;
    let mut once = job("once");
    once["catch_up"] = json!("once");
    let (once, _) = yard.daily("once", 3, once).await;
    // Three times and some hours later the panel looks again.
    yard.shift((3 + 2 * 24 + 4) * HOUR_MS);
    let missed = yard.first_run(skip, "skipped").await;
    assert!(missed["error"].as_str().unwrap().contains("was due 3 times and did not begin"), "{missed}");
    yard.first_run(once, "completed").await;
    assert_eq!((yard.runs_of(skip).await.len(), yard.runs_of(once).await.len()), (1, 1));
    // A clock that is set back brings nothing a second time.
    yard.shift(-6 * HOUR_MS);
    tokio::time::sleep(Duration::from_millis(500)).await;
    yard.shift(5 * HOUR_MS);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((yard.runs_of(skip).await.len(), yard.runs_of(once).await.len()), (1, 1));
    yard.panel.serving.stop().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_that_was_expected_and_not_seen_is_missed(#[case] engine: Engine) {
    let yard = Yard::start_at(engine, Clock::movable()).await;
    let watch = json!({"kind": "watched", "watch": {"source_type": "MYSQL", "exit_file": yard.path("silent.exit")}});
    let (silent, _) = yard.daily("silent", 2, watch).await;
    let watch = json!({"kind": "watched", "watch": {"source_type": "MYSQL", "exit_file": yard.path("punctual.exit")}});
    let (punctual, until) = yard.daily("punctual", 2, watch).await;
    eventually("the first look", async || {
        let sql = server::store::Sql::new("select id from schedule where watch_seen is not null");
        (yard.panel.serving.panel.database.fetch_all(sql).await.unwrap().len() == 2).then_some(())
    })
    .await;
    yard.shift(until + 60_000);
    yard.write("punctual.exit", b"0\n");
    yard.shift(0);
    yard.first_run(punctual, "completed").await;
    assert_eq!(yard.runs_of(silent).await, Vec::<Value>::new(), "its grace is not over");
    yard.shift(10 * 60_000);
    let missed = eventually("the missed run", async || {
        yard.shift(0);
        yard.runs_of(silent).await.into_iter().next()
    })
    .await;
    assert_eq!((&missed["state"], &missed["trigger"]), (&json!("skipped"), &json!("watched")));
    assert!(missed["error"].as_str().unwrap().contains("was not seen to run"), "{missed}");
    let rows = yard.panel.rows_of(missed["id"].as_str().unwrap()).await;
    assert_eq!(rows.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(), ["missed"]);
    assert_eq!(yard.runs_of(punctual).await.len(), 1);
    yard.panel.serving.stop().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_long_run_is_told_at_each_threshold_once(#[case] engine: Engine) {
    let yard = Yard::start_at(engine, Clock::movable()).await;
    let schedule =
        yard.schedule("long", json!({"command": {"source_type": "VM", "command": "sleep 600"}, "long_run_hours": [24, 36]})).await;
    let id = yard.run(schedule).await;
    yard.first_run(schedule, "running").await;
    let tools = yard.panel.serving.panel.instruments();
    let mut told = Vec::new();
    for hours in [23, 2, 0, 12, 11, 25] {
        yard.shift(hours * HOUR_MS);
        tell_of_long_runs(&tools).await.unwrap();
        let rows = yard.panel.rows_of(&id).await;
        told.push(rows.iter().filter(|(status, _)| status == "running").count());
    }
    // At 23, 25, 25, 37, 48 and 73 hours.
    assert_eq!(told, [0, 1, 1, 2, 3, 4]);
    let rows = yard.panel.rows_of(&id).await;
    assert_eq!(rows.last().unwrap().1, "VM long has been running for 73 h on yard");
    yard.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await;
    assert_eq!(yard.panel.ended_run(&id).await["state"], "canceled");
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_whose_clock_differs_is_told_once() {
    let clock = Clock::movable();
    clock.shift(-420_000);
    let yard = Yard::start_at(Engine::Sqlite, clock).await;
    let rows = eventually("the row", async || {
        yard.shift(0);
        let (_, page) = yard.panel.get("/api/v1/logs?status=warning").await;
        page["entries"].as_array().filter(|rows| !rows.is_empty()).cloned()
    })
    .await;
    assert_eq!(rows[0]["message"], "the clock of yard is 7 m 00 s ahead of the panel's");
    let (_, server) = yard.panel.get(&format!("/api/v1/servers/{}", yard.server_id)).await;
    assert!((419..=422).contains(&server["clock_skew_s"].as_i64().unwrap()), "{server}");
    yard.shift(420_000);
    eventually("its repair", async || {
        yard.shift(0);
        let (_, page) = yard.panel.get("/api/v1/logs").await;
        page["entries"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["message"] == "the clock of yard agrees with the panel's again")
            .then_some(())
    })
    .await;
    let (_, page) = yard.panel.get("/api/v1/logs?status=warning").await;
    assert_eq!(page["total"], 1);
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_that_does_not_hear_is_killed_after_its_grace() {
    let yard = Yard::start_at(Engine::Sqlite, Clock::movable()).await;
    let job = json!({"command": {"source_type": "OTHER", "command": "trap '' TERM; echo deaf; while :; do sleep 0.2; done"}});
    let schedule = yard.schedule("deaf", job).await;
    let id = yard.run(schedule).await;
    eventually("its first words", async || {
        yard.shift(0);
        let text = yard.panel.request(reqwest::Method::GET, &format!("/api/v1/runs/{id}/log")).send().await.unwrap().text().await.unwrap();
        text.contains("deaf").then_some(())
    })
    .await;
    yard.panel.post(&format!("/api/v1/runs/{id}/stop"), &json!({})).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (_, run) = yard.panel.get(&format!("/api/v1/runs/{id}")).await;
    assert_eq!(run["state"], "canceling", "it was asked to stop and has not: {run}");
    yard.shift(16_000);
    let run = yard.panel.ended_run(&id).await;
    assert_eq!(run["state"], "canceled", "{run}");
    assert_eq!(yard.panel.rows_of(&id).await[1], ("stopped".to_owned(), "OTHER deaf: stopped by ada".to_owned()));
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_that_waits_for_a_server_is_missed_when_its_grace_is_over_and_not_when_the_server_is_tried_again() {
    let yard = Yard::start_at(Engine::Sqlite, Clock::movable()).await;
    let away = yard.panel.add_server("away", 1, yard.sshd.user(), yard.sshd.host_key()).await;
    let draft = json!({"name": "late", "server_id": away.id, "kind": "managed", "grace_minutes": 1,
        "command": {"source_type": "OTHER", "command": "true"}});
    let (_, made) = yard.panel.post("/api/v1/schedules", &draft).await;
    // By now it is tried only every eight seconds and more.
    tokio::time::sleep(Duration::from_secs(9)).await;
    let id = yard.run(made["id"].as_i64().unwrap()).await;
    let panel = &yard.panel.serving.panel;
    panel.clock.shift(57_000);
    panel.inventory.pokes.poke(away.id);
    let run = tokio::time::timeout(Duration::from_secs(6), async {
        loop {
            let (_, run) = yard.panel.get(&format!("/api/v1/runs/{id}")).await;
            if run["state"] == "skipped" {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("the run is given up in time");
    assert!(run["error"].as_str().unwrap().contains("the server was down"), "{run}");
    yard.panel.serving.stop().await;
}
