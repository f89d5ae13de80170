//! Pages, counts, histograms, exports and the stream give the same rows for any filter, indexed or not, as a plain look at each row.

mod clocks;
mod compare;
mod doors;
mod drawn;
mod plans;
mod reference;
mod without;
mod world;

use app::model::{LogFilter, LogStatus, Scope, Zone};
use proptest::test_runner::TestRunner;
use rstest::rstest;
use server::clock::{time_zone, zone_table};
use server::indexer::index_all;
use server::store::log::{self, NewLogEntry};
use server::store::log_counts::{self, Effort};
use server::store::log_index::check;
use server::store::log_pages::Page;
use server::store::{Selection, Sql, TrailView, index_audit, log_listing};
use tokio_util::sync::CancellationToken;

use self::compare::compare;
use self::drawn::{draw, rows, rows_of_the_panel};
use self::reference::Reference;
use self::world::World;
use crate::support::engine::{Engine, TestDatabase};

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_reading_agrees_with_a_plain_look(#[case] engine: Engine) {
    let test = TestDatabase::new(engine);
    let mut world = World::new(&test, "Europe/Berlin").await;
    let mut runner = TestRunner::deterministic();
    world.append_drawn(&mut runner, 250).await;
    world.compare_many(&mut runner, 20).await;
    // Indexed in part.
    assert!(world.index_batch().await);
    world.append_before_listeners(&mut runner, 150).await;
    world.compare_many(&mut runner, 60).await;
    // Rows go from both parts, and from the memory of the stream.
    world.clear([1, 3]).await;
    world.compare_many(&mut runner, 30).await;
    world.index().await;
    world.compare_many(&mut runner, 60).await;
    world.clear([2, 4]).await;
    // The panel moves: days are not those that were counted, and then are counted anew.
    world.move_to("Asia/Kolkata").await;
    world.compare_many(&mut runner, 20).await;
    world.index().await;
    world.append_drawn(&mut runner, 60).await;
    world.compare_many(&mut runner, 60).await;
    world.stop().await;
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
    let (dense, some, within_a_day) = if is_sqlite { (1_000, 10_000, 2_000) } else { (500, 500, 500) };
    let even = ROWS / 2 - ROWS / 3_000 - 1;
    assert_eq!(quick("q=common").await, (dense, false, ROWS));
    assert_eq!(quick("q=common&from=2020-01-01").await, (dense, false, ROWS), "whole days are whole stretches of ids");
    assert_eq!(quick("q=even").await, (some, false, even));
    let late = if is_sqlite { (2_000, true, 2_000) } else { (500, false, 2_000) };
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
    let mut reference = Reference::default();
    reference.append(&rows);
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
