//! Ids grow in commit order: whoever has seen id N never meets a new row with an id up to N.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use app::model::{LogFilter, LogStatus, Scope, Zone};
use rstest::rstest;
use server::audit::LogRow;
use server::store::{Selection, TrailView, log_pages};

use crate::support::engine::{Engine, TestDatabase};

const PANELS: usize = 3;
const WRITERS: usize = 8;
const ROWS: usize = 60;

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_that_follows_many_writers_never_meets_a_smaller_id_later(#[case] engine: Engine) {
    let database = TestDatabase::new(engine);
    let written = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (url, written) = (database.url.clone(), written.clone());
            tokio::spawn(async move { follow(&url, &written).await })
        })
        .collect();
    let mut writers = Vec::new();
    for panel in 0..PANELS {
        // Each panel has its own connections, as another process has.
        let trail = database.trail().await;
        for writer in 0..WRITERS {
            let trail = trail.clone();
            writers.push(tokio::spawn(async move {
                for n in 0..ROWS {
                    let row = |part: &str| LogRow::system(LogStatus::Info, format!("panel {panel} writer {writer} row {n}{part}"));
                    match n % 3 {
                        // Alone, batched with others' rows.
                        0 => drop(trail.append(row("")).await.unwrap()),
                        // Two in a transaction that takes its time.
                        1 => {
                            let mut change = trail.begin().await.unwrap();
                            change.log(row("a"));
                            tokio::task::yield_now().await;
                            change.log(row("b"));
                            change.commit().await.unwrap();
                        }
                        // One that is given up leaves no hole.
                        _ => {
                            let mut change = trail.begin().await.unwrap();
                            change.log(row(" never"));
                            drop(change);
                        }
                    }
                }
            }));
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    written.store(true, Ordering::SeqCst);
    let expected = i64::try_from(PANELS * WRITERS * ROWS).unwrap();
    for reader in readers {
        let ids = reader.await.unwrap();
        assert_eq!(ids, (1..=expected).collect::<Vec<_>>(), "each once, in order, without a hole");
    }
}

/// Reads what comes after the last id it has seen until everything is written.
async fn follow(url: &str, written: &AtomicBool) -> Vec<i64> {
    let database = server::store::Database::open(url).await.unwrap();
    let mut ids: Vec<i64> = Vec::new();
    loop {
        let done = written.load(Ordering::SeqCst);
        let after = ids.last().copied().unwrap_or(0);
        let (filter, zone) = (LogFilter::default(), Zone::utc());
        let everything = Selection { scope: &Scope::All, filter: &filter, zone: &zone };
        let rows = log_pages::following(&mut TrailView::open(&database).await.unwrap(), everything, after, 50).await.unwrap();
        if rows.is_empty() && done {
            return ids;
        }
        ids.extend(rows.iter().map(|row| row.entry.id));
        tokio::task::yield_now().await;
    }
}
