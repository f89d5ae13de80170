//! What somebody has damaged in the database hides nothing of the rest.

use app::model::{LogFilter, LogStatus, Scope, SourceType, Zone};
use server::audit::LogRow;
use server::indexer::index_all;
use server::store::log_counts::Effort;
use server::store::log_pages::Page;
use server::store::{Selection, Sql, TrailView, log_listing};
use server::verify::{Finding, verify};
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
