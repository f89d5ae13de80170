//! What everybody who listens shares: the newest rows, the runs, the clearings, and how far each has come. Clients pull at their own pace,
//! so nobody can slow another down or lose a row.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use app::model::{Run, RunId, Scope, Zone};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::audience::Audiences;
use super::crowd::{Clients, Crowd, Member};
use super::elsewhere;
use super::follower::{Follower, Names};
use super::ring::{Ring, RingRow};
use super::run_states::{Changed, RunStates};
use super::seat::Seat;
use super::tally::Tally;
use crate::audit::Committed;
use crate::store::{Database, StoreError, log};

/// Half a minute of rows at 250 a second; at about 1 KB a row and its JSON, 8 MB at most.
const RING_ROWS: usize = 8192;

/// Streams that ask the database at the same time whether they may go on: half of its readers, so that pages have the others.
const ASKED_AT_ONCE: usize = 2;

/// What broke a round is likely to break the next.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

/// More do not help: the writing is done by the kernel, on the processor that asks for it.
const MOST_THREADS: usize = 8;

/// How far the trail, the runs and the clearings have come, or how much of them a client has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    /// Every row up to here has been sent or does not concern the client.
    pub(super) row: i64,
    pub(super) runs: u64,
    pub(super) clearings: u64,
}

impl Mark {
    /// Whether whoever has been told this much has been told all of that too.
    pub(super) fn has_all_of(self, other: Self) -> bool {
        self.row >= other.row && self.runs >= other.runs && self.clearings >= other.clearings
    }
}

/// The fan-out.
pub struct Hub {
    database: Database,
    ring: RwLock<Ring>,
    runs: Mutex<RunStates>,
    clearings: Mutex<BTreeMap<Option<i64>, Cleared>>,
    progress: watch::Sender<Mark>,
    audiences: Audiences,
    crowd: Arc<Crowd>,
    tally: Tally,
    /// How often something about people has changed, as far as this process knows.
    changes: Arc<watch::Sender<u64>>,
    /// How often somebody else may have.
    doubts: watch::Sender<u64>,
    /// How often rows have come from which on the top of Monitor may say something else.
    moves: watch::Sender<u64>,
    asking: Semaphore,
}

/// The last clearing of a server's rows, or of rows of no server.
struct Cleared {
    number: u64,
    /// The highest id that was ever cleared of it.
    up_to: i64,
}

impl Hub {
    /// A hub that begins at the present end of the trail. `changes` grows when something about people changes.
    pub async fn open(database: Database, zone: Arc<Zone>, changes: Arc<watch::Sender<u64>>) -> Result<Arc<Self>, StoreError> {
        let head = log::head(&database).await?;
        let (progress, _) = watch::channel(Mark { row: head, runs: 0, clearings: 0 });
        Ok(Arc::new(Self {
            database,
            ring: RwLock::new(Ring::new(head, RING_ROWS)),
            runs: Mutex::default(),
            clearings: Mutex::default(),
            progress,
            audiences: Audiences::new(zone),
            crowd: Arc::default(),
            tally: Tally::default(),
            changes,
            doubts: watch::Sender::default(),
            moves: watch::Sender::default(),
            asking: Semaphore::new(ASKED_AT_ONCE),
        }))
    }

    /// Follows the trail and tells everybody, until told to stop.
    pub async fn follow(self: Arc<Self>, committed: Arc<Committed>, zone: Arc<Zone>, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        // Threads do not end with whoever waits for them.
        let end = stop.child_token();
        let _ends = end.clone().drop_guard();
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS) {
            let (hub, end) = (self.clone(), end.clone());
            // A thread of its own: a round among thousands holds up no request, and no request holds up a round.
            let runtime = Handle::current();
            tasks.spawn_blocking(move || {
                while !end.is_cancelled() {
                    let served = catch_unwind(AssertUnwindSafe(|| runtime.block_on(hub.crowd.serve(&hub, end.clone()))));
                    if served.is_err() {
                        tracing::error!("a round of the stream broke off; another begins");
                        std::thread::sleep(AFTER_A_FAULT);
                    }
                }
            });
        }
        tasks.spawn(elsewhere::follow_runs(self.clone(), end));
        Follower { hub: self, committed, zone, names: Names::default(), people: None }.follow(stop).await;
    }

    /// Makes rows known that are all there is after those that were. What was cleared before this leaves a hole.
    pub(super) fn publish(&self, rows: Vec<RingRow>) {
        let Some(head) = rows.last().map(RingRow::id) else { return };
        // Whoever changes something about people leaves a row that tells of it, in whatever process.
        let is_doubtful = rows.iter().any(RingRow::is_of_panel);
        let moves_board = rows.iter().any(RingRow::moves_board);
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            ring.push(row);
        }
        drop(ring);
        self.progress.send_modify(|progress| progress.row = head);
        if is_doubtful {
            self.doubts.send_modify(|doubts| *doubts += 1);
        }
        if moves_board {
            self.moves.send_modify(|moves| *moves += 1);
        }
    }

    /// Makes a run's new state or progress known.
    pub fn publish_run(&self, run: Run) {
        let version = self.run_states().put(run);
        self.progress.send_modify(|progress| progress.runs = progress.runs.max(version));
    }

    /// Makes a run known as it was read, if that is news.
    pub(super) fn publish_read_run(&self, run: Run) {
        let version = self.run_states().put_read(run);
        if let Some(version) = version {
            self.progress.send_modify(|progress| progress.runs = progress.runs.max(version));
        }
    }

    /// The runs that are taken for active.
    pub(super) fn active_runs(&self) -> Vec<RunId> {
        self.run_states().active()
    }

    /// Whether anybody listens.
    pub(super) fn has_clients(&self) -> bool {
        !self.crowd.is_empty()
    }

    /// Makes known that rows of these servers were cleared, up to an id. What is in memory may be gone, so it is forgotten.
    pub(super) fn tell_cleared(&self, up_to: i64, servers: BTreeSet<Option<i64>>) {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).forget(up_to);
        let mut clearings = self.clearings();
        let number = self.progress().clearings + 1;
        for server in servers {
            let before = clearings.get(&server).map_or(0, |cleared| cleared.up_to);
            clearings.insert(server, Cleared { number, up_to: up_to.max(before) });
        }
        // While the list is held, so that the numbers are in its order.
        self.progress.send_modify(|progress| progress.clearings = number);
    }

    pub(super) fn watch(&self) -> watch::Receiver<Mark> {
        self.progress.subscribe()
    }

    pub(super) fn progress(&self) -> Mark {
        *self.progress.borrow()
    }

    /// Changes with everything that there is to know.
    pub fn heads(&self) -> watch::Receiver<impl Copy + use<>> {
        self.progress.subscribe()
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    pub(super) fn changes(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Nobody is told anything until it has been asked again what they may see: another process has changed it.
    pub(super) fn note_change_of_people(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Tells when somebody should be asked for again soon.
    pub(super) fn doubts(&self) -> watch::Receiver<u64> {
        self.doubts.subscribe()
    }

    /// Tells when the top of Monitor should be read again.
    pub(super) fn moves(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }

    pub(super) async fn turn_to_ask(&self) -> Option<SemaphorePermit<'_>> {
        self.asking.acquire().await.ok()
    }

    pub(super) fn audiences(&self) -> &Audiences {
        &self.audiences
    }

    /// Lets a client into the crowd, until what this gives is dropped.
    pub(super) fn admit(&self, seat: Arc<Seat>) -> Member {
        self.crowd.join(seat)
    }

    /// How the clients are.
    pub fn clients(&self) -> Clients {
        self.crowd.clients(self.progress().row)
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Rows after an id, from memory; `None` if the database must be asked.
    pub(super) fn recent(&self, after: i64, limit: usize) -> Option<Vec<RingRow>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).following(after, limit)
    }

    /// What has become of runs in scope after a version.
    pub(super) fn runs_since(&self, version: u64, scope: &Scope) -> Changed {
        self.run_states().since(version, scope)
    }

    /// Up to which id rows in scope were cleared after a clearing.
    pub(super) fn cleared_since(&self, number: u64, scope: &Scope) -> Option<i64> {
        let clearings = self.clearings();
        let concerns = |(server, cleared): &(&Option<i64>, &Cleared)| cleared.number > number && scope.covers(**server);
        clearings.iter().filter(concerns).map(|(_, cleared)| cleared.up_to).max()
    }

    fn clearings(&self) -> MutexGuard<'_, BTreeMap<Option<i64>, Cleared>> {
        self.clearings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_states(&self) -> MutexGuard<'_, RunStates> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|cause| unreachable!("a row of strings and numbers is JSON: {cause}"))
}
