//! The two engines behind one contract. Statements are written once, in SQL that both understand; what differs between
//! SQLite and PostgreSQL lives in this file, in `transaction.rs` and in the migrations, and callers never ask which one is there.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Sqlite, SqlitePool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::log_days::KnownDays;
use super::transaction::{POSTGRES_SNAPSHOT, POSTGRES_SNAPSHOT_FOR_PAGES, Plans, Transaction, begin_whole};
use super::turns::Turns;
use super::{Row, Sql, StoreError};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Enough for pages and streams to read beside each other on a small machine, and beside exports and long looks; WAL readers never wait for
/// the writer.
const SQLITE_READERS: u32 = 8;

/// Looks that may take seconds go on beside each other: each takes a processor, and a reader from those who want a page.
const LONG_LOOKS: usize = 2;

/// Leaves room for several panels under PostgreSQL's default of 100.
const POSTGRES_CONNECTIONS: u32 = 16;

/// How long a connection is used.
const POSTGRES_CONNECTION_LASTS: Duration = Duration::from_mins(30);

/// How long a connection that has answered is taken to be there.
const POSTGRES_TRUST: Duration = Duration::from_secs(1);

/// What one sorting, or one look into the index of words, may take: with the default of 4 MB it forgets which rows it has found, and reads all
/// that are near them. And to make machine code of a statement takes longer than what anybody waits for here; a wrong guess of its length
/// would lead to that.
const POSTGRES_SETTINGS: &str = "set work_mem = '32MB'; set jit = off";

/// Statements whose plans each connection keeps.
const POSTGRES_STATEMENTS: usize = 256;

/// Rows that a statement may be ahead of whoever takes them: each time one waits for the other costs more than a row.
const SQLITE_ROWS_AHEAD: usize = 1000;

/// In KiB, below zero as SQLite wants it: appending touches the ends of every index and of the words, which the default of 2 MB
/// does not hold.
const SQLITE_WRITER_CACHE: &str = "-16384";

/// How long a writer waits for others, in this process and beside it, before it gives up.
const SQLITE_PATIENCE: Duration = Duration::from_secs(30);

/// The migration from which on rows are chained when they are written.
const CHAINED: i64 = 5;

/// What becomes of a database that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    IsMade,
    IsRefused,
}

/// An open, migrated database.
#[derive(Clone)]
pub struct Database {
    engine: Arc<Engine>,
    days: Arc<KnownDays>,
    looks: Arc<AtomicU64>,
    long_looks: Arc<Semaphore>,
}

enum Engine {
    /// One connection writes, the others only read.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        turns: Turns,
    },
    Postgres(PgPool),
}

impl Database {
    /// Opens `sqlite://PATH` or `postgres://…` and brings its schema up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_or(url, Absent::IsMade).await
    }

    /// Opens a database that is there.
    pub async fn open_existing(url: &str) -> Result<Self, StoreError> {
        Self::open_or(url, Absent::IsRefused).await
    }

    async fn open_or(url: &str, absent: Absent) -> Result<Self, StoreError> {
        let (engine, was) = if let Some(path) = url.strip_prefix("sqlite://") {
            if absent == Absent::IsRefused && !std::fs::exists(path).map_err(StoreError::File)? {
                return Err(StoreError::Absent);
            }
            open_sqlite(Path::new(path), absent).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open_postgres(url, absent).await?
        } else {
            return Err(StoreError::Url);
        };
        let long_looks = Arc::new(Semaphore::new(LONG_LOOKS));
        let database = Self { engine: Arc::new(engine), days: Arc::default(), looks: Arc::default(), long_looks };
        // Never again afterwards, whatever is in it: what has lost its hashes was tampered with.
        if was < CHAINED {
            super::chain::chain_old_rows(&database).await?;
        }
        Ok(database)
    }

    /// Begins a transaction that writes. SQLite has one at a time; PostgreSQL many.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match &*self.engine {
            Engine::Sqlite { writer, turns, .. } => {
                let turn = turns.take().await?;
                Transaction::Sqlite(writer.begin_with("begin immediate").await?, Some(turn))
            }
            Engine::Postgres(pool) => Transaction::Postgres(begin_whole(pool, "begin").await?, Plans::AsSet),
        })
    }

    /// Begins a transaction that reads one unchanging state of the database.
    pub async fn snapshot(&self) -> Result<Transaction, StoreError> {
        Ok(match &*self.engine {
            Engine::Sqlite { readers, .. } => Transaction::Sqlite(readers.begin().await?, None),
            Engine::Postgres(pool) => Transaction::Postgres(begin_whole(pool, POSTGRES_SNAPSHOT).await?, Plans::AsSet),
        })
    }

    /// The same for pages and their counts, most of which have one plan.
    pub(super) async fn snapshot_for_pages(&self) -> Result<Transaction, StoreError> {
        match &*self.engine {
            Engine::Sqlite { .. } => self.snapshot().await,
            Engine::Postgres(pool) => Ok(Transaction::Postgres(begin_whole(pool, POSTGRES_SNAPSHOT_FOR_PAGES).await?, Plans::Kept)),
        }
    }

    /// Reads all rows of one statement.
    pub async fn fetch_all(&self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        Ok(match &*self.engine {
            Engine::Sqlite { readers, .. } => {
                let (text, arguments) = sql.in_order()?;
                sqlx::query_with(text, arguments).fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect()
            }
            Engine::Postgres(pool) => {
                let (text, arguments) = sql.numbered()?;
                sqlx::query_with(text, arguments).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Reads at most one row.
    pub async fn fetch_optional(&self, sql: Sql) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch_all(sql).await?.into_iter().next())
    }

    pub(super) fn dialect(&self) -> Dialect {
        match &*self.engine {
            Engine::Sqlite { .. } => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(super) fn known_days(&self) -> Arc<KnownDays> {
        Arc::clone(&self.days)
    }

    /// Somebody waits for what is in the trail.
    pub fn count_look(&self) {
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    /// How often somebody has waited for what is in the trail, for work that can wait while they do.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Waits for the turn to look for long; it ends when the permit is dropped.
    pub async fn turn_to_look_long(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes it.
        self.long_looks.clone().acquire_owned().await.ok()
    }

    /// Waits for transactions under way and closes every connection.
    pub async fn close(&self) {
        match &*self.engine {
            Engine::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}

/// Which engine's words a statement is in, where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A pool that nobody looks after in the background. sqlx counts idle connections after it has given them away; a look at the wrong moment
/// takes a count below nothing for a very large one, and goes round and round without an end.
fn unattended<DB: sqlx::Database>() -> PoolOptions<DB> {
    PoolOptions::new().idle_timeout(None).max_lifetime(None)
}

/// Opens a file, and tells up to which migration it was made.
async fn open_sqlite(path: &Path, absent: Absent) -> Result<(Engine, i64), StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // A row that was acknowledged survives a power cut too.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(SQLITE_PATIENCE)
        .statement_cache_capacity(256)
        .row_buffer_size(SQLITE_ROWS_AHEAD);
    close_to_others(path)?;
    let writing = options.clone().create_if_missing(true).pragma("cache_size", SQLITE_WRITER_CACHE);
    let turns = Turns::beside(path, SQLITE_PATIENCE)?;
    // Two that make the same file a WAL at the same time lock each other out, for which SQLite does not wait.
    let turn = turns.take().await?;
    let writer = unattended::<Sqlite>().max_connections(1).connect_with(writing).await?;
    let was = migrated_to(absent, sqlx::query_scalar(MIGRATED_TO).fetch_one(&writer).await)?;
    SQLITE_MIGRATIONS.run(&writer).await?;
    drop(turn);
    let readers = unattended::<Sqlite>()
        .max_connections(SQLITE_READERS)
        // A file does not hang up.
        .test_before_acquire(false)
        .connect_with(options.read_only(true))
        .await?;
    Ok((Engine::Sqlite { writer, readers, turns }, was))
}

/// The database is for its owner alone. SQLite gives the files it makes beside it the same mode.
fn close_to_others(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    File::options().append(true).create(true).mode(0o600).open(path).map_err(StoreError::File)?;
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match std::fs::set_permissions(Path::new(&name), std::fs::Permissions::from_mode(0o600)) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::File(cause)),
            _ => {}
        }
    }
    Ok(())
}

/// Connects to a database, and tells up to which migration it was made.
async fn open_postgres(url: &str, absent: Absent) -> Result<(Engine, i64), StoreError> {
    let pool = unattended::<Postgres>()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(Duration::from_secs(15))
        .test_before_acquire(false)
        .before_acquire(|connection, known| Box::pin(is_there(connection, known.idle_for)))
        // Its plans and what it keeps of the catalogue grow old.
        .after_release(|_, known| Box::pin(async move { Ok(known.age < POSTGRES_CONNECTION_LASTS) }))
        .after_connect(|connection, _| Box::pin(async { sqlx::raw_sql(POSTGRES_SETTINGS).execute(connection).await.map(drop) }))
        .connect_with(url.parse::<PgConnectOptions>()?.statement_cache_capacity(POSTGRES_STATEMENTS))
        .await?;
    let was = migrated_to(absent, sqlx::query_scalar(MIGRATED_TO).fetch_one(&pool).await)?;
    POSTGRES_MIGRATIONS.run(&pool).await?;
    Ok((Engine::Postgres(pool), was))
}

/// Whether a connection that nobody has used for a while still leads somewhere. One that has just answered is not asked again: that would
/// be another way there and back for every statement.
async fn is_there(connection: &mut PgConnection, idle: Duration) -> Result<bool, sqlx::Error> {
    if idle > POSTGRES_TRUST {
        connection.ping().await?;
    }
    Ok(true)
}

const MIGRATED_TO: &str = "select max(version) from _sqlx_migrations";

fn migrated_to(absent: Absent, found: Result<Option<i64>, sqlx::Error>) -> Result<i64, StoreError> {
    match found {
        Ok(Some(version)) => Ok(version),
        Err(sqlx::Error::Database(cause)) if !is_no_such_table(&*cause) => Err(sqlx::Error::Database(cause).into()),
        // An empty database has no such table.
        Ok(None) | Err(sqlx::Error::Database(_)) if absent == Absent::IsRefused => Err(StoreError::Absent),
        Ok(None) | Err(sqlx::Error::Database(_)) => Ok(0),
        Err(cause) => Err(cause.into()),
    }
}

fn is_no_such_table(cause: &dyn sqlx::error::DatabaseError) -> bool {
    cause.code().as_deref() == Some("42P01") || cause.message().contains("no such table")
}
