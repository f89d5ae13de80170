//! Pages of the trail: filters, keysets, counts, scope, details.

use std::sync::Arc;

use app::model::{LogQuery, LogStatus, Permission, Place, Scope, SourceType, Viewer, Zone};
use rstest::rstest;
use server::audit::LogRow;
use server::history::History;

use crate::support::engine::{Engine, TestDatabase};

fn viewer(scope: Scope) -> Viewer {
    Viewer {
        user_id: 1,
        username: "ada".to_owned(),
        permissions: vec![Permission::ViewBackupLogsPage],
        scope,
        reports: None,
        address: None,
        owes_factor: false,
    }
}

fn query(text: &str) -> LogQuery {
    LogQuery::parse(text).unwrap()
}

/// 40 rows: statuses in turn, on servers 1 to 4 in turn.
async fn filled(engine: Engine) -> (TestDatabase, History) {
    let database = TestDatabase::new(engine);
    let trail = database.trail().await;
    let statuses = [LogStatus::Started, LogStatus::Completed, LogStatus::Warning, LogStatus::Error];
    for n in 0..40_usize {
        let row = LogRow::new(statuses[n % 4], SourceType::Files, format!("row {n}")).server(i64::try_from(n % 3).unwrap() + 1);
        let row = if n % 4 == 3 { row.detail(b"No space left on device").exit_code(Some(11)) } else { row };
        trail.append(row).await.unwrap();
    }
    let history = History { database: database.open().await, zone: Arc::new(Zone::utc()) };
    (database, history)
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn keyset_pages_show_every_row_once(#[case] engine: Engine) {
    let (_database, history) = filled(engine).await;
    let ada = viewer(Scope::All);
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = history.list(&ada, LogQuery { before, limit: 7, ..LogQuery::default() }).await.unwrap();
        assert_eq!((page.total, page.total_in_scope, page.head), (40, 40, 40));
        seen.extend(page.entries.iter().map(|entry| entry.id));
        before = page.next_before;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=40).rev().collect::<Vec<_>>());
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn filters_and_scope_narrow_rows_and_counts_alike(#[case] engine: Engine) {
    let (_database, history) = filled(engine).await;
    let all = history.list(&viewer(Scope::All), query("status=warning,error")).await.unwrap();
    assert_eq!((all.entries.len(), all.total, all.total_in_scope), (20, 20, 40));
    let scoped = history.list(&viewer(Scope::Servers(vec![2])), query("status=warning,error")).await.unwrap();
    assert!(scoped.entries.iter().all(|entry| entry.server.as_ref().is_some_and(|server| server.id == 2)));
    assert_eq!(i64::try_from(scoped.entries.len()).unwrap(), scoped.total);
    assert_eq!(scoped.total_in_scope, 13);
    let nobody = history.list(&viewer(Scope::Servers(vec![])), LogQuery::default()).await.unwrap();
    assert_eq!((nobody.entries.len(), nobody.total, nobody.total_in_scope), (0, 0, 0));
    for entry in &all.entries {
        assert!(query("status=warning,error").filter.matches(entry, &Place::default(), &Zone::utc()));
    }
    let future = history.list(&viewer(Scope::All), query("from=2999-01-01")).await.unwrap();
    assert_eq!((future.entries.len(), future.total), (0, 0));
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_detail_comes_with_its_explanation_and_only_in_scope(#[case] engine: Engine) {
    let (_database, history) = filled(engine).await;
    let found = history.find(&viewer(Scope::All), 4).await.unwrap().unwrap();
    assert_eq!(found.detail.as_deref(), Some("No space left on device"));
    assert_eq!(found.explanation.as_deref(), Some("error in file I/O"));
    assert!(found.next_step.unwrap().starts_with("Free space"));
    assert!(history.find(&viewer(Scope::Servers(vec![2])), 4).await.unwrap().is_none());
    assert!(history.find(&viewer(Scope::All), 999).await.unwrap().is_none());
}
