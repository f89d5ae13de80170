//! The app's ports on the server's services: log the cause, mask it, return what a stranger may read.

use std::sync::Arc;

use app::error::AppError;
use app::model::{LogPage, LogQuery, Run, RunId, Server, Timestamp, Viewer, Zone};
use app::ports::{AuditTrail, PanelClock, Runs, Servers};
use async_trait::async_trait;

use crate::clock::Clock;
use crate::history::History;
use crate::jobs::{RunError, RunRequests};
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
