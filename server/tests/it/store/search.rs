//! Pages, counts, histograms and the stream give the same rows for any filter, indexed or not, as a plain look at each row.

mod drawn;
mod reference;

use app::model::{LogFilter, LogStatus, Scope, Zone};
use proptest::test_runner::TestRunner;
use rstest::rstest;
use server::clock::{time_zone, zone_table};
use server::indexer::index_all;
use server::store::clearing::Doomed;
use server::store::log::{self, NewLogEntry};
use server::store::log_counts::{self, Effort};
use server::store::log_index::{Forgetting, check, index_batch};
use server::store::log_pages::Page;
use server::store::{Database, Selection, Sql, TrailView, clearing, index_audit, log_listing};
use tokio_util::sync::CancellationToken;

use self::drawn::{draw, filters, rows, rows_of_the_panel, scopes};
use self::reference::{Reference, compare};
use crate::support::engine::{Engine, TestDatabase};

async fn compare_many(database: &Database, runner: &mut TestRunner, zone: &Zone, filters_count: usize) {
    let reference = Reference::of(database).await;
    for _ in 0..filters_count {
        let (filter, scope) = (draw(runner, &filters()), draw(runner, &scopes()));
        let limit = draw(runner, &(1_u32..90));
        compare(database, &reference, Selection { scope: &scope, filter: &filter, zone }, limit).await;
    }
}

async fn append(database: &Database, runner: &mut TestRunner, zone: &Zone, count: usize) {
    let rows: Vec<_> = (0..count).map(|_| draw(runner, &rows())).collect();
    let mut tx = database.begin().await.unwrap();
    log::append(&mut tx, &rows, zone).await.unwrap();
    tx.commit().await.unwrap();
}

/// Removes the rows of some schedules as clearing does.
async fn clear(database: &Database, zone: &Zone, servers: [i64; 2]) {
    let mut tx = database.begin().await.unwrap();
    let head = clearing::lock(&mut tx).await.unwrap();
    let mut index = Forgetting::begin(&mut tx).await.unwrap();
    let rows =
        clearing::rows_to_clear(&mut tx, &Doomed::Backups { scope: Scope::Servers(servers.to_vec()), last: i64::MAX }, 0).await.unwrap();
    assert!(rows.len() > 10);
    for row in &rows {
        index.add(row.facts.as_ref().unwrap());
    }
    clearing::keep_leaves(&mut tx, &rows, head.last_id + 1).await.unwrap();
    index.finish(&mut tx, head.last_id + 1).await.unwrap();
    clearing::remove(&mut tx, head.last_id + 1).await.unwrap();
    let told = NewLogEntry { server_id: None, ..draw(&mut TestRunner::deterministic(), &rows_of_the_panel()) };
    log::append(&mut tx, &[told], zone).await.unwrap();
    tx.commit().await.unwrap();
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_reading_agrees_with_a_plain_look(#[case] engine: Engine) {
    let test = TestDatabase::new(engine);
    let database = test.open().await;
    let mut tx = database.begin().await.unwrap();
    for (n, (region, account)) in
        [(Some("eu"), Some("shop")), (Some("eu"), None), (Some("us east"), Some("shop")), (None, None), (Some("asia"), Some("ops"))]
            .into_iter()
            .enumerate()
    {
        let sql =
            Sql::new("insert into server (name, host, port, username, region, account, created_at) values ($1, 'h', 22, 'u', $2, $3, 0)");
        let text = |text: Option<&str>| text.map(str::to_owned);
        tx.execute(sql.bind(format!("server {n}")).bind(text(region)).bind(text(account))).await.unwrap();
    }
    tx.commit().await.unwrap();

    let mut runner = TestRunner::deterministic();
    let (berlin, kolkata) = (zone_table(time_zone("Europe/Berlin").unwrap()), zone_table(time_zone("Asia/Kolkata").unwrap()));
    append(&database, &mut runner, &berlin, 250).await;
    compare_many(&database, &mut runner, &berlin, 20).await;
    // Indexed in part.
    assert!(index_batch(&database, &berlin).await.unwrap());
    append(&database, &mut runner, &berlin, 150).await;
    compare_many(&database, &mut runner, &berlin, 60).await;
    // Rows go from both parts.
    clear(&database, &berlin, [1, 3]).await;
    compare_many(&database, &mut runner, &berlin, 30).await;
    index_all(&database, &berlin, &CancellationToken::new()).await.unwrap();
    compare_many(&database, &mut runner, &berlin, 60).await;
    clear(&database, &berlin, [2, 4]).await;
    // The panel moves: days are not those that were counted, and then are counted anew.
    compare_many(&database, &mut runner, &kolkata, 20).await;
    index_all(&database, &kolkata, &CancellationToken::new()).await.unwrap();
    append(&database, &mut runner, &kolkata, 60).await;
    compare_many(&database, &mut runner, &kolkata, 60).await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_would_take_long_says_that_it_is_not_whole(#[case] engine: Engine) {
    const ROWS: i64 = 32_100;
    let (test, utc) = (TestDatabase::new(engine), Zone::utc());
    let database = test.open().await;
    let base = draw(&mut TestRunner::deterministic(), &rows_of_the_panel());
    let row = |n: i64| NewLogEntry {
        status: if n % 100 == 0 { LogStatus::Warning } else { LogStatus::Completed },
        message: match n % 3_000 {
            0 => "common and rare".to_owned(),
            n if n % 2 == 0 => "common and even".to_owned(),
            _ if n > ROWS - 4_000 => "common and late".to_owned(),
            _ => "common".to_owned(),
        },
        ..base.clone()
    };
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let mut tx = database.begin().await.unwrap();
    log::append(&mut tx, &rows, &utc).await.unwrap();
    tx.commit().await.unwrap();
    index_all(&database, &utc, &CancellationToken::new()).await.unwrap();

    let quick = async |query: &str| {
        let filter = app::model::LogQuery::parse(query).unwrap().filter;
        let selection = Selection { scope: &Scope::All, filter: &filter, zone: &utc };
        let mut view = TrailView::open(&database).await.unwrap();
        let page = Page { after: None, before: None, limit: 50 };
        let quick = log_listing::list(&mut view, selection, page, Effort::AMoment).await.unwrap();
        assert_eq!(quick.in_scope, ROWS);
        let whole = log_listing::list(&mut view, selection, page, Effort::ToTheEnd).await.unwrap();
        assert!(whole.total.is_exact);
        assert_eq!(whole.total.rows, log_counts::count(&mut view, selection).await.unwrap());
        (quick.total.rows, quick.total.is_exact, whole.total.rows)
    };
    // What is everywhere is not counted for long; PostgreSQL looks at the words of each row, and stops sooner.
    let is_sqlite = matches!(engine, Engine::Sqlite);
    let (some, within_a_day) = if is_sqlite { (10_000, 2_000) } else { (1_000, 1_000) };
    let even = ROWS / 2 - ROWS / 3_000 - 1;
    assert_eq!(quick("q=common").await, (1_000, false, ROWS));
    assert_eq!(quick("q=common&from=2020-01-01").await, (1_000, false, ROWS), "whole days are whole stretches of ids");
    assert_eq!(quick("q=even").await, (some, false, even));
    let late = if is_sqlite { (2_000, true, 2_000) } else { (1_000, false, 2_000) };
    assert_eq!(quick("q=late").await, late, "what is everywhere on the page may have begun lately");
    assert_eq!(quick("q=rare&from=2020-01-01").await, (11, true, 11));
    assert_eq!(quick("q=common&status=warning").await, (321, true, 321), "few rows are always looked through");
    assert_eq!(quick(&format!("q=common&from={}", base.at)).await, (within_a_day, false, ROWS), "within a day each row is looked at");
    assert_eq!(quick("q=-rare&from=2020-01-01").await, (ROWS - 11, true, ROWS - 11));
    assert_eq!(quick(&format!("q=-rare&from={}", base.at)).await, (ROWS - 11, true, ROWS - 11));
    assert_eq!(quick("q=-common&from=2020-01-01").await, (0, true, 0));
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn a_summary_that_does_not_agree_with_itself_is_made_anew(#[case] engine: Engine) {
    let (test, utc) = (TestDatabase::new(engine), Zone::utc());
    let database = test.open().await;
    let row = draw(&mut TestRunner::deterministic(), &rows_of_the_panel());
    let mut tx = database.begin().await.unwrap();
    log::append(&mut tx, &vec![row; 10], &utc).await.unwrap();
    tx.commit().await.unwrap();
    let count = async || {
        check(&database).await.unwrap();
        index_all(&database, &utc, &CancellationToken::new()).await.unwrap();
        let (filter, mut view) = (LogFilter::default(), TrailView::open(&database).await.unwrap());
        log_counts::count(&mut view, Selection { scope: &Scope::All, filter: &filter, zone: &utc }).await.unwrap()
    };
    assert_eq!(count().await, 10);
    // What a build that knows of fewer levels leaves behind.
    let mut tx = database.begin().await.unwrap();
    tx.execute(Sql::new("update log_summary set n = n - 3 where level > 2")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count().await, 10);
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test]
async fn whoever_changes_the_index_is_found_out(#[case] engine: Engine) {
    let (test, berlin) = (TestDatabase::new(engine), zone_table(time_zone("Europe/Berlin").unwrap()));
    let database = test.open().await;
    let mut runner = TestRunner::deterministic();
    let rows: Vec<_> = (0..300).map(|_| draw(&mut runner, &rows())).collect();
    let mut tx = database.begin().await.unwrap();
    log::append(&mut tx, &rows, &berlin).await.unwrap();
    tx.commit().await.unwrap();
    let found = async || index_audit::disagreement(&database, |_| Some(berlin.clone())).await.unwrap();
    assert_eq!(found().await, None, "what is not indexed yet agrees");
    index_all(&database, &berlin, &CancellationToken::new()).await.unwrap();
    assert_eq!(found().await, None);
    let in_words_of = |sqlite: &'static str, postgres: &'static str| match engine {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    };
    for (touch, told) in [
        ("update log_summary set n = 0 where level = 2", "it counts 0 rows"),
        ("update log_summary set n = n + 1 where level = 1 and span = 0", "it counts"),
        ("delete from log_summary where level = 4", "it counts 0 rows"),
        ("update log_day set first_id = first_id + 3 where day = (select max(day) from log_day)", "it does not know that"),
        ("update log_day set end_at = start_at", "begins or ends when no day does"),
        ("delete from log_day where day = (select min(day) from log_day)", "it does not know that"),
        ("insert into log_day (day, start_at, end_at, first_id, last_id) values (-99999, 0, 9000000000000, 1, 2)", "when no day does"),
        ("update log_summary set bucket = bucket + 1000000000000 where level = 3", "it counts"),
        (in_words_of("delete from log_words where rowid between 10 and 20", "delete from log_words where id between 10 and 20"), "row 10"),
        (
            in_words_of(
                "insert or replace into log_words (rowid, words) values (30, 'an invented message')",
                "update log_words set words = to_tsvector('simple', 'an invented message') where id = 30",
            ),
            "row 30",
        ),
        (
            in_words_of(
                "insert or replace into log_words (rowid, words) select id, '' from log_entry where id > 250",
                "update log_words set words = '' where id > 250",
            ),
            "row 2",
        ),
    ] {
        test.execute(touch).await;
        let found_out = found().await;
        assert!(found_out.as_ref().is_some_and(|found| found.contains(told)), "{touch}: {found_out:?}");
        index_audit::forget(&database).await.unwrap();
        let reference = Reference::of(&database).await;
        let filter = LogFilter { q: "disk".parse().unwrap(), ..LogFilter::default() };
        let selection = Selection { scope: &Scope::All, filter: &filter, zone: &berlin };
        let dated = LogFilter { from: "2026-01-01".parse().ok(), to: "2026-12-31".parse().ok(), ..LogFilter::default() };
        let dated = Selection { filter: &dated, ..selection };
        for selection in [selection, dated] {
            compare(&database, &reference, selection, 7).await;
        }
        index_all(&database, &berlin, &CancellationToken::new()).await.unwrap();
        assert_eq!(found().await, None, "made anew after {touch}");
        for selection in [selection, dated] {
            compare(&database, &reference, selection, 7).await;
        }
    }
}
