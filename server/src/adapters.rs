//! The app's ports on the server's services: log the cause, mask it, return what a stranger may read.

use std::sync::Arc;

use app::api::RowsAfter;
use app::error::AppError;
use app::model::{
    Glance, LastDay, LogFilter, LogPage, LogQuery, Permission, Run, RunId, Scope, Server, Timestamp, Viewer, WorstSchedule, Zone, worst_of,
};
use app::ports::{AuditTrail, Glances, PanelClock, Runs, Servers};
use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::history::History;
use crate::jobs::{RunError, RunRequests};
use crate::standings::Standings;
use crate::store::{Database, StoreError, runs, servers};

fn masked(cause: StoreError) -> AppError {
    tracing::error!(error = &cause as &dyn std::error::Error, "a page could not be answered");
    AppError::Unavailable
}

#[async_trait]
impl AuditTrail for History {
    async fn list(&self, viewer: &Viewer, query: LogQuery) -> Result<LogPage, AppError> {
        Self::list(self, viewer, query).await.map_err(masked)
    }

    async fn after(&self, viewer: &Viewer, filter: &LogFilter, id: i64, most: u32) -> Result<RowsAfter, AppError> {
        Self::after(self, viewer, filter, id, most).await.map_err(masked)
    }
}

/// Runs for the pages.
pub struct RunPort {
    pub database: Database,
    pub requests: RunRequests,
}

#[async_trait]
impl Runs for RunPort {
    async fn list_active(&self, viewer: &Viewer) -> Result<Vec<Run>, AppError> {
        runs::active(&self.database, &viewer.scope).await.map_err(masked)
    }

    async fn stop(&self, viewer: &Viewer, id: RunId) -> Result<(), AppError> {
        self.requests.stop(viewer, &id).await.map_err(|cause| match cause {
            RunError::NotFound => AppError::NotFound,
            RunError::Forbidden => AppError::Forbidden,
            RunError::Store(cause) => masked(cause),
            RunError::Invalid(error) => AppError::Invalid(vec![error]),
            RunError::Over | RunError::NotOurs(_) | RunError::Overlap { .. } => {
                AppError::Invalid(vec![app::model::FieldError::new("run", cause.to_string())])
            }
        })
    }
}

/// Servers for the pages.
pub struct ServerPort {
    pub database: Database,
}

#[async_trait]
impl Servers for ServerPort {
    async fn list(&self, viewer: &Viewer) -> Result<Vec<Server>, AppError> {
        servers::list(&self.database, &viewer.scope).await.map_err(masked)
    }
}

/// What Monitor says at a glance.
pub struct GlancePort {
    history: History,
    standings: Standings,
    /// The worst schedule of each scope, as it was a moment ago: whoever has Monitor open asks again and again, and looking at every
    /// schedule takes a while. Who asks meanwhile waits for the same answer.
    kept: Mutex<Vec<(Scope, Timestamp, WorstSchedule)>>,
}

impl GlancePort {
    pub fn new(history: History, standings: Standings) -> Self {
        Self { history, standings, kept: Mutex::default() }
    }

    async fn worst(&self, scope: &Scope) -> Result<WorstSchedule, AppError> {
        let mut kept = self.kept.lock().await;
        let now = self.standings.clock.now();
        kept.retain(|(_, at, _)| (0..KEPT_MS).contains(&now.millis_since(*at)));
        if let Some((.., worst)) = kept.iter().find(|(known, ..)| known == scope) {
            return Ok(worst.clone());
        }
        let rows = self.standings.worst_first(scope, RUNS_LOOKED_AT).await.map_err(masked)?;
        let worst = worst_of(&rows, now);
        kept.push((scope.clone(), now, worst.clone()));
        Ok(worst)
    }
}

const KEPT_MS: i64 = 2_000;

/// Runs of each schedule that are looked at for how the last of each type ended.
const RUNS_LOOKED_AT: i64 = 6;

const DAY_MS: i64 = 86_400_000;

#[async_trait]
impl Glances for GlancePort {
    async fn glance(&self, viewer: &Viewer) -> Result<Glance, AppError> {
        let now = self.standings.clock.now();
        let day = if viewer.may(Permission::ViewBackupLogsPage) {
            let since = Timestamp::from_millis((now.millis() - DAY_MS) / 60_000 * 60_000);
            let rows = self.history.count_since(viewer, since, &LastDay::COUNTED).await.map_err(masked)?;
            Some(LastDay { since, rows })
        } else {
            None
        };
        let schedules = if viewer.may(Permission::ViewSchedulesPage) { Some(self.worst(&viewer.scope).await?) } else { None };
        Ok(Glance { day, schedules })
    }
}

/// The clock and the zone for the pages.
pub struct ClockPort {
    pub clock: Clock,
    pub zone: Arc<Zone>,
}

impl PanelClock for ClockPort {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn zone(&self) -> Zone {
        (*self.zone).clone()
    }
}
