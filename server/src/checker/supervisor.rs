//! Keeps one watch per server, and wakes it when there is something to do.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::model::Scope;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use super::watch::Instruments;
use super::watch::Watch;
use crate::store::servers;

/// How soon a server that another process added is watched.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Wakes the watch of a server.
#[derive(Default)]
pub struct Pokes {
    by_server: Mutex<HashMap<i64, Arc<Notify>>>,
    servers_changed: Notify,
}

impl Pokes {
    /// There is something to do on a server, or about it.
    pub fn poke(&self, server_id: i64) {
        self.of(server_id).notify_one();
        self.servers_changed.notify_one();
    }

    fn of(&self, server_id: i64) -> Arc<Notify> {
        self.by_server.lock().unwrap_or_else(PoisonError::into_inner).entry(server_id).or_default().clone()
    }

    fn forget(&self, server_id: i64) {
        self.by_server.lock().unwrap_or_else(PoisonError::into_inner).remove(&server_id);
    }
}

/// One visit to each of some servers, all at once, whenever it is told to go: what a benchmark measures.
pub struct Round {
    watches: Vec<Watch>,
}

impl Round {
    pub fn of(tools: &Instruments, servers: impl IntoIterator<Item = i64>) -> Self {
        Self { watches: servers.into_iter().map(|id| Watch::new(id, tools.clone(), Arc::default())).collect() }
    }

    pub async fn go(&mut self) {
        futures::future::join_all(self.watches.iter_mut().map(Watch::visit)).await;
    }

    /// How many servers are connected.
    pub fn connected(&self) -> usize {
        self.watches.iter().filter(|watch| watch.is_connected()).count()
    }
}

/// The checker of all servers.
pub struct Checker {
    tools: Instruments,
    pokes: Arc<Pokes>,
}

impl Checker {
    pub fn new(tools: Instruments, pokes: Arc<Pokes>) -> Self {
        Self { tools, pokes }
    }

    /// Watches every server until told to stop.
    pub async fn follow(self, stop: CancellationToken) {
        let mut watches = JoinSet::new();
        let mut watched = HashSet::new();
        loop {
            match servers::list(&self.tools.database, &Scope::All).await {
                Ok(servers) => {
                    for server in servers {
                        if watched.insert(server.id) {
                            let watch = Watch::new(server.id, self.tools.clone(), self.pokes.of(server.id));
                            let stop = stop.clone();
                            watches.spawn(async move {
                                watch.follow(stop).await;
                                server.id
                            });
                        }
                    }
                }
                Err(cause) => tracing::error!(error = &cause as &dyn std::error::Error, "could not list servers; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.pokes.servers_changed.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                Some(left) = watches.join_next() => match left {
                    Ok(id) => {
                        watched.remove(&id);
                        self.pokes.forget(id);
                    }
                    Err(cause) => {
                        // Which server it was is not known any more: watch all of them anew.
                        tracing::error!(error = &cause as &dyn std::error::Error, "a watch has ended unexpectedly; starting all again");
                        watches.abort_all();
                        while watches.join_next().await.is_some() {}
                        watched.clear();
                    }
                }
            }
        }
        while watches.join_next().await.is_some() {}
    }
}
