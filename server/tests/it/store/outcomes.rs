//! What strips and standings are made of, the same on both engines.

use app::model::{FilesJob, RunId, RunState, ScheduleDraft, ScheduleKind, Scope, ServerDraft, SourceType, Timestamp, Trigger};
use rstest::rstest;
use server::jobs::Job;
use server::store::runs::{self, Ending, NewRun, RunStatistics};
use server::store::{outcomes, schedules, servers};

use crate::support::engine::{Engine, TestDatabase};

const NOW: Timestamp = Timestamp::from_millis(1_795_312_800_000);

fn id(n: usize) -> RunId {
    format!("01KAMZ3V7S9B3J1Q6Y1C2D3E{n:02}").parse().unwrap()
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn the_last_thirty_runs_and_the_last_good_one_are_found(#[case] engine: Engine) {
    let created = TestDatabase::new(engine);
    let database = created.open().await;
    let files = FilesJob {
        sources: vec!["/srv".to_owned()],
        destination: "/backup".to_owned(),
        excludes: vec![],
        keep_points: None,
        bandwidth_kbps: None,
        extra_args: vec![],
    };
    let mut tx = database.begin().await.unwrap();
    let draft = ServerDraft {
        name: "web".to_owned(),
        host: "h".to_owned(),
        port: 22,
        user: "u".to_owned(),
        region: None,
        account: None,
        private_key: None,
        host_key: None,
    };
    let server_id = servers::insert(&mut tx, &draft, NOW).await.unwrap();
    let draft = ScheduleDraft { files: Some(files.clone()), ..ScheduleDraft::new("nightly", server_id, ScheduleKind::Managed) };
    let schedule_id = schedules::insert(&mut tx, &draft, NOW).await.unwrap();
    for n in 0..33 {
        let run = NewRun {
            id: id(n),
            schedule_id,
            server_id,
            trigger: Trigger::Manual,
            created_at: NOW,
            due_at: None,
            start_by: NOW,
            job: Job::Files { files: files.clone(), point: "point.x".to_owned() },
        };
        runs::insert(&mut tx, &run).await.unwrap();
        if n < 32 {
            let ending = Ending {
                state: if n == 30 { RunState::Completed } else { RunState::Failed },
                finished_at: NOW.plus_millis(i64::try_from(n).unwrap() * 1000),
                exit_code: None,
                statistics: RunStatistics::default(),
                point: Some(format!("point.{n}")),
                error: None,
            };
            assert!(runs::finish(&mut tx, &id(n), &ending).await.unwrap());
        }
    }
    // Retention takes its point; it still was a good run.
    assert_eq!(runs::expire(&mut tx, schedule_id, SourceType::Files, "point.30").await.unwrap(), Some(id(30)));
    tx.commit().await.unwrap();

    let recent = outcomes::recent(&database, &Scope::All, None, 30).await.unwrap();
    assert_eq!((recent.len(), &recent[0].id, &recent[29].id), (30, &id(3), &id(32)), "oldest first");
    assert_eq!((recent[27].outcome, recent[28].outcome, recent[29].outcome), (RunState::Completed, RunState::Failed, RunState::Queued));
    assert_eq!(outcomes::recent(&database, &Scope::All, Some(schedule_id), 30).await.unwrap(), recent);
    assert!(outcomes::recent(&database, &Scope::Servers(vec![server_id + 1]), None, 30).await.unwrap().is_empty());

    let good = outcomes::last_good(&database, &Scope::All, None).await.unwrap();
    assert_eq!(good.len(), 1);
    assert_eq!((good[0].source_type, good[0].finished_at), (SourceType::Files, NOW.plus_millis(30_000)));
    assert!(outcomes::last_good(&database, &Scope::Servers(vec![]), None).await.unwrap().is_empty());

    let last = runs::find(&database, &Scope::All, &id(32)).await.unwrap().unwrap();
    assert_eq!(outcomes::last_good_before(&database, &Scope::All, &last).await.unwrap().unwrap().id, id(30));
    let first = runs::find(&database, &Scope::All, &id(30)).await.unwrap().unwrap();
    assert_eq!(outcomes::last_good_before(&database, &Scope::All, &first).await.unwrap(), None);
    let origin = outcomes::origin(&database, &Scope::All, &id(30)).await.unwrap().unwrap();
    assert_eq!((origin.outcome, origin.stop), (Some(RunState::Completed), None));
    assert!(outcomes::origin(&database, &Scope::Servers(vec![server_id + 1]), &id(30)).await.unwrap().is_none());
}
