//! A trail, what it should have, and every way to read it.

use std::sync::Arc;

use app::model::{LogFilter, LogStatus, Scope, SourceType, Timestamp, Zone};
use chrono::DateTime;
use chrono_tz::Tz;
use proptest::test_runner::TestRunner;
use server::clock::{time_zone, zone_table};
use server::export::Format;
use server::indexer::index_all;
use server::store::clearing::Doomed;
use server::store::log::{self, NewLogEntry};
use server::store::log_index::{Forgetting, index_batch};
use server::store::{Database, Selection, Sql, clearing};
use tokio_util::sync::CancellationToken;

use super::compare::compare;
use super::doors::{Exporter, Stream, Told};
use super::drawn::{PLACES, draw, filters, rows, scopes};
use super::reference::{Reference, local};
use crate::support::engine::TestDatabase;

/// Of a random filter few pass many rows; some of these do.
const LISTENERS: usize = 30;

pub struct World {
    database: Database,
    zone: Arc<Zone>,
    reference: Reference,
    exporter: Exporter,
    stream: Stream,
}

impl World {
    /// Servers at all places, and no rows.
    pub async fn new(test: &TestDatabase, zone: &str) -> Self {
        let database = test.open().await;
        let mut tx = database.begin().await.unwrap();
        for (n, (region, account)) in PLACES.into_iter().enumerate() {
            let sql = Sql::new(
                "insert into server (name, host, port, username, region, account, created_at) values ($1, 'h', 22, 'u', $2, $3, 0)",
            );
            let text = |text: Option<&str>| text.map(str::to_owned);
            tx.execute(sql.bind(format!("server {n}")).bind(text(region)).bind(text(account))).await.unwrap();
        }
        tx.commit().await.unwrap();
        let zone = Arc::new(zone_table(time_zone(zone).unwrap()));
        let stream = Stream::start(&database, zone.clone()).await;
        Self { database, zone, reference: Reference::default(), exporter: Exporter::new().await, stream }
    }

    pub async fn append(&mut self, rows: &[NewLogEntry]) {
        let mut tx = self.database.begin().await.unwrap();
        let first = log::append(&mut tx, rows, &self.zone).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(first, Some(self.reference.last_id() + 1));
        self.reference.append(rows);
        self.stream.is_at(self.reference.last_id()).await;
    }

    pub async fn append_drawn(&mut self, runner: &mut TestRunner, count: usize) {
        let rows: Vec<_> = (0..count).map(|_| draw(runner, &rows())).collect();
        self.append(&rows).await;
    }

    /// The same, while some listen.
    pub async fn append_before_listeners(&mut self, runner: &mut TestRunner, count: usize) {
        let before = self.reference.last_id();
        let mut listeners = Vec::new();
        for _ in 0..LISTENERS {
            let (filter, scope) = (draw(runner, &filters()), draw(runner, &scopes()));
            let listener = self.stream.listen((&scope, &filter), before).await;
            listeners.push((filter, scope, listener));
        }
        self.append_drawn(runner, count).await;
        for (filter, scope, listener) in listeners {
            let expected: Vec<_> = self.passing(&scope, &filter).into_iter().filter(|(id, _)| *id > before).collect();
            let heard = self.stream.heard_by(listener).await;
            assert_eq!(heard, expected, "what is heard at once of {:?} in {scope:?}", filter.to_query());
        }
    }

    /// Removes the rows of schedules of some servers as clearing does.
    pub async fn clear(&mut self, servers: [i64; 2]) {
        let mut tx = self.database.begin().await.unwrap();
        let head = clearing::lock(&mut tx).await.unwrap();
        let mut index = Forgetting::begin(&mut tx).await.unwrap();
        let doomed = Doomed::Backups { scope: Scope::Servers(servers.to_vec()), last: i64::MAX };
        let rows = clearing::rows_to_clear(&mut tx, &doomed, 0).await.unwrap();
        for row in &rows {
            index.add(row.facts.as_ref().unwrap());
        }
        clearing::keep_leaves(&mut tx, &rows, head.last_id + 1).await.unwrap();
        index.finish(&mut tx, head.last_id + 1).await.unwrap();
        clearing::remove(&mut tx, head.last_id + 1).await.unwrap();
        let tombstone = NewLogEntry {
            at: Timestamp::from_millis(1_775_000_000_000),
            status: LogStatus::Info,
            source_type: SourceType::System,
            server_id: None,
            schedule_id: None,
            run_id: None,
            point: None,
            duration_s: None,
            message: "cleared: disk 23".to_owned(),
            detail: Some(vec![0]),
            exit_code: None,
        };
        log::append(&mut tx, std::slice::from_ref(&tombstone), &self.zone).await.unwrap();
        tx.commit().await.unwrap();
        let gone = self.reference.clear(|row| row.schedule_id.is_some() && row.server_id.is_some_and(|server| servers.contains(&server)));
        assert!(gone.len() > 10);
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), gone);
        self.reference.append(&[tombstone]);
        self.stream.is_at(self.reference.last_id()).await;
    }

    /// The panel begins anew, in another zone.
    pub async fn move_to(&mut self, zone: &str) {
        self.zone = Arc::new(zone_table(time_zone(zone).unwrap()));
        self.stream = Stream::start(&self.database, self.zone.clone()).await;
    }

    /// Indexes some rows; gives whether there were any.
    pub async fn index_batch(&self) -> bool {
        index_batch(&self.database, &self.zone).await.unwrap()
    }

    pub async fn index(&self) {
        index_all(&self.database, &self.zone, &CancellationToken::new()).await.unwrap();
    }

    fn tz(&self) -> Tz {
        self.zone.name.parse().unwrap()
    }

    /// What a clock on the wall shows there.
    pub fn local(&self, at: Timestamp) -> DateTime<Tz> {
        local(at, self.tz())
    }

    /// How many rows pass.
    pub fn count(&self, filter: &LogFilter) -> usize {
        self.passing(&Scope::All, filter).len()
    }

    fn passing(&self, scope: &Scope, filter: &LogFilter) -> Vec<Told> {
        self.reference.rows(scope, filter, self.tz()).into_iter().map(|(id, row)| (*id, row.message.clone())).collect()
    }

    /// What the store gives.
    pub async fn compare(&self, scope: &Scope, filter: &LogFilter, limit: u32) {
        compare(&self.database, &self.reference, Selection { scope, filter, zone: &self.zone }, limit).await;
    }

    /// What leaves the panel.
    pub async fn compare_leaving(&self, scope: &Scope, filter: &LogFilter, format: Format) {
        let expected = self.passing(scope, filter);
        let of = || format!("of {:?} in {scope:?}, {}", filter.to_query(), self.zone.name);
        let (exported, count) = self.exporter.export(&self.database, &self.zone, (scope, filter), format).await;
        assert_eq!(exported, expected, "the {format} {}", of());
        assert_eq!(count, i64::try_from(expected.len()).unwrap(), "what the {format} says it has {}", of());
        assert_eq!(self.stream.hear((scope, filter), 0).await, expected, "the stream {}", of());
    }

    /// Every way of reading, for filters at random.
    pub async fn compare_many(&self, runner: &mut TestRunner, filters_count: usize) {
        let mut found = 0;
        for _ in 0..filters_count {
            let (filter, scope) = (draw(runner, &filters()), draw(runner, &scopes()));
            let limit = draw(runner, &(1_u32..90));
            self.compare(&scope, &filter, limit).await;
            let format = if limit % 2 == 0 { Format::Csv } else { Format::Ndjson };
            self.compare_leaving(&scope, &filter, format).await;
            found += usize::from(!self.passing(&scope, &filter).is_empty());
        }
        assert!(found > filters_count / 5, "only {found} of {filters_count} filters found anything");
    }

    pub async fn stop(self) {
        self.exporter.stop().await;
    }
}
