//! What lacks a word that nearly every row has.

use app::model::{LogFilter, LogQuery, Scope, Zone};
use proptest::test_runner::TestRunner;
use rstest::rstest;
use server::indexer::index_all;
use server::store::log::{self, NewLogEntry};
use server::store::log_pages::{self, Page};
use server::store::{Database, Selection, TrailView};
use tokio_util::sync::CancellationToken;

use super::drawn::{draw, rows_of_the_panel};
use crate::support::engine::{Engine, TestDatabase};

async fn append(database: &Database, rows: &[NewLogEntry]) {
    let mut tx = database.begin().await.unwrap();
    log::append(&mut tx, rows, &Zone::utc()).await.unwrap();
    tx.commit().await.unwrap();
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn rows_without_a_word_are_found_among_thousands_that_have_it(#[case] engine: Engine) {
    const INDEXED: i64 = 80_000;
    const LACKING: [i64; 8] = [1, 4_095, 4_096, 4_097, 70_000, 78_999, 80_000, 80_003];
    let (test, utc) = (TestDatabase::new(engine), Zone::utc());
    let database = test.open().await;
    let base = draw(&mut TestRunner::deterministic(), &rows_of_the_panel());
    let row = |id: i64| NewLogEntry { message: if LACKING.contains(&id) { "odd" } else { "usual" }.to_owned(), ..base.clone() };
    append(&database, &(1..=INDEXED).map(row).collect::<Vec<_>>()).await;
    index_all(&database, &utc, &CancellationToken::new()).await.unwrap();
    append(&database, &(INDEXED + 1..INDEXED + 5).map(row).collect::<Vec<_>>()).await;

    let filter: LogFilter = LogQuery::parse("q=-usual").unwrap().filter;
    let selection = Selection { scope: &Scope::All, filter: &filter, zone: &utc };
    let page = async |newest_first: bool, after: Option<i64>, before: Option<i64>, limit: u32| -> Vec<i64> {
        let (mut view, page) = (TrailView::open(&database).await.unwrap(), Page { after, before, limit });
        let rows = if newest_first {
            log_pages::newest(&mut view, selection, page).await.unwrap()
        } else {
            log_pages::oldest(&mut view, selection, page).await.unwrap()
        };
        rows.iter().map(|row| row.id).collect()
    };
    let (rising, mut falling) = (LACKING.to_vec(), LACKING.to_vec());
    falling.reverse();
    assert_eq!(page(false, None, None, 50).await, rising);
    assert_eq!(page(true, None, None, 50).await, falling);
    // Wherever a page begins, it goes on to the next.
    for place in 0..LACKING.len() {
        assert_eq!(page(false, Some(LACKING[place]), None, 1).await, rising[place + 1..].iter().copied().take(1).collect::<Vec<_>>());
        let older = page(true, None, Some(LACKING[place]), 1).await;
        assert_eq!(older, rising[..place].iter().rev().copied().take(1).collect::<Vec<_>>());
    }
    assert_eq!(page(true, Some(4_095), Some(70_000), 50).await, [4_097, 4_096]);
    assert_eq!(page(false, Some(4_097), Some(70_000), 50).await, [0; 0]);
}
