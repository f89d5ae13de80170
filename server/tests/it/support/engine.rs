//! Both databases: one test body, run on each.

use std::path::Path;
use std::sync::Arc;

use app::model::Zone;
use server::audit::Trail;
use server::clock::Clock;
use server::store::Database;
use sqlx::migrate::Migrator;
use sqlx::{Executor as _, PgPool, SqlitePool};
use tempfile::TempDir;

use super::postgres;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    fn of(url: &str) -> Self {
        if url.starts_with("sqlite:") { Self::Sqlite } else { Self::Postgres }
    }
}

/// A new database. Opening it again is what another process would do.
pub struct TestDatabase {
    pub url: String,
    _dir: TempDir,
}

impl TestDatabase {
    pub fn new(engine: Engine) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Sqlite => format!("sqlite://{}", dir.path().join("test.db").display()),
            Engine::Postgres => postgres::new_database(),
        };
        Self { url, _dir: dir }
    }

    pub async fn open(&self) -> Database {
        Database::open(&self.url).await.unwrap()
    }

    /// Makes the schema as it was at a migration.
    pub async fn migrate_to(&self, version: i64) {
        let dir = match Engine::of(&self.url) {
            Engine::Sqlite => "migrations/sqlite",
            Engine::Postgres => "migrations/postgres",
        };
        let mut migrator = Migrator::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)).await.unwrap();
        migrator.migrations.to_mut().retain(|migration| migration.version <= version);
        match Engine::of(&self.url) {
            Engine::Sqlite => migrator.run(&SqlitePool::connect(&format!("{}?mode=rwc", self.url)).await.unwrap()).await.unwrap(),
            Engine::Postgres => migrator.run(&PgPool::connect(&self.url).await.unwrap()).await.unwrap(),
        }
    }

    /// Runs a statement as whoever has the database, and not the panel, would.
    pub async fn execute(&self, sql: &'static str) {
        match Engine::of(&self.url) {
            Engine::Sqlite => {
                SqlitePool::connect(&self.url).await.unwrap().execute(sql).await.unwrap();
            }
            Engine::Postgres => {
                PgPool::connect(&self.url).await.unwrap().execute(sql).await.unwrap();
            }
        }
    }

    /// The writer of a panel on this database.
    pub async fn trail(&self) -> Trail {
        let zone = Arc::new(Zone::utc());
        Trail::start(self.open().await, Clock::machine(), zone, Arc::default())
    }
}
