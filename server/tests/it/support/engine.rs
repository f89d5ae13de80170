//! Both databases: one test body, run on each.

use std::sync::Arc;

use app::model::Zone;
use server::audit::Trail;
use server::clock::Clock;
use server::store::Database;
use tempfile::TempDir;

use super::postgres;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
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

    /// The writer of a panel on this database.
    pub async fn trail(&self) -> Trail {
        let zone = Arc::new(Zone::utc());
        Trail::start(self.open().await, Clock::machine(), zone, Arc::default())
    }
}
