//! What Monitor says besides rows and runs: its counters and its servers. Read once for all who may see the same, when it may have changed;
//! each client is then told what is new to it.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::model::{Frame, Glance, Permission, Scope, Server, Viewer};
use app::ports::{Glances, Ports, Servers};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;

/// How old a board grows where no row says that it has changed: servers are checked all the time.
const READ_EVERY: Duration = Duration::from_secs(10);

/// Boards are not read more often than this, however many rows come; one that could not be read whole is read again then.
const READ_SOON: Duration = Duration::from_secs(2);

/// A board as it was read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Board {
    /// `None`: could not be read.
    glance: Option<Glance>,
    /// Those that the viewer may see; `None`: could not be read.
    servers: Option<Vec<Server>>,
}

impl Board {
    fn is_whole(&self) -> bool {
        self.glance.is_some() && self.servers.is_some()
    }
}

/// What a board depends on.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Sight {
    scope: Scope,
    logs: bool,
    schedules: bool,
    servers: bool,
}

impl Sight {
    fn of(viewer: &Viewer) -> Self {
        Self {
            scope: viewer.scope.clone(),
            logs: viewer.may(Permission::ViewBackupLogsPage),
            schedules: viewer.may(Permission::ViewSchedulesPage),
            servers: viewer.may(Permission::ViewServersPage),
        }
    }
}

type Latest = Option<Arc<Board>>;

/// The boards that somebody looks at.
pub struct Boards {
    hub: Arc<Hub>,
    glances: Arc<dyn Glances>,
    servers: Arc<dyn Servers>,
    stop: CancellationToken,
    watched: Mutex<HashMap<Sight, Arc<watch::Sender<Latest>>>>,
}

impl Boards {
    pub fn new(hub: Arc<Hub>, ports: &Ports, stop: CancellationToken) -> Self {
        let Ports { glances, servers, .. } = ports.clone();
        Self { hub, glances, servers, stop, watched: Mutex::default() }
    }

    /// The board of a viewer, for one client that knows nothing of it yet.
    pub fn lookout(self: &Arc<Self>, viewer: &Viewer) -> Lookout {
        let sight = Sight::of(viewer);
        let mut watched = self.watched();
        let mut latest = if let Some(sender) = watched.get(&sight) {
            sender.subscribe()
        } else {
            let sender = Arc::new(watch::Sender::new(None));
            let latest = sender.subscribe();
            watched.insert(sight.clone(), sender.clone());
            tokio::spawn(self.clone().keep_read(sight, viewer.clone(), sender));
            latest
        };
        drop(watched);
        latest.mark_changed();
        Lookout { latest, told: None }
    }

    /// Reads a board again and again for as long as somebody looks at it.
    async fn keep_read(self: Arc<Self>, sight: Sight, viewer: Viewer, sender: Arc<watch::Sender<Latest>>) {
        let mut moves = self.hub.moves();
        loop {
            let reading = tokio::spawn(self.clone().read(sight.clone(), viewer.clone()));
            // Whatever goes wrong there, those who look are told that nothing is known, and it is tried again.
            let board = reading.await.unwrap_or_else(|cause| {
                tracing::error!(error = &cause as &dyn std::error::Error, "a reading of Monitor's counters broke off; trying again");
                Board::default()
            });
            let pause = if board.is_whole() { READ_EVERY } else { READ_SOON };
            sender.send_if_modified(|latest| {
                let is_news = latest.as_deref() != Some(&board);
                *latest = Some(Arc::new(board));
                is_news
            });
            let something_moves = async {
                sleep(READ_SOON).await;
                // The hub lives as long as this.
                moves.changed().await.ok();
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sender.closed() => {}
                () = sleep(pause) => {}
                () = something_moves => {}
            }
            let mut watched = self.watched();
            if sender.receiver_count() == 0 {
                watched.remove(&sight);
                return;
            }
        }
    }

    async fn read(self: Arc<Self>, sight: Sight, viewer: Viewer) -> Board {
        let viewer = &viewer;
        let servers = if sight.servers { self.servers.list(viewer).await } else { Ok(Vec::new()) };
        Board { glance: self.glances.glance(viewer).await.ok(), servers: servers.ok() }
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Sight, Arc<watch::Sender<Latest>>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one client has been told of a board.
pub struct Lookout {
    latest: watch::Receiver<Latest>,
    told: Latest,
}

impl Lookout {
    /// Waits for news; who has no board waits for ever.
    pub(super) async fn changed(lookout: &mut Option<Self>) {
        let Some(lookout) = lookout else { return pending().await };
        if lookout.latest.changed().await.is_err() {
            // The panel stops; the stream hears of it elsewhere.
            pending::<()>().await;
        }
    }

    /// The same again at the next turn.
    pub(super) fn put_off(&mut self) {
        self.latest.mark_changed();
    }

    /// What leads from what the client has been told to what there is.
    pub(super) fn news(&mut self) -> Vec<Frame> {
        let Some(latest) = self.latest.borrow_and_update().clone() else { return Vec::new() };
        let told = self.told.as_deref();
        let mut frames = Vec::new();
        if told.map(|told| &told.glance) != Some(&latest.glance) {
            frames.push(Frame::Glance { glance: latest.glance.clone() });
        }
        if let Some(servers) = &latest.servers {
            let known = told.and_then(|told| told.servers.as_deref());
            let before = known.unwrap_or_default();
            let changed: Vec<_> = servers.iter().filter(|server| !before.contains(server)).cloned().collect();
            let is_gone = |id: i64| servers.iter().all(|server| server.id != id);
            let removed: Vec<_> = before.iter().map(|server| server.id).filter(|id| is_gone(*id)).collect();
            if known.is_none() || !changed.is_empty() || !removed.is_empty() {
                frames.push(Frame::Servers { servers: changed, removed, all: known.is_none() });
            }
        }
        self.told = Some(latest);
        frames
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use app::error::AppError;
    use app::model::Zone;
    use async_trait::async_trait;
    use strum::VariantArray as _;

    use super::*;
    use crate::store::Database;

    /// Breaks off the first time it is asked.
    #[derive(Default)]
    struct Shaky(AtomicBool);

    #[async_trait]
    impl Glances for Shaky {
        async fn glance(&self, _: &Viewer) -> Result<Glance, AppError> {
            assert!(self.0.swap(true, Ordering::Relaxed), "the first time");
            Err(AppError::Unavailable)
        }
    }

    #[async_trait]
    impl Servers for Shaky {
        async fn list(&self, _: &Viewer) -> Result<Vec<Server>, AppError> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn a_reading_that_breaks_off_is_unknown_and_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&format!("sqlite://{}", dir.path().join("t.db").display())).await.unwrap();
        let hub = Hub::open(database, Arc::new(Zone::utc()), Arc::default()).await.unwrap();
        let shaky = Arc::new(Shaky::default());
        let boards = Boards { hub, glances: shaky.clone(), servers: shaky, stop: CancellationToken::new(), watched: Mutex::default() };
        let permissions = Permission::VARIANTS.to_vec();
        let viewer =
            Viewer { user_id: 1, username: "ada".into(), permissions, scope: Scope::All, reports: None, address: None, owes_factor: false };
        let mut lookout = Some(Arc::new(boards).lookout(&viewer));
        Lookout::changed(&mut lookout).await;
        let lookout = lookout.as_mut().unwrap();
        while lookout.latest.borrow_and_update().is_none() {
            lookout.latest.changed().await.unwrap();
        }
        assert_eq!(lookout.news(), [Frame::Glance { glance: None }]);
        lookout.latest.changed().await.unwrap();
        assert_eq!(lookout.news(), [Frame::Servers { servers: vec![], removed: vec![], all: true }]);
    }
}
