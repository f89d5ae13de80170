//! Whoever changes the trail is found out, and where.

use app::model::{LogStatus, SourceType};
use rstest::rstest;
use server::audit::LogRow;
use server::store::{Database, Sql, StoreError};
use server::verify::{Finding, Place, verify};

use crate::support::engine::{Engine, TestDatabase};
use crate::support::postgres;

const ROWS: i64 = 12;

/// A trail of some rows, as they are written in life: alone and together, with details and without.
async fn written(engine: Engine) -> TestDatabase {
    let database = TestDatabase::new(engine);
    let trail = database.trail().await;
    for n in 0..ROWS {
        let row = LogRow::new(LogStatus::Error, SourceType::Files, format!("row {n} caf\u{e9}")).server(n % 3 + 1).schedule(n);
        let row = if n % 2 == 0 { row.detail(b"some lines\nof a log").exit_code(Some(23)) } else { row.point(Some(format!("point.{n}"))) };
        trail.append(row.duration_s(Some(n))).await.unwrap();
    }
    database
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn an_untouched_trail_is_sound_and_grows_so(#[case] engine: Engine) {
    let database = TestDatabase::new(engine);
    let store = database.open().await;
    assert!(matches!(verify(&store, None).await.unwrap(), Finding::Sound { up_to: 0, rows: 0, .. }), "an empty one is, too");
    let trail = database.trail().await;
    let mut hashes = Vec::new();
    for round in 1..=3 {
        let many = (0..700).map(|n| trail.append(LogRow::system(LogStatus::Info, format!("row {n} of round {round}"))));
        for appended in futures::future::join_all(many).await {
            appended.unwrap();
        }
        let Finding::Sound { up_to, hash, rows, cleared } = verify(&store, None).await.unwrap() else { panic!("sound") };
        assert_eq!((up_to, rows, cleared), (round * 700, u64::try_from(round * 700).unwrap(), 0));
        hashes.push(hash);
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 3);
}

/// Every way to touch row 5, and some to touch what is around it, with the row at which it must be found.
const TOUCHES: [(&str, i64); 28] = [
    ("update log_entry set at = at + 1 where id = 5", 5),
    ("update log_entry set status = status + 1 where id = 5", 5),
    ("update log_entry set source_type = source_type + 1 where id = 5", 5),
    ("update log_entry set server_id = 9 where id = 5", 5),
    ("update log_entry set server_id = null where id = 5", 5),
    ("update log_entry set schedule_id = 9 where id = 5", 5),
    ("update log_entry set run_id = '01KAMZ3V7S9B3J1Q6Y1C2D3E4F' where id = 5", 5),
    ("update log_entry set point = '' where id = 5", 5),
    ("update log_entry set duration_s = null where id = 5", 5),
    ("update log_entry set message = 'row 4 cafe' where id = 5", 5),
    ("update log_entry set detail = null where id = 5", 5),
    ("update log_entry set exit_code = 0 where id = 5", 5),
    ("update log_entry set year = year + 1 where id = 5", 5),
    ("update log_entry set month = 13 where id = 5", 5),
    ("update log_entry set day = 0 where id = 5", 5),
    ("update log_entry set hash = null where id = 5", 5),
    ("update log_entry set hash = (select hash from log_entry where id = 4) where id = 5", 5),
    ("delete from log_entry where id = 5", 5),
    ("delete from log_entry where id = 12", 12),
    (
        "insert into log_entry select 13, at, status, source_type, server_id, schedule_id, run_id, point, duration_s, message, detail, \
      exit_code, year, month, day, hash from log_entry where id = 12",
        13,
    ),
    ("update log_head set last_hash = (select hash from log_entry where id = 11)", 12),
    ("update log_head set last_id = 11", 12),
    // Taken out as if it had been cleared.
    ("insert into cleared_row (id, leaf, tombstone) select 5, hash, 6 from log_entry where id = 5", 5),
    ("insert into log_entry (id, at, status, source_type, message, year, month, day) values (0, 1, 1, 1, 'x', 2026, 1, 1)", 0),
    ("insert into log_entry (id, at, status, source_type, message, year, month, day) values (-7, 1, 1, 1, 'x', 2026, 1, 1)", -7),
    ("insert into log_entry (id, at, status, source_type, message, year, month, day) values (99, 1, 1, 1, 'x', 2026, 1, 1)", 99),
    ("insert into cleared_row (id, leaf, tombstone) select 99, hash, 100 from log_entry where id = 5", 99),
    ("insert into cleared_row (id, leaf, tombstone) select -1, hash, 5 from log_entry where id = 5", -1),
];

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn whatever_is_touched_is_found_where_it_is(#[case] engine: Engine) {
    let database = written(engine).await;
    let store = database.open().await;
    for (touch, at) in TOUCHES {
        // Kept, touched, looked at, put back.
        let mut tx = store.begin().await.unwrap();
        for keep in ["create table kept_entry as select * from log_entry", "create table kept_head as select * from log_head"] {
            tx.execute(Sql::new(keep)).await.unwrap();
        }
        tx.execute(Sql::new(touch)).await.unwrap();
        tx.commit().await.unwrap();
        match verify(&store, None).await.unwrap() {
            Finding::Broken { id, .. } => assert_eq!(id, at, "{touch}"),
            Finding::Sound { .. } => panic!("not found: {touch}"),
        }
        let mut tx = store.begin().await.unwrap();
        for put_back in [
            "delete from log_entry",
            "insert into log_entry select * from kept_entry",
            "delete from log_head",
            "insert into log_head select * from kept_head",
            "delete from cleared_row",
            "drop table kept_entry",
            "drop table kept_head",
        ] {
            tx.execute(Sql::new(put_back)).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert!(matches!(verify(&store, None).await.unwrap(), Finding::Sound { up_to: ROWS, .. }), "put back after {touch}");
    }
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn a_hash_that_was_kept_tells_of_an_end_that_was_cut_off(#[case] engine: Engine) {
    let database = written(engine).await;
    let store = database.open().await;
    let Finding::Sound { up_to, hash, .. } = verify(&store, None).await.unwrap() else { panic!("sound") };
    let kept = Some(Place { id: up_to, hash });
    database.trail().await.append(LogRow::system(LogStatus::Info, "one more")).await.unwrap();
    assert!(matches!(verify(&store, kept).await.unwrap(), Finding::Sound { up_to: 13, .. }));
    assert!(matches!(verify(&store, Some(Place { id: 5, hash })).await.unwrap(), Finding::Broken { id: 5, .. }));

    let mut tx = store.begin().await.unwrap();
    tx.execute(Sql::new("update log_head set last_id = 5, last_hash = (select hash from log_entry where id = 5)")).await.unwrap();
    tx.execute(Sql::new("delete from log_entry where id > 5")).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(verify(&store, None).await.unwrap(), Finding::Sound { up_to: 5, .. }), "nothing in the database tells of it");
    assert!(matches!(verify(&store, kept).await.unwrap(), Finding::Broken { id: 12, .. }));
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn a_head_without_a_hash_is_no_leave_to_chain_anew(#[case] engine: Engine) {
    let database = written(engine).await;
    let mut tx = database.open().await.begin().await.unwrap();
    for touch in [
        "update log_entry set message = 'nothing to see' where id = 5",
        "update log_entry set hash = null",
        "update log_head set last_hash = null",
    ] {
        tx.execute(Sql::new(touch)).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert!(matches!(verify(&database.open().await, None).await.unwrap(), Finding::Broken { id: 1, .. }));
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn rows_from_before_there_was_a_chain_are_chained_when_the_database_is_opened(#[case] engine: Engine) {
    let database = TestDatabase::new(engine);
    database.migrate_to(3).await;
    database
        .execute(
            "insert into log_entry (id, at, status, source_type, message, year, month, day) \
             values (1, 1000, 1, 1, 'old', 1970, 1, 1), (2, 2000, 1, 1, 'older', 1970, 1, 1)",
        )
        .await;
    database.execute("update log_head set last_id = 2").await;
    let store = database.open().await;
    database.trail().await.append(LogRow::system(LogStatus::Info, "the first with a chain")).await.unwrap();
    assert!(matches!(verify(&store, None).await.unwrap(), Finding::Sound { up_to: 3, rows: 3, .. }));
}

#[tokio::test]
async fn what_is_not_there_is_not_verified() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("tailback.db").display());
    assert!(matches!(Database::open_existing(&url).await, Err(StoreError::Absent)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is made");
    let empty = postgres::new_database();
    assert!(matches!(Database::open_existing(&empty).await, Err(StoreError::Absent)));
}
