//! Follows the trail in id order and tells every connection how far it has come. It reads what was committed, from the
//! database, whoever wrote it: this process, another panel or a command on the same data. Connections pull at their own
//! pace, so nobody can slow another down or lose a row.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use app::model::{LogFilter, Run, RunId, Scope, Zone};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::ring::{Ring, RingRow};
use crate::store::{Database, Selection, StoreError, log, log_pages};

/// Half a minute of rows at 250 a second; at about 1 KB a row and its JSON, 8 MB at most.
const RING_ROWS: usize = 8192;

/// Rows read from the database in one go.
const PAGE: u32 = 500;

/// How soon rows of other processes are seen; rows of this one wake the hub at once.
const LOOK_AGAIN: Duration = Duration::from_millis(400);

/// Ended runs that a connection may not have been told of yet.
const ENDED_RUNS_KEPT: usize = 256;

/// How far the trail and the runs have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) head: i64,
    pub(super) runs_version: u64,
    /// How often rows were cleared, and up to which id the last time.
    pub(super) clearings: u64,
    pub(super) cleared_up_to: i64,
}

/// The fan-out.
pub struct Hub {
    database: Database,
    zone: Arc<Zone>,
    appended: Arc<Notify>,
    ring: RwLock<Ring>,
    runs: Mutex<RunBoard>,
    progress: watch::Sender<Progress>,
}

/// The last known state of each run that changed since the start, by the version at which it changed.
#[derive(Default)]
struct RunBoard {
    version: u64,
    by_id: BTreeMap<RunId, (u64, Arc<Run>)>,
}

impl Hub {
    /// A hub that begins at the present end of the trail. `appended` wakes it.
    pub async fn open(database: Database, zone: Arc<Zone>, appended: Arc<Notify>) -> Result<Arc<Self>, StoreError> {
        let head = log::head(&database).await?;
        let (progress, _) = watch::channel(Progress { head, runs_version: 0, clearings: 0, cleared_up_to: 0 });
        Ok(Arc::new(Self { database, zone, appended, ring: RwLock::new(Ring::new(head, RING_ROWS)), runs: Mutex::default(), progress }))
    }

    /// Follows the trail until told to stop.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.appended.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            if let Err(cause) = self.catch_up().await {
                tracing::warn!(error = &cause as &dyn std::error::Error, "could not read new rows of the trail; trying again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        let everything = Selection { scope: &Scope::All, filter: &LogFilter::default(), zone: &self.zone };
        loop {
            let last = self.progress.borrow().head;
            let entries = log_pages::following(&self.database, everything, last, PAGE).await?;
            let Some(head) = entries.last().map(|row| row.entry.id) else { return Ok(()) };
            let full = entries.len() == PAGE as usize;
            let rows: Vec<_> = entries.into_iter().map(RingRow::new).collect();
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            for row in rows {
                ring.push(row);
            }
            drop(ring);
            self.progress.send_modify(|progress| progress.head = head);
            if !full {
                return Ok(());
            }
        }
    }

    /// Makes a run's new state or progress known.
    pub fn publish_run(&self, run: Run) {
        let mut board = self.board();
        board.version += 1;
        let version = board.version;
        board.by_id.insert(run.id.clone(), (version, Arc::new(run)));
        let ended: Vec<_> = board.by_id.iter().filter(|(_, (_, run))| !run.state.is_active()).map(|(id, _)| id.clone()).collect();
        for id in ended.iter().take(ended.len().saturating_sub(ENDED_RUNS_KEPT)) {
            board.by_id.remove(id);
        }
        drop(board);
        self.progress.send_modify(|progress| progress.runs_version = version);
    }

    /// Makes known that rows up to an id were cleared. What is in memory may be gone, so it is forgotten.
    pub fn tell_cleared(&self, up_to: i64) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Ring::new(self.progress.borrow().head, RING_ROWS);
        drop(ring);
        self.progress.send_modify(|progress| {
            progress.clearings += 1;
            progress.cleared_up_to = up_to;
        });
    }

    pub(super) fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Changes with everything that there is to know.
    pub fn heads(&self) -> watch::Receiver<impl Copy + use<>> {
        self.progress.subscribe()
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Rows after an id, from memory; `None` if the database must be asked.
    pub(super) fn recent(&self, after: i64, limit: usize) -> Option<Vec<RingRow>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).following(after, limit)
    }

    /// Runs in scope that changed after a version, and the version now.
    pub(super) fn runs_since(&self, version: u64, scope: &Scope) -> (u64, Vec<Arc<Run>>) {
        let board = self.board();
        let changed = board.by_id.values().filter(|(at, run)| *at > version && scope.covers(Some(run.server.id)));
        (board.version, changed.map(|(_, run)| run.clone()).collect())
    }

    fn board(&self) -> MutexGuard<'_, RunBoard> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|cause| unreachable!("a row of strings and numbers is JSON: {cause}"))
}
