//! What PostgreSQL does for a page: which rows it looks at, when it plans, and what is left of what nobody waited for.

use std::time::Duration;

use app::model::{LogFilter, LogQuery, Scope, Zone};
use futures::poll;
use proptest::test_runner::TestRunner;
use server::indexer::index_all;
use server::store::log::{self, NewLogEntry};
use server::store::log_counts::Effort;
use server::store::log_pages::{self, Page};
use server::store::{Database, Row, Selection, Sql, TrailView, log_listing};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::drawn::{draw, rows_of_the_panel};
use crate::support::engine::{Engine, TestDatabase};

/// With the words of each row by its id.
async fn filled(database: &Database, rows: i64, words: impl Fn(i64) -> &'static str) {
    let base = draw(&mut TestRunner::deterministic(), &rows_of_the_panel());
    let rows: Vec<_> = (1..=rows).map(|id| NewLogEntry { message: words(id).to_owned(), ..base.clone() }).collect();
    let mut tx = database.begin().await.unwrap();
    log::append(&mut tx, &rows, &Zone::utc()).await.unwrap();
    tx.commit().await.unwrap();
    index_all(database, &Zone::utc(), &CancellationToken::new()).await.unwrap();
}

fn filter(query: &str) -> LogFilter {
    LogQuery::parse(query).unwrap().filter
}

async fn asked(view: &mut TrailView, sql: &'static str) -> Row {
    view.tx().fetch_one(Sql::new(sql)).await.unwrap()
}

/// Rows of words that the connection of a view has looked at.
async fn looked_at(view: &mut TrailView) -> i64 {
    let sql = "select cast(coalesce(sum(idx_tup_fetch + seq_tup_read), 0) as bigint) as n from pg_stat_xact_user_tables where relname = 'log_words'";
    asked(view, sql).await.int("n").unwrap()
}

#[tokio::test]
async fn words_that_only_a_few_of_the_newest_rows_have_are_not_looked_for_in_all_of_them() {
    const ROWS: i64 = 45_000;
    const OLDEST: i64 = 5;
    let test = TestDatabase::new(Engine::Postgres);
    let (database, utc, filter) = (test.open().await, Zone::utc(), filter("q=burst"));
    filled(&database, ROWS, |id| if id == OLDEST || id > ROWS - 12 { "a burst of trouble" } else { "as usual" }).await;
    // As PostgreSQL does by itself; until then it looks through what the index has not sorted yet.
    sqlx::query("vacuum analyze log_words").execute(&PgPool::connect(&test.url).await.unwrap()).await.unwrap();
    let selection = Selection { scope: &Scope::All, filter: &filter, zone: &utc };
    let newest: Vec<_> = (ROWS - 11..=ROWS).rev().chain([OLDEST]).collect();
    let oldest: Vec<_> = newest.iter().rev().copied().collect();
    for (is_falling, before, expected) in [(true, None, newest), (true, Some(ROWS - 11), vec![OLDEST]), (false, None, oldest)] {
        let (mut view, page) = (TrailView::open(&database).await.unwrap(), Page { after: None, before, limit: 50 });
        let before = looked_at(&mut view).await;
        let rows = if is_falling {
            log_pages::newest(&mut view, selection, page).await.unwrap()
        } else {
            log_pages::oldest(&mut view, selection, page).await.unwrap()
        };
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), expected);
        let looked_at = looked_at(&mut view).await - before;
        assert!((1..30_000).contains(&looked_at), "looked at {looked_at} rows of {ROWS} for {expected:?}");
    }
}

#[tokio::test]
async fn a_page_is_planned_once_unless_its_values_matter() {
    let test = TestDatabase::new(Engine::Postgres);
    let (database, utc) = (test.open().await, Zone::utc());
    filled(&database, 100, |_| "as usual").await;
    for (query, generic, custom) in [("", 1, 0), ("status=error", 0, 1), ("", 1, 0)] {
        let (mut view, filter) = (TrailView::open(&database).await.unwrap(), filter(query));
        let selection = Selection { scope: &Scope::All, filter: &filter, zone: &utc };
        let page = Page { after: None, before: None, limit: 20 };
        log_listing::list(&mut view, selection, page, Effort::AMoment).await.unwrap();
        // The page itself begins with its counts.
        let plans = "select generic_plans, custom_plans from pg_prepared_statements \
                     where statement like 'select (%from (select l.id from log_entry l%' order by prepare_time desc limit 1";
        let plans = asked(&mut view, plans).await;
        let plans = (plans.int("generic_plans").unwrap().min(1), plans.int("custom_plans").unwrap().min(1));
        assert_eq!(plans, (generic, custom), "{query}");
    }
}

#[tokio::test]
async fn nobody_gets_a_connection_whose_transaction_somebody_else_began() {
    let test = TestDatabase::new(Engine::Postgres);
    let (database, beside) = (test.open().await, PgPool::connect(&test.url).await.unwrap());
    let open = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'";
    for polls in 1..8 {
        // Whoever asked goes away at some moment of it.
        let mut opening = Box::pin(TrailView::open(&database));
        for _ in 0..polls {
            if poll!(&mut opening).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(opening);
        let mut left = 0;
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(40)).await;
            left = sqlx::query_scalar::<_, i64>(open).fetch_one(&beside).await.unwrap();
            if left == 0 {
                break;
            }
        }
        assert_eq!(left, 0, "after {polls} polls a transaction is open that nobody waits for");
    }
}
