//! Runs change state once, whoever comes second.

use app::model::{FilesJob, RunId, RunState, ScheduleDraft, ScheduleKind, Scope, ServerDraft, SourceType, Timestamp, Trigger};
use rstest::rstest;
use server::jobs::Job;
use server::store::runs::{self, Ending, NewRun, RunStatistics};
use server::store::{Database, schedules, servers};

use crate::support::engine::{Engine, TestDatabase};

const NOW: Timestamp = Timestamp::from_millis(1_795_312_800_000);

fn files() -> FilesJob {
    FilesJob {
        sources: vec!["/srv".to_owned()],
        destination: "/backup".to_owned(),
        excludes: vec![],
        keep_points: None,
        bandwidth_kbps: None,
        extra_args: vec![],
    }
}

async fn scheduled(database: &Database) -> (i64, i64) {
    let mut tx = database.begin().await.unwrap();
    let server = ServerDraft {
        name: "web".to_owned(),
        host: "h".to_owned(),
        port: 22,
        user: "u".to_owned(),
        region: None,
        account: None,
        private_key: None,
        host_key: None,
    };
    let server_id = servers::insert(&mut tx, &server, NOW).await.unwrap();
    let schedule = ScheduleDraft { files: Some(files()), ..ScheduleDraft::new("nightly", server_id, ScheduleKind::Managed) };
    let schedule_id = schedules::insert(&mut tx, &schedule, NOW).await.unwrap();
    tx.commit().await.unwrap();
    (server_id, schedule_id)
}

fn run(id: &str, (server_id, schedule_id): (i64, i64), due_at: Option<Timestamp>) -> NewRun {
    NewRun {
        id: id.parse().unwrap(),
        schedule_id,
        server_id,
        trigger: Trigger::Cron,
        created_at: NOW,
        due_at,
        start_by: NOW.plus_millis(600_000),
        job: Job::Files { files: files(), point: "point.x".to_owned() },
    }
}

const FIRST: &str = "01KAMZ3V7S9B3J1Q6Y1C2D3E4F";
const SECOND: &str = "01KAMZ3V7S9B3J1Q6Y1C2D3E4G";

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_has_one_active_run_of_a_type_and_a_due_time_one_run_at_all(#[case] engine: Engine) {
    let created = TestDatabase::new(engine);
    let database = created.open().await;
    let ids = scheduled(&database).await;
    let insert = async |run: NewRun| {
        let mut tx = database.begin().await.unwrap();
        runs::insert(&mut tx, &run).await?;
        tx.commit().await
    };
    insert(run(FIRST, ids, Some(NOW))).await.unwrap();
    assert!(insert(run(SECOND, ids, None)).await.unwrap_err().is_duplicate(), "one is active");
    let mut tx = database.begin().await.unwrap();
    assert_eq!(runs::active_of(&mut tx, ids.1, SourceType::Files).await.unwrap(), Some(FIRST.parse().unwrap()));
    runs::insert_skipped(&mut tx, &run("01KAMZ3V7S9B3J1Q6Y1C2D3E4H", ids, Some(NOW.plus_millis(60_000))), "still going").await.unwrap();
    let ending = ending(RunState::Completed);
    assert!(runs::finish(&mut tx, &FIRST.parse().unwrap(), &ending).await.unwrap());
    tx.commit().await.unwrap();
    assert!(insert(run(SECOND, ids, Some(NOW))).await.unwrap_err().is_duplicate(), "that time was answered");
    insert(run(SECOND, ids, None)).await.unwrap();
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_begins_once_and_ends_once(#[case] engine: Engine) {
    let created = TestDatabase::new(engine);
    let database = created.open().await;
    let ids = scheduled(&database).await;
    let id: RunId = FIRST.parse().unwrap();
    let mut tx = database.begin().await.unwrap();
    runs::insert(&mut tx, &run(FIRST, ids, None)).await.unwrap();
    assert!(runs::mark_start_sent(&mut tx, &id).await.unwrap());
    assert!(runs::mark_running(&mut tx, &id, NOW).await.unwrap());
    assert!(!runs::mark_running(&mut tx, &id, NOW).await.unwrap());
    assert!(runs::request_stop(&mut tx, &id, "ada", NOW).await.unwrap());
    assert!(!runs::request_stop(&mut tx, &id, "bob", NOW).await.unwrap());
    assert!(runs::finish(&mut tx, &id, &ending(RunState::Canceled)).await.unwrap());
    assert!(!runs::finish(&mut tx, &id, &ending(RunState::Completed)).await.unwrap());
    tx.commit().await.unwrap();
    let run = runs::find(&database, &Scope::All, &id).await.unwrap().unwrap();
    assert_eq!((run.state, run.duration_s, run.files_written), (RunState::Canceled, Some(5), Some(3)));
    assert!(runs::find(&database, &Scope::Servers(vec![ids.0 + 1]), &id).await.unwrap().is_none());
}

fn ending(state: RunState) -> Ending {
    Ending {
        state,
        finished_at: NOW.plus_millis(5_000),
        exit_code: Some(0),
        statistics: RunStatistics { files_written: Some(3), ..RunStatistics::default() },
        point: None,
        error: None,
    }
}
