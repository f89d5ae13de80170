//! What somebody has damaged in the database hides nothing of the rest.

use app::model::{LogFilter, LogStatus, Scope, SourceType, Zone};
use rstest::rstest;
use server::audit::LogRow;
use server::indexer::index_all;
use server::store::log_counts::Effort;
use server::store::log_pages::Page;
use server::store::{Selection, Sql, TrailView, index_audit, log_listing};
use server::verify::{Finding, verify};
use sqlx::SqlitePool;
use tokio_util::sync::CancellationToken;

use crate::support::engine::{Engine, TestDatabase};

#[tokio::test]
async fn a_damaged_row_is_shown_as_such_beside_the_others_and_indexed() {
    let database = TestDatabase::new(Engine::Sqlite);
    let trail = database.trail().await;
    let store = database.open().await;
    for n in 0..8 {
        let row = LogRow::new(LogStatus::Error, SourceType::Files, format!("disk {n}")).server(1).detail(b"its log");
        trail.append(row).await.unwrap();
    }
    let mut tx = store.begin().await.unwrap();
    for touch in [
        "update log_entry set message = cast(x'6469736bff' as text) where id = 2",
        "update log_entry set message = x'00ff' where id = 3",
        "update log_entry set status = 'bad' where id = 4",
        "update log_entry set server_id = x'01', at = 'then' where id = 5",
        "update log_entry set detail = x'00' where id = 6",
    ] {
        tx.execute(Sql::new(touch)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let zone = Zone::utc();
    let filter = LogFilter::default();
    let selection = Selection { scope: &Scope::All, filter: &filter, zone: &zone };
    for round in ["before it is indexed", "afterwards"] {
        let mut view = TrailView::open(&store).await.unwrap();
        let page = Page { after: None, before: None, limit: 50 };
        let listing = log_listing::list(&mut view, selection, page, Effort::AMoment).await.unwrap();
        assert_eq!(listing.entries.iter().map(|row| row.id).collect::<Vec<_>>(), (1..=8).rev().collect::<Vec<_>>(), "{round}");
        let damaged = listing.entries.iter().filter(|row| row.message.starts_with("Damaged row")).map(|row| row.id);
        assert_eq!(damaged.collect::<Vec<_>>(), [5, 4, 3, 2], "{round}");
        drop(view);
        index_all(&store, &zone, &CancellationToken::new()).await.unwrap();
    }
    assert!(matches!(verify(&store, None).await.unwrap(), Finding::Broken { id: 2, .. }));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_any_more_is_located() {
    const PAGE: usize = 4096;
    let database = TestDatabase::new(Engine::Sqlite);
    let (trail, store) = (database.trail().await, database.open().await);
    for n in 1..=400 {
        trail.append(LogRow::new(LogStatus::Info, SourceType::Files, format!("needle {n} {}", "hay ".repeat(25)))).await.unwrap();
    }
    drop(trail);
    store.close().await;
    let path = database.url.strip_prefix("sqlite://").unwrap();
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&SqlitePool::connect(&database.url).await.unwrap()).await.unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let needle = b"needle 200 ";
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    // What kind of page this is.
    bytes[at / PAGE * PAGE] = 0xff;
    std::fs::write(path, &bytes).unwrap();
    let Finding::Broken { id, why } = verify(&database.open().await, None).await.unwrap() else { panic!("it is sound") };
    assert!((150..=200).contains(&id) && why.contains("cannot be read"), "row {id}: {why}");
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn an_index_that_claims_more_rows_than_there_are_does_not_agree(#[case] engine: Engine) {
    let database = TestDatabase::new(engine);
    let (trail, store) = (database.trail().await, database.open().await);
    trail.append(LogRow::new(LogStatus::Info, SourceType::Files, "one")).await.unwrap();
    index_all(&store, &Zone::utc(), &CancellationToken::new()).await.unwrap();
    let disagreement = async || index_audit::disagreement(&store, |name| (name == "UTC").then(Zone::utc)).await.unwrap();
    assert_eq!(disagreement().await, None);
    for mark in ["update log_index set counted_to = counted_to + 1", "update log_index set words_to = words_to + 1"] {
        let mut tx = store.begin().await.unwrap();
        tx.execute(Sql::new(mark)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(disagreement().await.is_some_and(|why| why.contains("up to row 2")), "{mark}");
        let mut tx = store.begin().await.unwrap();
        tx.execute(Sql::new("update log_index set counted_to = 1, words_to = 1")).await.unwrap();
        tx.commit().await.unwrap();
    }
}
