//! Appending: alone, or in one transaction with the change a row tells of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::model::{Timestamp, Zone};
use tokio::sync::{mpsc, oneshot};

use super::{Committed, LogRow};
use crate::clock::Clock;
use crate::store::log::{self, NewLogEntry};
use crate::store::{Database, StoreError, Transaction};

/// As many lone rows as one statement takes; more would only make the first wait longer.
const BATCH: usize = 512;

/// Callers wait for room beyond this, so a stuck database slows them instead of filling the memory.
const QUEUE: usize = 2 * BATCH;

/// The way into the trail.
#[derive(Clone)]
pub struct Trail {
    database: Database,
    clock: Clock,
    zone: Arc<Zone>,
    committed: Arc<Committed>,
    queue: mpsc::Sender<Waiting>,
}

struct Waiting {
    entry: NewLogEntry,
    done: oneshot::Sender<Result<(i64, Instant), Arc<StoreError>>>,
}

impl Trail {
    /// Starts the writer. `committed` hears of every commit that added rows.
    pub fn start(database: Database, clock: Clock, zone: Arc<Zone>, committed: Arc<Committed>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let trail = Self { database, clock, zone, committed, queue };
        tokio::spawn(write_in_batches(trail.database.clone(), trail.zone.clone(), trail.committed.clone(), waiting));
        trail
    }

    /// Appends one row and returns its id once it is committed. Rows that arrive together share a commit.
    pub async fn append(&self, row: LogRow) -> Result<i64, Arc<StoreError>> {
        self.append_timed(row).await.map(|(id, _)| id)
    }

    /// The same, and tells when it was committed.
    pub async fn append_timed(&self, row: LogRow) -> Result<(i64, Instant), Arc<StoreError>> {
        let (done, result) = oneshot::channel();
        let closed = || Arc::new(StoreError::Sql(sqlx::Error::PoolClosed));
        self.queue.send(Waiting { entry: row.at(self.clock.now()), done }).await.map_err(|_| closed())?;
        result.await.map_err(|_| closed())?
    }

    /// The moment that a row appended now is told to be from.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Begins a change whose rows are committed with it or not at all.
    pub async fn begin(&self) -> Result<Change, StoreError> {
        Ok(Change { tx: self.database.begin().await?, rows: Vec::new(), trail: self.clone() })
    }
}

/// A transaction and the rows that tell of it.
pub struct Change {
    tx: Transaction,
    rows: Vec<NewLogEntry>,
    trail: Trail,
}

impl Change {
    /// Where the change itself is written.
    pub fn tx(&mut self) -> &mut Transaction {
        &mut self.tx
    }

    /// The moment its rows are given.
    pub fn now(&self) -> Timestamp {
        self.trail.now()
    }

    /// Adds a row that tells of the change.
    pub fn log(&mut self, row: LogRow) {
        self.rows.push(row.at(self.trail.clock.now()));
    }

    /// Commits the change and its rows together, then makes them known.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        // Last, so that the head row is locked for as short as possible.
        let first = log::append(&mut self.tx, &self.rows, &self.trail.zone).await?;
        self.tx.commit().await?;
        if let Some(first) = first {
            self.trail.committed.tell(first, self.rows);
        }
        Ok(())
    }
}

/// While rows come quickly, they gather for this long: a commit costs a processor about as much as writing fifty rows.
const GATHER: Duration = Duration::from_millis(2);

/// So many are worth a commit without waiting for more.
const ENOUGH: usize = 16;

async fn write_in_batches(database: Database, zone: Arc<Zone>, committed: Arc<Committed>, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut last = 0;
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        if last > 1 {
            gather(&mut queue, &mut batch, last.max(ENOUGH)).await;
        }
        last = batch.len();
        let (entries, done): (Vec<_>, Vec<_>) = batch.drain(..).map(|waiting| (waiting.entry, waiting.done)).unzip();
        match write(&database, &zone, &entries).await {
            Ok(first) => {
                let at = Instant::now();
                committed.tell(first, entries);
                for (id, done) in (first..).zip(done) {
                    // A caller that has gone away does not need its id.
                    done.send(Ok((id, at))).ok();
                }
            }
            Err(cause) => {
                let cause = Arc::new(cause);
                for done in done {
                    done.send(Err(cause.clone())).ok();
                }
            }
        }
    }
}

/// Waits for more rows, for a moment or until there are enough.
async fn gather(queue: &mut mpsc::Receiver<Waiting>, batch: &mut Vec<Waiting>, enough: usize) {
    let until = tokio::time::Instant::now() + GATHER;
    while batch.len() < enough.min(BATCH)
        && let Ok(Some(next)) = tokio::time::timeout_at(until, queue.recv()).await
    {
        batch.push(next);
    }
}

async fn write(database: &Database, zone: &Zone, entries: &[NewLogEntry]) -> Result<i64, StoreError> {
    let mut tx = database.begin().await?;
    let first = log::append(&mut tx, entries, zone).await?.unwrap_or_default();
    tx.commit().await?;
    Ok(first)
}
